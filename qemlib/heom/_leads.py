"""The leads of a device as exponentials, as many as are asked for."""

from __future__ import annotations

import numpy as np

from qemlib.devices.densities import Lorentzian
from qemlib.devices.device import Device
from qemlib.errors import ConvergenceError
from qemlib.heom.exponentials import Exponentials, lorentzian_exponentials

__all__ = ["Leads"]

# Errors of κf, beside the largest κ, with which a lead is described at all; and Padé terms tried.
_DESCRIBED, _MOST = 1e-2, 12
_SAFETY = 3.0  # errors of two fits differ in more than their size


class Leads:
    """Exponentials of both leads of a device: given ones, or those with a number of Padé terms.

    Raises
    ------
    ValueError
        If a lead is not Lorentzian, and no exponentials are given.
    ConvergenceError
        If the leads are so cold that Padé terms do not describe them.
    """

    def __init__(
        self, device: Device, given: tuple[Exponentials, Exponentials] | None = None
    ) -> None:
        self._device, self._given = device, given
        if given is None:
            self._refuse_other_than_lorentzian()
        edges = [np.isfinite(lead.chemical_potential) for lead in device.leads]
        self.exact = not any(edges) if given is None else all(g.coarser is None for g in given)
        self.fewest = 1 if given is not None or self.exact else self._first()

    @property
    def coarser(self) -> tuple[Exponentials, Exponentials] | None:
        """Both leads with fewer exponentials, where these were fitted; else None."""
        if self._given is None or self.exact:
            return None
        left, right = (lead.coarser or lead for lead in self._given)
        return left, right

    @property
    def gain(self) -> float:
        """Part of what the coarser ones change that the given ones may leave open."""
        return max(
            _SAFETY * lead.error / lead.coarser.error
            for lead in self._given or ()
            if lead.coarser is not None
        )

    def pair(self, number: int) -> tuple[Exponentials, Exponentials]:
        """Of the left and of the right lead, with so many Padé terms."""
        if self._given is not None:
            return self._given
        left, right = (lorentzian_exponentials(lead, number) for lead in self._device.leads)
        return left, right

    def terms(self, number: int) -> int:
        """Exponentials of each lead, of the one that has more."""
        return max(lead.terms for lead in self.pair(number))

    def exponents(self, number: int) -> int:
        """Exponentials of both together."""
        return sum(lead.terms for lead in self.pair(number))

    def too_cold(self) -> str:
        """Why Padé terms may not do."""
        cold = " and ".join(
            f"T = {lead.temperature:g} beside mu = {lead.chemical_potential:g} and a band of "
            f"{lead.density.width:g} around {lead.density.energies[0]:g}"
            for lead in self._device.leads
        )
        return f"the leads are cold for that: {cold}; exponentials= takes a fit instead"

    def _first(self) -> int:
        for number in range(1, _MOST + 1):
            try:
                worst = max(lead.error for lead in self.pair(number))
            except ConvergenceError:  # two poles in one place
                continue
            if worst < _DESCRIBED:
                return number
        raise ConvergenceError(
            f"full_quantum: {_MOST} Pade terms describe the Fermi functions with an error of "
            f"{worst:.1e} of the largest level width; {self.too_cold()}"
        )

    def _refuse_other_than_lorentzian(self) -> None:
        for side, lead in zip(("left", "right"), self._device.leads, strict=True):
            if not isinstance(lead.density, Lorentzian):
                raise ValueError(
                    f"device: the {side} lead must be Lorentzian, got {lead.density!r}; give its "
                    "exponentials, as fit_exponentials finds them"
                )
