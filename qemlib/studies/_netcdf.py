"""A sweep's results in one NetCDF file, which is whole at any time."""

from __future__ import annotations

import os
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from qemlib.studies._places import beside, refuse_nowhere
from qemlib.studies._points import Index
from qemlib.studies._table import Plan, Table

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["NetCDFStore"]

_SUM = "checksum"


class NetCDFStore:
    """A NetCDF file, which may be written to by several sweeps at once.

    Parameters
    ----------
    path : path
        Of a file that is there, or will be.

    Raises
    ------
    ValueError
        If no file can be there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._written: tuple[int, int, int] | None = None
        if path.is_dir():
            raise ValueError(f"store must be a file where its name ends in .nc, got {path}/")
        if not path.exists():
            refuse_nowhere(path)

    def begin(self, plan: Plan) -> Table:
        """The points that the file has."""
        self._table = Table(plan)
        self._take_over()
        found = Table(plan)  # its own: what is not final is not for the file
        found.rows[...], found.words = self._table.rows, dict(self._table.words)
        return found

    def write(self, index: Index, row: np.ndarray, failure: str) -> None:
        """Write all points, and those that another sweep has put there."""
        self._table.put(index, row, failure)
        if self.path.exists() and _stamp(self.path) != self._written:
            self._take_over()
        part = beside(self.path)
        dataset = self._table.dataset()
        dataset.attrs[_SUM] = _checksum(dataset)
        try:
            dataset.to_netcdf(part, engine="scipy")
            with open(part, "rb+") as file:
                os.fsync(file.fileno())
            self._written = _stamp(part)
            os.replace(part, self.path)
        except OSError as error:
            raise OSError(
                error.errno,
                f"store: a point cannot be written, {error}; those before it are kept",
            ) from error
        finally:
            part.unlink(missing_ok=True)

    def _take_over(self) -> None:
        """Fill in the points that are in the file and not yet in the table."""
        if not self.path.exists():
            return
        stored = self._read()
        table = self._table
        plan = table.plan
        differing = _differences(stored, plan)
        if differing:
            raise ValueError(
                f"store: {self.path} belongs to another sweep: {'; '.join(differing)}. Name a new "
                "file or remove it"
            )
        rows = np.stack([stored[name].values.astype(float) for name in plan.columns], axis=-1)
        rows[stored["status"].values == 0, 0] = np.nan
        words = stored["failure"].values
        for index in zip(*np.nonzero(np.isnan(table.rows[..., 0])), strict=True):
            place = tuple(int(i) for i in index)
            if not np.isnan(rows[place][0]):
                table.put(place, rows[place], str(words[place]))

    def _read(self) -> xr.Dataset:
        import xarray as xr  # late, as in `Evolution.dataset`

        try:
            with xr.open_dataset(self.path, engine="scipy") as file:
                stored = file.load()
        except Exception as error:  # whatever a damaged file may raise
            raise ValueError(f"store: {self.path} is not a sweep's file: {error}") from error
        told = stored.attrs.pop(_SUM, None)
        if told is None and "base_device" in stored.attrs:
            raise ValueError(
                f"store: {self.path} is of an older qemlib, which did not note the version of its "
                "physics; what it holds can be read with xarray, but not gone on with. Name a new "
                "store"
            )
        if told != _checksum(stored):
            raise ValueError(
                f"store: {self.path} is damaged, or not a sweep's file: its checksum does not match"
            )
        return stored


def _differences(stored: xr.Dataset, plan: Plan) -> list[str]:
    named = [n for n in stored.data_vars if n not in ("status", "failure")]
    names = [str(n) for n in named if not str(n).endswith("_error")]
    there = Plan(
        axes={str(name): stored[name].values.tolist() for name in stored["status"].dims},
        observables={
            n: [
                stored[n].attrs["units"],
                plan.observables.get(n, ["", ""])[1],
                f"{n}_error" in stored,
            ]
            for n in names
        },
        about={name: str(value) for name, value in stored.attrs.items()},
    )
    return plan.differences(there)


def _checksum(dataset: xr.Dataset) -> str:
    """Of all that a dataset says, as the file gives it back."""
    found = 0
    for name in sorted(map(str, dataset.variables)):
        variable = dataset[name]
        values = variable.values
        if values.dtype.kind in "OSU":
            data = "\0".join(str(word) for word in values.ravel()).encode()
        else:
            data = np.ascontiguousarray(values).astype(values.dtype.newbyteorder("<")).tobytes()
        told = [name, str(variable.dims), str(values.shape)]
        told += [
            f"{key}={variable.attrs[key]!r}"
            for key in sorted(variable.attrs)
            if key != "flag_values"
        ]
        found = zlib.crc32("\0".join(told).encode() + data, found)
    told = [f"{key}={dataset.attrs[key]}" for key in sorted(dataset.attrs) if key != _SUM]
    return f"{zlib.crc32(chr(0).join(told).encode(), found):08x}"


def _stamp(path: Path) -> tuple[int, int, int]:
    """Another for each file that was ever there."""
    found = path.stat()
    return found.st_ino, found.st_mtime_ns, found.st_size
