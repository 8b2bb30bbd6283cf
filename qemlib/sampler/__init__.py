"""The sampled answer: trajectories of the Langevin equation (6).

- `sampling`: `sample`, from a model to a state; `plan`: what is decided before the first step.
- `schemes`: the integrators, and the contract for one of your own; `kernels`: the compiled loops.
- `correlations`: of two times, along trajectories; `ticks`: what a clock made of the motion shows,
  counted on the way; `allan`: how steady it is.
- `ensemble`: the walkers; `records`, `result`: what they leave behind; `diagnostics`: have they run
  for long enough.
"""
