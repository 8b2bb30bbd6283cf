"""Quantum electromechanics: an electric current that drives an oscillator, and the work it stores.

Units: ħ = e = k_B = 1.  The names here are the public ones; each has its source in its docstring.
Devices, their parts and plain numbers compare by value; results that hold arrays are equal to
themselves alone.  What is printed of them is ASCII.
"""

from qemlib.devices.densities import Lorentzian, SpectralDensity
from qemlib.devices.device import Device, Lead, Oscillator, paper_device
from qemlib.devices.tabulated import Tabulated
from qemlib.devices.units import Units
from qemlib.electrons.along_orbit import OrbitCoefficients, orbit_coefficients
from qemlib.electrons.coefficients import (
    ElectronCoefficients,
    current,
    damping,
    diffusion,
    electron_coefficients,
    excess_charge,
    noise_spectrum,
    occupation,
)
from qemlib.electrons.current_noise import CurrentNoise, current_noise
from qemlib.electrons.over_motion import (
    MotionAverage,
    MotionCurrent,
    average_over_motion,
    current_over_motion,
)
from qemlib.electrons.rate_equations import RateCoefficients, rate_equation_coefficients
from qemlib.electrons.spectral import distribution, spectral_function
from qemlib.electrons.time_scales import Adiabaticity, adiabaticity
from qemlib.electrons.transport import (
    ElectronTransport,
    electron_transport,
    entropy_production,
    heat_current,
)
from qemlib.errors import (
    ClassicalStateWarning,
    ConvergenceError,
    FailedPointsError,
    LeftGridError,
    NoQuantumState,
    NoSteadyState,
    NoTicks,
    QemError,
    QuadratureError,
    SeveralWells,
    TooShortError,
    UnresolvedError,
)
from qemlib.fokker_planck.correlations import position_correlation
from qemlib.fokker_planck.evolution import evolve
from qemlib.fokker_planck.evolved import Evolution, EvolvedState
from qemlib.fokker_planck.evolved_average import EvolvedAverage
from qemlib.fokker_planck.rates import Rates, slowest_rates
from qemlib.fokker_planck.spectra import position_spectrum
from qemlib.fokker_planck.state import SteadyState
from qemlib.fokker_planck.stationary import steady_state
from qemlib.heom.bridge import qutip_environment
from qemlib.heom.coherence import CoherenceDecay, coherence_decay
from qemlib.heom.exponentials import Exponentials, lorentzian_exponentials
from qemlib.heom.fitting import fit_exponentials
from qemlib.heom.solver import full_quantum
from qemlib.heom.state import FullQuantumState
from qemlib.motion.amplitude_state import AveragedState, averaged_state
from qemlib.motion.averaged_model import AveragedModel
from qemlib.motion.model import LangevinModel
from qemlib.motion.orbit import OrbitAverage, orbit_average
from qemlib.sampler.allan import AllanVariance, allan_variance
from qemlib.sampler.correlations import SampledCorrelation, sampled_correlation
from qemlib.sampler.diagnostics import Convergence, Diagnostics
from qemlib.sampler.records import Histogram, Trajectory
from qemlib.sampler.result import SampledState
from qemlib.sampler.sampling import euler_equivalent, sample
from qemlib.sampler.ticks import SampledTicks, sampled_ticks
from qemlib.states import wigner
from qemlib.states.certificates import CertifiedErgotropy, certified_ergotropy, passive_g2
from qemlib.states.contract import State
from qemlib.states.estimation import (
    ErgotropyEstimate,
    Estimate,
    estimate_entropy,
    estimate_ergotropy,
    estimate_free_energy_work,
    jackknife,
    sampled_populations,
)
from qemlib.states.gaussian import gaussian_ergotropy
from qemlib.states.in_levels import QuantumState
from qemlib.states.quantum import quantum_state
from qemlib.states.summary import Summary, summary
from qemlib.states.work import entropy, ergotropy, free_energy_work, second_order_coherence
from qemlib.studies import methods
from qemlib.studies.boundaries import ThresholdLine, threshold_line
from qemlib.studies.cycles import LimitCycles, limit_cycles
from qemlib.studies.fits import FittedDevice, fit_device
from qemlib.studies.inversion import ergotropy_threshold
from qemlib.studies.measurements import Measurement
from qemlib.studies.observables import Observable
from qemlib.studies.sweeps import read_sweep, sweep
from qemlib.studies.thresholds import Threshold, damping_threshold

__version__ = "0.1.0"

__all__ = [
    "Adiabaticity",
    "AllanVariance",
    "AveragedModel",
    "AveragedState",
    "CertifiedErgotropy",
    "ClassicalStateWarning",
    "CoherenceDecay",
    "Convergence",
    "ConvergenceError",
    "CurrentNoise",
    "Device",
    "Diagnostics",
    "ElectronCoefficients",
    "ElectronTransport",
    "ErgotropyEstimate",
    "Estimate",
    "Evolution",
    "EvolvedAverage",
    "EvolvedState",
    "Exponentials",
    "FailedPointsError",
    "FittedDevice",
    "FullQuantumState",
    "Histogram",
    "LangevinModel",
    "Lead",
    "LeftGridError",
    "LimitCycles",
    "Lorentzian",
    "Measurement",
    "MotionAverage",
    "MotionCurrent",
    "NoQuantumState",
    "NoSteadyState",
    "NoTicks",
    "Observable",
    "OrbitAverage",
    "OrbitCoefficients",
    "Oscillator",
    "QemError",
    "QuadratureError",
    "QuantumState",
    "RateCoefficients",
    "Rates",
    "SampledCorrelation",
    "SampledState",
    "SampledTicks",
    "SeveralWells",
    "SpectralDensity",
    "State",
    "SteadyState",
    "Summary",
    "Tabulated",
    "Threshold",
    "ThresholdLine",
    "TooShortError",
    "Trajectory",
    "Units",
    "UnresolvedError",
    "adiabaticity",
    "allan_variance",
    "average_over_motion",
    "averaged_state",
    "certified_ergotropy",
    "coherence_decay",
    "current",
    "current_noise",
    "current_over_motion",
    "damping",
    "damping_threshold",
    "diffusion",
    "distribution",
    "electron_coefficients",
    "electron_transport",
    "entropy",
    "entropy_production",
    "ergotropy",
    "ergotropy_threshold",
    "estimate_entropy",
    "estimate_ergotropy",
    "estimate_free_energy_work",
    "euler_equivalent",
    "evolve",
    "excess_charge",
    "fit_device",
    "fit_exponentials",
    "free_energy_work",
    "full_quantum",
    "gaussian_ergotropy",
    "heat_current",
    "jackknife",
    "limit_cycles",
    "lorentzian_exponentials",
    "methods",
    "noise_spectrum",
    "occupation",
    "orbit_average",
    "orbit_coefficients",
    "paper_device",
    "passive_g2",
    "position_correlation",
    "position_spectrum",
    "quantum_state",
    "qutip_environment",
    "rate_equation_coefficients",
    "read_sweep",
    "sample",
    "sampled_correlation",
    "sampled_populations",
    "sampled_ticks",
    "second_order_coherence",
    "slowest_rates",
    "spectral_function",
    "steady_state",
    "summary",
    "sweep",
    "threshold_line",
    "wigner",
]
