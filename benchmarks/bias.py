"""Does the sampler's default scheme err?  Against the exact steady state, to 0.05 %.

python benchmarks/bias.py [--target 5e-4]

The paper's device and one with different leads and a level off the middle, at V = 0, 6, 10 and 16:
⟨a†a⟩ and g2 of `qemlib.sample` with nothing but a target error, less those of
`qemlib.steady_state`, in units of the standard error and in percent.
"""

import argparse
from time import perf_counter

import numpy as np

import qemlib as qem

VOLTAGES = (0.0, 6.0, 10.0, 16.0)


def asymmetric_device(voltage):
    """Leads of different centres, widths, rates and temperatures; the level off the middle."""
    left = qem.Lead(qem.Lorentzian(0.7, 1.0, 2.4), 0.5 * voltage, 2.0)
    right = qem.Lead(qem.Lorentzian(-0.4, 1.3, 1.6), -0.5 * voltage, 1.7)
    return qem.Device(qem.Oscillator(0.2, 1.0), left, right, coupling=0.1, level=0.3)


def main(target):
    print(f"relative target error {target:g}\n")
    print(
        f"{'device':12}{'V':>4}  {'quantity':14}{'exact':>10}{'difference':>13}{'in σ':>7}", end=""
    )
    print(f"{'steps':>9}{'seconds':>9}")
    scores = []
    for name, make in (("paper", qem.paper_device), ("asymmetric", asymmetric_device)):
        for seed, voltage in enumerate(VOLTAGES, start=1):
            model = qem.LangevinModel.from_device(make(voltage))
            exact = qem.steady_state(model, rtol=1e-7)
            start = perf_counter()
            run = qem.sample(model, seed=seed, target_error=target)
            taken = perf_counter() - start
            for quantity in ("phonon_number", "g2"):
                true = getattr(exact, quantity)
                error = run.standard_error(quantity)
                apart = getattr(run, quantity) - true
                scores.append(apart / error)
                percent = f"{100 * apart / true:+.3f}({100 * error / true:.3f})%"
                print(
                    f"{name:12}{voltage:>4g}  {quantity:14}{true:>10.5f}{percent:>16}"
                    f"{apart / error:>+7.2f}{run.steps:>9.1e}{taken:>9.0f}",
                    flush=True,
                )
    print(f"\nroot mean square of the deviations: {np.sqrt(np.mean(np.square(scores))):.2f} σ")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--target", type=float, default=5e-4, help="relative error (default 5e-4)")
    main(parser.parse_args().target)
