"""What one row of the errata says of one equation, and how its check is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

import numpy as np

__all__ = ["Equation", "Kind", "Residuals", "relative"]

# A form that is wrong misses by much more than round-off.
_CLEARLY = 30.0


class Kind(Enum):
    """The verdict on an equation as printed."""

    HOLDS = "holds"
    DEFINITION = "definition"
    ERROR = "error"
    IMPRECISE = "imprecise"
    TRANSCRIPTION = "likely a slip of transcription"


@dataclass(frozen=True)
class Residuals:
    """By how much each form misses what it is compared with; dimensionless, 0 for an exact form.

    Attributes
    ----------
    printed : float
        Of the equation as printed; infinite where the printed expression does not exist.
    corrected : float or None
        Of the corrected form; None where the printed one is not corrected.
    """

    printed: float
    corrected: float | None = None


@dataclass(frozen=True)
class Equation:
    """One row: what is printed, what it should be, and the check that tells them apart.

    Attributes
    ----------
    number : str
        The paper's number, or the place in the text.
    printed : str
        The part that matters, as printed, in TeX.
    kind : Kind
    corrected : str
        The same part corrected, in TeX; empty where nothing is.
    remark : str
        One or two sentences, with maths between dollars.
    check : callable or None
        Takes nothing and returns `Residuals`; None for a definition without content to check.
    tolerance : float
        Largest residual of a form that holds.
    shown : str
        Chapter that shows it at length, if any.

    Raises
    ------
    ValueError
        If a correction is given where nothing is wrong, or is missing where something is, or an
        erratum has no check.
    """

    number: str
    printed: str
    kind: Kind
    corrected: str = ""
    remark: str = ""
    check: Callable[[], Residuals] | None = None
    tolerance: float = 1e-10
    shown: str = ""

    def __post_init__(self):
        if self.is_erratum != bool(self.corrected):
            raise ValueError(
                f"corrected must be given for errata and for nothing else, got {self.corrected!r} "
                f"for {self.number}, which is of kind {self.kind.value!r}"
            )
        if self.check is None and self.kind is not Kind.DEFINITION:
            raise ValueError(f"check must be given for {self.number}: it is no definition")

    @property
    def is_erratum(self) -> bool:
        """True if the printed form is not what is meant."""
        return self.kind in (Kind.ERROR, Kind.IMPRECISE, Kind.TRANSCRIPTION)

    @cached_property
    def residuals(self) -> Residuals | None:
        """What the check finds; computed once."""
        return None if self.check is None else self.check()

    @property
    def printed_holds(self) -> bool:
        """True if the printed form passes its check.

        Raises ArithmeticError if the residual is neither small nor clearly large.
        """
        return self._holds(self._found().printed, "printed")

    @property
    def corrected_holds(self) -> bool:
        """True if the corrected form passes its check; raises as `printed_holds`."""
        corrected = self._found().corrected
        if corrected is None:
            raise ValueError(f"{self.number} has no corrected form")
        return self._holds(corrected, "corrected")

    @property
    def verified(self) -> bool:
        """True if the check says what `kind` says."""
        if self.residuals is None:
            return self.kind is Kind.DEFINITION
        if self.is_erratum:
            return not self.printed_holds and self.corrected_holds
        return self.printed_holds

    def _found(self) -> Residuals:
        if self.residuals is None:
            raise ValueError(f"{self.number} has no check")
        return self.residuals

    def _holds(self, residual, form):
        if residual <= self.tolerance:
            return True
        if residual > _CLEARLY * self.tolerance:
            return False
        raise ArithmeticError(
            f"{self.number}: the {form} form misses by {residual:.1e}, which is neither within "
            f"{self.tolerance:.0e} nor clearly outside"
        )


def relative(found, expected) -> float:
    """Largest difference, in units of the largest of `expected`; infinite if `found` is.

    Examples
    --------
    >>> import numpy as np
    >>> round(relative([1.0, 2.2], [1.0, 2.0]), 6)
    0.1
    >>> relative([1.0, np.inf], [1.0, 2.0])
    inf
    """
    found, expected = np.asarray(found), np.asarray(expected)
    if not np.isfinite(found).all():
        return float("inf")
    return float(np.abs(found - expected).max() / np.abs(expected).max())
