"""The file that keeps what a sweep has computed, whatever happens to the sweep."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import uuid4

import numpy as np
import xarray as xr

__all__ = ["Store"]

# A point has been computed where this is a number.
_TOLD_BY = "phonon_number"


class Store:
    """A NetCDF file that is whole at any time, and may be written to by several sweeps at once.

    Parameters
    ----------
    path : path
        Of a file that is there, or will be; "~" is the home folder.

    Raises
    ------
    ValueError
        If no file can be written there.
    """

    def __init__(self, path: str | os.PathLike) -> None:
        self.path = Path(path).expanduser()
        self._written: tuple[int, int, int] | None = None
        folder = self.path.parent
        if self.path.is_dir():
            raise ValueError(f"store must be a file, got the folder {self.path}")
        if not folder.is_dir():
            raise ValueError(f"store must lie in a folder that exists, got {self.path}")
        try:
            beside = self._beside()
            beside.touch()
            beside.unlink()
        except OSError as error:
            raise ValueError(f"store must lie where files can be written, got {error}") from error

    def take_over(self, dataset: xr.Dataset) -> None:
        """Fill in the points that are in the file and not yet in the dataset.

        ValueError if the file was not written by a sweep over the same points.
        """
        if not self.path.exists():
            return
        try:
            with xr.open_dataset(self.path, engine="scipy") as file:
                stored = file.load()
        except (TypeError, ValueError, OSError, EOFError) as error:
            raise ValueError(f"store: {self.path} is not a sweep's file: {error}") from error
        same = (
            stored.attrs == dataset.attrs
            and stored.sizes == dataset.sizes
            and set(stored.variables) == set(dataset.variables)
            and all(np.array_equal(stored[name], dataset[name]) for name in dataset.coords)
        )
        if not same:
            raise ValueError(
                f"store: {self.path} belongs to another sweep; name a new file or remove it"
            )
        missing = np.isnan(dataset[_TOLD_BY].values)
        for name in dataset.data_vars:
            dataset[name].values[missing] = stored[name].values[missing]

    def write(self, dataset: xr.Dataset) -> None:
        """Write all points of the dataset, and those that another sweep has put there."""
        if self.path.exists() and _stamp(self.path) != self._written:
            self.take_over(dataset)
        beside = self._beside()
        try:
            dataset.to_netcdf(beside, engine="scipy")
            with open(beside, "rb+") as file:
                os.fsync(file.fileno())
            self._written = _stamp(beside)
            os.replace(beside, self.path)
        finally:
            beside.unlink(missing_ok=True)

    def _beside(self) -> Path:
        """A name of nobody else's, to be moved into place: whoever looks finds a whole file."""
        return self.path.with_name(f"{self.path.name}.{uuid4().hex}.part")


def _stamp(path: Path) -> tuple[int, int, int]:
    """Another for each file that was ever there."""
    found = path.stat()
    return found.st_ino, found.st_mtime_ns, found.st_size
