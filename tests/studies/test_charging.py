"""The ledgers of an evolution, and protocols: against closed forms and the whole equation."""

from functools import lru_cache

import numpy as np
import pytest
from cases import model_of, paper_model
from scipy.interpolate import make_interp_spline

import qemlib as qem
from qemlib.studies.charging import ledgers
from qemlib.studies.protocols import Charger

TIMES = np.concatenate([[0.0], np.geomspace(300.0, 4e4, 16)])


@lru_cache
def averaged(voltage, reach=None):
    return qem.AveragedModel.from_device(qem.paper_device(voltage), reach=reach)


@lru_cache
def charged():
    model = qem.AveragedModel.from_langevin(paper_model(10.0))
    path = qem.evolve([[1.0]], model, TIMES, rtol=1e-5)
    return path, ledgers(path)


@lru_cache
def charger():
    return Charger(qem.paper_device(), highest=16.0)


def test_the_leads_pay_and_get_heat():
    """Joule's heat at zeroth order, at one temperature; the current from densities of position."""
    path, told = charged()
    assert told.heat.sum(axis=0) == pytest.approx(told.electrical_power, rel=1e-10)
    assert told.entropy_production == pytest.approx(told.electrical_power / 2.0, rel=1e-8)
    assert told.heat_to_leads == pytest.approx(told.electrical_power - told.power)
    device = qem.paper_device(10.0)
    x = np.linspace(-80.0, 80.0, 2001)
    for i in (3, 16):
        density = path[i].position_density(x)
        current = np.trapezoid(density * qem.current(device, x), x)
        assert told.current[i] == pytest.approx(current, rel=1e-6)
    assert told.energy == pytest.approx(path.energy)


def test_energy_and_power_belong_together():
    _, told = charged()
    power = make_interp_spline(told.times, told.power, k=3)
    gained = power.antiderivative()(told.times)[1:]
    assert told.mechanical[1:] - told.mechanical[0] == pytest.approx(gained, rel=5e-3)
    assert told.power[0] == pytest.approx(6.64e-4, rel=1e-3)
    when, most = told.greatest("power")
    assert when == pytest.approx(1800.0, rel=0.05)
    assert most == pytest.approx(7.04e-4, rel=2e-3)
    assert most >= told.power.max()


def test_the_work_is_an_integral_with_an_error_above_what_it_misses():
    path, told = charged()
    finer = np.linspace(0.0, TIMES[-1], 33)
    other = qem.evolve([[1.0]], path[0].model, finer, rtol=1e-5)
    power = ledgers(other).electrical_power
    step = finer[1]
    exact = step / 3.0 * (power[0] + power[-1] + 4 * power[1::2].sum() + 2 * power[2:-1:2].sum())
    assert abs(told.electrical_work[-1] - exact) < told.error["electrical_work"][-1] < 0.02 * exact
    assert told.energy_efficiency[-1] == pytest.approx(
        (told.energy[-1] - told.energy[0]) / exact, rel=5e-3
    )
    assert np.isnan(told.ergotropy_efficiency[0])
    assert told.mean_ergotropic_power[-1] == pytest.approx(told.ergotropy[-1] / 4e4, rel=1e-3)


def test_nine_tenths_of_the_energy():
    path, told = charged()
    final = qem.evolve([[1.0]], path[0].model, [1e6])[0].energy_balance["energy"]
    time = told.charging_time(0.9, final)
    there = qem.evolve([[1.0]], path[0].model, [time])[0].energy_balance["energy"]
    begun = told.mechanical[0]
    assert (there - begun) / (final - begun) == pytest.approx(0.9, abs=3e-4)
    with pytest.raises(ValueError, match="part must lie between 0 and 1"):
        told.charging_time(1.0)
    with pytest.raises(ValueError, match="final must be an energy of which 0.9 is reached"):
        told.charging_time(0.9, final=100.0)
    with pytest.raises(ValueError, match="name must be one of"):
        told.greatest("voltage")


def test_a_switch_ends_what_the_first_device_draws():
    """At V = 0 nothing is paid: the work stands still from the switch on, whatever the times."""
    on = averaged(10.0)
    off = averaged(0.0, float(on.amplitudes[-1]))
    times = np.array([0.0, 1e3, 2e3, 3e3, 4e3, 5e3, 8e3])
    path = qem.evolve([[1.0]], [(0.0, on), (4e3, off)], times, rtol=1e-4)
    told = ledgers(path)
    alone = ledgers(qem.evolve([[1.0]], on, times[:5], rtol=1e-4))
    assert told.electrical_work[4] == pytest.approx(alone.electrical_work[4], rel=1e-4)
    assert told.electrical_work[4:] == pytest.approx(told.electrical_work[4], rel=1e-12)
    assert told.voltage.tolist() == [10.0] * 4 + [0.0] * 3


def test_states_without_a_device_are_refused():
    path = qem.evolve([[1.0]], model_of(), [1.0, 2.0], rtol=1e-2)
    with pytest.raises(ValueError, match="path must be of states that know their device"):
        ledgers(path)
    with pytest.raises(TypeError, match="path must be"):
        ledgers([1.0])


@pytest.mark.parametrize("voltage", [10.0, 16.0])
def test_a_charger_as_evolve_has_it(voltage):
    """On circles and with populations from W; against orbits as they are, and their ledgers."""
    found = charger().charged([(3e4, voltage)])
    model = qem.AveragedModel.from_langevin(paper_model(voltage))
    path = qem.evolve([[1.0]], model, np.linspace(0.0, 3e4, 7), rtol=1e-5)
    told = ledgers(path)
    assert found.phonon_number == pytest.approx(path.phonon_number[-1], rel=5e-3)
    assert found.ergotropy == pytest.approx(told.ergotropy[-1], rel=1e-2)
    assert found.electrical_work == pytest.approx(told.electrical_work[-1], rel=2e-3)
    assert found.efficiency == found.ergotropy / found.electrical_work
    assert found.power == found.ergotropy / 3e4


def test_pieces_of_one_voltage_are_one():
    whole, parts = (
        charger().charged(p) for p in ([(3e4, 15.0)], [(1e4, 15.0), (5.0, 15.0), (19995.0, 15.0)])
    )
    assert parts.ergotropy == pytest.approx(whole.ergotropy, rel=1e-9)
    assert parts.electrical_work == pytest.approx(whole.electrical_work, rel=1e-9)


@pytest.mark.parametrize(
    ("protocol", "message"),
    [
        ([], "protocol must hold at least one pair"),
        ([(0.0, 1.0)], "duration must be finite and greater than 0"),
        ([(1.0, 17.0)], "voltage must lie between 0 and 16"),
    ],
)
def test_protocols_that_cannot_be(protocol, message):
    with pytest.raises(ValueError, match=message):
        charger().charged(protocol)
