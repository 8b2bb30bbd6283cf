"""Equation (6) as data, and what its orbits tell.

- `model`: force, friction and noise on a grid; where they come from does not matter further on.
- `grid`: the search for that grid, for any coefficients.
- `orbit`: averages over orbits, for weak friction.
- `diffusion`: diffusion along one axis.
"""
