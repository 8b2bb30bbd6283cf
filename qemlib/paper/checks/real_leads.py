"""Appendix A from (A14) to (A23) once more, with the L_x of the paper: unitary, Eq. (A4).

The surrogate charges are damped by an L_x of Lindblad form.  Evolved backwards, as e^{−L_xt} asks,
such a charge explodes.  Electrons between real leads do not: here the leads are a few hundred
discrete modes (`qemlib.witness.modes`), dot and leads evolve by −i[H_x, •], and each integral is
taken with n(t) and with n(−t).  What comes out is held against the closed form of D and γ.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from qemlib.devices.device import Device
from qemlib.electrons.coefficients import damping, electron_coefficients
from qemlib.paper.checks.electrons_in_energy import POSITION, unequal_device
from qemlib.paper.checks.elimination_checks import heisenberg_picture
from qemlib.paper.checks.rows import Residuals, relative
from qemlib.witness.modes import ChargeInTime, charge_in_time

__all__ = [
    "born_and_markov",
    "both_directions",
    "commutator_in_time",
    "diffusion_term",
    "formal_master_equation",
    "friction_term",
    "response",
    "response_and_commutator",
]


@lru_cache
def both_directions(device: Device, x: float) -> tuple[ChargeInTime, ChargeInTime]:
    """The charge of a device followed forwards, by e^{+L_xt}, and backwards, by e^{−L_xt}.

    Examples
    --------
    A stationary charge fluctuates the same in both directions:

    >>> import qemlib as qem
    >>> forwards, backwards = both_directions(qem.paper_device(voltage=0.0), 0.0)
    >>> round(backwards.diffusion / forwards.diffusion, 6)
    1.0
    """
    return charge_in_time(device, x), charge_in_time(device, x, backwards=True)


def response_and_commutator(device: Device, x: float) -> dict[str, float]:
    """γ(x) of a device three times: (A20) and (A23) in time, and the closed form (energy).

    Examples
    --------
    >>> import qemlib as qem
    >>> found = response_and_commutator(qem.paper_device(voltage=0.0), 0.0)
    >>> [round(1e4 * gamma, 4) for gamma in found.values()]
    [3.2514, 3.2514, 3.2514]
    """
    found, _ = both_directions(device, x)
    return {
        "A20": found.damping_from_response,
        "A23": found.damping,
        "closed form": float(damping(device, x)),
    }


def born_and_markov() -> Residuals:
    """(A14): D and γ from e^{−L_xt}, as printed, and from e^{+L_xt}, against the closed form."""
    exact = _closed_form()
    return Residuals(*(_worst(c.diffusion, c.damping_from_response, *exact) for c in _printed()))


def formal_master_equation() -> Residuals:
    """(A16): the sign of the integral, as printed with e^{−L_xt}, and corrected with e^{+L_xt}."""
    exact, (back, forth) = _closed_form(), _printed()
    return Residuals(
        _worst(-back.diffusion, -back.damping_from_response, *exact),
        _worst(forth.diffusion, forth.damping_from_response, *exact),
    )


def diffusion_term() -> Residuals:
    """(A17): D from e^{−L_xt}, as printed, and from e^{+L_xt}, against the closed form."""
    return Residuals(*(relative(c.diffusion, _closed_form()[0]) for c in _printed()))


def commutator_in_time() -> Residuals:
    """n(t) as printed after (A18), and corrected, in (A23) and against e^{iHt} n e^{−iHt}."""
    _, gamma = _closed_form()
    back, forth = (relative(c.damping, gamma) for c in _printed())
    printed, corrected = heisenberg_picture().both
    return Residuals(max(back, printed), max(forth, corrected))


def friction_term() -> Residuals:
    """(A19): +γ with e^{−L_xt}, as printed, and −γ with e^{+L_xt}: what multiplies ∂_p p."""
    _, gamma = _closed_form()
    back, forth = (-c.damping_from_response for c in _printed())
    return Residuals(relative(gamma, back), relative(-gamma, forth))


def response() -> Residuals:
    """(A20) with n(t) as printed after (A18), and corrected, against the closed form."""
    return Residuals(*(relative(c.damping_from_response, _closed_form()[1]) for c in _printed()))


@lru_cache
def _closed_form() -> tuple[float, float]:
    """D and γ."""
    found = electron_coefficients(unequal_device(), POSITION)
    return float(found.diffusion), float(found.damping)


def _printed() -> Iterable[ChargeInTime]:
    """Backwards, as printed, and forwards, as corrected."""
    return reversed(both_directions(unequal_device(), POSITION))


def _worst(diffusion: float, damping: float, exact_diffusion: float, exact_damping: float) -> float:
    return max(relative(diffusion, exact_diffusion), relative(damping, exact_damping))
