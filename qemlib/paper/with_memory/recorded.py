"""What `make full-quantum` gave, as a file of the package.

A record is one call of one run: its parameters, what came out, what that may be wrong by, and how
it was found.  The file is written by `write` alone, and says which versions computed it.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numba
import numpy as np
import scipy
from numpy.typing import ArrayLike

import qemlib
from qemlib import _checks

__all__ = ["FILE", "Record", "column", "fitted_exponent", "manifest", "read", "records", "write"]

_FEWEST = 3

FILE = Path(__file__).with_name("full_quantum.json")


@dataclass(frozen=True)
class Record:
    """One call of a run.

    Attributes
    ----------
    run : str
        Name in `qemlib.paper.with_memory.runs.RUNS`.
    parameters : dict
        What the run was called with.
    results, error : dict of str to float
        What came out, and absolute errors of some of it.  Empty if there is no state: then
        `refusal` says why.
    settings : dict
        How it was found.
    refusal : str
        The error's own sentence.
    seconds : float
        Time it took; not compared.
    """

    run: str
    parameters: dict[str, Any]
    results: dict[str, float] = field(default_factory=dict)
    error: dict[str, float] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    refusal: str = ""
    seconds: float = field(default=0.0, compare=False)

    @property
    def key(self) -> str:
        """Run and parameters, as a text that tells two records apart."""
        return json.dumps([self.run, self.parameters], sort_keys=True)


def records(run: str, **parameters: Any) -> list[Record]:
    """The records of a run that have these parameters, in the order of the run.

    Parameters
    ----------
    run : str
    **parameters
        Those that are wanted; all others may be anything.

    Raises
    ------
    ValueError
        If there is no such run, or no record with these parameters.

    Examples
    --------
    >>> found, = records("voltages", voltage=6.0, method="orbits")
    >>> round(found.results["phonon_number"], 2)
    21.08
    """
    known = _stored()[1]
    names = sorted({record.run for record in known})
    if run not in names:
        raise ValueError(f"run must be one of {', '.join(names)}, got {run!r}")
    wanted = parameters.items()
    found = [
        record for record in known if record.run == run and wanted <= record.parameters.items()
    ]
    if not found:
        raise ValueError(f"{run} has no record with {parameters!r}")
    return found


def column(found: Iterable[Record], name: str) -> np.ndarray:
    """A parameter, a result, or "seconds" of many records; NaN where a record has none.

    Examples
    --------
    >>> found = records("voltages", method="orbits")
    >>> column(found, "voltage")[:2], column(found, "phonon_number")[:2].round(2)
    (array([0., 3.]), array([ 9.56, 12.95]))
    """
    return np.array(
        [
            ({"seconds": each.seconds} | each.parameters | each.results).get(name, np.nan)
            for each in found
        ],
        dtype=float,
    )


def fitted_exponent(x: ArrayLike, y: ArrayLike) -> tuple[float, float]:
    """The p of y ∝ x^p, and its standard error from the scatter.

    Raises
    ------
    ValueError
        If there are fewer than three points, or a number is not positive.

    Examples
    --------
    >>> exponent, uncertainty = fitted_exponent([1.0, 2.0, 4.0], [8.0, 4.0, 2.0])
    >>> round(exponent, 6), round(uncertainty, 6)
    (-1.0, 0.0)
    """
    x, y = (_checks.finite_array(name, v, ndim=1) for name, v in (("x", x), ("y", y)))
    if x.size < _FEWEST or x.shape != y.shape or min(x.min(), y.min()) <= 0:
        raise ValueError(
            f"x and y must be as many positive numbers, at least {_FEWEST}, got {x!r} and {y!r}"
        )
    along = np.log(x) - np.log(x).mean()
    exponent = float(along @ np.log(y) / (along @ along))
    rest = np.log(y) - np.log(y).mean() - exponent * along
    return exponent, float(np.sqrt(rest @ rest / (x.size - 2) / (along @ along)))


def manifest() -> dict[str, str]:
    """The versions that the file was computed with.

    Examples
    --------
    >>> sorted(manifest())
    ['numba', 'numpy', 'python', 'qemlib', 'scipy']
    """
    return dict(_stored()[0])


def versions() -> dict[str, str]:
    """Those of this machine."""
    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "numba": numba.__version__,
        "qemlib": qemlib.__version__,
    }


def write(path: Path, found: Iterable[Record]) -> None:
    """A file that `read` reads: one record a line.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write(Path(folder) / "copy.json", records("voltages", voltage=6.0))
    ...     len(read(Path(folder) / "copy.json")[1])
    4
    """
    lines = ",\n".join(json.dumps(asdict(record), ensure_ascii=False) for record in found)
    path.write_text(
        f'{{"manifest": {json.dumps(versions())},\n"records": [\n{lines}\n]}}\n', encoding="utf-8"
    )


def read(path: Path) -> tuple[dict[str, str], list[Record]]:
    """Manifest and records of a file.

    Examples
    --------
    >>> versions, found = read(FILE)
    >>> versions == manifest(), found[0].run
    (True, 'voltages')
    """
    data = json.loads(path.read_text(encoding="utf-8"))
    return data["manifest"], [Record(**record) for record in data["records"]]


@cache
def _stored() -> tuple[dict[str, str], list[Record]]:
    return read(FILE)
