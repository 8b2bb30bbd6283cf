"""Which reading of the parameters agrees best with what the paper states in numbers?

A reading is held against the scored claims.  Each that holds counts one point, each that holds
approximately half a point.  Among equals the smaller misfit wins: the sum of the distances from
where the claims hold, in units of what "approximately" allows, each counted up to three.

`screen` does this for all readings by their thresholds and, where the threshold is not far off and
the coupling is weak enough for the theory, by orbit averages, without the work.  `finalists`
repeats it exactly for the best of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from qemlib.adiabaticity import adiabaticity
from qemlib.paper._parallel import in_parallel
from qemlib.paper.claims import CLAIMS
from qemlib.paper.evidence import Evidence
from qemlib.paper.readings import PRINTED, Reading, all_readings
from qemlib.paper.verdicts import Claim, Measurement, Verdict

__all__ = ["SCORED", "Score", "few_changes", "finalists", "main", "score", "screen", "table"]

SCORED: tuple[Claim, ...] = tuple(claim for claim in CLAIMS if claim.scored)
# Orbit averages do the others at once; these need populations, or a state that may be squeezed.
_EXACT_ONLY = (
    "ergotropy grows",
    "ergotropy saturates",
    "little work below threshold",
    "rotational symmetry",
)
_SCREENED = tuple(claim for claim in SCORED if claim.name not in _EXACT_ONLY)
_WORST = 3.0
# T and Γ over |λ| from which Ineq. (5) is taken to hold, if barely.
_WEAK = 3.0
_POINTS = {Verdict.HOLDS: 1.0, Verdict.APPROXIMATELY: 0.5}


@dataclass(frozen=True)
class Score:
    """How a reading fares.

    Attributes
    ----------
    reading : Reading
    method : {"threshold", "orbit", "exact"}
        How far it was looked at.
    measurements : dict of str to Measurement
        Name of each claim to what was measured.
    tolerance : float
        Factor on what "approximately" allows beyond "holds".
    """

    reading: Reading
    method: str
    measurements: dict[str, Measurement]
    tolerance: float = 1.0

    def _rule(self, name):
        return next(c.rule for c in SCORED if c.name == name).scaled(self.tolerance)

    @property
    def verdicts(self) -> dict[str, Verdict]:
        """Name of each claim to its verdict."""
        return {name: self._rule(name).verdict(m) for name, m in self.measurements.items()}

    @property
    def points(self) -> float:
        """One for each claim that holds, a half for each that holds approximately."""
        return sum(_POINTS.get(verdict, 0.0) for verdict in self.verdicts.values())

    @property
    def misfit(self) -> float:
        """Sum of the claims' misfits, each counted up to 3, and 3 for each not looked at."""
        misfits = [self._rule(name).misfit(m.value) for name, m in self.measurements.items()]
        missing = len(SCORED) - len(misfits)
        return sum(min(m, _WORST) for m in misfits) + _WORST * missing

    @property
    def rank(self) -> tuple[float, float, int]:
        """Sorts the best first: points, misfit, number of changes."""
        return (-self.points, self.misfit, len(self.reading.changes))

    def __repr__(self):
        return (
            f"Score({self.reading.name}: {self.points:g} of {len(self.measurements)}, "
            f"misfit {self.misfit:.3g}, {self.method})"
        )


def few_changes(most: int = 3) -> list[Reading]:
    """All readings with at most so many changes.

    An inverted x0 makes friction a hundred times stronger, so that the steps of explicit Euler that
    are considered would not be seen: these combinations are left out.

    Examples
    --------
    >>> few_changes(most=0)[0].name
    'as printed'
    >>> max(len(reading.changes) for reading in few_changes(most=2))
    2
    """

    def seen(reading):
        return not (reading.step and any(c.name == "x0 inverted" for c in reading.changes))

    return [r for r in all_readings() if len(r.changes) <= most and seen(r)]


def score(evidence: Evidence, claims: tuple[Claim, ...] = SCORED) -> Score:
    """Hold one reading against the claims.

    Examples
    --------
    >>> from qemlib.paper.evidence import Evidence
    >>> from qemlib.paper.readings import reading
    >>> threshold = tuple(claim for claim in SCORED if claim.name == "threshold")
    >>> for each in (reading(), reading("μ = ±V")):
    ...     found = score(Evidence(each, method="orbit"), threshold)
    ...     print(found.measurements["threshold"], found.points)
    8.46328 ± 1e-6 0.0
    4.23164 ± 1e-6 0.5
    """
    measurements = {claim.name: claim.judge(evidence).measurement for claim in claims}
    return Score(evidence.reading, evidence.method, measurements)


def screen(readings: Iterable[Reading] | None = None, method: str = "orbit") -> list[Score]:
    """Scores of many readings, the best first.

    Parameters
    ----------
    readings : iterable of Reading
        By default those of at most three changes.
    method : {"orbit", "exact"}
        How the states are found.  "orbit" looks only at readings whose threshold is at least
        approximately right and whose T and Γ are at least 3|λ|, and leaves out the work and
        the roundness; "exact" does everything for all.

    Returns
    -------
    list of Score
    """
    readings = few_changes() if readings is None else list(readings)
    look = _glance if method == "orbit" else _look
    return sorted(in_parallel(look, readings, "readings"), key=lambda s: s.rank)


def finalists(scores: list[Score], count: int = 10) -> list[Score]:
    """The best of a screening and the printed parameters, exactly and with the work, ranked."""
    readings = [s.reading for s in scores[:count]]
    if PRINTED not in readings:
        readings.append(PRINTED)
    return screen(readings, method="exact")


def table(scores: list[Score]) -> xr.Dataset:
    """The scores as a dataset: measured values and verdicts of readings by claims.

    What was not looked at is nan in the values and empty in the verdicts.

    Examples
    --------
    >>> from qemlib.paper.evidence import Evidence
    >>> threshold = tuple(claim for claim in SCORED if claim.name == "threshold")
    >>> data = table([score(Evidence(method="orbit"), threshold)])
    >>> round(float(data["measured"].sel(claim="threshold")[0]), 4)
    8.4633
    >>> str(data["verdict"].sel(claim="threshold")[0].item())
    'does not hold'
    """
    names = [claim.name for claim in SCORED]
    values = [
        [s.measurements[n].value if n in s.measurements else np.nan for n in names] for s in scores
    ]
    verdicts = [[str(s.verdicts.get(n, "")) for n in names] for s in scores]
    return xr.Dataset(
        {
            "measured": (("reading", "claim"), np.array(values)),
            "verdict": (("reading", "claim"), np.array(verdicts)),
            "points": ("reading", [s.points for s in scores]),
            "misfit": ("reading", [s.misfit for s in scores]),
            "method": ("reading", [s.method for s in scores]),
        },
        coords={"reading": [s.reading.name for s in scores], "claim": names},
        attrs={c.name: f"{c.statement} {c.quantity}: {c.rule.text}" for c in SCORED},
    )


def _glance(reading):
    threshold = next(claim for claim in SCORED if claim.name == "threshold")
    evidence = Evidence(reading, "orbit")
    first = score(evidence, (threshold,))
    if first.points == 0 or _coupling_ratio(reading) < _WEAK:
        return Score(reading, "threshold", first.measurements)
    return score(evidence, _SCREENED)


def _coupling_ratio(reading):
    slow = adiabaticity(reading.device(0.0))
    return min(slow.temperature_over_coupling, slow.rate_over_coupling)


def _look(reading):
    return score(Evidence(reading, "exact", rtol=1e-6))


def main() -> None:
    """Score all readings exactly, print them in order and write the table to data/scan.nc."""
    scores = screen(method="exact")
    for place, result in enumerate(scores, start=1):
        print(
            f"{place:4d}  {result.points:4.1f} points  misfit {result.misfit:6.2f}  "
            f"{result.reading.name}"
        )
    folder = Path("data")
    folder.mkdir(exist_ok=True)
    table(scores).to_netcdf(folder / "scan.nc", engine="scipy")
    print(f"written to {folder / 'scan.nc'}")
