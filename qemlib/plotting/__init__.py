"""What people look at (the extra `plot`).

- The book's figures, from here: axes in, axes out.
- `panels`: the panels of one state; `sliders` and `explorer`: what moves on a page.
- `figure_data`: what is behind a figure, as data.
"""

from qemlib.plotting.figures import (
    COLORS,
    coefficient_panels,
    coherence_curve,
    device_schematic,
    fluctuation_ratio,
    use_style,
    voltage_colors,
    wigner_map,
    work_curves,
)

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
