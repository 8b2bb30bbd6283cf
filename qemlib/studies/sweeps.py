"""The steady state of many devices: a grid of parameters in, a labelled dataset out."""

from __future__ import annotations

import itertools
import os
import warnings
from collections.abc import Callable
from concurrent.futures import Executor, Future, as_completed
from dataclasses import is_dataclass, replace
from reprlib import repr as repr_short
from typing import Any

import numpy as np
import xarray as xr

from qemlib import _checks
from qemlib._parallel import pool
from qemlib._progress import bar
from qemlib.devices.device import Device
from qemlib.electrons.along_orbit import orbit_coefficients
from qemlib.electrons.coefficients import damping
from qemlib.errors import ClassicalStateWarning
from qemlib.fokker_planck.stationary import steady_state
from qemlib.motion.amplitude_state import averaged_state
from qemlib.motion.averaged_model import AveragedModel
from qemlib.motion.model import LangevinModel
from qemlib.motion.orbit import orbit_average
from qemlib.states import positivity
from qemlib.states.contract import State
from qemlib.states.summary import summary
from qemlib.studies._store import Store

__all__ = ["sweep"]

# Parameters and their values, an axis each.
Axes = dict[str, np.ndarray]

_METHODS: dict[str, Callable[[Device], State]] = {
    "exact": lambda device: steady_state(LangevinModel.from_device(device)),
    "orbit": lambda device: orbit_average(LangevinModel.from_device(device)),
    "oscillator": lambda device: steady_state(
        LangevinModel.from_device(device, noise_at="oscillator")
    ),
    "memory": lambda device: averaged_state(AveragedModel.from_device(device)),
}
# Those that see the motion's own frequency, at rest too.
_AT_OWN_FREQUENCY = ("oscillator", "memory")

# Parameters that are no field, and the fields that they set.
_SETS = {"voltage": ("left.chemical_potential", "right.chemical_potential")}

# In ASCII, as all that is printed of a result: not every terminal has Greek letters.
_VARIABLES = {
    "phonon_number": ("mean phonon number", "1"),
    "g2": ("second-order coherence at equal times", "1"),
    "ergotropy": ("incoherent ergotropy of the populations", "energy (hbar = 1)"),
    "free_energy_work": ("free-energy work of the populations", "energy (hbar = 1)"),
    "entropy": ("von Neumann entropy of the populations", "nat"),
    "inversion": ("population of the first excited level less that of the ground state", "1"),
    "damping_at_rest": ("damping rate at x = 0", "energy (hbar = 1)"),
    "bath_temperature": (
        "temperature in the free-energy work: the colder lead's",
        "energy (k_B = 1)",
    ),
    "missing_trace": ("part of the trace beyond the levels kept", "1"),
    "levels": ("number of levels kept", "1"),
    "positive": ("1 for a quantum state, 0 where (A24) is classical and gives none", "1"),
}


def sweep(
    base_device: Device,
    over: dict,
    method: str = "exact",
    executor: Executor | None = None,
    store: str | os.PathLike | None = None,
) -> xr.Dataset:
    """Steady states over a grid of device parameters.

    Parameters
    ----------
    base_device : Device
        The device whose parameters are varied.
    over : dict of str to array_like
        Parameter to its values, one axis each: "voltage", or a dotted path of fields such as
        "coupling", "left.temperature", "oscillator.frequency", "left.density.rate".  Several
        parameters span their outer product, in the order given; no two may set the same thing.
    method : {"exact", "orbit", "oscillator", "memory"}
        Stationary Fokker-Planck equation, or its orbit-averaged preview; the same equation with the
        noise at the oscillator's frequency; or electrons with all their memory along the orbits,
        `AveragedModel.from_device`.
    executor : concurrent.futures.Executor, optional
        Where the points are computed; by default a pool with one process per processor that this
        one may use.  On a cluster of Dask's (the extra `cluster`): ``client.get_executor()``.
    store : path, optional
        NetCDF file that receives each point as it is done; "~" is the home folder.  If it exists,
        from an interrupted call with the same arguments, its points are taken over and only the
        missing ones computed.  Several calls with the same arguments may write to it at once.

    Returns
    -------
    xarray.Dataset
        One dimension per parameter; long names and units in the attributes of each variable.

    Warns
    -----
    ClassicalStateWarning
        If a point has no quantum state: its `positive` is 0, and its work and entropy are NaN.

    Raises
    ------
    TypeError
        If `base_device` is not a Device, `over` no dict, or `executor` no Executor.
    ValueError
        If a parameter or the method is unknown, two parameters set the same thing, values are
        empty or not finite, a value is not allowed for its parameter, or `store` belongs to another
        sweep or cannot be written.  Nothing has been computed then.
    QemError
        If a device has no steady state, or it cannot be computed; a note says which it was.

    Examples
    --------
    The preview below and above the threshold, in one thread:

    >>> from concurrent.futures import ThreadPoolExecutor
    >>> from qemlib import paper_device
    >>> with ThreadPoolExecutor(1) as here:
    ...     found = sweep(paper_device(), {"voltage": [0.0, 12.0]}, method="orbit", executor=here)
    >>> found["phonon_number"].values.round(3), (found["ergotropy"].values > 1e-3).tolist()
    (array([ 9.558, 59.55 ]), [False, True])
    """
    _checks.kind("base_device", base_device, Device)
    _checks.choice("method", method, _METHODS)
    if executor is not None and (isinstance(executor, type) or not hasattr(executor, "submit")):
        raise TypeError(
            f"executor must be an Executor of concurrent.futures, got {repr_short(executor)}"
        )
    axes = _axes(over)
    shape = tuple(values.size for values in axes.values())
    # Every device is built before anything is computed: a bad value costs nothing.
    devices = {
        index: _vary(base_device, axes, index) for index in itertools.product(*map(range, shape))
    }
    dataset = _empty(base_device, axes, shape, method)
    kept = None if store is None else Store(store)
    if kept is not None:
        kept.take_over(dataset)
    missing = [index for index in devices if np.isnan(dataset["phonon_number"].values[index])]
    if executor is None:
        executor = pool()
    futures = {executor.submit(_point, devices[index], method): index for index in missing}
    try:
        for future in bar(iterable=as_completed(futures), total=len(futures), desc="sweep"):
            for name, value in _result(future, axes, futures[future]).items():
                dataset[name].values[futures[future]] = value
            if kept is not None:
                kept.write(dataset)
    finally:
        for future in futures:
            future.cancel()
    _warn_of_classical(dataset)
    return dataset


def _point(device: Device, method: str) -> dict[str, float]:
    with positivity.untold():  # another process's warnings are not seen here
        state = _METHODS[method](device)
    numbers = summary(state)
    point = {name: getattr(numbers, name) for name in _VARIABLES if hasattr(numbers, name)}
    if method in _AT_OWN_FREQUENCY:
        at_rest = float(orbit_coefficients(device, [0.0]).friction[0])
    else:
        at_rest = float(damping(device, 0.0))
    return point | {"damping_at_rest": at_rest, "positive": not numbers.violations}


def _warn_of_classical(dataset: xr.Dataset) -> None:
    negative = int((dataset["positive"].values == 0.0).sum())
    if negative:
        warnings.warn(
            f"sweep: {negative} of {dataset['positive'].size} points have no quantum state, their "
            f"`positive` is 0. {positivity.MEANING}",
            ClassicalStateWarning,
            stacklevel=3,
        )


def _result(
    future: Future[dict[str, float]], axes: Axes, index: tuple[int, ...]
) -> dict[str, float]:
    try:
        return future.result()
    except Exception as error:
        point = zip(axes.items(), index, strict=True)
        where = ", ".join(f"{name} = {float(values[i])!r}" for (name, values), i in point)
        error.add_note(f"sweep: at {where}")
        raise


def _axes(over: Any) -> Axes:
    if not isinstance(over, dict):
        raise TypeError(f"over must be a dict of parameters to values, got {repr_short(over)}")
    if not over:
        raise ValueError("over must hold at least one parameter, got an empty dict")
    for name in over:
        if not isinstance(name, str):
            raise ValueError(f"over must name parameters by strings, got {name!r}")
    for one, other in itertools.combinations(over, 2):
        if _overlap(one, other):
            raise ValueError(
                f"over must not hold both {one!r} and {other!r}: they set the same thing, and only "
                "the last of them would count"
            )
    axes = {
        name: _checks.finite_array(f"over[{name!r}]", values, 1) for name, values in over.items()
    }
    for name, values in axes.items():
        if values.size == 0:
            raise ValueError(f"over[{name!r}] must hold at least one value, got none")
    return axes


def _overlap(one: str, other: str) -> bool:
    """Whether two parameters set the same field, or one a part of what the other sets."""
    ways = itertools.product(*(_SETS.get(name, (name,)) for name in (one, other)))
    # zip ends with the shorter path.
    return any(
        all(a == b for a, b in zip(first.split("."), second.split("."), strict=False))
        for first, second in ways
    )


def _vary(device: Device, axes: Axes, index: tuple[int, ...]) -> Device:
    for (name, values), i in zip(axes.items(), index, strict=True):
        value = float(values[i])
        if name == "voltage":
            device = device.with_voltage(value)
        else:
            device = _replaced(device, name.split("."), value, name)
    return device


def _replaced(part: Any, path: list[str], value: Any, name: str) -> Any:
    field, *rest = path
    if not is_dataclass(part) or isinstance(part, type) or field not in part.__dataclass_fields__:
        raise ValueError(
            f"over: {name!r} is not a parameter of the device; "
            f"{type(part).__name__} has no field {field!r}"
        )
    if rest:
        value = _replaced(getattr(part, field), rest, value, name)
    return replace(part, **{field: value})


def _empty(device: Device, axes: Axes, shape: tuple[int, ...], method: str) -> xr.Dataset:
    dimensions = [name.replace(".", "_") for name in axes]
    dataset = xr.Dataset(
        {
            name: (dimensions, np.full(shape, np.nan), {"long_name": long_name, "units": units})
            for name, (long_name, units) in _VARIABLES.items()
        },
        coords=dict(zip(dimensions, axes.values(), strict=True)),
        attrs={"base_device": repr(device), "method": method},
    )
    for dimension in dimensions:
        dataset[dimension].attrs = {"units": "hbar = e = k_B = 1", "long_name": dimension}
    return dataset
