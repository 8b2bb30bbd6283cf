"""The paper's statements, and the verdicts that measurements give them.

`CLAIMS` lists every statement of the text and the captions that a computation can check, in the
paper's words turned into ours, with its place.  Each is judged by one number, see
`qemlib.paper.claims.verdicts`, measured on an `Evidence`: the printed parameters, or any other
reading.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from html import escape

from qemlib.paper.claims.electrons import ELECTRON_CLAIMS
from qemlib.paper.claims.evidence import Evidence
from qemlib.paper.claims.motion import MOTION_CLAIMS
from qemlib.paper.claims.verdicts import Claim, Judgement, Verdict
from qemlib.paper.claims.work import WORK_CLAIMS

__all__ = ["CLAIMS", "ELECTRON_CLAIMS", "MOTION_CLAIMS", "WORK_CLAIMS", "ClaimTable", "judge"]

CLAIMS: tuple[Claim, ...] = ELECTRON_CLAIMS + MOTION_CLAIMS + WORK_CLAIMS


def judge(evidence: Evidence, claims: tuple[Claim, ...] = CLAIMS) -> ClaimTable:
    """Measure the claims and judge them.

    Parameters
    ----------
    evidence : Evidence
    claims : tuple of Claim
        All of them by default.

    Returns
    -------
    ClaimTable

    Examples
    --------
    >>> from qemlib.paper.claims.evidence import Evidence
    >>> found = judge(Evidence(), tuple(claim for claim in CLAIMS if claim.name == "threshold"))
    >>> print(found["threshold"].measurement)
    8.46328 ± 1e-6
    >>> print(found["threshold"].verdict)
    does not hold
    """
    return ClaimTable([claim.judge(evidence) for claim in claims])


class ClaimTable:
    """Judgements as a table: HTML in a notebook, one line each as text.

    Parameters
    ----------
    judgements : list of Judgement
    """

    def __init__(self, judgements: list[Judgement]) -> None:
        self.judgements = list(judgements)

    def __iter__(self) -> Iterator[Judgement]:
        return iter(self.judgements)

    def __len__(self) -> int:
        return len(self.judgements)

    def __getitem__(self, name: str) -> Judgement:
        return next(j for j in self.judgements if j.claim.name == name)

    @property
    def counts(self) -> dict[Verdict, int]:
        """How many claims have each verdict."""
        found = Counter(j.verdict for j in self.judgements)
        return {verdict: found[verdict] for verdict in Verdict}

    def __repr__(self) -> str:
        return "\n".join(map(str, self.judgements))

    def _repr_html_(self) -> str:
        rows = [
            f"<tr><td>{escape(j.claim.statement)} "
            f'<span class="place">{escape(j.claim.place)}</span></td>'
            f"<td>{_measured(j)}</td>"
            f'<td class="{j.verdict.replace(" ", "-")}">{j.verdict}</td></tr>'
            for j in self.judgements
        ]
        return (
            '<table class="claims"><thead><tr><th>The paper says</th><th>Measured here</th>'
            "<th>Verdict</th></tr></thead><tbody>" + "\n".join(rows) + "</tbody></table>"
        )


def _measured(judgement: Judgement) -> str:
    claim, measurement = judgement.claim, judgement.measurement
    parts = [f"<b>{escape(str(measurement))}</b>"]
    if claim.rule.text:
        parts.append(f"{escape(claim.quantity)}; holds if {escape(claim.rule.text)}")
    if measurement.note:
        parts.append(escape(measurement.note))
    if claim.defence and judgement.verdict is not Verdict.HOLDS:
        parts.append(f"<i>For the paper:</i> {escape(claim.defence)}")
    return "<br>".join(parts)
