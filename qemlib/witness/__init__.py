"""Witnesses: the same numbers as `qemlib.electrons.coefficients`, found by other means.

Nothing here uses a Green function, a residue or a quadrature of `qemlib`; the chapters and the
tests call the same functions.  They are slow, and need packages that `qemlib` itself does without
(the extras `paper` and `quantum`).

- `integrals`: the defining integrals of Appendix B, in many digits.
- `modes`: leads made of a few hundred discrete modes, which evolve in time.
- `currents`: currents and their noise between such leads.
- `hierarchy`: hierarchical equations of motion, by QuTiP.
- `pseudomodes`: a dot on a moving oscillator, followed in time, with one damped mode a lead.
"""
