"""The rows of Appendix B."""

from __future__ import annotations

from qemlib.paper.checks import electrons_in_energy, finite_dot, noise_of_charge
from qemlib.paper.checks.rows import Equation, Kind

__all__ = ["ROWS"]

# What a few hundred discrete modes reach.
_MODES = 1e-6

ROWS = (
    Equation(
        "B1",
        r"\hat H_x = \hat H_S+\hat H_B+\hat H_T - Fx\,\hat c^\dagger\hat c",
        Kind.DEFINITION,
        remark="A constant apart from that of the main text, as it says.",
        check=finite_dot.conditional_hamiltonian,
    ),
    Equation(
        "B2",
        r"\dot{\hat c} = -i(\epsilon_x\hat c + \sum g_{k\alpha}\hat d_{k\alpha})",
        Kind.HOLDS,
        check=finite_dot.motion_of_the_dot,
    ),
    Equation(
        "B3",
        r"\dot{\hat d}_{k\alpha} = -i(\Omega_{k\alpha}\hat d_{k\alpha} + g_{k\alpha}\hat c)",
        Kind.HOLDS,
        check=finite_dot.motion_of_the_modes,
    ),
    Equation(
        "B4",
        r"\dot{\hat c} = -i\epsilon_x\hat c + \sum_\alpha(\hat\zeta_\alpha"
        r" - \int dt'\chi_\alpha(t-t')\hat c(t'))",
        Kind.HOLDS,
        remark="Against the exact motion of a dot and a few modes.",
        check=finite_dot.equation_for_the_dot,
    ),
    Equation(
        "B5",
        r"\chi_\alpha(t) = \Theta(t)\sum_k g_{k\alpha}^2e^{-i\Omega_{k\alpha}t}",
        Kind.DEFINITION,
        remark="Checked as part of (B4).",
        check=finite_dot.equation_for_the_dot,
    ),
    Equation(
        "B6",
        r"\hat\zeta_\alpha = -i\sum_kg_{k\alpha}e^{-i\Omega_{k\alpha}(t-t_0)}"
        r"\hat d_{k\alpha}(t_0)",
        Kind.DEFINITION,
        remark="Checked as part of (B4).",
        check=finite_dot.equation_for_the_dot,
    ),
    Equation(
        "B7",
        r"\tilde c = G\tilde\zeta",
        Kind.ERROR,
        r"\tilde c = iG\tilde\zeta",
        r"By the transform of (B4), with $\tilde\zeta$ as in (B10).",
        electrons_in_energy.propagation,
        shown="electrons",
        in_favour=r"A phase that can be counted into $\tilde\zeta$: only $|G|^2$ enters below.",
        depends="none",
    ),
    Equation(
        "B8",
        r"G = [\omega-\epsilon_x-\tilde\chi_L-\tilde\chi_R]^{-1}",
        Kind.HOLDS,
        remark=r"With $\tilde\chi_\alpha$ the self-energy of (B9).",
        check=electrons_in_energy.resolvent,
    ),
    Equation(
        "B9",
        r"\tilde\chi_\alpha = \mathcal P\!\int\!\tfrac{d\omega'}{2\pi}"
        r"\tfrac{\kappa_\alpha(\omega')}{\omega-\omega'} - \tfrac i2\kappa_\alpha",
        Kind.HOLDS,
        remark=r"The self-energy. In spite of its tilde it is $-i$ times the transform of (B5).",
        check=electrons_in_energy.self_energy,
    ),
    Equation(
        "B10",
        r"-\sqrt{2\pi i}\,\sum_kg_{k\alpha}\,\delta(\omega-\Omega_{k\alpha})\,\hat d_{k\alpha}",
        Kind.TRANSCRIPTION,
        r"-i\sqrt{2\pi}\,\sum_kg_{k\alpha}\,\delta(\omega-\Omega_{k\alpha})\,\hat d_{k\alpha}",
        r"A phase $e^{i\Omega_{k\alpha}t_0}$ is left out, too.",
        electrons_in_energy.noise_operator,
        in_favour="With the $i$ outside of the root it is right up to a phase, and (B11) does not "
        "see phases.",
        depends="none",
    ),
    Equation(
        "B11",
        r"\langle\tilde\zeta_\alpha^\dagger(\omega)\tilde\zeta_{\alpha'}(\omega')\rangle"
        r" = \kappa_\alpha f_\alpha\,\delta(\omega-\omega')\,\delta_{\alpha\alpha'}",
        Kind.HOLDS,
        check=electrons_in_energy.lead_noise,
    ),
    Equation(
        "B12",
        r"\sum_\alpha A\,\kappa_\alpha f_\alpha",
        Kind.ERROR,
        r"\sum_\alpha A\,\kappa_\alpha f_\alpha\,\delta(\omega-\omega')",
        "The check doubles all energies: an occupation must not change.",
        electrons_in_energy.occupation_in_energy,
        shown="electrons",
        in_favour="(B11), from which it follows, has it, and (B13) is its transform.",
        depends="none",
    ),
    Equation(
        "B13",
        r"\tfrac1{2\pi}\sum_\alpha\int A\,\kappa_\alpha f_\alpha",
        Kind.IMPRECISE,
        r"\tfrac1{2\pi}\sum_\alpha\int d\omega\,A\,\kappa_\alpha f_\alpha",
        r"$d\omega$ is left out. The same check.",
        electrons_in_energy.occupation_integral,
        shown="electrons",
        in_favour="There is but one energy to integrate over.",
        depends="none",
    ),
    Equation(
        "after B13",
        r"\tfrac12(\mu_L+\mu_R)=\epsilon \text{ yields } N_0=\tfrac12",
        Kind.HOLDS,
        remark="For the parameters considered, as the sentence says. A centred bias alone would "
        "not do: it takes mirrored leads of one temperature.",
        check=electrons_in_energy.half_filling,
        shown="model",
    ),
    Equation(
        "B14",
        r"S_x = F^2\int dt\,e^{i\omega t}[\langle\hat n(t)\hat n(0)\rangle_x"
        r" - \langle\hat n\rangle_x^2]",
        Kind.DEFINITION,
        remark="Equation (8) again.",
        check=noise_of_charge.spectrum_by_definition,
        tolerance=_MODES,
    ),
    Equation(
        "B15",
        r"\langle\hat c^\dagger(t)\hat c(t)\hat c^\dagger(0)\hat c(0)\rangle",
        Kind.DEFINITION,
        remark=r"At $t=0$ it is $\langle\hat c^\dagger\hat c\rangle$.",
        check=finite_dot.occupation_at_equal_times,
    ),
    Equation(
        "B16",
        r"G^*(\omega)G(\omega')G^*(\nu)G(\nu')\langle\tilde\zeta^\dagger\tilde\zeta"
        r"\tilde\zeta^\dagger\tilde\zeta\rangle",
        Kind.HOLDS,
        remark="The four factors $i$ of (B7) cancel.",
        check=electrons_in_energy.four_operators,
    ),
    Equation(
        "B17",
        r"\delta_{k'j}\delta_{\alpha'\beta'}\delta_{k\alpha}\delta_{j\beta}\,f(1-f)",
        Kind.ERROR,
        r"\delta_{kj'}\delta_{\alpha\beta'}\delta_{k'j}\delta_{\alpha'\beta}\,f_\alpha(1-f_\beta)",
        "Two symbols compare a mode with a lead. All indices of four modes were tried.",
        finite_dot.wick,
        in_favour="(B18), which follows from it, pairs the modes as it should.",
        depends="none",
    ),
    Equation(
        "B18",
        r"\delta(\omega+\nu')\,\delta(\omega'+\nu)",
        Kind.ERROR,
        r"\delta(\omega-\nu')\,\delta(\omega'-\nu)",
        r"A mixture of two conventions: $\delta(\omega-\Omega_{k\alpha})$ beside it, and the "
        r"minus of (B11), take $\tilde\zeta^\dagger(\omega)$ for the adjoint of "
        r"$\tilde\zeta(\omega)$. $\sum_{\alpha\beta}$ is left out.",
        finite_dot.noise_pairing,
        in_favour=r"The plus signs are right for the transform of $\hat\zeta^\dagger(t)$, which is "
        r"the adjoint of $\tilde\zeta(-\omega)$.",
        depends="none",
    ),
    Equation(
        "B19",
        r"\delta(\omega+\nu')\,\delta(\omega'+\nu)",
        Kind.ERROR,
        r"\delta(\omega-\nu')\,\delta(\omega'-\nu)",
        r"As in (B18). At equal times it must give $n(1-n)$. $\sum_{\alpha\beta}$ is left out.",
        noise_of_charge.equal_time_variance,
        shown="electrons",
        in_favour=r"As for (B18), with $\hat c^\dagger(\omega)$ for the transform of "
        r"$\hat c^\dagger(t)$; $A$ and $\kappa_\alpha$ would then be taken at $-\omega$.",
        depends="none",
    ),
    Equation(
        "B20",
        r"e^{-i\omega t}",
        Kind.ERROR,
        r"e^{+i\omega t}",
        r"$\sum_{\alpha\beta}$ is left out. Against discrete modes in time.",
        noise_of_charge.correlation,
        tolerance=_MODES,
        in_favour=r"It is $C(-t)$, and right once the two energies are exchanged.",
        depends="none",
    ),
    Equation(
        "B21",
        r"\int\tfrac{d\omega'}{2\pi}\,h(\omega+\omega')\,g(\omega')",
        Kind.ERROR,
        r"\int\tfrac{d\omega'}{2\pi}\,h(\omega')\,g(\omega+\omega')",
        r"As printed it is $S_x(-\omega)$; with it (B23) would change its sign. "
        r"$h=\sum_\alpha A\kappa_\alpha f_\alpha$, $g=\sum_\beta A\kappa_\beta(1-f_\beta)$.",
        noise_of_charge.spectrum,
        tolerance=_MODES,
        shown="electrons",
        in_favour="It follows from the printed (B20) without a further slip, and what is computed, "
        "(B22) and (B23), is right.",
        depends=r"none; a program that differentiates it would find $-\gamma$",
    ),
    Equation(
        "B22",
        r"D = F^2\int\tfrac{d\omega}{2\pi}\,h\,g",
        Kind.HOLDS,
        remark="Against (A18) in time.",
        check=noise_of_charge.diffusion_integral,
        tolerance=_MODES,
        shown="electrons",
    ),
    Equation(
        "B23",
        r"m\gamma = F^2\int\tfrac{d\omega}{2\pi}\,h\,\tfrac{dg}{d\omega}",
        Kind.HOLDS,
        remark="Against (A23) in time. The sign is that of the corrected (B21).",
        check=noise_of_charge.damping_integral,
        tolerance=_MODES,
        shown="electrons",
    ),
    Equation(
        "B24",
        r"\tilde\chi_\alpha = \tfrac{\Gamma_\alpha\delta_\alpha(\omega-\omega_\alpha)"
        r" - i\Gamma_\alpha\delta_\alpha^2}{2[(\omega-\omega_\alpha)^2+\delta_\alpha^2]}",
        Kind.HOLDS,
        remark="One pole, and (B9) for the spectral density (9).",
        check=electrons_in_energy.self_energy_of_lorentzian,
    ),
)
