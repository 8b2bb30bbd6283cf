"""The errors of this package: what it may say instead of a number.

`QemError` is at the root of all of them.  Bad input is none of them: a value that is not allowed is
a ValueError, and an object of the wrong type a TypeError.  Each says what was asked for, what came
and what would help; each can be copied and sent to another process with what it carries.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "ClassicalStateWarning",
    "ConvergenceError",
    "FailedPointsError",
    "LeftGridError",
    "NoQuantumState",
    "NoSteadyState",
    "NoTicks",
    "QemError",
    "QuadratureError",
    "SeveralWells",
    "TooShortError",
    "UnresolvedError",
]


class QemError(Exception):
    """An answer that was asked for does not exist, or was not found.

    Examples
    --------
    A sweep by hand that leaves a gap where a device has no answer:

    >>> from dataclasses import replace
    >>> import qemlib as qem
    >>> found = {}
    >>> for coupling in (0.0, 0.1):
    ...     device = replace(qem.paper_device(), coupling=coupling)
    ...     try:
    ...         model = qem.LangevinModel.from_device(device)
    ...         found[coupling] = round(qem.orbit_average(model).phonon_number, 3)
    ...     except qem.QemError as error:
    ...         found[coupling] = type(error).__name__
    >>> found
    {0.0: 'NoSteadyState', 0.1: 9.558}
    """


class NoSteadyState(QemError, ValueError):
    """Nothing confines the motion, or nothing drives it: there is no steady state to be found."""


class NoQuantumState(QemError, ValueError):
    """What should be a quantum state has a negative population, or a trace that is not one."""


class NoTicks(QemError, ValueError):
    """A clock never ticks: what it watches does not cross its thresholds."""


class LeftGridError(QemError, ValueError):
    """Motion or state go on beyond the grid, where nothing is known of them."""


class SeveralWells(QemError, ValueError):
    """The effective potential has several wells: an orbit's energy does not tell where it is.

    `orbit_average` and what starts from it, such as `sample`, refuse such a model; `steady_state`,
    `evolve` and `slowest_rates` solve it.
    """


class ConvergenceError(QemError, ArithmeticError):
    """A result did not reach the accuracy that was asked for."""


class UnresolvedError(ConvergenceError, ValueError):
    """The finest grid does not resolve a device's coefficients, or a function on phase space."""


class QuadratureError(QemError, ArithmeticError):
    """An integral over energy did not converge to the accuracy that was asked for."""


class TooShortError(QemError, ArithmeticError):
    """A run is too short for its error bars to be trusted.

    Attributes
    ----------
    run : SampledState
        What was sampled, to look at or to go on with: ``sample(model, steps, resume=error.run)``.
    """

    def __init__(self, message: str, run: Any):
        super().__init__(message)
        self.run = run

    def __reduce__(self) -> tuple[Any, ...]:
        """The run goes along, to another process and back."""
        return type(self), (*self.args, self.run), self.__dict__


class FailedPointsError(QemError):
    """Some points of a sweep have no answer, and it was asked to be strict.

    Attributes
    ----------
    dataset : xarray.Dataset
        All points, those that failed marked with their words.
    """

    def __init__(self, message: str, dataset: Any):
        super().__init__(message)
        self.dataset = dataset

    def __reduce__(self) -> tuple[Any, ...]:
        """The points go along, to another process and back."""
        return type(self), (*self.args, self.dataset), self.__dict__


class ClassicalStateWarning(UserWarning):
    """A steady state of (A24) is no state of a quantum oscillator; its `violations` say why."""
