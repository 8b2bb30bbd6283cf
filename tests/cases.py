"""What several test modules share: random valid devices, toy models, and the paper's states."""

from functools import lru_cache

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st

import qemlib as qem

# The same few examples at every run of the same files: a failure is the code's, never the draw's.
# Hypothesis takes some numbers from the modules that are loaded, so other files draw others.
few = settings(derandomize=True, deadline=None, database=None, max_examples=12)


def between(low, high):
    return st.floats(low, high, allow_nan=False, allow_infinity=False)


bands = st.builds(
    qem.Lorentzian, center=between(-2, 2), bandwidth=between(0.3, 3), rate=between(0.3, 4)
)
oscillators = st.builds(qem.Oscillator, frequency=between(0.1, 0.5), mass=between(0.5, 2))
leads = st.builds(
    qem.Lead, density=bands, chemical_potential=between(-5, 5), temperature=between(0.3, 4)
)
couplings = between(0.02, 0.3)
devices = st.builds(
    qem.Device,
    oscillator=oscillators,
    left=leads,
    right=leads,
    coupling=couplings,
    level=between(-1, 1),
)


# Two leads with nothing in common.
UNLIKE = qem.Device(
    oscillator=qem.Oscillator(frequency=0.3, mass=1.2),
    left=qem.Lead(qem.Lorentzian(0.8, 1.5, 1.0), chemical_potential=2.0, temperature=1.0),
    right=qem.Lead(qem.Lorentzian(-0.4, 0.7, 1.6), chemical_potential=-3.0, temperature=1.7),
    coupling=0.12,
    level=0.3,
)


@st.composite
def equilibrium_devices(draw):
    """Devices whose leads share one temperature and one chemical potential."""
    mu, temperature = draw(between(-3, 3)), draw(between(0.3, 4))
    left, right = (qem.Lead(draw(bands), mu, temperature) for _ in range(2))
    return qem.Device(draw(oscillators), left, right, draw(couplings), draw(between(-1, 1)))


@st.composite
def mirrored_devices(draw):
    """Devices unchanged by particle-hole exchange together with x → −x and left ↔ right."""
    left = draw(leads)
    band = left.density
    right = qem.Lead(
        qem.Lorentzian(-band.center, band.bandwidth, band.rate),
        -left.chemical_potential,
        left.temperature,
    )
    return qem.Device(draw(oscillators), left, right, draw(couplings), 0.0)


# What every Langevin model keeps, whatever the frequency of the electrons' noise.
both_noises = pytest.mark.parametrize("noise_at", ["zero", "oscillator"])


@lru_cache
def paper_model(voltage, noise_at="zero"):
    return qem.LangevinModel.from_device(qem.paper_device(voltage), noise_at=noise_at)


@lru_cache
def paper_state(voltage, noise_at="zero"):
    return qem.steady_state(paper_model(voltage, noise_at), rtol=1e-10)


def model_of(
    damping=0.02,
    diffusion=0.05,
    force=0.0,
    *,
    mass=1.0,
    frequency=0.5,
    middle=0.0,
    half_width=25.0,
    nodes=201,
):
    """Coefficients as functions of x or constants; left alone, thermal with T/ω0 = 2.5."""
    x = np.linspace(middle - half_width, middle + half_width, nodes)
    force, damping, diffusion = (
        value(x) if callable(value) else np.full(x.shape, value)
        for value in (force, damping, diffusion)
    )
    return qem.LangevinModel(mass, frequency, x, force, damping, diffusion)


@lru_cache
def toy(force=0.0, stiffening=0.0, friction=1e-3, noise=4e-3, mass=1.0, frequency=0.2, reach=70.0):
    """Constant friction and noise, and a force that is constant or linear in x."""
    return model_of(
        *(friction, noise, lambda x: force - stiffening * x),
        mass=mass,
        frequency=frequency,
        half_width=reach,
    )


def random_model(seed):
    """Its kind and itself: uneven, noisy, overdamped, displaced, with friction that varies."""
    rng = np.random.default_rng([12, seed])
    kinds = []

    def chance(kind, probability=0.35):
        drawn = bool(rng.random() < probability)
        kinds.extend([kind] * drawn)
        return drawn

    omega0, mass, temperature = 10.0 ** rng.uniform([-1, -1, -0.3], [1, 1, 1.2])
    temperature *= omega0
    friction = omega0 * 10.0 ** rng.uniform(*((0.5, 2) if chance("overdamped", 0.2) else (-2.5, 0)))
    thermal = np.sqrt(temperature / mass) / omega0
    middle = thermal * rng.uniform(2, 8) * rng.choice([-1, 1]) if chance("displaced") else 0.0
    x = np.linspace(-1, 1, int(rng.integers(81, 400)))
    if chance("uneven"):
        x = np.sort(np.append(rng.uniform(-1, 1, x.size - 2), [-1, 1]))
        x = x[np.append(True, np.diff(x) > 1e-6)]
    z = 9.0 * x  # from the middle, in thermal lengths
    gamma, noise = 1.0 + 0.03 * z**2, np.ones_like(z)
    if chance("varying friction", 0.6):
        gamma = gamma + rng.uniform(-1.5, 3) * np.exp(
            -((z - rng.uniform(-2, 2)) ** 2) / 2 / rng.uniform(0.3, 2) ** 2
        )
    if chance("varying noise"):
        noise = noise * (1 + rng.uniform(-0.7, 0.7) * np.tanh((z - rng.uniform(-1, 1)) / 1.5))
    if chance("noisy", 0.25):
        gamma, noise = (c * (1 + rng.uniform(-0.2, 0.2, z.size)) for c in (gamma, noise))
    spring = mass * omega0**2
    force = np.full_like(z, spring * middle)
    if chance("force"):
        force = force + spring * thermal * rng.uniform(-0.6, 0.6) * np.tanh(z / rng.uniform(0.7, 3))
    diffusion = 2.0 * mass * friction * temperature * noise
    model = qem.LangevinModel(
        mass, omega0, middle + thermal * z, force, friction * gamma, diffusion
    )
    return "+".join(kinds) or "plain", model


class Sum:
    """A density made of others, as a user might write one: not a `Lorentzian`."""

    def __init__(self, *parts):
        self.parts = parts

    @property
    def energies(self):
        return tuple(energy for part in self.parts for energy in part.energies)

    @property
    def width(self):
        return min(part.width for part in self.parts)

    def spectral_density(self, omega):
        return sum(part.spectral_density(omega) for part in self.parts)

    def self_energy(self, omega):
        return sum(part.self_energy(omega) for part in self.parts)

    def self_energy_derivative(self, omega):
        return sum(part.self_energy_derivative(omega) for part in self.parts)


def greens_function(dev, x, omega):
    """G from the 3 × 3 matrix of the dot and one lossy mode per Lorentzian lead."""
    matrix = np.zeros((3, 3), dtype=complex)
    matrix[0, 0] = dev.level - dev.force * x
    for i, lead in enumerate(dev.leads, start=1):
        band = lead.density
        matrix[i, i] = band.center - 1j * band.bandwidth
        matrix[0, i] = matrix[i, 0] = np.sqrt(band.rate * band.bandwidth / 2)
    return np.array([np.linalg.inv(w * np.eye(3) - matrix)[0, 0] for w in np.atleast_1d(omega)])
