"""The results of a sweep on their way: what each point is, and a row of numbers for each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from qemlib.studies._fingerprint import fingerprint, version
from qemlib.studies._points import Index, Points
from qemlib.studies.methods import Method
from qemlib.studies.observables import EXACT, STANDARD, Observable

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["DONE", "FAILED", "MISSING", "Plan", "Record", "Table", "plan_of"]

MISSING, DONE, FAILED = 0, 1, 2
_WORDS = "missing done failed"
_UNITS = "hbar = e = k_B = 1"


@dataclass(frozen=True)
class Plan:
    """What a sweep is to find, in plain words and numbers, as its store keeps it.

    Attributes
    ----------
    axes : dict of str to list
        Dimension to coordinates.
    observables : dict of str to list
        Name to [units, long name, whether it has an error].
    about : dict of str to str
        Attributes of the results.
    """

    axes: dict[str, list]
    observables: dict[str, list]
    about: dict[str, str]

    @property
    def shape(self) -> Index:
        """Points along each dimension."""
        return tuple(len(values) for values in self.axes.values())

    @property
    def columns(self) -> tuple[str, ...]:
        """What stands in a row."""
        with_error = [name for name, (_, _, error) in self.observables.items() if error]
        return ("status", *self.observables, *(f"{name}_error" for name in with_error))

    def differences(self, other: Plan) -> list[str]:
        """What another sweep does otherwise, in words."""
        told = []
        for what in ("axes", "observables"):
            mine, its = getattr(self, what), getattr(other, what)
            if list(mine) != list(its):
                told.append(f"its {what} are {list(its)}, not {list(mine)}")
                continue
            differing = [name for name in mine if mine[name] != its[name]]
            told += [f"{n} has {_short(its[n])}, not {_short(mine[n])}" for n in differing]
        # By what it is called a method is not known; by its settings it is.
        for name in self.about.keys() | other.about.keys():
            here, there = self.about.get(name), other.about.get(name)
            if here != there and name not in ("method", "contents"):
                told.append(f"{name} is {there}, not {here}")
        if not told and self.about.get("contents") != other.about.get("contents"):
            told.append("devices, method or observables have the same words and other contents")
        return told


def _short(values: list) -> str:
    if len(values) < 5:
        return str(values)
    return f"{len(values)} values [{values[0]}, {values[1]}, ..., {values[-1]}]"


def plan_of(
    points: Points, method: Method, observables: Iterable[Observable], word: str, compared: bool
) -> Plan:
    """The plan of a sweep; `word` is what its method was called.

    ValueError if it is to be compared with that of a store, and something does not tell what it is.
    """
    observables = tuple(observables)
    base = points.base
    told = repr(base) if not isinstance(base, list) else f"{len(base)} in a list"
    own = [o for o in observables if STANDARD.get(o.name) is not o]
    return Plan(
        axes={name.replace(".", "_"): values.tolist() for name, values in points.axes.items()},
        observables={o.name: [o.units, o.long_name, o.name not in EXACT] for o in observables},
        about={
            "base_device": told,
            "method": word,
            "settings": repr(method),
            "version": version(),
            "contents": _contents(compared, base, method, own),
        },
    )


def _contents(compared: bool, *parts: Any) -> str:
    try:
        return fingerprint(*parts)
    except ValueError as error:
        if compared:
            raise ValueError(
                f"store: it cannot be told whether a later sweep is the same: {error}"
            ) from error
        return "not known"


@dataclass(frozen=True)
class Record:
    """What came of one point.

    Attributes
    ----------
    numbers : dict of str to float
        By column; none of a point that failed.
    failure : str
        Why it failed.
    final : bool
        Whether another attempt would end the same way: what a machine did is no answer.
    """

    numbers: dict[str, float] = field(default_factory=dict)
    failure: str = ""
    final: bool = True

    def row(self, plan: Plan) -> np.ndarray:
        """As it stands in a table."""
        status = FAILED if self.failure else DONE
        known = {"status": float(status), **self.numbers}
        return np.array([known.get(name, np.nan) for name in plan.columns])


class Table:
    """Rows of numbers, and words, of all points.

    Attributes
    ----------
    rows : ndarray, shape (points along each dimension, columns)
        NaN where a point is missing.
    words : dict
        Index to why that point failed.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.rows = np.full((*plan.shape, len(plan.columns)), np.nan)
        self.words: dict[Index, str] = {}

    def put(self, index: Index, row: np.ndarray, failure: str) -> None:
        """Take a point in."""
        self.rows[index] = row
        self.words.pop(index, None)
        if failure:
            self.words[index] = failure

    def status(self) -> np.ndarray:
        """MISSING, DONE or FAILED of each point."""
        return np.nan_to_num(self.rows[..., 0], nan=MISSING).astype(np.int8)

    def dataset(self) -> xr.Dataset:
        """All of it, with names and units."""
        import xarray as xr  # late, as in `Evolution.dataset`

        plan, dimensions = self.plan, list(self.plan.axes)
        column = {name: self.rows[..., i].copy() for i, name in enumerate(plan.columns)}
        variables: dict[str, Any] = {}
        for name, (units, long_name, _) in plan.observables.items():
            told = {"long_name": long_name or name, "units": units}
            variables[name] = (dimensions, column[name], told)
        for name, (units, long_name, error) in plan.observables.items():
            if error:
                told = {"long_name": f"error of {long_name or name}", "units": units}
                told["comment"] = "absolute; NaN where it is not known"
                variables[f"{name}_error"] = (dimensions, column[f"{name}_error"], told)
        told = {"long_name": "what came of each point", "units": "1", "flag_meanings": _WORDS}
        told |= {"flag_values": np.array([MISSING, DONE, FAILED], dtype=np.int8)}
        variables["status"] = (dimensions, self.status(), told)
        words = np.full(plan.shape, "", dtype=object)
        for index, failure in self.words.items():
            words[index] = failure
        told = {"long_name": "why it failed, empty where it did not", "units": "1"}
        variables["failure"] = (dimensions, words.astype(str), told)
        dataset = xr.Dataset(variables, coords=plan.axes, attrs=plan.about)
        for dimension in dimensions:
            dataset[dimension].attrs = {"units": _UNITS, "long_name": dimension}
        return dataset
