"""What is on the table: the oscillator, the leads and their spectral densities.

- `oscillator`: the mode that moves, and a bath of its own.
- `device`: `Lead`, `Device`, and the paper's own device.
- `densities`: what a lead's spectral density has to offer, and the Lorentzian.
- `tabulated`: a spectral density from a table.
- `units`: SI units, and what a laboratory means by a frequency or a width.
"""
