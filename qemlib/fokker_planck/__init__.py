"""The deterministic answer: the Fokker-Planck equation (A24), solved in a basis.

- `stationary`: the steady state; `spectra`: the spectrum of position.
- `basis`: Hermite functions, and the generator in them.
"""
