"""Compute the electrons' coefficients in 30 digits and write them to tests/data/electrons.json.

python3 tests/make_electron_references.py [--workers N]

The numbers come from `qemlib.witness.integrals`, for 200 random devices and for special ones.  Run
this by hand when the list of cases changes: what the file already holds is kept, as long as its
parameters are the same.  All of it takes a few minutes.

The file has one case a line: "left" and "right" are (ω_α, δ_α, Γ_α, μ_α, T_α), "device" is
(frequency, mass, coupling, level), and "values" are strings of decimal digits.  The parameters are
double-precision numbers, and exact as such.
"""

import argparse
import json
import os
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import mpmath as mp
import numpy as np
from tqdm.auto import tqdm

import qemlib as qem
from qemlib.witness import integrals

REFERENCES = Path(__file__).resolve().parent / "data" / "electrons.json"
DIGITS = 30
SEED = 20261123
RANDOM_DEVICES = 200
WITH_NOISE = 40
COEFFICIENTS = ("occupation", "diffusion", "damping", "current")


def case(left, right, x=0.0, omega=None, *, frequency=0.2, mass=1.0, coupling=0.1, level=0.0):
    """The parameters of one case, as they stand in the file."""
    parameters = {
        "left": [float(v) for v in left],
        "right": [float(v) for v in right],
        "device": [float(v) for v in (frequency, mass, coupling, level)],
        "x": float(x),
    }
    return parameters if omega is None else parameters | {"omega": float(omega)}


def device_of(parameters):
    """The device of one case."""
    left, right = (
        qem.Lead(qem.Lorentzian(*parameters[side][:3]), *parameters[side][3:])
        for side in ("left", "right")
    )
    frequency, mass, coupling, level = parameters["device"]
    return qem.Device(qem.Oscillator(frequency, mass), left, right, coupling, level)


def random_case(index):
    """Case `index` of the random ones; the first half has leads of one temperature."""
    rng = np.random.default_rng(np.random.SeedSequence([SEED, index]))

    # Rounded, so that the file is short and no machine's logarithm matters.
    def between(low, high):
        return round(float(rng.uniform(low, high)), 4)

    def logarithmic(low, high):
        return round(float(np.exp(rng.uniform(np.log(low), np.log(high)))), 4)

    mean, bias = between(-2, 2), between(-30, 30)
    leads = [
        [between(-2, 2), logarithmic(0.2, 5), logarithmic(0.2, 5), mean + half, temperature]
        for half, temperature in (
            (bias / 2, logarithmic(0.1, 10)),
            (-bias / 2, logarithmic(0.1, 10)),
        )
    ]
    equal = index < RANDOM_DEVICES // 2
    if equal:
        leads[1][4] = leads[0][4]
    parameters = case(
        *leads,
        frequency=between(0.1, 0.5),
        mass=logarithmic(0.3, 3),
        coupling=logarithmic(0.02, 0.5),
        level=between(-2, 2),
    )
    parameters["x"] = round(between(-20, 20) / device_of(parameters).force, 4)
    if equal and index < WITH_NOISE:
        parameters["omega"] = between(-5, 5)
    return parameters


def paper(voltage, x=0.0, omega=None):
    """The device of the paper."""
    half = voltage / 2
    return case((0.5, 1.0, 2.0, half, 2.0), (-0.5, 1.0, 2.0, -half, 2.0), x, omega)


def uneven(bias, x=-2.3, omega=None, temperatures=(0.7, 0.7), mean=0.0):
    """A device without any symmetry."""
    hot, cold = temperatures
    return case(
        (0.8, 0.6, 1.5, mean + bias / 2, hot),
        (-0.2, 1.7, 0.9, mean - bias / 2, cold),
        x,
        omega,
        mass=1.6,
        coupling=0.15,
        level=0.3,
    )


def near_degenerate():
    """Devices of which two or three poles of G are at most so far apart, by name.

    Their poles coincide where the level is zero: two of them, with the third one the zero of G that
    equal leads have; two of them, with leads mirrored in energy; three of them.
    """
    bands = {
        "centred": ((0.0, 2.0, 0.75), (0.0, 2.0, 0.25)),
        "mirrored": ((0.1875, 1.0, 0.29296875), (-0.1875, 1.0, 0.29296875)),
        "triple": ((0.0, 0.625, 0.3125), (0.0, 3.125, 1.6875)),
    }
    levels = {
        "centred": (2.5e-7, 2.5e-11, 2.5e-17),
        "mirrored": (1.778e-7, 1.778e-11, 1.778e-17),
        "triple": (1.644e-10, 1.644e-16, 1.644e-25),
    }
    found = {}
    for kind, (left, right) in bands.items():
        rows = zip(("1e-3", "1e-5", "1e-8", "0"), (*levels[kind], 0.0), strict=True)
        for distance, level in rows:
            found[f"poles {distance} apart, {kind}"] = case(
                (*left, 1.8, 0.5), (*right, -1.2, 0.5), omega=0.4, level=level
            )
        found[f"poles 0 apart, {kind}, two temperatures"] = case(
            (*left, 1.8, 0.5), (*right, -1.2, 2.5)
        )
    return found


def special_cases():
    """The limits in which a formula may lose its digits, by name."""
    cases = {f"paper, V = {v:g}": paper(v, omega=0.2) for v in (0, 6, 8, 8.46328, 10, 16, 40)}
    for x in (-300, -100, -30, 30, 100, 300):
        cases[f"far out, V = 10, x = {x}"] = paper(10, x, omega=0.2)
    for x in (-300, 300):
        cases[f"far out, uneven leads, x = {x}"] = uneven(3, x)
        cases[f"far out, two temperatures, x = {x}"] = uneven(3, x, temperatures=(0.7, 2.2))
    for bias in (0, 1e-12, 1e-9, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e3):
        cases[f"bias {bias:g}"] = uneven(bias, omega=0.9)
        cases[f"bias {bias:g}, two temperatures"] = uneven(bias, temperatures=(0.7, 2.2))
    cases["bias -1e3"] = uneven(-1e3, omega=0.9)
    cases["bias 0, potential 2"] = uneven(0, omega=0.9, mean=2.0)
    for temperature in (1e-3, 1e-2, 1e2, 1e3):
        both = (temperature, temperature)
        cases[f"T = {temperature:g}, V = 0"] = uneven(0, omega=0.9, temperatures=both)
        cases[f"T = {temperature:g}, V = 3"] = uneven(3, omega=0.9, temperatures=both)
    cases["T = 1e-3, V = 1e3"] = uneven(1e3, temperatures=(1e-3, 1e-3))
    cases["T = 1e-3 and 1e3"] = uneven(3, temperatures=(1e-3, 1e3))
    cases["two temperatures"] = uneven(2, temperatures=(0.5, 3.0))
    cases["two temperatures, V = 0"] = uneven(0, temperatures=(2.0, 0.4))
    cases["two temperatures, 1e-9 apart"] = uneven(2, temperatures=(0.7, 0.7 + 1e-9))
    cases["two temperatures, mirrored, no current"] = case(
        (0.5, 1.0, 2.0, 0.0, 0.5), (-0.5, 1.0, 2.0, 0.0, 3.0)
    )
    cases["two rates"] = case((0.5, 1, 4, 2, 2), (-0.5, 1, 0.3, -2, 2), 1.0, 0.2)
    cases["two bandwidths"] = case((0.5, 0.25, 2, 2, 2), (-0.5, 4, 2, -2, 2), 1.0, 0.2)
    cases["weak coupling"] = case((0.5, 1, 1e-3, 2, 2), (-0.5, 1, 1e-3, -2, 2), 1.0, 0.2)
    cases["weak coupling of one lead"] = case((0.5, 1, 2, 2, 2), (-0.5, 1, 1e-3, -2, 2), 1.0, 0.2)
    cases["wide bands"] = case((0.5, 1e3, 2, 2, 2), (-0.5, 1e3, 2, -2, 2), 1.0, 0.2)
    cases["narrow bands"] = case((0.5, 1e-2, 2, 2, 2), (-0.5, 1e-2, 2, -2, 2), 1.0, 0.2)
    cases["one wide band"] = case((0.5, 1e3, 2, 2, 2), (-0.5, 1, 2, -2, 2), 1.0, 0.2)
    # S_x(ω) has a removable 0/0 where ω is a difference of the potentials.
    for omega in (0.0, 1e-9, 1e-6, 6.0, 6.0 + 1e-9, 6.0 + 1e-6, -6.0, 50.0):
        cases[f"noise, V = 6, omega = {omega:.10g}"] = paper(6, 1.0, omega)
    return cases | near_degenerate()


def all_cases():
    """Every case by name."""
    digits = len(str(RANDOM_DEVICES - 1))
    drawn = {f"random {j:0{digits}d}": random_case(j) for j in range(RANDOM_DEVICES)}
    return drawn | special_cases()


def values_of(parameters):
    """The numbers of one case, as strings."""
    device, x = device_of(parameters), parameters["x"]
    exact = integrals.defining_integrals(device, x, DIGITS)
    numbers = {name: (getattr(exact, name), exact.error[name]) for name in COEFFICIENTS}
    if "omega" in parameters:
        numbers["noise"] = integrals.noise_spectrum(device, x, parameters["omega"], DIGITS)
    return {name: as_text(*number) for name, number in numbers.items()}


def as_text(number, error):
    """Decimal digits of a number; zero where it is no larger than its error."""
    return "0.0" if abs(number) <= error else mp.nstr(number, DIGITS)


def load(path=REFERENCES):
    """What the file holds, by name."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def save(entries, path=REFERENCES):
    """Write the entries, sorted, one a line."""
    lines = (
        f"{json.dumps(name)}: {json.dumps(entries[name], sort_keys=True)}"
        for name in sorted(entries)
    )
    path.parent.mkdir(exist_ok=True)
    unfinished = path.with_suffix(".tmp")
    unfinished.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    os.replace(unfinished, path)


def main(workers):
    cases, found = all_cases(), load()
    entries = {
        name: found[name]
        for name, parameters in cases.items()
        if name in found and {k: v for k, v in found[name].items() if k != "values"} == parameters
    }
    todo = [name for name in cases if name not in entries]
    with ProcessPoolExecutor(workers) as pool:
        runs = {pool.submit(values_of, cases[name]): name for name in todo}
        for run in tqdm(as_completed(runs), total=len(runs), desc="Devices", unit="device"):
            name = runs[run]
            entries[name] = cases[name] | {"values": run.result()}
            save(entries)
    save(entries)
    print(f"{len(entries)} cases, {len(todo)} of them new")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, default=1, help="processes to use (default 1)")
    main(parser.parse_args().workers)
