"""How much faster the electrons' coefficients are than by quadrature, at equal accuracy.

python benchmarks/electrons.py [--repeats N]

Three ways to ⟨c†c⟩, D and γ of the paper's device at V = 10, at 8001 positions within ±40 x0:

- closed form: `qemlib.electron_coefficients`, as it is used;
- qemlib quadrature: the same function, for leads that it cannot know to be Lorentzian, so that it
  falls back to its own adaptive quadrature of all positions at once;
- SciPy quad: `scipy.integrate.quad` of the integrands of Appendix B, position by position.

The ways take turns, `--repeats` times.  SciPy quad does 40 of the positions, evenly spread, and its
time is scaled to 8001.  Its tolerance is chosen so that its true errors are about 1e-12; the others
are then still more accurate.  What is printed are ratios of times taken in the same turn, and
errors against `qemlib.witness.integrals` in 25 digits.  Seconds would say little elsewhere.
"""

import argparse
import os
import platform
from dataclasses import replace
from math import exp, inf, pi
from statistics import median
from time import perf_counter

import numpy as np
import scipy
from machine import processor
from scipy.integrate import quad

import qemlib as qem
from qemlib.witness.integrals import defining_integrals

POSITIONS = 8001
SAMPLE = 40
EXACT = 9
NAMES = ("occupation", "diffusion", "damping")
CALLS = 5
# What quad is asked for on each interval.  It does better: the sums are right to about 1e-12.
TOLERANCE = 1e-8


class Anything(qem.Lorentzian):
    """A Lorentzian by another name, which no closed form is looked up for."""


def renamed(device):
    """The same device, with leads of which only the methods are known."""

    def lead(old):
        band = old.density
        return replace(old, density=Anything(band.center, band.bandwidth, band.rate))

    return replace(device, left=lead(device.left), right=lead(device.right))


def by_quad(device, x):
    """(⟨c†c⟩, D, γ) at one position, by `scipy.integrate.quad`, written as one would for speed."""
    level = device.level - device.force * x
    bands = [(lead.density.center, lead.density.bandwidth) for lead in device.leads]
    (center_l, width_l), (center_r, width_r) = bands
    weight_l, weight_r = (0.5 * lead.density.rate * lead.density.bandwidth for lead in device.leads)
    mu_l, mu_r = (lead.chemical_potential for lead in device.leads)
    temperature_l, temperature_r = (lead.temperature for lead in device.leads)

    def fermi(energy):
        """Fermi function of energy in units of T, and 1 minus it."""
        if energy > 0:
            small = exp(-energy)
            return small / (1 + small), 1 / (1 + small)
        small = exp(energy)
        return 1 / (1 + small), small / (1 + small)

    def dot(w):
        """h and g of Appendix B, and what G' is made of."""
        pole_l, pole_r = 1 / (w - center_l + 1j * width_l), 1 / (w - center_r + 1j * width_r)
        sigma_l, sigma_r = weight_l * pole_l, weight_r * pole_r
        green = 1 / (w - level - sigma_l - sigma_r)
        square = -2 * (green.real**2 + green.imag**2)
        f_l, hole_l = fermi((w - mu_l) / temperature_l)
        f_r, hole_r = fermi((w - mu_r) / temperature_r)
        t_l, t_r = square * sigma_l.imag, square * sigma_r.imag
        return (
            t_l * f_l + t_r * f_r,
            t_l * hole_l + t_r * hole_r,
            (green, pole_l, sigma_l, pole_r, sigma_r),
        )

    def occupied(w):
        return dot(w)[0]

    def fluctuating(w):
        filled, empty, _ = dot(w)
        return filled * empty

    def damped(w):
        filled, _, (green, pole_l, sigma_l, pole_r, sigma_r) = dot(w)
        return 2 * filled * (green * green * (1 + sigma_l * pole_l + sigma_r * pole_r)).imag

    resonance = level
    for _ in range(8):
        sigma = sum(
            weight / (resonance - center + 1j * width)
            for weight, (center, width) in zip((weight_l, weight_r), bands, strict=True)
        )
        resonance = level + sigma.real
    points = {resonance + k * sigma.imag for k in (-30, -5, 0, 5, 30)}
    for lead in device.leads:
        points |= {lead.chemical_potential + k * lead.temperature for k in (-30, -6, 0, 6, 30)}
    points = sorted(points)

    def integral(function):
        options = {"epsabs": 0.1 * TOLERANCE, "epsrel": TOLERANCE, "limit": 200}
        return (
            quad(function, points[0], points[-1], points=points[1:-1], **options)[0]
            + quad(function, -inf, points[0], **options)[0]
            + quad(function, points[-1], inf, **options)[0]
        )

    noise = device.force**2 / (2 * pi)
    return (
        integral(occupied) / (2 * pi),
        noise * integral(fluctuating),
        noise * integral(damped) / device.oscillator.mass,
    )


def as_rows(coefficients):
    """⟨c†c⟩, D and γ as three rows."""
    return np.array([getattr(coefficients, name) for name in NAMES])


def timed(function, calls):
    """(seconds, result) of one call, the median of several."""
    taken = []
    for _ in range(calls):
        start = perf_counter()
        result = function()
        taken.append(perf_counter() - start)
    return median(taken), result


def errors(device, rows, exact):
    """Largest errors: of ⟨c†c⟩ absolute, of D relative, and of γ as part of D/2mT."""
    scale = exact[1] / (2 * device.oscillator.mass * device.left.temperature)
    units = np.array([np.ones_like(scale), exact[1], scale])
    return np.max(np.abs(rows - exact) / units, axis=1)


def main(repeats):
    device = qem.paper_device(10.0)
    reach = 40 * device.oscillator.x0
    x = np.linspace(-reach, reach, POSITIONS)
    some = np.linspace(0, POSITIONS - 1, SAMPLE).round().astype(int)
    few = np.linspace(0, POSITIONS - 1, EXACT).round().astype(int)
    other = renamed(device)

    ways = {
        "closed form": lambda: as_rows(qem.electron_coefficients(device, x)),
        "qemlib quadrature": lambda: as_rows(qem.electron_coefficients(other, x)),
        "SciPy quad": lambda: np.array([by_quad(device, at) for at in x[some]]).T,
    }
    qem.electron_coefficients(device, x[:10])  # imports and caches
    qem.electron_coefficients(other, x[:10])
    seconds, rows = {name: [] for name in ways}, {}
    for _ in range(repeats):
        for name, function in ways.items():
            taken, rows[name] = timed(function, CALLS if name == "closed form" else 1)
            seconds[name].append(taken * (POSITIONS / SAMPLE if name == "SciPy quad" else 1))

    exact = np.array(
        [
            [float(getattr(at, name)) for name in NAMES]
            for at in (defining_integrals(device, position, digits=25) for position in x[few])
        ]
    ).T
    at_few = {name: rows[name][:, few] for name in ways if name != "SciPy quad"}
    at_few["SciPy quad"] = np.array([by_quad(device, at) for at in x[few]]).T

    print(f"{POSITIONS} positions within ±40 x0, V = 10; {repeats} turns")
    print("time as a multiple of the closed form's: median (least to most)")
    print(f"largest error at {EXACT} positions: of n; of D, relative; of γ, relative to D/2mT;")
    print(f"largest difference from the closed form at {SAMPLE} positions, likewise\n")
    print(f"{'':18}{'time':>26}   {'error':^26}   {'difference':^26}")
    for name in ways:
        ratios = [a / b for a, b in zip(seconds[name], seconds["closed form"], strict=True)]
        time = f"{median(ratios):.4g} ({min(ratios):.4g} to {max(ratios):.4g})"
        missed = errors(device, at_few[name], exact)
        mine = rows["closed form"][:, some]
        found = rows[name] if name == "SciPy quad" else rows[name][:, some]
        apart = errors(device, found, mine)
        columns = ("  ".join(f"{v:7.1e}" for v in values) for values in (missed, apart))
        print(f"{name:18}{time:>26}   {'   '.join(columns)}")
    print(f"\n{processor()}, {os.cpu_count()} cores")
    print(
        f"Python {platform.python_version()}, NumPy {np.__version__}, SciPy {scipy.__version__}, "
        f"qemlib {qem.__version__}"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5, help="turns (default 5)")
    main(parser.parse_args().repeats)
