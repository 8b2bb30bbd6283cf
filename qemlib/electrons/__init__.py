"""The electrons at a fixed place x of the oscillator (Appendix B).

- `coefficients`: occupation, friction, noise and current, with their errors.
- `spectral`: the spectral function and the distribution that all of them are integrals of.
- `uncertain_densities`: what leads leave open whose densities are known from tables.
- `residues`: these integrals in closed form, for Lorentzian leads; `quadrature`: for all others.
- `transport`: currents of particles, heat and entropy; `current_noise`: spectra of the currents.
- `along_orbit`: the same for a motion of any amplitude, with all the memory of the electrons.
- `over_motion`: averages over the positions of a state, and what they leave out.
- `rate_equations`: the limit of rare hops.
- `time_scales`: how fast the electrons are against the oscillator, Ineq. (5).
"""
