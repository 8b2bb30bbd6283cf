"""The steady state of many devices: a grid of parameters in, a labelled dataset out."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor
from pathlib import Path
from reprlib import repr as repr_short
from typing import TYPE_CHECKING, Any

from qemlib._progress import bar
from qemlib.devices.device import Device
from qemlib.errors import ClassicalStateWarning, FailedPointsError
from qemlib.motion.model import LangevinModel
from qemlib.states import positivity
from qemlib.studies._points import Points, points_of
from qemlib.studies._runs import computed
from qemlib.studies._table import FAILED, MISSING, Table, plan_of
from qemlib.studies._zarr import ZarrStore, plan_in
from qemlib.studies.methods import Method, named, refuse_untaken
from qemlib.studies.observables import Observable, chosen, sent
from qemlib.studies.stores import Store, store_at

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["read_sweep", "sweep"]

_TOLD = 3  # points that failed, in the words of an error


def sweep(
    base: Device | Sequence[Device] | Sequence[LangevinModel] | None = None,
    over: dict | None = None,
    method: str | Method = "exact",
    executor: Executor | None = None,
    store: str | os.PathLike | Store | None = None,
    *,
    strict: bool = False,
    observables: Iterable[str | Observable] | None = None,
    retry: bool = False,
    base_device: Device | None = None,
) -> xr.Dataset:
    """Steady states over a grid of device parameters, or of many devices or models.

    A point that fails is marked, with the words of its error, and the others go on.  What a method
    raises is the answer of its point, and stays in a store; what befell the machine, such as want
    of memory or the end of a process, does not, and a later call tries again.

    Parameters
    ----------
    base : Device, or list of Device or LangevinModel
        The device whose parameters are varied; or what stands on an axis "device" or "model".
    over : dict of str to array_like
        Parameter to its values, one axis each: "voltage", "temperature" of both leads, or a dotted
        path of fields such as "coupling", "left.temperature", "oscillator.frequency",
        "left.density.rate".  Several parameters span their outer product, in the order given; no
        two may set the same thing.  For a list of devices it may, for models it must be left out.
    method : str or Method
        "preview" (or "orbit"), "exact", "noise_at_oscillator", "with_memory", "sampled" or
        "full_quantum"; or an object with settings of its own, from `qemlib.studies.methods` or
        yours.
    executor : concurrent.futures.Executor, optional
        Where the points are computed; by default a pool with one process per processor that this
        one may use.  On a cluster of Dask's (the extra `cluster`): ``client.get_executor()``.
        Linear algebra and kernels have one thread in each.
    store : path or Store, optional
        Folder (the extra `store`), or file whose name ends in .nc, that receives each point as it
        is done; "~" is the home folder.  If it is there already, from a call with the same
        arguments, its points are taken over and only the missing ones computed.  Several calls with
        the same arguments may write to it at once.  See `qemlib.studies.stores`.
    strict : bool
        Raise at the end if points failed.
    observables : list of str or Observable, optional
        What to note of each state, names of variables or `Observable`; by default all that there
        are names for.
    retry : bool
        Compute points of the store again that failed.
    base_device : Device, optional
        What `base` was called before.

    Returns
    -------
    xarray.Dataset
        One dimension per parameter, dots in its name replaced by underscores.  Beside each variable
        stands its absolute error, "..._error"; `status` is 0 for a point that is missing, 1 for one
        that is done and 2 for one that failed, and `failure` holds the error's words.  Long names
        and units are in the attributes of each variable; the dataset's hold base, method, settings
        and the version of the physics.  ``found.to_netcdf(path, engine="scipy")`` exports it.

    Warns
    -----
    ClassicalStateWarning
        If a point has no quantum state: its `positive` is 0, and its work and entropy are NaN.

    Raises
    ------
    TypeError
        If `base` is no device and no list, `over` no dict, or another argument something else.
    ValueError
        If a parameter or the method is unknown, two parameters set the same thing, values are
        empty or not finite, a value is not allowed for its parameter, or `store` belongs to another
        sweep, is damaged or cannot be written.  Nothing has been computed then.
    FailedPointsError
        With `strict`, if points failed; it carries the dataset.
    OSError
        If a point could not be written; those before it are in the store.
    BrokenExecutor
        If the processes of the `executor` that was given have ended; the default starts others.

    Examples
    --------
    The preview below and above the threshold, in one thread:

    >>> from concurrent.futures import ThreadPoolExecutor
    >>> from qemlib import paper_device
    >>> with ThreadPoolExecutor(1) as here:
    ...     found = sweep(paper_device(), {"voltage": [0.0, 12.0]}, method="preview", executor=here)
    >>> found["phonon_number"].values.round(3), (found["ergotropy"].values > 1e-3).tolist()
    (array([ 9.558, 59.55 ]), [False, True])

    Without coupling there is no steady state:

    >>> with ThreadPoolExecutor(1) as here:
    ...     found = sweep(paper_device(), {"coupling": [0.0, 0.1]}, "preview", here)
    >>> found["status"].values.tolist(), found["failure"].values[0][:37]
    ([2, 1], 'NoSteadyState: device: its coupling m')
    """
    points = points_of(_one_of(base, base_device), over)
    found = named(method)
    for subject in points.subjects.values():
        refuse_untaken(found, subject)
    if executor is not None and (isinstance(executor, type) or not hasattr(executor, "submit")):
        raise TypeError(
            f"executor must be an Executor of concurrent.futures, got {repr_short(executor)}"
        )
    wanted = chosen(observables, (name.replace(".", "_") for name in points.axes))
    word = method if isinstance(method, str) else found.name
    kept = store_at(store)
    plan = plan_of(points, found, wanted, word, compared=kept is not None)
    table = Table(plan) if kept is None else kept.begin(plan)
    _fill(table, kept, points, executor, retry, (found, sent(wanted)))
    dataset = table.dataset()
    _warn_of_classical(dataset)
    if strict:
        _refuse_failed(dataset, table, points)
    return dataset


def read_sweep(store: str | os.PathLike) -> xr.Dataset:
    """What a store holds, of a sweep that has ended, stopped or goes on.

    Parameters
    ----------
    store : path
        Folder that a sweep wrote to.

    Returns
    -------
    xarray.Dataset
        As `sweep` returns it; points that are not there have the status 0.

    Raises
    ------
    ValueError
        If there is no such store, or it is damaged.

    Examples
    --------
    >>> import tempfile
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> import qemlib as qem
    >>> with ThreadPoolExecutor(1) as here, tempfile.TemporaryDirectory() as folder:
    ...     over, place = {"voltage": [0.0, 12.0]}, f"{folder}/sweep.zarr"
    ...     found = qem.sweep(qem.paper_device(), over, "preview", here, place)
    ...     found.identical(qem.read_sweep(place))
    True
    """
    if not isinstance(store, str | os.PathLike):
        raise TypeError(f"store must be a path, got {repr_short(store)}")
    path = Path(store).expanduser()
    kept = ZarrStore(path)
    return kept.table(plan_in(path)).dataset()


def _one_of(base: Any, base_device: Any) -> Any:
    if base_device is None:
        return base
    if base is not None:
        raise TypeError("base_device must be left out where base is given: it is the same")
    if not isinstance(base_device, Device):
        raise TypeError(f"base_device must be a Device, got {repr_short(base_device)}")
    return base_device


def _fill(
    table: Table,
    kept: Store | None,
    points: Points,
    executor: Any,
    retry: bool,
    arguments: tuple[Any, ...],
) -> None:
    """Compute what is missing, and have each point written as it comes."""
    undone = (MISSING, FAILED) if retry else (MISSING,)
    status = table.status()
    missing = {index: each for index, each in points.subjects.items() if status[index] in undone}
    try:
        with bar(total=len(missing), desc="sweep") as progress:
            for index, record in computed(executor, missing, *arguments):
                row = record.row(table.plan)
                if kept is not None and record.final:
                    kept.write(index, row, record.failure)
                table.put(index, row, record.failure)
                progress.update()
    except (BrokenExecutor, CancelledError) as error:
        left = int((table.status() == MISSING).sum())
        error.add_note(f"sweep: the executor has ended, {left} points are missing")
        raise


def _warn_of_classical(dataset: xr.Dataset) -> None:
    negative = int((dataset["positive"].values == 0.0).sum())
    if negative:
        warnings.warn(
            f"sweep: {negative} of {dataset['positive'].size} points have no quantum state, their "
            f"`positive` is 0. {positivity.MEANING}",
            ClassicalStateWarning,
            stacklevel=3,
        )


def _refuse_failed(dataset: xr.Dataset, table: Table, points: Points) -> None:
    if not table.words:
        return
    failed = sorted(table.words.items())
    told = "; ".join(f"at {points.where(index)}: {words}" for index, words in failed[:_TOLD])
    more = f"; and {len(failed) - _TOLD} more" if len(failed) > _TOLD else ""
    raise FailedPointsError(
        f"sweep: {len(failed)} of {dataset['status'].size} points failed, {told}{more}", dataset
    )
