"""What keeps the points of a sweep, whatever happens to the sweep.

A store is any object with two methods, see `Store`.  A path is one of two:

- a folder, by convention "….zarr": Zarr, format 3 (the extra `store`).  Each point is one chunk of
  the array `record`, that is one small file with a checksum, which is written beside and moved into
  its place: a point is there whole or not at all, whoever writes or is killed, and the last costs
  what the first did.  Rows hold a status (1 done, 2 failed) and the numbers, in the order of the
  array's attribute `columns`; why a point failed stands in the array `words`.  The attributes of
  the group are the manifest: axes, observables, base, method with settings, and the version of the
  physics.
- a file, by convention "….nc": NetCDF, the very dataset that the sweep returns.  It needs no extra,
  and is rewritten whole for each point: for sweeps of some hundred points.
"""

from __future__ import annotations

import os
from pathlib import Path
from reprlib import repr as repr_short
from typing import Any, Protocol, runtime_checkable

import numpy as np

from qemlib.studies._netcdf import NetCDFStore
from qemlib.studies._points import Index
from qemlib.studies._table import Plan, Table
from qemlib.studies._zarr import ZarrStore

__all__ = ["NetCDFStore", "Store", "ZarrStore"]


@runtime_checkable
class Store(Protocol):
    """What a sweep asks of a store; all may raise ValueError or OSError, with words for people."""

    def begin(self, plan: Plan) -> Table:
        """The points that it has of this plan; it refuses another plan, and says what differs."""
        ...

    def write(self, index: Index, row: np.ndarray, failure: str) -> None:
        """Keep a point."""
        ...


def store_at(store: Any) -> Store | None:
    """The store at a path, an object that is one, or None."""
    if store is None:
        return None
    if isinstance(store, str | os.PathLike):
        path = Path(store).expanduser()
        if path.suffix == ".nc" or path.is_file():
            return NetCDFStore(path)
        return ZarrStore(path)
    if isinstance(store, Store) and not isinstance(store, type):
        return store
    raise TypeError(
        f"store must be a path, or an object with begin and write, got {repr_short(store)}"
    )
