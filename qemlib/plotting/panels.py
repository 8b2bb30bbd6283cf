"""One picture of a device and its steady state, which is updated and not drawn anew."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from qemlib import _checks
from qemlib._extras import extra
from qemlib._locked import Locked
from qemlib.devices.device import Device
from qemlib.electrons.coefficients import electron_coefficients
from qemlib.plotting.figures import COLORS
from qemlib.states.contract import State
from qemlib.states.summary import Summary

with extra("plot", "panels"):
    import matplotlib.pyplot as plt
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import PlaceHolderLayoutEngine
    from matplotlib.lines import Line2D

__all__ = ["StateCurves", "StatePanels"]

_POSITIONS = 161  # of the coefficients
_SHOWN = 0.998  # part of all populations
_PIXELS = 121  # of the Wigner function, each way
_ROOM = 1.06  # above the highest point of a curve
_ROUND_OFF = 1e-6  # of a computed W, beside its largest value: what is below zero by less is zero


@dataclass(frozen=True, eq=False)
class StateCurves(Locked):
    """g⁽²⁾(0), ergotropy and free-energy work over voltage, arrays of one shape."""

    voltage: np.ndarray
    g2: np.ndarray
    ergotropy: np.ndarray
    free_energy_work: np.ndarray

    @classmethod
    def of(cls, summaries: Iterable[Summary]) -> StateCurves:
        """From summaries at increasing voltages."""
        names = ("voltage", "g2", "ergotropy", "free_energy_work")
        return cls(*(np.array([getattr(s, name) for s in summaries]) for name in names))


class StatePanels:
    """Six panels: charge, friction and noise, Wigner function, populations, g2 and work.

    Parameters
    ----------
    reach : float, optional
        Half width in |α| of the panels over position and of the map.  By default it follows each
        state; give it where pictures are compared.
    levels : int, optional
        Levels shown; by default those that hold the state.
    limits : dict of str to (float, float), optional
        Limits of the vertical axes of "charge" (e), "damping" (10⁻⁴ energy) and "populations";
        by default they follow each state.
    voltage_label : str
        Label of the voltage axes.
    threshold : float, optional
        Voltage of a vertical line in the panels over voltage.

    Raises
    ------
    ValueError
        If the threshold is not finite.

    Notes
    -----
    `show` updates the one figure that is kept in `figure`.
    """

    def __init__(
        self,
        reach: float | None = None,
        levels: int | None = None,
        limits: dict[str, tuple[float, float]] | None = None,
        voltage_label: str = "V",
        threshold: float | None = None,
    ) -> None:
        self._reach, self._levels, self._limits = reach, levels, limits or {}
        self.figure, axes = plt.subplots(2, 3, figsize=(9.6, 5.8))
        # After each savefig, matplotlib takes no engine at all for "the one of the style".
        self.figure.set_layout_engine(PlaceHolderLayoutEngine(True, True))
        # Margins that do not depend on what is shown: the panels stay in their places.
        self.figure.subplots_adjust(0.075, 0.085, 0.985, 0.975, wspace=0.33, hspace=0.28)
        plt.close(self.figure)  # pyplot need not keep it
        (self._charge, self._damping, self._map), (self._levels_axes, self._g2, self._work) = axes
        self._lines = self._empty_lines(voltage_label)
        if threshold is not None:
            for ax in (self._g2, self._work):
                ax.axvline(
                    _checks.finite("threshold", threshold),
                    color=COLORS["grey"],
                    linewidth=0.8,
                    linestyle="-.",
                    zorder=0,
                )
        self._image = self._map.imshow(
            np.zeros((2, 2)), origin="lower", cmap="viridis", vmin=0.0, interpolation="nearest"
        )
        self._map.set(xlabel=r"position $x/x_0$", ylabel=r"momentum $p/p_0$", aspect="equal")
        self._map.spines[["top", "right"]].set_visible(True)

    def _empty_lines(self, voltage_label: str) -> dict[str, Line2D]:
        def line(
            ax: Axes, color: str, label: str | None = None, style: str = "-", **options: Any
        ) -> Line2D:
            return ax.plot([], [], style, color=COLORS[color], label=label, **options)[0]

        lines = {
            "charge": line(self._charge, "blue"),
            "damping": line(self._damping, "red", r"friction $\gamma$"),
            "noise": line(self._damping, "blue", r"noise $D/2mT$", "--"),
            "populations": line(self._levels_axes, "blue", r"$\rho_{nn}$"),
            "passive": line(self._levels_axes, "orange", "sorted: passive", "--"),
            "g2": line(self._g2, "blue"),
            "g2 here": line(self._g2, "black", style="o", clip_on=False),
            "ergotropy": line(self._work, "red", r"ergotropy $W_E$"),
            "free energy": line(self._work, "purple", r"free energy $W_F$", "--"),
            "ergotropy here": line(self._work, "black", style="o", clip_on=False),
        }
        self._charge.set(
            xlabel=r"position $x/x_0$", ylabel=r"excess charge $\langle n\rangle_x$  [e]"
        )
        self._damping.set(
            xlabel=r"position $x/x_0$", ylabel=r"$\gamma$, $D/2mT$  [$10^{-4}\times$energy]"
        )
        self._levels_axes.set(xlabel="level n", ylabel=r"population $\rho_{nn}$")
        voltage = f"voltage {voltage_label}  [energy]"
        self._g2.set(xlabel=voltage, ylabel=r"coherence $g^{(2)}(0)$")
        self._work.set(xlabel=voltage, ylabel="work of the populations  [energy]")
        for ax in (self._charge, self._damping):
            ax.axhline(0.0, color=COLORS["grey"], linewidth=0.8, zorder=0)
        for ax in (self._damping, self._levels_axes, self._work):
            ax.legend(fontsize="small", handlelength=1.6)
        return lines

    def show(
        self,
        device: Device | None,
        state: State,
        numbers: Summary,
        curves: StateCurves | None = None,
    ) -> Figure:
        """Draw one device and its state; returns the figure.

        Parameters
        ----------
        device : Device or None
            With None, the panels of the electrons are those of the state's own device, or empty if
            it has none.
        state : State
        numbers : Summary
            Of the state.
        curves : StateCurves, optional
            What the marker moves on.
        """
        self._draw_coefficients(device or state.device, state)
        self._draw_map(state)
        self._draw_populations(numbers)
        self._draw_curves(numbers, curves)
        return self.figure

    def _half_width(self, state: State) -> float:
        if self._reach is not None:
            return self._reach
        spread = np.sqrt(state.phonon_number + 0.5)
        # A state of a model tells W on its grid only.
        model = getattr(state, "model", None)
        room = min(-model.x[0], model.x[-1]) / model.x0 if model else np.inf
        return float(np.clip(2.6 * spread, 3.0, room))

    def _draw_coefficients(self, device: Device | None, state: State) -> None:
        reach = self._half_width(state)
        if device is None:
            for name in ("charge", "damping", "noise"):
                self._lines[name].set_data([], [])
            return
        position = np.linspace(-reach, reach, _POSITIONS)
        at = electron_coefficients(device, position * device.oscillator.x0)
        temperature = np.mean([lead.temperature for lead in device.leads])
        osc = device.oscillator  # whose own friction and noise act beside the electrons'
        noise = (at.diffusion + osc.intrinsic_diffusion()) / (2.0 * osc.mass * temperature)
        self._lines["charge"].set_data(position, at.excess_charge)
        self._lines["damping"].set_data(position, 1e4 * (at.damping + osc.intrinsic_damping))
        self._lines["noise"].set_data(position, 1e4 * noise)
        _fit(self._charge, self._limits.get("charge"))
        _fit(self._damping, self._limits.get("damping"))

    def _draw_map(self, state: State) -> None:
        reach = self._half_width(state)
        axis = np.linspace(-reach, reach, _PIXELS)
        scale = state.oscillator
        density = state.wigner(axis * scale.x0, axis[:, None] * scale.p0)
        self._image.set(data=density, extent=(-reach, reach, -reach, reach))
        lowest, highest = density.min(), density.max()
        self._image.set_clim(lowest if lowest < -_ROUND_OFF * highest else 0.0, highest)
        remark = "not a quantum state" if state.violations else ""
        self._image.axes.set_title(remark, color=COLORS["red"], fontsize="small")

    def _draw_populations(self, numbers: Summary) -> None:
        held = int(np.searchsorted(np.cumsum(numbers.populations), _SHOWN)) + 1
        populations = numbers.populations[: self._levels or held]
        n = np.arange(populations.size)
        ordered = np.sort(numbers.populations)[::-1][: populations.size]
        self._lines["populations"].set_data(n, populations)
        self._lines["passive"].set_data(n, ordered)
        top = _ROOM * max(populations.max(), ordered.max())
        _fit(self._levels_axes, self._limits.get("populations", (0.0, top)))

    def _draw_curves(self, numbers: Summary, curves: StateCurves | None) -> None:
        voltage = numbers.voltage
        if curves is not None:
            self._lines["g2"].set_data(curves.voltage, curves.g2)
            self._lines["ergotropy"].set_data(curves.voltage, curves.ergotropy)
            self._lines["free energy"].set_data(curves.voltage, curves.free_energy_work)
        else:
            for name in ("g2", "ergotropy", "free energy"):
                self._lines[name].set_data([], [])
        self._lines["g2 here"].set_data([voltage], [numbers.g2])
        self._lines["ergotropy here"].set_data([voltage], [numbers.ergotropy])
        for ax in (self._g2, self._work):
            _fit(ax)
        self._work.set_ylim(bottom=0.0)


def _fit(ax: Axes, limits: tuple[float, float] | None = None) -> None:
    """Limits that follow the lines, which matplotlib does only for new ones, or the given ones."""
    ax.relim()
    ax.autoscale(enable=True)
    ax.autoscale_view()
    if limits is not None:
        ax.set_ylim(*limits)
