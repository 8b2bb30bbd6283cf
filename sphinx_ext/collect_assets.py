"""Copy what the built pages load, with its licences, from node_modules/ to vendor/."""

import importlib.metadata
import json
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ROOT / "node_modules"
VENDOR = ROOT / "vendor"
# Packages whose licence is copied beside them or read from elsewhere.
OWN_LICENCE = ("/mathjax", "@jupyter-widgets/html-manager")


def main():
    shutil.rmtree(VENDOR, ignore_errors=True)
    copy("mathjax", ["es5/tex-svg.js", "LICENSE"], VENDOR / "mathjax")
    manager = "@jupyter-widgets/html-manager"
    fonts = [p.relative_to(PACKAGES / manager) for p in (PACKAGES / manager).glob("dist/*.woff2")]
    copy(manager, ["dist/embed.js", "dist/embed.js.LICENSE.txt", *fonts], VENDOR / "html-manager")
    (VENDOR / "html-manager/LICENSES.txt").write_text(bundled_licences(), encoding="utf-8")


def copy(package, files, destination):
    destination.mkdir(parents=True)
    for file in files:
        shutil.copy(PACKAGES / package / file, destination)


def bundled_licences():
    """The widget manager's own licence and those of all packages that its one file may hold."""
    # Its npm package carries no licence text; the Python package of the same project does.
    own = next(f for f in importlib.metadata.files("ipywidgets") if f.name == "LICENSE")
    texts = ["@jupyter-widgets (BSD-3-Clause)\n\n" + own.read_text()]
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    for path, entry in sorted(lock["packages"].items()):
        if not path or entry.get("dev") or path.endswith(OWN_LICENCE):
            continue
        name = path.removeprefix("node_modules/")
        files = sorted((ROOT / path).glob("[Ll][Ii][Cc][Ee][Nn][CcSs][Ee]*"))
        text = "\n".join(file.read_text(encoding="utf-8") for file in files if file.is_file())
        texts.append(f"{name} {entry['version']} ({entry.get('license', 'see below')})\n\n{text}")
    return ("\n\n" + "-" * 80 + "\n\n").join(texts)


if __name__ == "__main__":
    main()
