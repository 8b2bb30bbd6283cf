"""Leads for QuTiP's hierarchy, with a dot of the user's own in the place of this one's."""

from __future__ import annotations

import re
from typing import Any

from qemlib import _checks
from qemlib._extras import extra
from qemlib.devices.device import Lead
from qemlib.heom.exponentials import Exponentials, lorentzian_exponentials

__all__ = ["qutip_environment"]

_OLDEST = (5, 3, 1)  # before, `final_ado_state` was wrong


def qutip_environment(lead: Lead | Exponentials, pade_terms: int = 4, tag: Any = None) -> Any:
    """A lead as an environment for `qutip.solver.heom.HEOMSolver`.

    Parameters
    ----------
    lead : Lead or Exponentials
        A Lorentzian lead, or the exponentials of any.
    pade_terms : int
        Padé terms of a Lorentzian lead.
    tag : object, optional
        By which QuTiP finds its auxiliary operators.

    Returns
    -------
    object
        An environment of exponentials for fermions, of QuTiP's kind, to be handed to it with the
        operator c of the electron that tunnels.

    Raises
    ------
    TypeError
        If `lead` is neither.
    ValueError
        If the lead is not Lorentzian: fit it first, with `fit_exponentials`.
    ModuleNotFoundError
        If QuTiP is missing.
    ImportError
        If it is older than 5.3.1.

    Examples
    --------
    The paper's dot, by QuTiP:

    >>> import qutip
    >>> from qutip.solver.heom import HEOMSolver
    >>> import qemlib as qem
    >>> c = qutip.destroy(2)
    >>> baths = [(qutip_environment(lead, 2), c) for lead in qem.paper_device(voltage=6.0).leads]
    >>> rho, _ = HEOMSolver(0.0 * c.dag() * c, baths, max_depth=2).steady_state()
    >>> round(qutip.expect(c.dag() * c, rho), 6)
    0.5
    """
    if not isinstance(lead, Exponentials):
        lead = lorentzian_exponentials(_checks.kind("lead", lead, Lead), pade_terms)
    oldest = ".".join(map(str, _OLDEST))
    with extra("quantum", f"leads for QuTiP {oldest} or newer"):
        import qutip
    version = tuple(int(part) for part in re.findall(r"\d+", qutip.__version__)[:3])
    if version < _OLDEST:
        raise ImportError(
            f"qutip_environment needs QuTiP {oldest} or newer, which is {qutip.__version__}: "
            f"pip install 'qutip>={oldest}'"
        )
    return qutip.ExponentialFermionicEnvironment(
        lead.weights_plus, lead.rates, lead.weights_minus, lead.rates.conj(), tag=tag
    )
