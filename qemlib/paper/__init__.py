"""What belongs to this one paper: its equations checked one by one, and what it claims.

Chapters and tests call the same functions, so that they cannot drift apart.  Some modules need the
extra `book`; import the one you want.

- `errata`: every numbered equation with its verdict; the checks are in `main_text`, `phase_space`,
  `elimination`, `electrons_in_energy`, `noise_of_charge`, `appendix_c` and `appendix_d`.
- `surrogate`: a charge of finite dimension, on which each step of Appendix A can be computed.
- `jets`: operator-valued functions of x and p by their Taylor polynomials.
- `full_model`: charge and oscillator without any approximation, against the Fokker-Planck equation.
"""
