"""What a sweep notes of each state: numbers with their names, units and errors."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from reprlib import repr as repr_short
from typing import Any

import numpy as np

from qemlib import _checks
from qemlib.devices.device import Device
from qemlib.states.bounds import absolute_errors
from qemlib.states.summary import Summary, summary
from qemlib.studies.friction import FrictionAtRest

__all__ = ["Observable"]

# A value and its absolute error: NaN where it is not known.
Number = tuple[float, float]


@dataclass(frozen=True)
class Observable:
    """A number of a state, for `sweep(..., observables=[...])`.

    Parameters
    ----------
    name : str
        Of its variable in the results, an identifier; that of its error is the same with "_error".
    function : callable
        Takes a state (`qemlib.State`), whose `device` is known where there is one, and returns a
        number, or a pair of a number and its absolute error.
    units, long_name : str

    Raises
    ------
    ValueError
        If the name is no identifier.
    TypeError
        If `function` cannot be called.

    Examples
    --------
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> import qemlib as qem
    >>> squeezed = qem.Observable("squeezing", lambda state: abs(state.squeezing))
    >>> wanted = ["phonon_number", squeezed]
    >>> with ThreadPoolExecutor(1) as here:
    ...     found = qem.sweep(
    ...         qem.paper_device(), {"voltage": [10.0]}, "preview", here, observables=wanted
    ...     )
    >>> found["squeezing"].values.round(4), found["phonon_number"].values.round(2)
    (array([0.0597]), array([42.13]))
    """

    name: str
    function: Callable[[Any], Any]
    units: str = "1"
    long_name: str = ""

    def __post_init__(self) -> None:
        if not (isinstance(self.name, str) and self.name.isidentifier()):
            raise ValueError(f"name must be an identifier, got {repr_short(self.name)}")
        if not callable(self.function):
            raise TypeError(f"function must be callable, got {repr_short(self.function)}")

    def of(self, told: Told) -> Number:
        """Its value in a state, and the error."""
        got = self.function(told.state)
        found = np.atleast_1d(np.asarray(got, dtype=float))
        if found.shape not in ((1,), (2,)):
            raise ValueError(
                f"observable {self.name} must be a number, or a number and its error, got "
                f"{repr_short(got)}"
            )
        return float(found[0]), float(found[1]) if found.size == 2 else np.nan


class Told:
    """A state and what was asked of it, each once."""

    def __init__(self, subject: Any, state: Any, noise_at: str = "zero") -> None:
        self.subject, self.state, self._noise_at = subject, state, noise_at

    @cached_property
    def summary(self) -> Summary:
        """The numbers of its populations."""
        device = self.subject if isinstance(self.subject, Device) else None
        return summary(self.state, device)

    @cached_property
    def errors(self) -> dict[str, float]:
        """Theirs."""
        return absolute_errors(self.state, self.summary)

    @cached_property
    def damping_at_rest(self) -> Number:
        """Of device or model at x = 0, and of a device with the noise that the method takes."""
        if isinstance(self.subject, Device):
            return FrictionAtRest(noise_at=self._noise_at).with_error(self.subject)
        return float(self.subject.damping_at(0.0)), np.nan


@dataclass(frozen=True)
class _Standard(Observable):
    """One that comes of what all of them share."""

    def of(self, told: Told) -> Number:
        return self.function(told)


def _moment(name: str) -> Callable[[Told], Number]:
    def of(told: Told) -> Number:
        value = float(getattr(told.state, name))
        return value, abs(value) * float(getattr(told.state, "error", {}).get(name, np.nan))

    return of


def _of_summary(name: str) -> Callable[[Told], Number]:
    def of(told: Told) -> Number:
        return float(getattr(told.summary, name)), told.errors.get(name, 0.0)

    return of


def _damping_at_rest(told: Told) -> Number:
    return told.damping_at_rest


def _positive(told: Told) -> Number:
    return float(not getattr(told.state, "violations", ())), 0.0


_OWN = {
    "phonon_number": _moment("phonon_number"),
    "g2": _moment("g2"),
    "damping_at_rest": _damping_at_rest,
    "positive": _positive,
}
# In ASCII, as all that is printed of a result: not every terminal has Greek letters.
_TOLD = {
    "phonon_number": ("1", "mean phonon number"),
    "g2": ("1", "second-order coherence at equal times"),
    "ergotropy": ("energy (hbar = 1)", "incoherent ergotropy of the populations"),
    "free_energy_work": ("energy (hbar = 1)", "free-energy work of the populations"),
    "entropy": ("nat", "von Neumann entropy of the populations"),
    "inversion": ("1", "population of the first excited level less that of the ground state"),
    "damping_at_rest": ("energy (hbar = 1)", "damping rate at x = 0"),
    "bath_temperature": (
        "energy (k_B = 1)",
        "temperature in the free-energy work: the coldest bath's",
    ),
    "missing_trace": ("1", "part of the trace beyond the levels kept"),
    "levels": ("1", "number of levels kept"),
    "positive": ("1", "1 for a quantum state, 0 where (A24) is classical and gives none"),
}
STANDARD: dict[str, Observable] = {
    name: _Standard(name, _OWN.get(name, _of_summary(name)), *words)
    for name, words in _TOLD.items()
}
# Those that have no error of their own.
EXACT = ("bath_temperature", "missing_trace", "levels", "positive")


def sent(observables: Iterable[Observable]) -> tuple[str | Observable, ...]:
    """As they are handed to another process, which knows the standard ones by name."""
    return tuple(o.name if STANDARD.get(o.name) is o else o for o in observables)


def received(observables: Iterable[str | Observable]) -> tuple[Observable, ...]:
    """What `sent` made of them, undone."""
    return tuple(STANDARD[o] if isinstance(o, str) else o for o in observables)


def chosen(observables: Any, taken: Iterable[str]) -> tuple[Observable, ...]:
    """Those of the names and objects that were asked for; by default the standard ones.

    "positive" is always among them: whether a number means anything must not go unsaid.
    """
    if observables is None:
        return tuple(STANDARD.values())
    if isinstance(observables, str | Observable) or not isinstance(observables, Iterable):
        raise TypeError(
            f"observables must be a list of names and Observables, got {repr_short(observables)}"
        )
    found: dict[str, Observable] = {}
    for each in observables:
        if not isinstance(each, Observable):
            each = STANDARD[_checks.choice("observables", each, STANDARD)]
        if each.name in found:
            raise ValueError(f"observables must differ in name, got {each.name!r} twice")
        found[each.name] = each
    if not found:
        raise ValueError("observables must hold at least one, got none")
    found.setdefault("positive", STANDARD["positive"])
    names = [*found, *(f"{name}_error" for name in found), "status", "failure", *taken]
    for name in found:
        if names.count(name) > 1:
            raise ValueError(f"observables must not be called {name!r}: that name is taken")
    return tuple(found.values())
