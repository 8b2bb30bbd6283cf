"""The rows of Appendix A."""

from __future__ import annotations

from qemlib.paper.checks import elimination_checks, linear_motion, phase_space, real_leads
from qemlib.paper.checks.rows import Equation, Kind

__all__ = ["ROWS"]

# What a few hundred discrete modes reach.
_MODES = 1e-6

ROWS = (
    Equation(
        "A1",
        r"\hat H = \tfrac{\hat p^2}{2m} + \tfrac{m\omega_0^2\hat x^2}2 - F\hat x\hat n"
        r" + \hat H_{\mathrm{el}}",
        Kind.DEFINITION,
        "",
        "Equations (1) to (4), collected.",
    ),
    Equation(
        "A2",
        r"\hat\rho(x,p) = \tfrac1\pi\int dy\,\langle x+y|\hat\rho|x-y\rangle e^{-i2yp}",
        Kind.DEFINITION,
        "",
        "Normalised as it should be: Fock states and the marginal of a random state.",
        linear_motion.wigner_transform,
    ),
    Equation(
        "A3",
        r"\partial_t\hat\rho = -i[\hat H_{\mathrm{el}}-Fx\hat n,\hat\rho]"
        r" - \tfrac pm\partial_x\hat\rho + m\omega_0^2x\,\partial_p\hat\rho"
        r" - \tfrac F2\partial_p\{\hat n,\hat\rho\}",
        Kind.HOLDS,
        remark="SymPy: for every state.",
        check=phase_space.motion_in_phase_space,
        tolerance=0.0,
        shown="derivation",
    ),
    Equation(
        "A4",
        r"\mathcal L_x = -i[\hat H_{\mathrm{el}} - Fx\hat n,\,\bullet]",
        Kind.DEFINITION,
        remark="Together with (A5) and (A6) it makes up (A3).",
        check=elimination_checks.parts_of_the_generator,
    ),
    Equation(
        "A5",
        r"\mathcal H = (m\omega_0^2x - F\langle\hat n\rangle_x)\partial_p - \tfrac pm\partial_x",
        Kind.DEFINITION,
        check=elimination_checks.parts_of_the_generator,
    ),
    Equation(
        "A6",
        r"\mathcal V = -\tfrac F2\,\partial_p\{\hat n - \langle\hat n\rangle_x,\,\bullet\}",
        Kind.DEFINITION,
        check=elimination_checks.parts_of_the_generator,
    ),
    Equation(
        "A7",
        r"\hat\rho_x = \lim_{t\to\infty} e^{\mathcal L_xt}\hat\rho_0\hat\rho_B",
        Kind.DEFINITION,
        remark=r"The limit exists, does not depend on $\hat\rho_0$ and is stationary.",
        check=elimination_checks.relaxation,
    ),
    Equation("A8", r"\mathcal P\hat A = \mathrm{Tr}[\hat A]\,\hat\rho_x", Kind.DEFINITION),
    Equation("A9a", r"\mathcal P^2 = \mathcal P", Kind.HOLDS, check=elimination_checks.projector),
    Equation(
        "A9b",
        r"\mathcal{PL}_x = 0 = \mathcal L_x\mathcal P",
        Kind.HOLDS,
        check=elimination_checks.fast_motion,
    ),
    Equation(
        "after A9",
        r"\mathcal{PL}_x = 0 \text{ by (A7)},\ \mathcal L_x\mathcal P = 0 \text{ by the trace}",
        Kind.ERROR,
        r"\mathcal{PL}_x = 0 \text{ by the trace},\ \mathcal L_x\mathcal P = 0 \text{ by (A7)}",
        r"The two reasons are exchanged. Numbers: $\mathcal L_x\mathcal P$ and $\mathcal{PL}_x$ "
        r"with another state in place of $\hat\rho_x$.",
        elimination_checks.reasons_for_a9b,
        in_favour="Both equalities are true.",
        depends="none",
    ),
    Equation("A9c", r"\mathcal{PVP} = 0", Kind.HOLDS, check=elimination_checks.no_mean),
    Equation(
        "A9d",
        r"[\mathcal P,\mathcal H] = \tfrac pm\,\partial_x\hat\rho_x\,\mathrm{Tr}[\bullet]",
        Kind.HOLDS,
        check=elimination_checks.commutator,
    ),
    Equation(
        "A9e",
        r"\mathcal P[\mathcal P,\mathcal H] = 0",
        Kind.HOLDS,
        check=elimination_checks.commutator_is_traceless,
    ),
    Equation(
        "A10",
        r"\partial_t\hat r = \mathcal{PH}\hat r + \mathcal P(\mathcal H+\mathcal V)\hat q",
        Kind.HOLDS,
        check=elimination_checks.motion_of_r,
    ),
    Equation(
        "A11",
        r"\partial_t\hat q = \mathcal L_x\hat q + \mathcal Q(\mathcal H+\mathcal V)(\hat q+\hat r)",
        Kind.HOLDS,
        check=elimination_checks.motion_of_q,
    ),
    Equation(
        "A12",
        r"\hat q(t) = \mathcal G(t)\hat q(0) + \int_0^t\!dt'\,\mathcal G(t-t')\mathcal Q"
        r"(\mathcal H+\mathcal V)\hat r(t')",
        Kind.HOLDS,
        remark="Against the exact motion of charge and oscillator, for any start.",
        check=elimination_checks.formal_solution,
    ),
    Equation(
        "A13",
        r"\mathcal G(t) = \exp\{[\mathcal L_x + \mathcal Q(\mathcal H+\mathcal V)]t\}",
        Kind.DEFINITION,
        remark="Checked as part of (A12).",
        check=elimination_checks.formal_solution,
    ),
    Equation(
        "A14",
        r"e^{-\mathcal L_xt'}",
        Kind.SLIP,
        r"e^{+\mathcal L_xt'}",
        r"(A13) without the slow operators has a plus. Numbers: $D$ and $\gamma$ from either.",
        real_leads.born_and_markov,
        _MODES,
        shown="derivation",
        in_favour="For the unitary (A4) both integrals are the same: a stationary charge "
        "fluctuates and responds the same backwards.",
        depends="none",
        dissipative=elimination_checks.born_and_markov,
    ),
    Equation(
        "A15",
        r"\mathcal P(\mathcal H+\mathcal V)e^{-\mathcal L_xt'}\mathcal Q(\mathcal H+\mathcal V)"
        r"\mathcal P"
        r" = \mathcal{PV}e^{-\mathcal L_xt'}(\mathcal V-[\mathcal P,\mathcal H])\mathcal P",
        Kind.HOLDS,
        remark="With either exponent, for it is the same on both sides.",
        check=elimination_checks.simplified_integrand_when_closed,
        shown="derivation",
        dissipative=elimination_checks.simplified_integrand,
    ),
    Equation(
        "A16",
        r"\mathcal HW - \int_0^\infty\!dt'\,\cdots",
        Kind.ERROR,
        r"\mathcal HW + \int_0^\infty\!dt'\,\cdots",
        "The sign; the exponent makes no difference, as in (A14).",
        real_leads.formal_master_equation,
        _MODES,
        shown="derivation",
        in_favour="Together with (A19) it gives the right friction, and (A24) has the right "
        "diffusion.",
        depends="none",
        dissipative=elimination_checks.formal_master_equation,
    ),
    Equation(
        "A17",
        r"\int_0^\infty\!dt\,\mathrm{Tr}[\mathcal Ve^{-\mathcal L_xt}\mathcal V\hat\rho_x]"
        r" = \tfrac12D\,\partial_p^2",
        Kind.HOLDS,
        remark=r"For the unitary (A4), where $e^{+\mathcal L_xt}$ gives the same; a dissipative "
        r"$\mathcal L_x$ would need the plus.",
        check=real_leads.diffusion_term,
        tolerance=_MODES,
        shown="derivation",
        dissipative=elimination_checks.diffusion_term,
    ),
    Equation(
        "A18",
        r"D = F^2\int_0^\infty\!dt\,\langle\{\delta\hat n(t),\delta\hat n(0)\}\rangle_x",
        Kind.HOLDS,
        remark=r"Equal to $S_x(0)$.",
        check=elimination_checks.diffusion_coefficient,
    ),
    Equation(
        "after A18",
        r"\hat n(t) = e^{-\mathcal L_x^\dagger t}\hat n",
        Kind.ERROR,
        r"\hat n(t) = e^{+\mathcal L_x^\dagger t}\hat n",
        r"With $\mathcal L_x^\dagger = i[\hat H,\bullet]$ as printed, the minus runs time "
        "backwards. Numbers: (A23), of which it changes the sign.",
        real_leads.commutator_in_time,
        _MODES,
        shown="derivation",
        in_favour="(A18) and (A20) are the same in either direction, and (A23) is right for the "
        "usual meaning of the Heisenberg picture.",
        depends="none",
        dissipative=elimination_checks.commutator_in_time,
    ),
    Equation(
        "A19",
        r"\cdots = +\gamma\,\partial_p\,p",
        Kind.ERROR,
        r"\cdots = -\gamma\,\partial_p\,p",
        "Makes up for (A16) in the friction of (A24), not in its diffusion.",
        real_leads.friction_term,
        _MODES,
        shown="derivation",
        in_favour="With the sign of (A16) it gives the friction of (A24), which is right; the "
        "exponent makes no difference.",
        depends="none",
        dissipative=elimination_checks.friction_term,
    ),
    Equation(
        "A20",
        r"\gamma = \tfrac Fm\int_0^\infty\!dt\,\mathrm{Tr}[\hat n(t)\,\partial_x\hat\rho_x]",
        Kind.HOLDS,
        remark=r"With $\hat n(t)$ as printed after (A18), too.",
        check=real_leads.response,
        tolerance=_MODES,
        shown="derivation",
        dissipative=elimination_checks.response_and_spectrum,
    ),
    Equation(
        "A21",
        r"\lim_{t\to\infty}g(t) = 0",
        Kind.IMPRECISE,
        r"\lim_{t\to\infty}t\,g(t) = 0",
        r"For $g = \sin t/(1+t)$, which vanishes, the right-hand integral does not exist.",
        elimination_checks.integration_by_parts,
        shown="derivation",
        in_favour="It is used for correlations that decay exponentially, which is more than "
        "enough.",
        depends="none",
    ),
    Equation(
        "A22",
        r"\mathcal L_x\,\partial_x\hat\rho_x = -iF[\hat n,\hat\rho_x]",
        Kind.HOLDS,
        check=elimination_checks.moved_state,
    ),
    Equation(
        "A23",
        r"\gamma = \tfrac{F^2}m\int_0^\infty\!dt\,\langle it[\hat n(t),\hat n(0)]\rangle_x",
        Kind.HOLDS,
        remark="Equal to (A20); also for real leads.",
        check=elimination_checks.commutator_and_response,
        shown="derivation",
    ),
    Equation(
        "A24",
        r"\partial_tW = \partial_p(m\omega_0^2x - F\langle\hat n\rangle_x + \gamma p)W"
        r" - \tfrac pm\,\partial_xW + \tfrac D2\,\partial_p^2W",
        Kind.HOLDS,
        remark=r"The exact motion to second order in $\mathcal H$ and $\mathcal V$.",
        check=elimination_checks.fokker_planck,
    ),
    Equation(
        "A25",
        r"W(x',p,t) = \mathbb E[\delta(x'-x(t))\,\delta(p-m\dot x(t))]",
        Kind.HOLDS,
        remark="The density of trajectories with a linear force, put into (A24).",
        check=linear_motion.langevin_density,
        shown="derivation",
    ),
    Equation(
        "A26",
        r"\mathrm{Tr}[\hat x\hat\rho] = \int dx\,dp\;x\,W",
        Kind.HOLDS,
        check=linear_motion.mean_position,
    ),
    Equation(
        "A27",
        r"\mathrm{Tr}[\hat p\hat\rho] = \int dx\,dp\;p\,W",
        Kind.HOLDS,
        check=linear_motion.mean_momentum,
    ),
    Equation(
        "A28",
        r"\langle\hat x(t+\tau)\hat x(t)\rangle"
        r" = \mathrm{Tr}[\hat x\,\mathcal E(t+\tau,t)(\hat x\hat\rho(t))]",
        Kind.HOLDS,
        remark=r"In a closed system, where $\mathcal E$ is exact.",
        check=linear_motion.regression_formula,
    ),
    Equation(
        "A29",
        r"\hat x\hat p(t) \to xW + \tfrac i2\partial_pW",
        Kind.TRANSCRIPTION,
        r"\hat x\hat\rho(t) \to xW + \tfrac i2\partial_pW",
        r"$\hat p$ stands for $\hat\rho$ in several places of the text we work from.",
        linear_motion.product_with_position,
        in_favour="The text goes on with the Wigner function associated with it: "
        r"$\hat\rho$ is meant.",
        depends="none",
    ),
    Equation(
        "A30",
        r"\int dx'dp'\,\Pi(x,p,t+\tau|x',p',t)\,\bar W(x',p',t)",
        Kind.HOLDS,
        remark=r"Against $\hat x\hat\rho$ evolved in Fock space.",
        check=linear_motion.evolved_product,
    ),
    Equation(
        "A31",
        r"\mathrm{Re}\langle\hat x(t+\tau)\hat x(t)\rangle = \mathbb E[x(t+\tau)x(t)]",
        Kind.HOLDS,
        remark="Fock space against trajectories.",
        check=linear_motion.two_time_correlation,
        shown="derivation",
    ),
    Equation(
        "A32",
        r"P = \int dp\,dp'\,\Pi\,W",
        Kind.HOLDS,
        remark="Its marginal, and its mean of $xx'$.",
        check=linear_motion.joint_distribution,
    ),
)
