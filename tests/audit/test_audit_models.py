"""An audit: random models, on which three solvers agree within what they say, or refuse in words.

The sampler, the Fokker-Planck equation and the orbit average share a model and little else.  Each
states errors of ⟨a†a⟩ and g⁽²⁾(0): a standard error and the expected bias of its step, a change
under refinement, what the average neglects.  A refusal is a ValueError or an ArithmeticError with a
message.  Run all of it with `pytest -m slow -s tests/audit/test_audit_models.py`; the table of
outcomes is printed.
"""

from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from cases import random_model

import qemlib as qem
from qemlib.states import positivity
from qemlib.states.wigner import beside_vacuum

MODELS = 300
# Not those with which the search for a basis goes to its end: seconds for each of 3, 7 and 8.
QUICK = (0, 1, 2, 4, 5, 6, 9)
SIGMAS = 5.0
STEPS, MOST_STEPS = 1_500_000, 6_000_000
RTOL = 1e-4
NAMES = "phonon_number", "g2"
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
    n, g2, square = run.phonon_number, run.g2, run.phonon_number + 0.5
    pairs = g2 * n**2
    # A step that makes ⟨|α|²⟩ wrong by a part makes ⟨|α|⁴⟩ wrong by twice that.
    bias = abs(run.expected_bias)
    of_pairs = 2.0 * bias * (pairs + 2.0 * square) + 2.0 * bias * abs(pairs) * square / abs(n)
    return {
        "phonon_number": (n, SIGMAS * run.standard_error("phonon_number") + bias * square),
        "g2": (g2, SIGMAS * run.standard_error("g2") + abs(run.bias("g2")) + of_pairs / n**2),
    }


def solved(model):
    return as_stated(qem.steady_state(model, RTOL))


def averaged(model):
    return as_stated(qem.orbit_average(model))


def as_stated(state):
    """⟨a†a⟩ and g⁽²⁾(0), each with its error."""
    values = {name: getattr(state, name) for name in NAMES}
    return {name: (value, state.error[name] * abs(value)) for name, value in values.items()}


SOLVERS = {"sampler": sampled, "Fokker-Planck": solved, "orbit average": averaged}


def outcomes(model):
    """Of each solver (value, error) by name, or its refusal."""
    found = {}
    for name, solver in SOLVERS.items():
        try:
            # A classical problem, whether its W is a quantum state or not.
            with positivity.untold():
                found[name] = solver(model)
        except (ValueError, ArithmeticError) as refusal:
            found[name] = str(refusal)
    return found


def disagreements(found):
    """Pairs whose values differ by more than their errors together, or what is no number."""
    refusals = {name: told for name, told in found.items() if isinstance(told, str)}
    answers = {name: told for name, told in found.items() if name not in refusals}
    wrong = [f"{name} has no words" for name, told in refusals.items() if len(told) < WORDS]
    for solver, numbers in answers.items():
        n, its_error = numbers["phonon_number"]
        # g⁽²⁾ may be without bounds where ⟨a†a⟩ may be zero.
        sure = numbers if abs(n) > its_error else ["phonon_number"]
        wrong += [f"{solver}: no {name}" for name in sure if not np.isfinite(numbers[name]).all()]
    for (name, mine), (other, theirs) in combinations(answers.items(), 2):
        n = mine["phonon_number"][0]
        scales = {"phonon_number": abs(n) + 0.5, "g2": abs(mine["g2"][0]) / beside_vacuum(n) ** 2}
        for number, scale in scales.items():
            (value, error), (its_value, its_error) = mine[number], theirs[number]
            if not abs(value - its_value) <= error + its_error + ROOM * scale:
                wrong.append(
                    f"{number}: {name} {value:.6g} ± {error:.1g}, "
                    f"{other} {its_value:.6g} ± {its_error:.1g}"
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
    assert not disagreements(found)
    right = found["Fokker-Planck"]
    for name, (value, error) in right.items():
        found["Fokker-Planck"] = right | {name: (1.05 * value, error)}
        assert all(text.startswith(f"{name}: ") for text in disagreements(found))
        assert disagreements(found)
        assert disagreements({"sampler": right | {name: (np.nan, 0.1)}})


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
