"""The reading of the parameters that agrees best with what the paper states in numbers.

A reading is held against the scored claims.  Each that holds counts one point, each that holds
approximately half a point.  Among equals the smaller misfit wins: the sum of the distances from
where the claims hold, in units of what "approximately" allows, each counted up to three.

`screen` does this by orbit averages, without the work, for all readings that the theory covers.  It
gives up a reading once that cannot come first any more.  `finalists` solves exactly what may still
come first: no winner is lost on the way.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import xarray as xr

from qemlib._parallel import in_parallel
from qemlib.electrons.time_scales import adiabaticity
from qemlib.paper.claims.claims import CLAIMS
from qemlib.paper.claims.evidence import Evidence
from qemlib.paper.claims.verdicts import Claim, Measurement, Rule, Verdict
from qemlib.paper.readings.readings import PRINTED, Reading, all_readings

__all__ = ["SCORED", "Score", "few_changes", "finalists", "main", "score", "screen", "table"]

SCORED: tuple[Claim, ...] = tuple(claim for claim in CLAIMS if claim.scored)
# The claims that orbit averages can tell, those first that most readings fail at little cost.
_SCREENED = tuple(
    claim
    for name in (
        "threshold",
        "ring at V = 6",
        "plateau",
        "saturation at V = 16",
        "flat plateau",
        "thermal at V = 0",
        "energy grows",
    )
    for claim in SCORED
    if claim.name == name
)
# What a reading can earn from a claim before it is looked at: a point.  But where the charge moves
# with the oscillator it pulls on the spring, and no state is round to 1e-6.
_MOST = {claim.name: 1.0 for claim in SCORED} | {"rotational symmetry": 0.5}
# The best have 9.5 points; if all had less, `finalists` would go on with those given up here.
_HOPELESS = 9.5
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
    method : {"coupling", "given up", "orbit", "exact"}
        How far it was looked at: not at all, its coupling being too strong for the theory; by orbit
        averages until it had lost too many points; by orbit averages; exactly.
    measurements : dict of str to Measurement
        Name of each claim to what was measured.
    tolerance : float
        Factor on what "approximately" allows beyond "holds".
    """

    reading: Reading
    method: str
    measurements: dict[str, Measurement]
    tolerance: float = 1.0

    def _rule(self, name: str) -> Rule:
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
    def most_points(self) -> float:
        """What it can have at best: within the uncertainties, and from claims not looked at."""
        most = _MOST | {
            name: _POINTS.get(self._rule(name).best(m), 0.0)
            for name, m in self.measurements.items()
        }
        return sum(most.values())

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

    def __repr__(self) -> str:
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

    def seen(reading: Reading) -> bool:
        return not (reading.step and any(c.name == "x0 inverted" for c in reading.changes))

    return [r for r in all_readings() if len(r.changes) <= most and seen(r)]


def score(evidence: Evidence, claims: tuple[Claim, ...] = SCORED) -> Score:
    """Hold one reading against the claims.

    Examples
    --------
    >>> from qemlib.paper.claims.evidence import Evidence
    >>> from qemlib.paper.readings.readings import reading
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
        How the states are found.  "orbit" leaves out the work and the roundness, and readings whose
        T or Γ is below 3|λ|, and gives up those that cannot come first; "exact" does everything
        for all.

    Returns
    -------
    list of Score
    """
    readings = few_changes() if readings is None else list(readings)
    look = _glance if method == "orbit" else _look
    return sorted(in_parallel(look, readings, "readings"), key=lambda s: s.rank)


def finalists(scores: list[Score], others: Iterable[Reading] = (PRINTED,)) -> list[Score]:
    """Those of a screening that may have the most points, solved exactly and ranked.

    Parameters
    ----------
    scores : list of Score
        From `screen`.
    others : iterable of Reading
        Solved in any case; the printed parameters by default.

    Returns
    -------
    list of Score
        Any reading that is not among them has fewer points than the first, or too strong a
        coupling.
    """
    solved = screen(others, method="exact")
    done = {s.reading for s in solved}
    hopeful = [s for s in scores if s.method != "coupling" and s.reading not in done]
    for most in sorted({s.most_points for s in hopeful}, reverse=True):
        if solved and most < max(s.points for s in solved):
            break
        solved += screen([s.reading for s in hopeful if s.most_points == most], method="exact")
    return sorted(solved, key=lambda s: s.rank)


def table(scores: list[Score]) -> xr.Dataset:
    """The scores as a dataset: measured values and verdicts of readings by claims.

    What was not looked at is nan in the values and empty in the verdicts.

    Examples
    --------
    >>> from qemlib.paper.claims.evidence import Evidence
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


def _glance(reading: Reading) -> Score:
    if _coupling_ratio(reading) < _WEAK:
        return Score(reading, "coupling", {})
    evidence = Evidence(reading, "orbit")
    so_far = Score(reading, "orbit", {})
    for claim in _SCREENED:
        found = so_far.measurements | {claim.name: claim.judge(evidence).measurement}
        so_far = replace(so_far, measurements=found)
        if so_far.most_points < _HOPELESS:
            return replace(so_far, method="given up")
    return so_far


def _coupling_ratio(reading: Reading) -> float:
    slow = adiabaticity(reading.device(0.0))
    return min(slow.temperature_over_coupling, slow.rate_over_coupling)


def _look(reading: Reading) -> Score:
    return score(Evidence(reading, "exact", rtol=1e-6))


def main() -> None:
    """Score all readings exactly, print them in order and write the table to data/scan.nc.

    The last line names the best that `finalists` loses: it should be none.
    """
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
    found = {s.reading for s in finalists(screen())}
    best = [s.reading for s in scores if s.points == scores[0].points]
    lost = [reading.name for reading in best if reading not in found]
    print(f"lost in the screening: {'; '.join(lost) or 'none'}")
