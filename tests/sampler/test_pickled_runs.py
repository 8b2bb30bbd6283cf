"""A run that was pickled: small, whole, and ready to go on; and what hangs together with what."""

import copy
import pickle
from typing import get_type_hints

import grimp
import numpy as np
import pytest

import qemlib as qem
from qemlib.sampler.ensemble import SLOTS, Ensemble

X = np.linspace(-25.0, 25.0, 101)
ZERO = np.zeros_like(X)
MODEL = qem.LangevinModel(1.0, 0.5, X, ZERO, ZERO + 0.02, ZERO + 0.05)


def sample(steps, **options):
    return qem.sample(MODEL, steps, check=False, progress=False, **options)


def told(run):
    """All that a run says, to the last bit."""
    parts = (run._batches.sums, run._batches.radial, run.histogram.counts)
    way = () if run.trajectory is None else (run.trajectory.x, run.trajectory.p)
    numbers = b"".join(part.tobytes() for part in (*parts, *way))
    return repr(run), repr(run.diagnostics), run.partial, numbers


RUNS = {
    "finished": {"steps": 3_000_000},
    "with a trajectory": {"steps": 1_000_000, "trajectory": 30},
    "of a step": {"steps": 128 * 6, "walkers": 128, "burn_in": 0.0},
    "with a series that is nearly full": {"steps": 1_500_000, "walkers": 128},
    "in float64": {"steps": 300_000, "scheme": "euler", "step": 0.02, "burn_in": 1.0},
}


@pytest.mark.parametrize("what", RUNS)
@pytest.mark.parametrize("way", ["pickle", "copy", "deepcopy"])
def test_a_run_is_copied_whole_and_goes_on_with_the_same_bits(what, way):
    run = sample(**RUNS[what])
    other = pickle.loads(pickle.dumps(run)) if way == "pickle" else getattr(copy, way)(run)
    assert told(other) == told(run)
    before = told(run)
    more = [sample(2 * run.steps, resume=each) for each in (run, other)]
    assert told(more[0]) == told(more[1])
    assert told(run) == told(other) == before


def test_a_pickle_is_smaller_than_what_it_counts():
    for steps, walkers in ((3_000_000, 128), (60_000_000, 2048)):
        run = sample(steps, walkers=walkers, burn_in=10.0)
        ensemble = run._ensemble
        counts = ensemble.radial.nbytes + ensemble.plane.nbytes
        everything = counts + ensemble.series.nbytes
        # The means of each walker over each piece of time are random to the last bit.
        irreducible = ensemble.done / ensemble.piece / SLOTS * ensemble.series.nbytes
        assert len(pickle.dumps(run)) < 0.25 * counts + irreducible
        assert len(pickle.dumps(run)) < 0.5 * everything
        error = qem.TooShortError("too short", run)
        assert len(pickle.dumps(error)) < len(pickle.dumps(run)) + 200


def test_what_was_looked_at_does_not_swell_it():
    run = sample(1_000_000)
    before = len(pickle.dumps(run))
    assert "R-hat" in repr(run.diagnostics)
    assert run.violations == ()
    assert run.populations(40).size == 40
    assert len(pickle.dumps(run)) == before


def test_the_rooms_of_the_sampler_are_in_a_line():
    graph = grimp.build_graph("qemlib", cache_dir=None)
    rooms = graph.find_descendants("qemlib.sampler")
    assert "qemlib.sampler.result" in rooms
    circles = {
        (room, other)
        for room in rooms
        for other in graph.find_modules_directly_imported_by(room) & rooms
        if graph.find_shortest_chain(importer=other, imported=room)
    }
    assert circles == set()
    # Nor does a type that is not said hide one.
    assert get_type_hints(qem.SampledState)["_ensemble"] is Ensemble
