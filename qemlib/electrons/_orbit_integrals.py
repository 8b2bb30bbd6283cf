"""Integrals over energy for electrons on a level that moves, for many amplitudes of it at once.

The integrands of `qemlib.electrons._floquet` vary at the Fermi edges, the bands and the level, and
at all energies that are a whole number of quanta from there.  Panels shrink towards these places;
each is integrated by a Gauss-Kronrod pair and halved until the two agree, for all amplitudes alike,
so that the leads are asked once.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numba import get_num_threads

from qemlib.devices.densities import SpectralDensity
from qemlib.devices.device import Device
from qemlib.electrons import _floquet
from qemlib.electrons._axis import Panels, graded
from qemlib.errors import QuadratureError

# Nodes and weights of 21 points, and weights of the 10 among them that are Gauss's (QUADPACK).
_HALF = np.array(
    [
        *(0.995657163025808080735527280689003, 0.973906528517171720077964012084452),
        *(0.930157491355708226001207180059508, 0.865063366688984510732096688423493),
        *(0.780817726586416897063717578345042, 0.679409568299024406234327365114874),
        *(0.562757134668604683339000099272694, 0.433395394129247190799265943165784),
        *(0.294392862701460198131126603103866, 0.148874338981631210884826001129720),
        0.0,
    ]
)
_OF_21 = np.array(
    [
        *(0.011694638867371874278064396062192, 0.032558162307964727478818972459390),
        *(0.054755896574351996031381300244580, 0.075039674810919952767043140916190),
        *(0.093125454583697605535065465083366, 0.109387158802297641899210590325805),
        *(0.123491976262065851077958109831074, 0.134709217311473325928054001771707),
        *(0.142775938577060080797094273138717, 0.147739104901338491374841515972068),
        0.149445554002916905664936468389821,
    ]
)
_OF_10 = np.array(
    [
        *(0.0, 0.066671344308688137593568809893332, 0.0, 0.149451349150580593145776339657697),
        *(0.0, 0.219086362515982043995534934228163, 0.0, 0.269266719309996355091226921569469),
        *(0.0, 0.295524224714752870173892994651338, 0.0),
    ]
)
_NODE = np.concatenate([-_HALF, _HALF[-2::-1]])
_WEIGHTS = np.array([np.concatenate([half, half[-2::-1]]) for half in (_OF_21, _OF_10)])
# The lanes that are left over repeat the middle, and count for nothing.
_LEFT_OVER = _floquet.LANES - _NODE.size
_NODE = np.pad(_NODE, (0, _LEFT_OVER))
_WEIGHTS = np.pad(_WEIGHTS, ((0, 0), (0, _LEFT_OVER)))

# QUADPACK's estimate: the longer rule errs by less than the difference, to the power 3/2.
_PESSIMIST, _POWER = 200.0, 1.5
# A panel may err by this part of what all of them may.
_SHARE = 0.1
# What |a_k| may be at the ends of the sites, and below which it is left out, over the tolerance.
_EDGE, _NOTHING = 1e-2, 1e-4
# Of all that goes into and out of the dot, what a current is to be known to.
_OF_FLOW = 1e-6
_ROUND_OFF = 64.0 * np.finfo(float).eps
# Sites on either side, at least and at most; and how many more are taken where they do not suffice.
_FEWEST, _MOST_SITES, _MORE = 12, 8192, 1.25
# Sites of all energies that are looked at in one go: what is known of them stays in the cache.
_AT_ONCE = 2**14
_MOST_PANELS = 2**14
_NEWTON = 8


class Motion(NamedTuple):
    """Orbits x = c + A cos Ωt: FA/2 and ε − Fc of each, and Ω."""

    push: np.ndarray
    level: np.ndarray
    frequency: float


class Found(NamedTuple):
    """Integrals ∫dω, their estimated errors, and what these are to be compared with, by column."""

    value: np.ndarray
    error: np.ndarray
    size: np.ndarray


def integrate(device: Device, motion: Motion, harmonics: int, currents: bool, rtol: float) -> Found:
    """All columns of `qemlib.electrons._floquet`, shape (amplitudes, columns).

    Raises QuadratureError if sites or panels do not suffice.
    """
    shape = motion.push.size, _floquet.columns(harmonics, currents)
    settled = [np.zeros(shape) for _ in range(3)]
    if not motion.push.size:
        return Found(*settled)
    sites = _Sites(device, motion, harmonics, currents, rtol)
    panels, centre, reach = graded(*_places(device, motion))
    least = _least_size(device, reach[0], shape[1])
    used, active = 0, np.arange(shape[0])
    with ThreadPoolExecutor(get_num_threads()) as pool:
        while panels.owner.size:
            used += panels.owner.size
            found = sites.panels(pool, active, panels, centre[0], reach[0])
            size = np.maximum(settled[2][active] + found[2].sum(axis=0), least)
            allowed = np.maximum(_SHARE * rtol * size, _ROUND_OFF * found[2])
            wanting = (found[1] > allowed).any(axis=2) & (used <= _MOST_PANELS)
            # Those orbits go on for which some panel was too wide, on all panels that were for one.
            again, divided = wanting.any(axis=0), wanting.any(axis=1)
            for total, part in zip(settled, found, strict=True):
                total[active] += part[~divided].sum(axis=0)
                total[active[~again]] += part[divided][:, ~again].sum(axis=0)
            active, panels = active[again], panels.where(divided).halves()
    value, error, size = settled
    size = np.maximum(size, least)
    return Found(value, error + ((_EDGE + _NOTHING) * rtol + _ROUND_OFF) * size, size)


def _least_size(device: Device, reach: float, columns: int) -> np.ndarray:
    """What errors are compared with at least, by column.

    Charge and completeness are one electron's, whatever the motion adds to them.  Currents are
    differences of what goes in and out, which may be equal at each energy.
    """
    least = np.zeros(columns)
    one = 2.0 * np.pi
    flow = one * max(
        float(np.max(density.spectral_density(np.array(density.energies))))
        for density in _densities(device)
    )
    least[[_floquet.COMPLETENESS, _floquet.CHARGE]] = one
    least[_floquet.CURRENT : _floquet.CURRENT + 2] = _OF_FLOW * flow
    least[_floquet.ENERGY : _floquet.ENERGY + 2] = _OF_FLOW * flow * reach
    return least


class _Sites:
    """The integrands on panels, with as many sites as they turn out to need."""

    def __init__(
        self, device: Device, motion: Motion, harmonics: int, currents: bool, rtol: float
    ) -> None:
        self._device, self._motion = device, motion
        self._wanted = harmonics, currents
        self._edge, self._least = (_EDGE * rtol) ** 2, (_NOTHING * rtol) ** 2
        steps = 2.0 * np.abs(motion.push) / motion.frequency
        self._half = np.ceil(steps + 8.0 * np.cbrt(steps) + _FEWEST)
        self._refuse_too_many()

    def panels(
        self, pool: Executor, orbits: np.ndarray, panels: Panels, centre: float, reach: float
    ) -> list[np.ndarray]:
        """Integrals by the longer rule, errors, moduli: each (panels, orbits, columns)."""
        results, begin = [], 0
        while begin < panels.owner.size:
            sites = 2 * int(self._half[orbits].max()) + 1
            end = begin + max(1, _AT_ONCE // (sites * _NODE.size))
            some = panels.where(slice(begin, end))
            results.append(self._some(pool, orbits, some, centre, reach))
            begin = end
        return [np.concatenate(parts) for parts in zip(*results, strict=True)]

    def _some(
        self, pool: Executor, orbits: np.ndarray, panels: Panels, centre: float, reach: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        half = 0.5 * (panels.end - panels.start)[:, None]
        at = 0.5 * (panels.start + panels.end)[:, None] + half * _NODE
        stretch = half * np.ones_like(at)
        far = panels.side != 0.0
        distance = reach / at[far]
        stretch[far] *= distance / at[far]
        at[far] = centre + panels.side[far][:, None] * distance
        values = self._at(pool, orbits, at)
        value, shorter = (
            np.einsum("apcn,pn->pac", values, stretch * weights, optimize=True)
            for weights in _WEIGHTS
        )
        np.abs(values, out=values)
        size = np.einsum("apcn,pn->pac", values, stretch * _WEIGHTS[0], optimize=True)
        part = np.divide(np.abs(value - shorter), size, out=np.zeros_like(size), where=size > 0)
        return value, size * np.minimum((_PESSIMIST * part) ** _POWER, part), size

    def _at(self, pool: Executor, orbits: np.ndarray, omega: np.ndarray) -> np.ndarray:
        """Integrands of some orbits, shape (orbits, *, columns, LANES) for omega's (*, LANES)."""
        out, todo = np.empty(0), np.arange(orbits.size)
        while todo.size:
            here = orbits[todo]
            half = self._half[here].astype(np.int64)
            motion = self._motion.push[here], self._motion.level[here], half
            values, edge = _floquet.integrands(
                pool,
                get_num_threads(),
                (*motion, self._motion.frequency),
                self._leads(omega, int(half.max())),
                (*self._wanted, self._least),
            )
            if todo.size == orbits.size:
                out = values
            else:
                out[todo] = values
            todo = todo[~(edge <= self._edge)]
            self._half[orbits[todo]] *= _MORE
            self._refuse_too_many()
        return out

    def _leads(self, omega: np.ndarray, half: int) -> _floquet.Leads:
        steps = self._motion.frequency * np.arange(-half, half + 1)
        there = omega[:, None] + steps[:, None]
        _, currents = self._wanted
        free = np.stack([there, np.zeros_like(there)], axis=1)
        sigma = np.empty((len(omega), 2, *free.shape[1:]) if currents else (0, 2, 2, 0, 0))
        ins = np.empty((len(omega), 2, omega.shape[1]))
        kappa, vacant = np.zeros_like(omega), np.zeros_like(there)
        for i, lead in enumerate(self._device.leads):
            found = lead.density.self_energy(there)
            for part, values in enumerate((found.real, found.imag)):
                free[:, part] -= values
                if currents:
                    sigma[:, i, part] = values
            width = np.maximum(-2.0 * found.imag, 0.0)
            kappa += width[:, half]
            ins[:, i] = width[:, half] * lead.occupation(omega)
            width *= lead.vacancy(there)
            vacant += width
        return _floquet.Leads(omega, free, sigma, kappa, ins, vacant)

    def _refuse_too_many(self) -> None:
        worst = int(np.argmax(self._half))
        if self._half[worst] > _MOST_SITES:
            force, frequency = self._device.force, self._motion.frequency
            raise QuadratureError(
                f"amplitudes: at A = {abs(2.0 * self._motion.push[worst] / force):.6g} the level "
                f"moves by {4.0 * abs(self._motion.push[worst]) / frequency:.3g} quanta of "
                f"{frequency:.6g}, and electrons exchange more than the {_MOST_SITES} that are "
                "followed either way"
            )


def _places(device: Device, motion: Motion) -> Iterator[np.ndarray]:
    """Where the integrands vary and on what scales, one row each as `graded` takes them."""
    spacing, sweep = motion.frequency, 2.0 * float(np.abs(motion.push).max())
    places = [_resonances(device, motion, sweep)]
    furthest = sweep + _FEWEST * spacing
    for lead in device.leads:
        fixed = [(lead.chemical_potential, np.pi * lead.temperature)]
        if np.isinf(lead.chemical_potential):  # all states are filled, or none
            fixed = []
        fixed += [(energy, lead.density.width) for energy in lead.density.energies]
        places += [_repeated(energy, scale, spacing, furthest) for energy, scale in fixed]
    return (np.concatenate(parts)[None] for parts in zip(*places, strict=True))


def _repeated(
    energy: float, scale: float, spacing: float, furthest: float
) -> tuple[np.ndarray, np.ndarray]:
    """A place, and where a whole number of quanta goes there, if they can be told apart."""
    number = int(furthest / spacing) if scale < spacing else 0
    energies = energy + spacing * np.arange(-number, number + 1)
    return energies, np.full(energies.size, scale)


def level_width(device: Device, level: np.ndarray) -> float:
    """Least width of the level at the energies, which makes no other scale of the motion's."""
    if not level.size:
        return 1.0
    return min(*_dressed(device, level)[1], *(density.width for density in _densities(device)))


def _resonances(device: Device, motion: Motion, sweep: float) -> tuple[np.ndarray, np.ndarray]:
    """Energies that the level passes, as close as it is wide but not closer than the quanta."""
    ends, breadth = _dressed(device, motion.level)
    scale = breadth.min()
    step = motion.frequency * max(1.0, np.floor(scale / motion.frequency))
    low, high = ends[0] - sweep - step, ends[1] + sweep + step
    energies = ends[0] + step * np.arange(np.floor((low - ends[0]) / step), (high - ends[0]) / step)
    return energies, np.full(energies.size, scale)


def _dressed(device: Device, level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest energy of the dot at rest, where ω = ε + Re Σ(ω), and |Im Σ| there.

    In a gap of the bands the width of the narrowest one takes its place.
    """
    ends = np.array([level.min(), level.max()])
    energy = ends
    for _ in range(_NEWTON):
        energy = ends + sum(density.self_energy(energy).real for density in _densities(device))
    breadth = np.abs(sum(density.self_energy(energy).imag for density in _densities(device)))
    narrowest = min(density.width for density in _densities(device))
    return energy, np.where(breadth > 0, breadth, narrowest)


def _densities(device: Device) -> list[SpectralDensity]:
    return [lead.density for lead in device.leads]
