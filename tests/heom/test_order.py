"""How fast the full answer comes to that of the Langevin equation as the motion slows down."""

from dataclasses import replace

import numpy as np
import pytest

import qemlib as qem
from qemlib.paper.checks.full_model import fitted_order


def slow(eta):
    """At infinite bias, ω0 and λ in proportion to η."""
    leads = (
        replace(lead, chemical_potential=mu)
        for lead, mu in zip(qem.paper_device().leads, (np.inf, -np.inf), strict=True)
    )
    return qem.Device(qem.Oscillator(0.2 * eta), *leads, coupling=0.2 * eta)


@pytest.mark.slow
def test_what_adiabatic_elimination_leaves_out_is_of_second_order():
    etas = np.geomspace(0.14, 0.62, 6)
    full, errors = [], []
    for eta in etas:
        model = qem.LangevinModel.from_device(slow(eta))
        adiabatic = qem.steady_state(model, rtol=1e-6).phonon_number
        full.append(qem.full_quantum(slow(eta), 3e-3, progress=False).phonon_number)
        errors.append(full[-1] / adiabatic - 1.0)
    assert full[0] > 10.0 * full[-1]
    order, uncertainty = fitted_order(etas, errors)
    assert uncertainty < 0.3
    assert abs(order - 2.0) < 2.0 * uncertainty
