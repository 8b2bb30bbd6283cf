"""The electrons at a fixed place x of the oscillator (Appendix B).

- `coefficients`: occupation, friction, noise and current, with their errors.
- `spectral`: the spectral function and the distribution that all of them are integrals of.
- `uncertain_densities`: what leads leave open whose densities are known from tables.
- `residues`: these integrals in closed form, for Lorentzian leads; `quadrature`: for all others.
- `along_orbit`: the same for a motion of any amplitude, with all the memory of the electrons.
- `rate_equations`: the limit of rare hops.
- `time_scales`: how fast the electrons are against the oscillator, Ineq. (5).
"""
