"""Quantum electromechanics: an electric current that drives an oscillator, and the work it stores.

Units: ħ = e = k_B = 1.  The names here are the public ones; each has its source in its docstring.
"""

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
from qemlib.fokker_planck import ConvergenceError, SteadyState, steady_state
from qemlib.langevin import LeftGridError, euler_equivalent, sample
from qemlib.langevin_model import LangevinModel
from qemlib.orbit import OrbitAverage, orbit_average
from qemlib.quadrature import QuadratureError
from qemlib.sampled_state import Histogram, SampledState, Trajectory
from qemlib.spectral import distribution, spectral_function
from qemlib.sweep import sweep
from qemlib.work import entropy, ergotropy, free_energy_work, second_order_coherence

__version__ = "0.1.0"

__all__ = [
    "Adiabaticity",
    "Convergence",
    "ConvergenceError",
    "Device",
    "Diagnostics",
    "ElectronCoefficients",
    "Histogram",
    "LangevinModel",
    "Lead",
    "LeftGridError",
    "Lorentzian",
    "OrbitAverage",
    "Oscillator",
    "QuadratureError",
    "SampledState",
    "SpectralDensity",
    "SteadyState",
    "TooShortError",
    "Trajectory",
    "adiabaticity",
    "current",
    "damping",
    "diffusion",
    "distribution",
    "electron_coefficients",
    "entropy",
    "ergotropy",
    "euler_equivalent",
    "excess_charge",
    "free_energy_work",
    "noise_spectrum",
    "occupation",
    "orbit_average",
    "paper_device",
    "sample",
    "second_order_coherence",
    "spectral_function",
    "steady_state",
    "sweep",
]
