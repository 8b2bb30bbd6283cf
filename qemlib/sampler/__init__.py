"""The sampled answer: trajectories of the Langevin equation (6).

- `sampling`: `sample`, from a model to a state.
- `schemes`: the integrators; `diagnostics`: has it run for long enough; `result`: what it found.
"""
