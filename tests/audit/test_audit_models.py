"""An audit: random models, on which three solvers agree within what they say, or refuse in words.

The sampler, the Fokker-Planck equation and the orbit average share a model and little else.  Each
states an error: a standard error and the expected bias of its step, a change under refinement,
what the average neglects.  A refusal is a ValueError or an ArithmeticError with a message.  Run all
of it with `pytest -m slow -s tests/audit/test_audit_models.py`; the table of outcomes is printed.
"""

from collections import Counter

import numpy as np
import pytest
from cases import random_model

import qemlib as qem
from qemlib.states import positivity

MODELS = 300
# Not those with which the search for a basis goes to its end: seconds for each of 3, 7 and 8.
QUICK = (0, 1, 2, 4, 5, 6, 9)
SIGMAS = 5.0
STEPS, MOST_STEPS = 1_500_000, 6_000_000
RTOL = 1e-4
WORDS = 30  # letters of a refusal, at least
# Beside what a solver states: changes under refinement are no bounds.
ROOM = 3.0 * RTOL


def sampled(model):
    try:
        run = qem.sample(model, STEPS, progress=False)
    except ValueError as refusal:
        needed = str(refusal).partition("steps must be at least ")[2].partition(" ")[0]
        if not needed or int(needed) > MOST_STEPS:
            raise
        run = qem.sample(model, int(needed), progress=False)
    error = SIGMAS * run.standard_error("phonon_number")
    return run.phonon_number, error + abs(run.expected_bias) * (run.phonon_number + 0.5)


def solved(model):
    state = qem.steady_state(model, RTOL)
    return state.phonon_number, state.error["phonon_number"] * abs(state.phonon_number)


def averaged(model):
    state = qem.orbit_average(model)
    return state.phonon_number, state.error["phonon_number"] * abs(state.phonon_number)


SOLVERS = {"sampler": sampled, "Fokker-Planck": solved, "orbit average": averaged}


def outcomes(model):
    """Of each solver (value, error), or its refusal."""
    found = {}
    for name, solver in SOLVERS.items():
        try:
            with (
                positivity.untold()
            ):  # a classical problem, whether its W is a quantum state or not
                found[name] = solver(model)
        except (ValueError, ArithmeticError) as refusal:
            found[name] = str(refusal)
    return found


def disagreements(found):
    """Pairs whose values differ by more than their errors together, or what is no number."""
    refusals = {name: told for name, told in found.items() if isinstance(told, str)}
    values = [(name, *pair) for name, pair in found.items() if name not in refusals]
    wrong = [name for name, value, error in values if not np.isfinite([value, error]).all()]
    wrong += [f"{name} has no words" for name, told in refusals.items() if len(told) < WORDS]
    for i, (name, value, error) in enumerate(values):
        for other, its_value, its_error in values[i + 1 :]:
            allowed = error + its_error + ROOM * (abs(value) + 0.5)
            if abs(value - its_value) > allowed:
                wrong.append(
                    f"{name} {value:.6g} ± {error:.1g}, {other} {its_value:.6g} ± {its_error:.1g}"
                )
    return wrong


def reason(refusal):
    for words in (
        "at least",
        "too small",
        "outside of the model's grid",
        "one well",
        "no bound",
        "still changes",
        "thin",
        "noise",
    ):
        if words in refusal:
            return words
    return refusal[:60]


def audit(seeds):
    """The table's rows, and every disagreement with the seed and kind of its model."""
    rows, wrong = Counter(), []
    for seed in seeds:
        kind, model = random_model(seed)
        found = outcomes(model)
        wrong += [f"{seed} ({kind}): {text}" for text in disagreements(found)]
        answered = [name for name in SOLVERS if not isinstance(found[name], str)]
        rows[f"answered: {', '.join(answered) or 'none'}"] += 1
        for name, result in found.items():
            if isinstance(result, str):
                rows[f"    {name} refused: {reason(result)}"] += 1
    return rows, wrong


def test_a_few_random_models():
    rows, wrong = audit(QUICK)
    assert not wrong, "\n".join(wrong)
    # Most are answered by all three.
    assert rows["answered: sampler, Fokker-Planck, orbit average"] >= len(QUICK) // 2


def test_a_wrong_answer_would_be_seen():
    _, model = random_model(0)
    found = outcomes(model)
    value, error = found["Fokker-Planck"]
    found["Fokker-Planck"] = 1.05 * value, error
    assert disagreements(found)
    assert disagreements({"sampler": (np.nan, 0.1)})


def conclude(what, rows, wrong):
    """Print the table, and fail if anything is wrong."""
    print(f"\n{what}:")
    for text, count in sorted(rows.items()):
        print(f"{count:5}  {text}")
    print("wrong:", *wrong or ["nothing"], sep="\n    ")
    assert not wrong, f"{len(wrong)} wrong:\n" + "\n".join(wrong)


@pytest.mark.slow
def test_all_random_models():
    conclude(f"{MODELS} random models", *audit(range(MODELS)))
