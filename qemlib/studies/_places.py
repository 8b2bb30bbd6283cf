"""Files that are written beside and moved into their place."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

__all__ = ["beside", "refuse_nowhere"]


def beside(path: Path) -> Path:
    """A name of nobody else's, to be moved into place: whoever looks finds a whole file."""
    return path.with_name(f"{path.name}.{uuid4().hex}.part")


def refuse_nowhere(path: Path) -> None:
    """ValueError where nothing can be written."""
    if not path.parent.is_dir():
        raise ValueError(f"store must lie in a folder that exists, got {path}")
    probe = beside(path)
    try:
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise ValueError(f"store must lie where files can be written, got {error}") from error
