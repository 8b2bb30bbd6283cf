"""What a state tells, wherever it came from.

- `contract`: what every state tells; `in_phase_space`: all of that from W(x, p).
- `marginals`: averages over position or momentum.
- `wigner`: between the Wigner function and the density matrix; `in_levels`:
  that as a state; `quantum`: that of any state.
- `work`: ergotropy, free-energy work, entropy, coherence.
- `certificates`: the ergotropy that a few moments prove; `gaussian`: what squeezing extracts.
- `positivity`: is it a quantum state at all.
- `estimation`: the same from samples, with errors; `summary`: the numbers of one state together.
"""
