"""The stationary state once more, in polar coordinates: another discretisation of (A24).

`steady_state` expands W in Hermite functions of x and of p.  Here W is a table on a disk, at
Chebyshev points in the radius and equally spaced angles, and (A24) holds at each of its points
(Trefethen, Spectral Methods in MATLAB, ch. 11).  The two share the model, and nothing else.
"""

from dataclasses import replace

import numpy as np
import pytest
from cases import toy
from scipy import sparse

import qemlib as qem


def chebyshev(count):
    """Points from 1 to −1 and the matrix that differentiates there."""
    k = np.arange(count + 1)
    node = np.cos(np.pi * k / count)
    scale = np.where((k == 0) | (k == count), 2.0, 1.0) * (-1.0) ** k
    slope = np.outer(scale, 1 / scale) / (np.subtract.outer(node, node) + np.eye(count + 1))
    return node, slope - np.diag(slope.sum(axis=1))


def radial_weights(node):
    """Weights of ∫_0^1 r dr for even polynomials, at the points 0 < r ≤ 1."""
    y, gauss = np.polynomial.legendre.leggauss(4 * node.size)
    y, gauss = 0.5 * (y + 1), 0.5 * gauss

    def even(r):
        return np.cos(2 * np.arange(node.size)[:, None] * np.arccos(r))

    return np.linalg.solve(even(node), even(y) @ (gauss * y))


def by_polar_points(model, radius, rings, angles):
    """⟨a†a⟩ and g2 from (A24) at the points of a disk |α| < radius, with W = 0 on its rim."""
    node, slope = chebyshev(2 * rings + 1)
    inside = slice(1, rings + 1)
    # A diameter runs from radius to −radius: beyond the origin it meets the opposite angle.
    same, opposite = slope[inside, inside] / radius, slope[inside, ::-1][:, inside] / radius
    wave = np.fft.fftfreq(angles, 1 / angles)
    wave[angles // 2] = 0
    spin = np.fft.ifft(1j * wave[:, None] * np.fft.fft(np.eye(angles), axis=0), axis=0).real
    half = angles // 2
    kept = half if model.mirrored else angles
    r, theta = (
        a.ravel()
        for a in np.meshgrid(
            radius * node[inside], 2 * np.pi * np.arange(kept) / angles, indexing="ij"
        )
    )

    def derivatives(parity):
        """∂_θ and ∂_p; for a mirrored model on functions of this parity under half a turn."""
        if model.mirrored:
            turn = parity * np.eye(half)
            around = spin[:half, :half] + parity * spin[:half, half:]
        else:
            turn, around = np.roll(np.eye(angles), half, axis=0), spin
        in_r = sparse.kron(same, sparse.eye(kept)) + sparse.kron(opposite, turn)
        in_angle = sparse.kron(sparse.eye(rings), around)
        in_p = sparse.diags(np.sin(theta)) @ in_r + sparse.diags(np.cos(theta) / r) @ in_angle
        return in_angle, in_p / model.p0

    in_angle, in_p = derivatives(1)
    _, in_p_again = derivatives(-1)
    x, p = model.x0 * r * np.cos(theta), model.p0 * r * np.sin(theta)
    damping = model.damping_at(x)
    generator = (
        model.frequency * in_angle  # the free oscillator turns clockwise
        + sparse.diags(damping * p - model.force_at(x)) @ in_p
        + sparse.diags(damping)
        + sparse.diags(0.5 * model.diffusion_at(x)) @ (in_p_again @ in_p)
    ).toarray()
    ring = radial_weights(node[: rings + 1])[1:] * radius**2
    area = np.kron(ring, np.full(kept, 2 * np.pi / kept))
    generator[-1] = area  # in place of one equation, which follows from the others: ∫W = 1
    right = np.zeros(area.size)
    right[-1] = 1.0
    w = np.linalg.solve(generator, right) * area
    second, fourth = w @ r**2, w @ r**4
    return second - 0.5, (fourth - 2 * second + 0.5) / (second - 0.5) ** 2


def device(voltage, left=(1.0, 2.0), right=(1.0, 2.0), temperature=2.0, coupling=0.1, level=0.0):
    """The paper's device but for (δ, Γ) of its leads, T, λ and ε."""
    dev = qem.paper_device(voltage)
    leads = (
        replace(lead, density=qem.Lorentzian(lead.density.center, *band), temperature=temperature)
        for lead, band in zip(dev.leads, (left, right), strict=True)
    )
    return qem.Device(dev.oscillator, *leads, coupling, level)


# (rings, angles): the ring of high bias is thin beside its radius
CASES = {
    "V = 0": (device(0.0), 40, 50),
    "V = 4": (device(4.0), 40, 50),
    "V = 8.5": (device(8.5), 44, 66),
    "V = 12": (device(12.0), 50, 66),
    "V = 16": (device(16.0), 52, 66),
    "V = 24": (device(24.0), 64, 66),
    "V = 40": (device(40.0), 80, 66),
    "uneven leads, V = 5": (device(5.0, (0.8, 1.5), (1.3, 2.7)), 36, 50),
    "level at 0.5, V = 12": (device(12.0, level=0.5), 44, 66),
    "cold and strongly coupled, V = 9": (device(9.0, temperature=0.7, coupling=0.15), 40, 66),
}


@pytest.mark.parametrize("name", CASES)
def test_two_discretisations_agree(name):
    dev, rings, angles = CASES[name]
    model = qem.LangevinModel.from_device(dev)
    state = qem.steady_state(model, rtol=1e-8)
    assert max(state.error["phonon_number"], state.error["g2"]) < 1e-8
    phonon_number, g2 = by_polar_points(model, state.radius, rings, angles)
    assert state.phonon_number == pytest.approx(phonon_number, rel=1e-8)
    assert state.g2 == pytest.approx(g2, rel=1e-8)


def test_the_disk_alone_knows_the_thermal_state():
    # constant friction and noise, D = 2mTγ with T = 2: ⟨|α|²⟩ = T/ω0 = 10
    phonon_number, g2 = by_polar_points(toy(reach=90.0), 18.0, 36, 18)
    assert phonon_number == pytest.approx(9.5, rel=1e-10)
    assert g2 == pytest.approx(2.0, rel=1e-10)
