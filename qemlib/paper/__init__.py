"""What belongs to this one paper: its equations checked one by one, and what it claims.

Chapters and tests call the same functions, so that they cannot drift apart.  Some modules need the
extra `paper`; import the one you want.

- `equations`: every numbered equation with its verdict (`errata`).  The rows are in `main_text`,
  `appendix_a`, `appendix_b` and `appendices_c_d`.
- `checks`: what the rows measure, and `rows` says what a row is.
  - `surrogate` and `jets`: a charge of finite dimension, and functions of x and p whose values are
    operators on it; `elimination` and `elimination_checks`: each step of Appendix A, with these;
    `real_leads`: the steps in which the paper's own electrons differ from such a charge.
  - `phase_space` and `linear_motion`: into phase space and back to averages.
  - `finite_dot`, `electrons_in_energy`, `noise_of_charge`: Appendix B.
  - `states`: Appendices C and D.
  - `full_model`: charge and oscillator without approximation, against the Fokker-Planck equation.
- `claims`, with `evidence` and `verdicts`: every statement that can be checked, measured and judged
  by a rule.  They are listed in `electrons`, `motion` and `work`; `scan` scores readings by them.
- `with_memory`: what the paper's first step leaves out; long runs, and what they gave.
- `phase_diagrams`: the paper's device among others; maps that take minutes, and what they gave.
- `readings`: the parameters as others may read them; `sensitivity`: what hangs on each parameter.
"""
