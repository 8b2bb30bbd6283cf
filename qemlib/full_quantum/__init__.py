"""The full quantum answer: dot, oscillator and leads, without adiabatic elimination."""

from qemlib.full_quantum.bridge import qutip_environment
from qemlib.full_quantum.coherence import CoherenceDecay, coherence_decay
from qemlib.full_quantum.exponentials import Exponentials, lorentzian_exponentials
from qemlib.full_quantum.fitting import fit_exponentials
from qemlib.full_quantum.solver import full_quantum
from qemlib.full_quantum.state import FullQuantumState

__all__ = [
    "CoherenceDecay",
    "Exponentials",
    "FullQuantumState",
    "coherence_decay",
    "fit_exponentials",
    "full_quantum",
    "lorentzian_exponentials",
    "qutip_environment",
]
