"""What one row of the errata says of one equation, and how its check is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["ROUND_OFF", "Equation", "Kind", "Residuals", "relative"]

# What is exact misses by less.
ROUND_OFF = 1e-10
# A form that is wrong misses by much more than round-off.
_CLEARLY = 30.0


class Kind(Enum):
    """The verdict on an equation as printed."""

    HOLDS = "holds"
    DEFINITION = "definition"
    SLIP = "slip without consequence"
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

    @property
    def both(self) -> tuple[float, float]:
        """Of the printed and of the corrected form; ValueError if there is no corrected one."""
        if self.corrected is None:
            raise ValueError("there is no corrected form to compare with")
        return self.printed, self.corrected


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
        Takes nothing and returns `Residuals`; None for a definition without content to check.  It
        decides: where the electrons matter, they are those of the paper, with a unitary L_x.
    tolerance : float
        Largest residual of a form that holds.
    shown : str
        Chapter that shows it at length, if any.
    in_favour : str
        For errata: the strongest argument for the printed form, one sentence.
    depends : str
        For errata: which figures or numbers of the paper depend on it.
    dissipative : callable or None
        The same check with an L_x of Lindblad form, where that makes a difference or might.

    Raises
    ------
    ValueError
        If a correction is given where nothing is wrong, or is missing where something is; an
        erratum has no check, or no word in its favour, or does not say what depends on it; or a
        slip without consequence has no second check to show it.
    """

    number: str
    printed: str
    kind: Kind
    corrected: str = ""
    remark: str = ""
    check: Callable[[], Residuals] | None = None
    tolerance: float = ROUND_OFF
    shown: str = ""
    in_favour: str = ""
    depends: str = ""
    dissipative: Callable[[], Residuals] | None = None

    def __post_init__(self) -> None:
        if self.is_erratum != bool(self.corrected):
            raise ValueError(
                f"corrected must be given for errata and for nothing else, got {self.corrected!r} "
                f"for {self.number}, which is of kind {self.kind.value!r}"
            )
        for name in ("in_favour", "depends"):
            if self.is_erratum != bool(getattr(self, name)):
                raise ValueError(
                    f"{name} must be given for errata and for nothing else, got "
                    f"{getattr(self, name)!r} for {self.number}"
                )
        if self.check is None and self.kind is not Kind.DEFINITION:
            raise ValueError(f"check must be given for {self.number}: it is no definition")
        if self.dissipative is None and self.kind is Kind.SLIP:
            raise ValueError(f"dissipative must be given for {self.number}: what shows the slip?")

    @property
    def is_erratum(self) -> bool:
        """True if the printed form is not what is meant."""
        return self.kind in (Kind.SLIP, Kind.ERROR, Kind.IMPRECISE, Kind.TRANSCRIPTION)

    @cached_property
    def residuals(self) -> Residuals | None:
        """What the check finds; computed once."""
        return None if self.check is None else self.check()

    @cached_property
    def dissipative_residuals(self) -> Residuals | None:
        """What the check with a dissipative L_x finds; computed once."""
        return None if self.dissipative is None else self.dissipative()

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
        """True if the checks say what `kind` says."""
        if self.residuals is None:
            return self.kind is Kind.DEFINITION
        if self.kind is Kind.SLIP:
            # It makes no difference to the paper's electrons, and it would to others.
            told_apart = _told_apart(self.dissipative_residuals)
            return self.printed_holds and self.corrected_holds and told_apart
        if self.is_erratum:
            return not self.printed_holds and self.corrected_holds
        return self.printed_holds

    def _found(self) -> Residuals:
        if self.residuals is None:
            raise ValueError(f"{self.number} has no check")
        return self.residuals

    def _holds(self, residual: float, form: str) -> bool:
        if residual <= self.tolerance:
            return True
        if residual > _CLEARLY * self.tolerance:
            return False
        raise ArithmeticError(
            f"{self.number}: the {form} form misses by {residual:.1e}, which is neither within "
            f"{self.tolerance:.0e} nor clearly outside"
        )


def _told_apart(residuals: Residuals | None) -> bool:
    if residuals is None:
        return False
    printed, corrected = residuals.both
    return printed > _CLEARLY * ROUND_OFF and corrected <= ROUND_OFF


def relative(found: ArrayLike, expected: ArrayLike) -> float:
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
