"""Ways to a device's steady state, as objects: a sweep takes any of them, or one of your own.

A method has a `name`, a word, and `state(subject)`, which returns a state (`qemlib.State`) of a
device or model or raises.  Its `repr` tells its settings, which the results of a sweep carry.  It
is handed to other processes, so it must be such that it can be pickled; a dataclass of a module is.

Where words will do, there are these, each with the settings that it has by default:

=====================  ==============================  ===========================================
word                   object                          what it is
=====================  ==============================  ===========================================
"preview" or "orbit"   Preview()                       orbits alone, exact for weak friction
"exact"                Exact()                         the Fokker-Planck equation (A24)
"noise_at_oscillator"  Exact(noise_at="oscillator")    the same, with the electrons' noise at ±ω0
"with_memory"          WithMemory()                    orbits, and all memory of the electrons
"sampled"              Sampled()                       random walkers, with standard errors
"full_quantum"         FullQuantum()                   nothing eliminated
=====================  ==============================  ===========================================
"""

from __future__ import annotations

from dataclasses import dataclass
from reprlib import repr as repr_short
from typing import Any, Protocol, runtime_checkable

import numpy as np

from qemlib import _checks
from qemlib.devices.device import Device
from qemlib.fokker_planck.stationary import steady_state
from qemlib.heom.solver import full_quantum
from qemlib.motion.amplitude_state import averaged_state
from qemlib.motion.averaged_model import AveragedModel
from qemlib.motion.model import LangevinModel
from qemlib.motion.orbit import orbit_average
from qemlib.sampler.sampling import sample
from qemlib.states.contract import State
from qemlib.studies._fingerprint import fingerprint

__all__ = ["Exact", "FullQuantum", "Method", "Preview", "Sampled", "WithMemory"]

_NOISE = ("zero", "oscillator")


@runtime_checkable
class Method(Protocol):
    """What a sweep asks of a method.

    Attributes
    ----------
    name : str
        A word.

    Examples
    --------
    One of your own, for which all oscillators are as warm as their left lead:

    >>> from concurrent.futures import ThreadPoolExecutor
    >>> from dataclasses import dataclass
    >>> import numpy as np
    >>> import qemlib as qem
    >>> @dataclass(frozen=True)
    ... class Thermal:
    ...     levels: int = 400
    ...     name = "thermal"
    ...     def state(self, subject):
    ...         osc = subject.oscillator
    ...         p = np.exp(-osc.frequency / subject.left.temperature * np.arange(self.levels))
    ...         return qem.QuantumState(p / p.sum(), device=subject)
    >>> over = {"left.temperature": [0.5, 1.0]}
    >>> with ThreadPoolExecutor(1) as here:
    ...     found = qem.sweep(qem.paper_device(), over, method=Thermal(), executor=here)
    >>> found["phonon_number"].values.round(3)
    array([2.033, 4.517])
    """

    @property
    def name(self) -> str: ...

    def state(self, subject: Any) -> State:
        """The steady state of a Device or a LangevinModel."""
        ...


@dataclass(frozen=True)
class Preview:
    """Average over orbits: quick, and exact for weak friction.

    Parameters
    ----------
    noise_at : {"zero", "oscillator"}
        Frequency of the electrons' noise, as in `LangevinModel.from_device`.

    Examples
    --------
    >>> import qemlib as qem
    >>> state = qem.methods.Preview().state(qem.paper_device(voltage=10.0))
    >>> round(state.phonon_number, 2)
    42.13
    """

    noise_at: str = "zero"
    name = "preview"

    def __post_init__(self) -> None:
        _checks.choice("noise_at", self.noise_at, _NOISE)

    def state(self, subject: Any) -> State:
        return orbit_average(_model_of(subject, self.noise_at))


@dataclass(frozen=True)
class Exact:
    """Stationary Fokker-Planck equation (A24).

    Parameters
    ----------
    rtol : float
        As in `steady_state`.
    noise_at : {"zero", "oscillator"}
        Frequency of the electrons' noise, as in `LangevinModel.from_device`.

    Examples
    --------
    >>> import qemlib as qem
    >>> state = qem.methods.Exact(noise_at="oscillator").state(qem.paper_device(voltage=10.0))
    >>> round(state.phonon_number, 2)
    44.99
    """

    rtol: float = 1e-8
    noise_at: str = "zero"
    name = "exact"

    def __post_init__(self) -> None:
        object.__setattr__(self, "rtol", _checks.positive("rtol", self.rtol))
        _checks.choice("noise_at", self.noise_at, _NOISE)

    def state(self, subject: Any) -> State:
        return steady_state(_model_of(subject, self.noise_at), self.rtol)


@dataclass(frozen=True)
class WithMemory:
    """Average over orbits along which the electrons remember: `averaged_state`, of devices.

    Parameters
    ----------
    rtol : float
        As in `AveragedModel.from_device`.

    Examples
    --------
    >>> import qemlib as qem
    >>> state = qem.methods.WithMemory(rtol=1e-4).state(qem.paper_device(voltage=10.0))
    >>> round(state.phonon_number, 1)
    48.6
    """

    rtol: float = 1e-6
    name = "with_memory"
    takes = (Device,)
    noise_at = "oscillator"  # is what memory comes to for a small motion

    def __post_init__(self) -> None:
        object.__setattr__(self, "rtol", _checks.positive("rtol", self.rtol))

    def state(self, subject: Any) -> State:
        return averaged_state(AveragedModel.from_device(subject, self.rtol))


@dataclass(frozen=True)
class Sampled:
    """Random walkers: `sample`.

    Each device has random numbers of its own, which follow from `seed` and from what the device is,
    not from when or where its turn comes.

    Parameters
    ----------
    steps : int
        In all, burn-in included; with a target error the most.
    target_error : float, optional
        Relative standard error of ⟨a†a⟩ and g2 to go on for.
    seed : int
    noise_at : {"zero", "oscillator"}
        Frequency of the electrons' noise, as in `LangevinModel.from_device`.

    Examples
    --------
    >>> import qemlib as qem
    >>> state = qem.methods.Sampled(steps=40_000_000).state(qem.paper_device(voltage=10.0))
    >>> error = state.error["phonon_number"]
    >>> error < 0.05, abs(state.phonon_number / 42.13 - 1.0) < 5 * error
    (True, True)
    """

    steps: int = 250_000_000
    target_error: float | None = None
    seed: int = 1
    noise_at: str = "zero"
    name = "sampled"

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", _checks.integer("steps", self.steps, 1))
        object.__setattr__(self, "seed", _checks.integer("seed", self.seed, 0))
        if self.target_error is not None:
            aim = _checks.positive("target_error", self.target_error)
            object.__setattr__(self, "target_error", aim)
        _checks.choice("noise_at", self.noise_at, _NOISE)

    def state(self, subject: Any) -> State:
        own = np.random.SeedSequence([self.seed, int(fingerprint(subject), 16)])
        run = sample(
            _model_of(subject, self.noise_at),
            self.steps,
            int(own.generate_state(1)[0]),
            target_error=self.target_error,
            progress=False,
        )
        if run.partial:  # Ctrl-C ends it early, and it must not count as done
            raise KeyboardInterrupt
        return run


@dataclass(frozen=True)
class FullQuantum:
    """Dot, oscillator and leads with nothing eliminated: `full_quantum`, of devices.

    Parameters
    ----------
    accuracy, memory_limit, time_limit : float
        As in `full_quantum`.

    Examples
    --------
    >>> import qemlib as qem
    >>> state = qem.methods.FullQuantum(accuracy=0.1).state(qem.paper_device(voltage=0.0))
    >>> round(state.phonon_number)
    10
    """

    accuracy: float = 1e-2
    memory_limit: float = 4e9
    time_limit: float = 3600.0
    name = "full_quantum"
    takes = (Device,)
    noise_at = "oscillator"

    def __post_init__(self) -> None:
        for each in ("accuracy", "memory_limit", "time_limit"):
            object.__setattr__(self, each, _checks.positive(each, getattr(self, each)))

    def state(self, subject: Any) -> State:
        return full_quantum(
            subject,
            self.accuracy,
            memory_limit=self.memory_limit,
            time_limit=self.time_limit,
            progress=False,
        )


# Words for those above.
METHODS: dict[str, Method] = {
    "exact": Exact(),
    "full_quantum": FullQuantum(),
    "noise_at_oscillator": Exact(noise_at="oscillator"),
    "orbit": Preview(),
    "preview": Preview(),
    "sampled": Sampled(),
    "with_memory": WithMemory(),
}


def named(method: Any) -> Method:
    """The method of that name, or the object itself.

    ValueError if there is none of that name, TypeError if it is no method.
    """
    if isinstance(method, str):
        return METHODS[_checks.choice("method", method, METHODS)]
    told = isinstance(getattr(method, "name", None), str)
    if isinstance(method, type) or not told or not callable(getattr(method, "state", None)):
        raise TypeError(
            f"method must be one of {sorted(METHODS)} or an object with a name and state(subject), "
            f"got {repr_short(method)}"
        )
    return method


def refuse_untaken(method: Method, subject: Any) -> None:
    """TypeError unless the method takes such a thing."""
    taken = getattr(method, "takes", (Device, LangevinModel))
    if not isinstance(subject, taken):
        names = " or a ".join(kind.__name__ for kind in taken)
        raise TypeError(
            f"base must be made of what {method.name} takes, a {names}, got {repr_short(subject)}"
        )
    if isinstance(subject, LangevinModel) and getattr(method, "noise_at", "zero") != "zero":
        raise ValueError(
            f"method must leave noise_at at 'zero' for models, whose noise is given, got {method!r}"
        )


def _model_of(subject: Device | LangevinModel, noise_at: str) -> LangevinModel:
    if isinstance(subject, Device):
        return LangevinModel.from_device(subject, noise_at=noise_at)
    return subject
