"""Quantum electromechanics: an electric current that drives an oscillator, and the work it stores.

Units: ħ = e = k_B = 1.  The names here are the public ones; each has its source in its docstring.
Devices, their parts and plain numbers compare by value; results that hold arrays are equal to
themselves alone.  What is printed of them is ASCII.
"""

from qemlib._errors import ConvergenceError
from qemlib.adiabaticity import Adiabaticity, adiabaticity
from qemlib.densities import Lorentzian, SpectralDensity
from qemlib.device import Device, Lead, Oscillator, paper_device
from qemlib.diagnostics import Convergence, Diagnostics, TooShortError
from qemlib.electrons import (
    ElectronCoefficients,
    current,
    damping,
    diffusion,
    electron_coefficients,
    excess_charge,
    noise_spectrum,
    occupation,
)
from qemlib.estimation import (
    ErgotropyEstimate,
    Estimate,
    estimate_entropy,
    estimate_ergotropy,
    estimate_free_energy_work,
    jackknife,
    sampled_populations,
)
from qemlib.fokker_planck import SteadyState, steady_state
from qemlib.full_quantum import (
    CoherenceDecay,
    Exponentials,
    FullQuantumState,
    coherence_decay,
    fit_exponentials,
    full_quantum,
    lorentzian_exponentials,
    qutip_environment,
)
from qemlib.langevin import LeftGridError, euler_equivalent, sample
from qemlib.langevin_model import LangevinModel
from qemlib.orbit import OrbitAverage, orbit_average
from qemlib.position_spectrum import position_spectrum
from qemlib.positivity import ClassicalStateWarning
from qemlib.quadrature import QuadratureError
from qemlib.quantum_state import QuantumState, quantum_state
from qemlib.rate_equation import RateCoefficients, rate_equation_coefficients
from qemlib.sampled_state import Histogram, SampledState, Trajectory
from qemlib.spectral import distribution, spectral_function
from qemlib.sweep import sweep
from qemlib.tabulated import Tabulated
from qemlib.threshold import Threshold, ergotropy_threshold
from qemlib.work import entropy, ergotropy, free_energy_work, second_order_coherence

__version__ = "0.1.0"

__all__ = [
    "Adiabaticity",
    "ClassicalStateWarning",
    "CoherenceDecay",
    "Convergence",
    "ConvergenceError",
    "Device",
    "Diagnostics",
    "ElectronCoefficients",
    "ErgotropyEstimate",
    "Estimate",
    "Exponentials",
    "FullQuantumState",
    "Histogram",
    "LangevinModel",
    "Lead",
    "LeftGridError",
    "Lorentzian",
    "OrbitAverage",
    "Oscillator",
    "QuadratureError",
    "QuantumState",
    "RateCoefficients",
    "SampledState",
    "SpectralDensity",
    "SteadyState",
    "Tabulated",
    "Threshold",
    "TooShortError",
    "Trajectory",
    "adiabaticity",
    "coherence_decay",
    "current",
    "damping",
    "diffusion",
    "distribution",
    "electron_coefficients",
    "entropy",
    "ergotropy",
    "ergotropy_threshold",
    "estimate_entropy",
    "estimate_ergotropy",
    "estimate_free_energy_work",
    "euler_equivalent",
    "excess_charge",
    "fit_exponentials",
    "free_energy_work",
    "full_quantum",
    "jackknife",
    "lorentzian_exponentials",
    "noise_spectrum",
    "occupation",
    "orbit_average",
    "paper_device",
    "position_spectrum",
    "quantum_state",
    "qutip_environment",
    "rate_equation_coefficients",
    "sample",
    "sampled_populations",
    "second_order_coherence",
    "spectral_function",
    "steady_state",
    "sweep",
]
