"""The rows of the main text, Eqs. (1) to (12), and of what is said around them."""

from __future__ import annotations

from qemlib.paper.checks import (
    electrons_in_energy,
    finite_dot,
    noise_of_charge,
    phase_space,
    states,
)
from qemlib.paper.checks.rows import Equation, Kind

__all__ = ["ROWS"]

ROWS = (
    Equation("1", r"\hat H_S = \epsilon\hat c^\dagger\hat c", Kind.DEFINITION),
    Equation(
        "2",
        r"\sum_k\Omega_{kL}\hat a_{kL}^\dagger\hat d_{kL} + \cdots",
        Kind.TRANSCRIPTION,
        r"\sum_k\Omega_{kL}\hat d_{kL}^\dagger\hat d_{kL} + \cdots",
        r"Another operator $\hat a$ would make it non-Hermitian.",
        finite_dot.lead_hamiltonian,
        in_favour=r"The text below calls the leads' operators $\hat d_{k\alpha}$.",
        depends="none",
    ),
    Equation(
        "3",
        r"\hat H_T = \sum_{k\alpha}g_{k\alpha}(\hat c^\dagger\hat d_{k\alpha}"
        r" + \hat d_{k\alpha}^\dagger\hat c)",
        Kind.DEFINITION,
        remark="Hermitian, and keeps the number of electrons.",
        check=finite_dot.tunnelling,
    ),
    Equation(
        "4",
        r"\hat H_V = \tfrac{\hat p^2}{2m} + \tfrac{m\omega_0^2\hat x^2}2 - F\hat n\hat x",
        Kind.DEFINITION,
    ),
    Equation(
        "5",
        r"k_BT,\ \Gamma \gg \omega_0,\ |\lambda|",
        Kind.IMPRECISE,
        r"k_BT,\ \Gamma,\ \delta \gg \omega_0,\ |\lambda|",
        r"A narrow band remembers for $1/\delta$, however large $\Gamma$. Numbers: angle in rad "
        r"by which the oscillator turns meanwhile, for $T = \Gamma = 100\,\omega_0$ and "
        r"$\delta = \omega_0$ or $100\,\omega_0$.",
        electrons_in_energy.level_width_matters,
        tolerance=2e-2,
        shown="model",
        in_favour=r"$\Gamma$ is called the characteristic rate of tunnelling; between narrow bands "
        r"that is no longer the $\Gamma$ of (9).",
        depends="none: the figures have a wide enough band",
    ),
    Equation(
        "after 5",
        r"x_0 = (2/m\omega_0)^{-1/2}",
        Kind.ERROR,
        r"x_0 = (2/m\omega_0)^{+1/2}",
        r"As in the caption of Fig. 2; asked for by $[\hat a,\hat a^\dagger]=1$. The ground "
        "state's standard deviation is $x_0/2$.",
        states.length_scale,
        shown="model",
        in_favour="The caption of Fig. 2 has the right exponent.",
        depends=r"all, through $F=2\lambda/x_0$; the caption of Fig. 2 is what to cite",
    ),
    Equation(
        "6",
        r"m\ddot x + m\gamma\dot x + m\omega_0^2x = F\langle\hat n\rangle_x + \sqrt D\,\xi",
        Kind.HOLDS,
        remark="SymPy: the same averages as (A24), for all coefficients.",
        check=phase_space.averages_over_trajectories,
        tolerance=0.0,
        shown="derivation",
    ),
    Equation(
        "7",
        r"D = S_x(0),\quad m\gamma = S_x'(0)",
        Kind.HOLDS,
        remark="Against (A18) and (A23) in time.",
        check=noise_of_charge.slope_and_height,
        tolerance=1e-6,
    ),
    Equation(
        "8",
        r"S_x = F^2\int dt\,e^{i\omega t}[\langle\hat n(t)\hat n(0)\rangle_x"
        r" - \langle\hat n\rangle_x^2]",
        Kind.DEFINITION,
        remark="In time against the closed form.",
        check=noise_of_charge.spectrum_by_definition,
        tolerance=1e-6,
    ),
    Equation(
        "9",
        r"\kappa_\alpha = \tfrac{\Gamma\delta^2}{(\omega-\omega_\alpha)^2+\delta^2}",
        Kind.DEFINITION,
        remark="Its self-energy by (B9) is (B24).",
        check=electrons_in_energy.self_energy,
    ),
    Equation(
        "10",
        r"g^{(2)}(0) = \langle\hat a^\dagger\hat a^\dagger\hat a\hat a\rangle"
        r"/\langle\hat a^\dagger\hat a\rangle^2",
        Kind.DEFINITION,
        remark="From operators and from populations.",
        check=states.coherence_from_populations,
        shown="wigner",
    ),
    Equation(
        "11",
        r"\mathcal W_E = \sum_{jk}r_j\epsilon_k(|\langle r_j|\epsilon_k\rangle|^2-\delta_{jk})",
        Kind.HOLDS,
        remark="The best of all permutations; no random unitary extracts more.",
        check=states.ergotropy_is_optimal,
        shown="work",
    ),
    Equation(
        "12",
        r"\mathcal W_F = \mathcal F_{\mathrm{neq}} - \mathcal F_{\mathrm{eq}}",
        Kind.HOLDS,
        remark=r"$T$ times the relative entropy to the thermal state, and never below "
        r"$\mathcal W_E$.",
        check=states.free_energy_difference,
        shown="work",
    ),
    Equation(
        "note 67",
        r"\hat d_{k\alpha}\to\hat d_{k\alpha}^\dagger",
        Kind.ERROR,
        r"\hat d_{k\alpha}\to-\hat d_{k\alpha}^\dagger",
        r"Else $\hat H_T$ changes its sign. Beside what the note names it takes $\epsilon=0$, "
        r"equal $\delta$, $\Gamma$ and $T$, and $k\to\bar k$ with "
        r"$\Omega_{\bar kR}=-\Omega_{kL}$.",
        finite_dot.particle_hole_exchange,
        in_favour=r"The sign is a gauge, $\hat d_{k\alpha}\to-\hat d_{k\alpha}$, which no "
        "observable sees; all the rest is so for the parameters considered.",
        depends="none",
    ),
)
