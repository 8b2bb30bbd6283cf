"""Each figure says where its data lie: in the files that `make data` writes under the same name."""

from docutils import nodes

PREFIX = "fig-"


def _name_files(app, doctree):
    for figure in doctree.findall(nodes.figure):
        name = next((name for name in figure["names"] if name.startswith(PREFIX)), None)
        caption = next(figure.findall(nodes.caption), None)
        if name is None or caption is None:
            continue
        files = nodes.inline("", " Data: ", classes=["figure-files"])
        files += nodes.literal("", f"data/{name}.nc")
        files += nodes.Text(", ")
        files += nodes.literal("", ".csv")
        files += nodes.Text(".")
        caption += files


def setup(app):
    app.connect("doctree-read", _name_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
