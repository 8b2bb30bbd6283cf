"""The book's figures: axes in, axes out.

Colours are Okabe and Ito's, which survive colour blindness; ordered families of curves take theirs
from viridis.  Backgrounds are white and opaque, so that a figure reads the same on a dark page.
Two pixels are drawn for each of a plain screen, so that it is sharp on a dense one.
"""

from __future__ import annotations

from collections.abc import Sequence, Sized
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from qemlib._extras import extra
from qemlib.devices.device import Device
from qemlib.electrons.coefficients import ElectronCoefficients

with extra("plot", "figures"):
    import matplotlib as mpl
    import matplotlib.pyplot as plt
    from cycler import cycler
    from IPython import get_ipython
    from matplotlib.axes import Axes
    from matplotlib_inline.config import InlineBackend

__all__ = [
    "COLORS",
    "coefficient_panels",
    "coherence_curve",
    "device_schematic",
    "fluctuation_ratio",
    "use_style",
    "voltage_colors",
    "wigner_map",
    "work_curves",
]

COLORS = {
    "blue": "#0072B2",
    "orange": "#E69F00",
    "green": "#009E73",
    "red": "#D55E00",
    "purple": "#CC79A7",
    "sky": "#56B4E9",
    "black": "#000000",
    "grey": "#6b6b6b",
}

_STYLE: Any = {
    "axes.prop_cycle": cycler(color=[COLORS[c] for c in ("blue", "red", "green", "purple")]),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": "medium",
    "figure.constrained_layout.use": True,
    # A figure's inches are the page's, at 96 pixels each.
    "figure.dpi": 96,
    "figure.facecolor": "white",
    "figure.figsize": (6.4, 3.8),
    "font.size": 10,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "mathtext.fontset": "dejavusans",
    "savefig.dpi": 192,
    "savefig.facecolor": "white",
}

_MIDDLE = 0.25  # part of the positions that the inset of the diffusion shows


def use_style() -> None:
    """Set the book's look for all figures that follow; in a notebook, also their resolution.

    Examples
    --------
    >>> with mpl.rc_context():
    ...     use_style()
    ...     mpl.rcParams["lines.linewidth"]
    1.6
    """
    mpl.rcParams.update(_STYLE)
    shell = get_ipython()
    if shell is not None:
        # Twice the pixels, shown at the size that the figure has in inches.
        InlineBackend.instance(parent=shell).figure_formats = {"retina"}


def voltage_colors(voltages: Sized) -> list[tuple[float, ...]]:
    """One colour from viridis per voltage, from dark for the first to light for the last.

    Examples
    --------
    >>> len(voltage_colors([0.0, 6.0, 12.0]))
    3
    """
    return [mpl.colormaps["viridis"](f) for f in np.linspace(0.0, 0.88, len(voltages))]


def coefficient_panels(
    coefficients: dict[float, ElectronCoefficients], x0: float, axes: Sequence[Axes] | None = None
) -> Sequence[Axes]:
    """Occupation, diffusion and damping over position, a curve a voltage (the paper's Fig. 5).

    The inset of the second panel enlarges its middle, where the order of the curves is another.

    Parameters
    ----------
    coefficients : dict of float to ElectronCoefficients
        Voltage to what `electron_coefficients` returned.
    x0 : float
        Length scale of the axis.
    axes : sequence of three Axes, optional

    Returns
    -------
    sequence of three Axes

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import numpy as np
    >>> from qemlib import electron_coefficients, paper_device
    >>> x = np.linspace(-10.0, 10.0, 5)
    >>> coefficients = {v: electron_coefficients(paper_device(v), x) for v in (0.0, 12.0)}
    >>> axes = coefficient_panels(coefficients, paper_device().oscillator.x0)
    >>> [line.get_label() for line in axes[0].get_lines()]
    ['V = 0', 'V = 12']
    >>> plt.close(axes[0].figure)
    """
    if axes is None:
        _, axes = plt.subplots(1, 3, figsize=(9.2, 3.2))
    panels = (
        ("occupation", 1.0, r"occupation $\langle c^\dagger c\rangle_x$"),
        ("diffusion", 1e3, r"diffusion $D(x)\times 10^{3}$  [force$^2$ time]"),
        ("damping", 1e4, r"damping $\gamma(x)\times 10^{4}$  [energy]"),
    )
    for ax, letter, (name, scale, label) in zip(axes, "abc", panels, strict=True):
        colors = voltage_colors(coefficients)
        for color, (voltage, at) in zip(colors, coefficients.items(), strict=True):
            ax.plot(at.x / x0, scale * getattr(at, name), color=color, label=f"V = {voltage:g}")
        ax.set(xlabel=r"position $x/x_0$", ylabel=label)
        ax.set_title(f"({letter})", loc="left")
    axes[2].axhline(0.0, color=COLORS["grey"], linewidth=0.8, zorder=0)
    inset = axes[1].inset_axes((0.36, 0.56, 0.36, 0.4))
    for color, at in zip(voltage_colors(coefficients), coefficients.values(), strict=True):
        inner = np.abs(at.x) <= _MIDDLE * np.abs(at.x).max()
        inset.plot(at.x[inner] / x0, 1e3 * at.diffusion[inner], color=color)
    inset.tick_params(labelsize="x-small")
    # Between the walls of the damping there is room, in the first panel there is none.
    axes[2].legend(fontsize="small", handlelength=1.2, loc="upper center")
    return axes


def fluctuation_ratio(
    coefficients: dict[float, ElectronCoefficients],
    mass: float,
    temperature: float,
    x0: float,
    ax: Axes | None = None,
) -> Axes:
    """D/(2mTγ) over position, a curve a voltage (the paper's Fig. 6); broken where γ changes sign.

    Examples
    --------
    In equilibrium the fluctuation-dissipation theorem makes it one at every position:

    >>> import matplotlib.pyplot as plt
    >>> import numpy as np
    >>> from qemlib import electron_coefficients, paper_device
    >>> x = np.linspace(-10.0, 10.0, 5)
    >>> coefficients = {v: electron_coefficients(paper_device(v), x) for v in (0.0, 12.0)}
    >>> ax = fluctuation_ratio(coefficients, 1.0, 2.0, paper_device().oscillator.x0)
    >>> ax.get_lines()[0].get_ydata().round(6)
    array([1., 1., 1., 1., 1.])
    >>> plt.close(ax.figure)
    """
    if ax is None:
        _, ax = plt.subplots()
    colors = voltage_colors(coefficients)
    for color, (voltage, at) in zip(colors, coefficients.items(), strict=True):
        ratio = at.diffusion / (2.0 * mass * temperature * at.damping)
        # A pole lies between neighbours of opposite sign: do not draw a line through it.
        ratio[1:][np.sign(ratio[1:]) != np.sign(ratio[:-1])] = np.nan
        ax.plot(at.x / x0, ratio, color=color, label=f"V = {voltage:g}")
    ax.axhline(1.0, color=COLORS["grey"], linewidth=0.8, zorder=0)
    ax.set(xlabel=r"position $x/x_0$", ylabel=r"$D(x)\,/\,2mT\gamma(x)$")
    ax.legend(fontsize="small")
    return ax


def wigner_map(
    x: ArrayLike,
    p: ArrayLike,
    density: ArrayLike,
    ax: Axes | None = None,
    peak: float | None = None,
) -> Axes:
    """W over phase space (the paper's Fig. 2).

    Parameters
    ----------
    x, p : ndarray, shapes (n,) and (m,)
        Positions in units of x0 and momenta in units of p0: centres, or edges of a histogram.
    density : ndarray, shape (n, m), or (n − 1, m − 1) for edges
        W(α), first axis x.
    peak : float, optional
        Top of the colour scale; the largest value by default.

    Examples
    --------
    The vacuum:

    >>> import matplotlib.pyplot as plt
    >>> import numpy as np
    >>> axis = np.linspace(-2.0, 2.0, 21)
    >>> ax = wigner_map(axis, axis, 2 / np.pi * np.exp(-2 * (axis[:, None] ** 2 + axis**2)))
    >>> round(float(ax.collections[0].get_array().max()), 6)
    0.63662
    >>> plt.close(ax.figure)
    """
    if ax is None:
        _, ax = plt.subplots(figsize=(4.4, 3.8))
    image = ax.pcolormesh(
        x, p, np.transpose(density), cmap="viridis", vmin=0.0, vmax=peak, rasterized=True
    )
    ax.set(xlabel=r"position $x/x_0$", ylabel=r"momentum $p/p_0$", aspect="equal")
    ax.figure.colorbar(image, ax=ax, label=r"$W(\alpha)$", fraction=0.046, pad=0.04)
    return ax


def coherence_curve(
    voltage: ArrayLike, g2: ArrayLike, ax: Axes | None = None, **style: Any
) -> Axes:
    """g⁽²⁾(0) over voltage, with its thermal and coherent values (the paper's Fig. 3).

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> ax = coherence_curve([0.0, 12.0], [2.0, 1.2])
    >>> [text.get_text() for text in ax.texts]
    ['thermal', 'coherent']
    >>> plt.close(ax.figure)
    """
    if ax is None:
        _, ax = plt.subplots()
    ax.plot(voltage, g2, **({"color": COLORS["blue"], "label": "exact"} | style))
    right = float(np.max(voltage))
    for value, name in ((2.0, "thermal"), (1.0, "coherent")):
        ax.axhline(value, color=COLORS["grey"], linewidth=0.8, linestyle=":", zorder=0)
        ax.text(right, value + 0.015, name, ha="right", va="bottom", color=COLORS["grey"])
    ax.set(xlabel="voltage V  [energy]", ylabel=r"$g^{(2)}(0)$", ylim=(0.95, 2.12))
    return ax


def work_curves(results: Any, threshold: float, ax: Axes | None = None) -> tuple[Axes, Axes]:
    """Both works (left axis) and the entropy (right axis) over voltage (the paper's Fig. 4).

    Parameters
    ----------
    results : xarray.Dataset
        From `sweep` over "voltage".
    threshold : float
        Voltage of the vertical line.

    Returns
    -------
    tuple of Axes
        Left and right axes.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import xarray as xr
    >>> curves = {"ergotropy": [0.0, 0.1], "free_energy_work": [0.0, 0.3], "entropy": [3.0, 4.0]}
    >>> data = xr.Dataset({k: ("voltage", v) for k, v in curves.items()}, {"voltage": [0.0, 12.0]})
    >>> left, right = work_curves(data, threshold=8.5)
    >>> left.get_ylabel(), right.get_ylabel()
    ('work  [energy]', 'entropy  [nat]')
    >>> plt.close(left.figure)
    """
    if ax is None:
        _, ax = plt.subplots()
    voltage = results["voltage"].values
    ax.plot(voltage, results["ergotropy"], color=COLORS["red"], label=r"incoherent ergotropy $W_E$")
    ax.plot(
        voltage,
        results["free_energy_work"],
        color=COLORS["red"],
        linestyle="--",
        label=r"free-energy work $W_F$",
    )
    ax.axvline(threshold, color=COLORS["grey"], linestyle="-.", linewidth=1.0)
    ax.text(threshold, 0.98, r" $\gamma(0)=0$", transform=ax.get_xaxis_transform(), va="top")
    ax.set(xlabel="voltage V  [energy]", ylabel="work  [energy]")
    ax.locator_params(axis="x", steps=[1, 2, 5, 10])
    right = ax.twinx()
    right.spines["right"].set_visible(True)
    right.plot(voltage, results["entropy"], color=COLORS["blue"], label="entropy S")
    right.set_ylabel("entropy  [nat]", color=COLORS["blue"])
    right.tick_params(axis="y", colors=COLORS["blue"])
    handles = ax.get_lines()[:2] + right.get_lines()
    ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(0.0, 0.88), fontsize="small")
    return ax, right


def device_schematic(device: Device, ax: Axes | None = None) -> Axes:
    """The device (the paper's Fig. 1), drawn from its own parameters.

    Energies run upwards.  Each lead shows how its states are filled and how strongly each couples
    to the dot; the charge on the dot's level pulls at the oscillator, which is drawn below the
    scale of energy and moves sideways.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from qemlib import paper_device
    >>> ax = device_schematic(paper_device(voltage=6.0))
    >>> ax.get_ylabel()
    'energy'
    >>> plt.close(ax.figure)
    """
    if ax is None:
        _, ax = plt.subplots(figsize=(7.2, 4.6))
    # Beyond all levels, by what the narrower band needs to fall.
    levels = [device.level, *(lead.chemical_potential for lead in device.leads)]
    span = 1.3 * max(map(abs, levels)) + 3.0 * min(lead.density.width for lead in device.leads)
    energy = np.linspace(-span, span, 400)
    sides = ((device.left, -1.0, "left lead", "L"), (device.right, 1.0, "right lead", "R"))
    for lead, side, name, index in sides:
        wall = 2.2 * side
        filled = 1.5 * lead.occupation(energy)
        ax.fill_betweenx(energy, wall, wall + side * filled, color=COLORS["sky"], linewidth=0)
        ax.plot(np.full(2, wall), [-span, span], color=COLORS["black"], linewidth=1.2)
        width = lead.density.spectral_density(energy)
        inwards = wall - side * 0.9 * width / width.max()
        ax.plot(inwards, energy, color=COLORS["green"])
        ax.plot([wall, wall + 1.6 * side], np.full(2, lead.chemical_potential), "k--", linewidth=1)
        ax.text(
            wall + 1.8 * side, lead.chemical_potential, rf"$\mu_{index}$", ha="center", va="center"
        )
        ax.text(
            wall + 0.8 * side,
            -1.08 * span,
            f"{name}\n" + rf"$f_{index}(\omega)$",
            ha="center",
            va="top",
        )
        ax.text(
            wall - 0.45 * side,
            1.02 * span,
            rf"$\kappa_{index}(\omega)$",
            ha="center",
            color="#006b4e",
        )
    _draw_energies(ax, device, span)
    _draw_spring(ax, device.level, -1.3 * span)
    ax.set(xlim=(-5.2, 5.2), ylim=(-1.6 * span, 1.2 * span), ylabel="energy", yticks=[], xticks=[])
    for spine in ax.spines.values():
        spine.set_visible(False)
    return ax


def _draw_energies(ax: Axes, device: Device, span: float) -> None:
    """The axis with its zero, the dot's level and the voltage."""
    arrow, grey = {"arrowstyle": "->"}, COLORS["grey"]
    ax.annotate("", (-5.1, span), (-5.1, -span), arrowprops=arrow)
    ax.axhline(0.0, color=grey, linewidth=0.8, linestyle=":", zorder=0)
    ax.text(-4.95, 0.02 * span, "0", color=grey, va="bottom")
    ax.plot([-0.55, 0.55], np.full(2, device.level), color=COLORS["red"], linewidth=4)
    ax.text(0.0, device.level + 0.06 * span, r"$\epsilon-Fx$", ha="center", va="bottom")
    for start, end in ((-1.25, -0.65), (0.65, 1.25)):
        ax.annotate("", (end, device.level), (start, device.level), arrowprops=arrow)
    if device.voltage:
        ends = [lead.chemical_potential for lead in device.leads]
        ax.annotate("", (4.6, ends[0]), (4.6, ends[1]), arrowprops={"arrowstyle": "<->"})
        ax.plot([4.45, 4.75], np.full(2, ends[0]), color=COLORS["black"], linewidth=1)
        ax.plot([4.2, 4.75], np.full(2, ends[1]), color=COLORS["black"], linewidth=1)
        ax.text(4.75, sum(ends) / 2 + 0.02 * span, "$V$", va="bottom")


def _draw_spring(ax: Axes, level: float, height: float) -> None:
    """A ball on a spring, which moves sideways; a line ties it to the level that it shifts."""
    steps = np.linspace(-1.3, -0.2, 17)
    zigzag = 0.06 * height * np.where(np.arange(17) % 2, 1.0, -1.0)
    zigzag[[0, 1, -2, -1]] = 0.0
    ax.plot(np.full(2, -1.3), height * np.array([0.85, 1.15]), color=COLORS["black"], linewidth=2.0)
    ax.plot(steps, height + zigzag, color=COLORS["black"], linewidth=1.0)
    ax.plot([0.0, 0.0], [height, level], color=COLORS["grey"], linewidth=0.8, linestyle="--")
    ax.plot(0.0, height, "o", color=COLORS["orange"], markersize=16)
    ax.annotate("", (1.0, height), (0.25, height), arrowprops={"arrowstyle": "->"})
    ax.text(1.08, height, "$x$", ha="left", va="center")
    ax.text(0.0, 1.12 * height, r"$m,\ \omega_0$", ha="center", va="top")
