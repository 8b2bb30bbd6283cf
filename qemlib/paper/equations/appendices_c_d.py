"""The rows of Appendices C, D and E."""

from __future__ import annotations

from qemlib.paper.checks import noise_of_charge, states
from qemlib.paper.checks.rows import Equation, Kind

__all__ = ["ROWS"]

ROWS = (
    Equation(
        "C1",
        r"\langle n\rangle\,\Delta t,\quad \sqrt D\,\Delta W",
        Kind.ERROR,
        r"\tfrac Fm\langle n\rangle\,\Delta t,\quad \tfrac{\sqrt D}m\,\Delta W",
        "Against (6), which the text calls equation 7. Explicit Euler also adds energy in each "
        "step.",
        states.euler_step,
        shown="langevin",
        in_favour=r"With $m=1$, as in the figures, and $\langle n\rangle$ read as the mean force, "
        "nothing is missing.",
        depends="Figs. 2 to 4 if the program has it so, which the text does not tell",
    ),
    Equation(
        "C2",
        r"x(t+\Delta t) = x(t) + v(t)\,\Delta t",
        Kind.HOLDS,
        remark="With (C1) corrected it converges to (6) with first order: 1 less the order.",
        check=states.euler_converges,
        tolerance=2e-4,
        shown="langevin",
    ),
    Equation(
        "D1",
        r"W(\alpha) = \tfrac1{\pi^2}\int d^2\xi\,\chi(\xi)\,e^{\alpha\xi^*-\alpha^*\xi}",
        Kind.HOLDS,
        remark="Against (A2).",
        check=states.wigner_from_characteristic,
    ),
    Equation(
        "D2",
        r"\chi(\xi) = \mathrm{Tr}[\hat\rho\hat D(\xi)]",
        Kind.DEFINITION,
        remark="For a coherent state.",
        check=states.characteristic_function,
    ),
    Equation(
        "D3",
        r"\gamma_{n,m} = \tfrac1\pi\int d^2\zeta\,\chi(\zeta)\,f_{nm}(\zeta)",
        Kind.HOLDS,
        remark="A random state from its own characteristic function.",
        check=states.density_matrix_from_characteristic,
        shown="wigner",
    ),
    Equation(
        "D4",
        r"f_{nm} = \sqrt{m!/n!}\,(-\zeta)^{n-m}e^{-|\zeta|^2/2}\mathcal L_m^{n-m}(|\zeta|^2)",
        Kind.HOLDS,
        remark="Against the exponential of a matrix.",
        check=states.displacement_off_the_diagonal,
    ),
    Equation(
        "D5",
        r"f_{nn} = e^{-|\zeta|^2/2}\mathcal L_n^0(|\zeta|^2)",
        Kind.HOLDS,
        check=states.displacement_on_the_diagonal,
    ),
    Equation(
        "D6",
        r"\tfrac1{\pi^2}\int d\alpha\,W\,e^{-\alpha\zeta+\alpha^*\zeta}",
        Kind.ERROR,
        r"\int d^2\alpha\,W\,e^{-\alpha\zeta^*+\alpha^*\zeta}",
        r"The inverse of (D1) has no $1/\pi^2$, and neither has (D7). The star may have been lost "
        "in the text we work from.",
        states.characteristic_from_wigner,
        shown="wigner",
        in_favour=r"(D7), its radial form and the one that is used, has neither slip.",
        depends="none",
    ),
    Equation(
        "D7",
        r"\chi(r) = 2\pi\int du\,u\,\mathcal J_0(2ru)\,W(u)",
        Kind.HOLDS,
        remark=r"$u = |\alpha|$ is the radius of $W$, $r = |\zeta|$ that of $\chi$.",
        check=states.radial_characteristic,
        shown="wigner",
    ),
    Equation(
        "D8",
        r"\rho_{nm} = 8\pi\iint du\,dr\,u\,\mathcal J_r(2ru)\cdots",
        Kind.ERROR,
        r"\rho_{nm} = 4\pi\,\delta_{nm}\iint du\,dr\,u\,\mathcal J_0(2ru)\cdots",
        r"With the $W(\alpha)$ of (D1) and (D7). $\mathcal J_r$ is likely a slip of transcription. "
        "Numbers: the prefactor alone.",
        states.populations_from_profile,
        shown="wigner",
        in_favour=r"$8\pi$ is right for the $W(x,p) = \frac12W(\alpha)$ of (A2).",
        depends="none; a factor of two would show in the trace",
    ),
    Equation(
        "Fig. 5",
        r"\langle\hat n\rangle_x \text{ non-monotonic} \Leftrightarrow \gamma < 0",
        Kind.ERROR,
        r"\text{so for } \Gamma \ll k_BT \text{; else neither implies the other}",
        r"Claim of the caption. Numbers: distance of the two voltages in units of the second, for "
        r"$\Gamma = k_BT$, as printed, and for $\Gamma = k_BT/1000$.",
        noise_of_charge.bending_and_lasing,
        2e-3,
        shown="electrons",
        in_favour="Exact for rare tunnelling, where $\\gamma$ is "
        r"$(F/m)\,\partial_x\langle\hat n\rangle_x$ over the rate at which the level fills and "
        "empties. And one half of it holds as printed: no friction is negative while the "
        "occupation is monotonic.",
        depends="none: the curves are right",
    ),
)
