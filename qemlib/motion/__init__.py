"""Equation (6) as data, and what its orbits tell.

- `model`: force, friction and noise on a grid; where they come from does not matter further on.
- `sources`: force, friction and noise as functions; `grid`: the search for a grid that holds them.
- `well`: its orbits; `one_turn`: integrals over each; `orbit`: the state for weak friction.
- `averaged_model`: the slow motion of the amplitude as data, where the electrons' memory enters;
  `amplitude_state`: its steady state; `in_time`: how that relaxes, its line, its ticks.
- `diffusion`: diffusion along one axis.
"""
