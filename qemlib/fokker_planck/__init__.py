"""The deterministic answer: the Fokker-Planck equation (A24), solved in a basis.

- `evolution`: states in time; `stationary`: the steady state; `state`: what it tells.
- `rates`: eigenvalues of (A24); `spectra` and `correlations` of the position and of other things.
- `basis`: Hermite functions, moments and W in them; `generator`: (A24) in them.
"""
