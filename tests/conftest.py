"""What nbval leaves out when it compares a run with tests/references/."""

from nbval.plugin import IPyNbFile

# Beside text/plain, which is compared. Pictures and widgets differ between machines; glued numbers
# have more digits than hold on all of them: a cell prints, rounded, what is to be compared.
NOT_COMPARED = (
    "application/papermill.record/image/png",
    "application/papermill.record/text/html",
    "application/papermill.record/text/latex",
    "application/papermill.record/text/plain",
    "image/svg+xml",
    "text/html",
    "text/latex",
    "text/markdown",
)


def pytest_collectstart(collector):
    if isinstance(collector, IPyNbFile):
        collector.skip_compare += NOT_COMPARED
