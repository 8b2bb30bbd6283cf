"""The full quantum answer: dot, oscillator and leads, without adiabatic elimination.

By the hierarchical equations of motion, with the oscillator inside the system.

- `solver`: `full_quantum`, from a device to its state; `state`: that state.
- `coherence`: how the slowest coherence decays, which is friction with memory.
- `exponentials`: what leads remember, as a few exponentials; `fitting`: the same for tables;
  `bridge`: leads for QuTiP's solver.
"""
