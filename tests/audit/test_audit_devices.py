"""An audit: random devices, carried from their electrons to their states, or refused in words.

Each parameter is drawn from the six decades around the paper's.  Most devices do not lase, and many
have no steady state or one that the model cannot hold: a refusal is an answer too, if it says why.
What the solvers say of one device must agree within what they state; see `test_audit_models.py`.
Run all of it with `pytest -m slow -s tests/audit/test_audit_devices.py`; it prints a table.
"""

import re
from collections import Counter

import numpy as np
import pytest
from test_audit_models import SOLVERS, WORDS, conclude, disagreements, outcomes

import qemlib as qem

DEVICES = 300
# Not those with which a search goes to its end: seconds for each of 0, 1 and 6.
QUICK = (2, 3, 4, 5, 7, 8, 9)
DECADES = 3.0  # to either side


def random_device(seed):
    """Six decades of each parameter, and signs; half of the devices have one temperature."""
    rng = np.random.default_rng([34, seed])

    def around(value):
        return float(value * 10.0 ** rng.uniform(-DECADES, DECADES))

    def signed(value):
        return float(rng.choice([-1.0, 1.0])) * around(value)

    voltage, temperature = signed(6.0), around(2.0)
    other = temperature if rng.random() < 0.5 else around(2.0)
    leads = [
        qem.Lead(qem.Lorentzian(signed(0.5), around(1.0), around(2.0)), mu, kelvin)
        for mu, kelvin in ((0.5 * voltage, temperature), (-0.5 * voltage, other))
    ]
    oscillator = qem.Oscillator(around(0.2), around(1.0))
    return qem.Device(oscillator, *leads, coupling=around(0.1), level=signed(0.5))


# Cold states are told to be none of quantum mechanics: in words, and tested elsewhere.
pytestmark = pytest.mark.filterwarnings("ignore::qemlib.ClassicalStateWarning")


def model_of(device):
    """The device's model, or the refusal."""
    try:
        return qem.LangevinModel.from_device(device)
    except (ValueError, ArithmeticError) as refusal:
        return str(refusal)


def reason(refusal):
    """The words of a refusal without its numbers."""
    return re.sub(r"[-+]?\d[\d.]*(e[-+]?\d+)?", "#", refusal)[:88]


def audit(seeds):
    """The table's rows, and what is wrong with the seed of its device."""
    rows, wrong = Counter(), []
    for seed in seeds:
        model = model_of(random_device(seed))
        if isinstance(model, str):
            rows[f"no model: {reason(model)}"] += 1
            wrong += [f"{seed}: no words, {model!r}"] * (len(model) < WORDS)
            continue
        found = outcomes(model)
        wrong += [f"{seed}: {text}" for text in disagreements(found)]
        answered = [name for name in SOLVERS if not isinstance(found[name], str)]
        rows[f"model, answered: {', '.join(answered) or 'none'}"] += 1
        for name, result in found.items():
            if isinstance(result, str):
                rows[f"    {name} refused: {reason(result)}"] += 1
    return rows, wrong


def test_a_few_random_devices():
    rows, wrong = audit(QUICK)
    assert not wrong, "\n".join(wrong)
    assert sum(count for text, count in rows.items() if text.startswith("model")) >= len(QUICK) // 3


@pytest.mark.slow
def test_all_random_devices():
    conclude(f"{DEVICES} random devices", *audit(range(DEVICES)))
