"""The points of a sweep in a Zarr store: one chunk each, with a checksum."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from qemlib._extras import extra
from qemlib.studies._places import beside, refuse_nowhere
from qemlib.studies._points import Index
from qemlib.studies._table import DONE, FAILED, Plan, Table

__all__ = ["ZarrStore", "plan_in"]

_FORMAT = 1
_WORDS = 1024  # bytes for why a point failed
_META = "zarr.json"


class ZarrStore:
    """A folder in Zarr's format 3, which any number of sweeps may write to at once.

    Parameters
    ----------
    path : path
        Of a folder that is there, or will be.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._open: dict[str, Any] = {}
        _library()
        if not path.exists():
            refuse_nowhere(path)

    def begin(self, plan: Plan) -> Table:
        """The points that the folder has; where there is none it is made."""
        if not self.path.exists() or not any(self.path.iterdir()):
            self._make(plan)
        there = plan_in(self.path)
        differing = plan.differences(there)
        if differing:
            raise ValueError(
                f"store: {self.path} belongs to another sweep: {'; '.join(differing)}. Name a new "
                "folder or remove it"
            )
        return self.table(plan)

    def table(self, plan: Plan) -> Table:
        """All points that are there."""
        table = Table(plan)
        rows = self._rows(plan)
        for index in zip(*np.nonzero(~np.isnan(rows[..., 0])), strict=True):
            place = tuple(int(i) for i in index)
            failed = rows[place][0] == FAILED
            words = self._told(place) if failed else ""
            if words or not failed:  # whose words were removed is computed again
                table.put(place, rows[place], words)
        return table

    def write(self, index: Index, row: np.ndarray, failure: str) -> None:
        """Keep a point.

        OSError if it cannot be written.
        """
        try:
            if failure:  # before the row that says so
                self._array("words")[index] = _as_bytes(failure)
            self._array("record")[index] = row
        except OSError as error:
            raise OSError(
                error.errno,
                f"store: a point cannot be written to {self.path}: {error.strerror or error}; "
                "those before it are kept",
            ) from error

    def _make(self, plan: Plan) -> None:
        """The folder with its manifest and no points, there at once or not at all."""
        part = beside(self.path)
        try:
            _write_empty(part, plan)
            try:
                os.rename(part, self.path)
            except OSError:
                if not (self.path / _META).exists():  # another sweep has not made it either
                    raise
        except OSError as error:
            raise ValueError(
                f"store must lie where files can be written, got {self.path}: {error}"
            ) from error
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def _array(self, name: str) -> Any:
        if name not in self._open:
            self._open[name] = _library().open_array(
                store=str(self.path), path=name, mode="r+", zarr_format=3
            )
        return self._open[name]

    def _rows(self, plan: Plan) -> np.ndarray:
        record = self._array("record")
        try:
            rows = record[...]
        except Exception:  # whatever a damaged chunk may raise: which ones are found below
            damaged = [place for place in np.ndindex(*plan.shape) if not _readable(record, place)]
            self._refuse("record", damaged)
        status = rows[..., 0]
        odd = ~(np.isnan(status) | (status == DONE) | (status == FAILED))
        if odd.any():
            self._refuse("record", [tuple(place) for place in np.argwhere(odd)])
        return rows

    def _told(self, index: Index) -> str:
        words = self._array("words")
        if not _readable(words, index):
            self._refuse("words", [index])
        return bytes(words[index]).rstrip(b"\0").decode(errors="replace")

    def _refuse(self, name: str, places: list) -> None:
        files = [self.path / name / "c" / "/".join(map(str, (*p, 0))) for p in places]
        told = ", ".join(map(str, files[:3])) + (", ..." if len(files) > 3 else "")
        raise ValueError(
            f"store: {len(files)} of its points cannot be read, their files are damaged: {told}. "
            "Remove these files, and the points are computed again; the others are whole"
        )


def _write_empty(folder: Path, plan: Plan) -> None:
    zarr = _library()
    group = zarr.open_group(str(folder), mode="w-", zarr_format=3)
    shape, ones, dimensions = plan.shape, (1,) * len(plan.shape), list(plan.axes)
    checked = {"compressors": [zarr.codecs.Crc32cCodec()]}
    for name, last, kind, fill in (
        ("record", len(plan.columns), "f8", float("nan")),
        ("words", _WORDS, "u1", 0),
    ):
        group.create_array(
            name,
            shape=(*shape, last),
            chunks=(*ones, last),
            dtype=kind,
            fill_value=fill,
            dimension_names=[*dimensions, "column" if name == "record" else "byte"],
            attributes={"columns": list(plan.columns)} if name == "record" else {},
            **checked,
        )
    for name, values in plan.axes.items():
        group.create_array(name, data=np.array(values), dimension_names=[name], **checked)
    manifest = {
        "format": _FORMAT,
        "axes": plan.axes,
        "observables": plan.observables,
        "about": plan.about,
        "files": {name: _sum_of_file(folder / name / _META) for name in ("record", "words")},
    }
    group.attrs["qemlib_sweep"] = manifest | {"checksum": _checksum(manifest)}


def plan_in(path: Path) -> Plan:
    """The plan that the manifest of a store tells.

    ValueError if there is none, or it is damaged.
    """
    try:
        root = json.loads((path / _META).read_text(encoding="utf-8"))
        manifest = root["attributes"]["qemlib_sweep"]
        kept = manifest.pop("checksum")
        whole = root["zarr_format"] == 3 and root["node_type"] == "group"
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"store: {path} is not a sweep's store, or its {_META} is damaged: {error!r}"
        ) from error
    whole = whole and kept == _checksum(manifest)
    files = manifest.get("files", {}) if whole else {}
    damaged = [] if whole else [_META]
    damaged += [
        f"{n}/{_META}" for n, told in files.items() if told != _sum_of_file(path / n / _META)
    ]
    if damaged:
        raise ValueError(
            f"store: {', '.join(damaged)} in {path} is damaged, and with it nothing there can be "
            "read; put a copy of it in its place, or name a new store"
        )
    if manifest["format"] != _FORMAT:
        raise ValueError(
            f"store: {path} has the format {manifest['format']}, this version reads {_FORMAT}"
        )
    return Plan(manifest["axes"], manifest["observables"], manifest["about"])


def _library() -> Any:
    with extra("store", "stores of sweeps in folders"):
        import zarr
        import zarr.codecs
    return zarr


def _readable(array: Any, index: Index) -> bool:
    try:
        array[index]
    except Exception:  # whatever a damaged chunk may raise
        return False
    return True


def _as_bytes(words: str) -> np.ndarray:
    text = words.encode()[:_WORDS].decode(errors="ignore").encode()  # no half a letter
    return np.frombuffer(text.ljust(_WORDS, b"\0"), dtype=np.uint8)


def _sum_of_file(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError:
        return "missing"


def _checksum(manifest: dict) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()[:16]
