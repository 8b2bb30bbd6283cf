"""The deterministic answer: the Fokker-Planck equation (A24), solved in a basis.

- `stationary`: the steady state; `state`: what it tells; `spectra` and `correlations` of the
  position.
- `basis`: Hermite functions, moments and W in them; `generator`: (A24) in them.
"""
