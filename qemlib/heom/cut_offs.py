"""The state at cut-offs that the caller chooses: for series over them.

`full_quantum` finds its own, and refuses what it cannot be sure of.  Beyond what it reaches, a
series over the cut-offs tells how far the answer is from converged; and ratios of populations
converge long before there are levels for all of them.
"""

from __future__ import annotations

from qemlib import _checks
from qemlib.devices.device import Device
from qemlib.heom._convergence import Search
from qemlib.heom._solution import Resolution, Solution
from qemlib.heom._task import Task

__all__ = ["at_cut_offs"]

# Of a search that is not made.
_ANY = 0.1


def at_cut_offs(
    device: Device,
    *,
    levels: int,
    bandwidth: int,
    depth: int = 2,
    pade_terms: int = 2,
    damping: float = 0.0,
    memory_limit: float = 4e9,
    time_limit: float = 3600.0,
    progress: bool = False,
) -> Solution:
    """One solution of the hierarchy, with no error: what a step more would change is not known.

    Parameters
    ----------
    device : Device
        As for `full_quantum`.
    levels, bandwidth, depth : int
        Levels of the oscillator, at least 2; K and the depth as in `FullQuantumState.resolution`,
        at least 1.
    pade_terms : int
        Padé terms of each Fermi function, at least 1; at infinite bias there are none.
    damping, memory_limit, time_limit, progress
        As for `full_quantum`.

    Returns
    -------
    Solution

    Raises
    ------
    TypeError, ValueError, ConvergenceError
        As `full_quantum`, but for cut-offs that are too small.

    Examples
    --------
    A dozen levels tell in which ratio the lowest are populated:

    >>> import qemlib as qem
    >>> few = at_cut_offs(qem.paper_device(voltage=8.0), levels=12, bandwidth=3)
    >>> more = at_cut_offs(qem.paper_device(voltage=8.0), levels=24, bandwidth=3)
    >>> [round(float(s.populations[1] / s.populations[0]), 4) for s in (few, more)]
    [0.9955, 0.9955]
    """
    levels = _checks.integer("levels", levels, 2)
    bandwidth = _checks.integer("bandwidth", bandwidth, 1)
    depth = _checks.integer("depth", depth, 1)
    pade_terms = _checks.integer("pade_terms", pade_terms, 1)
    search = Search(
        Task(
            device=device,
            accuracy=_ANY,
            damping=damping,
            memory_limit=memory_limit,
            time_limit=time_limit,
            progress=progress,
        )
    )
    terms = search.leads.terms(pade_terms)
    return search.at(pade_terms, Resolution(terms, depth, bandwidth, levels))
