"""Controls over precomputed pictures: they move in JupyterLab and, without a kernel, in a page."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from qemlib import _checks
from qemlib._extras import extra

with extra("plot", "sliders"):
    import ipywidgets
    import matplotlib.pyplot as plt
    from matplotlib.backend_bases import FigureCanvasBase
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from PIL import Image

__all__ = ["frame_slider", "picture"]

_CSS_PIXELS_PER_INCH = 96
# Of zlib.  The next and last level takes three times as long for files that are 3 % smaller.
_COMPRESS = 8


def frame_slider(
    figures: Sequence[Figure] | Callable[[float], Figure],
    values: ArrayLike,
    label: str,
    unit: str | None = None,
    *,
    alt: str | Callable[[float], str],
    start: float | None = None,
    dpi: float = 150,
    colors: int = 256,
) -> ipywidgets.VBox:
    """Show one of several figures, chosen with a slider.

    All frames are drawn at once and kept in the result as palette PNGs, so that the slider moves
    them in a static page too. The figures are closed.

    Parameters
    ----------
    figures : sequence of Figure, or function
        One matplotlib figure for each value, or a function that draws the figure of a value.
        Give all of them one size, or the page jumps as the slider moves.
    values : sequence of float
        What the slider chooses from, in its order.
    label : str
        Name of the value, in plain text: ``"voltage"``.
    unit : str, optional
        Unit of the value, in plain text.
    alt : str or function
        What the pictures show, for those who can't see them. A text is the same for all frames; a
        function gets the value. The value itself is added to it.
    start : float, optional
        The one of `values` that is shown first; the first one unless given.
    dpi : float, optional
        Pixels per inch; 150 is sharp on most high-density screens.
    colors : int, optional
        Colours of each picture's palette, 2 to 256. Fewer make a smaller page.

    Returns
    -------
    ipywidgets.VBox
        The slider above the picture.

    Raises
    ------
    TypeError
        If a figure is none.
    ValueError
        If an argument is not as described; the message names it.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> def draw(voltage):
    ...     fig, ax = plt.subplots()
    ...     ax.plot([0, voltage])
    ...     return fig
    >>> box = frame_slider(draw, [0, 6, 12], "voltage", "ω", alt="A straight line")
    >>> box.children[0].options
    ('0 ω', '6 ω', '12 ω')
    """
    values = _checks.finite_array("values", values, ndim=1)
    if len(values) == 0:
        raise ValueError("values must hold at least one number, got none")
    if not callable(figures) and len(figures) != len(values):
        raise ValueError(f"figures must be as many as values ({len(values)}), got {len(figures)}")
    for name, text in [("label", label), ("alt", "…" if callable(alt) else alt)]:
        if not (isinstance(text, str) and text.strip()):
            raise ValueError(f"{name} must be a text that is not empty, got {text!r}")
    if start is not None and start not in values:
        raise ValueError(f"start must be one of values, got {start!r}")
    dpi = _checks.positive("dpi", dpi)
    if not (isinstance(colors, (int, np.integer)) and 2 <= colors <= 256):
        raise ValueError(f"colors must be a whole number from 2 to 256, got {colors!r}")

    texts = [f"{value:g} {unit}" if unit else f"{value:g}" for value in values]
    if len(set(texts)) < len(texts):
        raise ValueError("values must differ in their first six digits, which the slider shows")
    frames = []
    for index, (value, text) in enumerate(zip(values, texts, strict=True)):
        figure = figures(value) if callable(figures) else figures[index]
        if not isinstance(figure, Figure):
            raise TypeError(f"figures must be matplotlib figures, got {figure!r}")
        description = alt(value) if callable(alt) else alt
        described = picture(figure, f"{description} ({label} = {text})", dpi, colors)
        frames.append(ipywidgets.HTML(described))
        plt.close(figure)

    slider = ipywidgets.SelectionSlider(
        options=texts,
        index=0 if start is None else int(np.flatnonzero(values == start)[0]),
        description=label,
        style={"description_width": "initial"},
        layout={"width": "auto", "max_width": "40rem"},
    )
    stack = ipywidgets.Stack(frames, selected_index=slider.index)
    ipywidgets.jslink((slider, "index"), (stack, "selected_index"))
    return ipywidgets.VBox([slider, stack])


def picture(figure: Figure, alt: str, dpi: float = 150, colors: int = 256) -> str:
    """The figure as an HTML image that holds its own data.

    Parameters
    ----------
    figure : Figure
    alt : str
        What it shows, for those who can't see it.
    dpi : float
        Pixels per inch.
    colors : int
        Colours of its palette, 2 to 256.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> figure, _ = plt.subplots()
    >>> picture(figure, alt="Empty axes").split(" style")[0]
    '<img alt="Empty axes"'
    >>> plt.close(figure)
    """
    width = figure.get_figwidth() * _CSS_PIXELS_PER_INCH
    data = base64.b64encode(_palette_png(figure, dpi, colors)).decode("ascii")
    return (
        f'<img alt="{html.escape(alt)}" style="width: {width:.0f}px; max-width: 100%; height: auto"'
        f' src="data:image/png;base64,{data}">'
    )


def _palette_png(figure: Figure, dpi: float, colors: int) -> bytes:
    """Draw the figure as a PNG with a palette: a quarter of the size of one without."""
    image, packed = Image.fromarray(_drawn(figure, dpi)), io.BytesIO()
    # Pillow's palettes with alpha have coarser colours: only for figures that are transparent.
    opaque = image.getchannel("A").getextrema() == (255, 255)
    palette = (image.convert("RGB") if opaque else image).quantize(colors, dither=Image.Dither.NONE)
    palette.save(packed, format="png", compress_level=_COMPRESS)
    return packed.getvalue()


def _drawn(figure: Figure, dpi: float) -> np.ndarray:
    """Its pixels, in red, green, blue and alpha.

    As savefig has them, which draws a figure with a layout twice: once for the layout alone.
    """
    before = figure.canvas, figure.dpi, figure.get_facecolor()
    # A canvas that the figure keeps knows the sizes of its texts the next time.
    canvas = before[0] if type(before[0]) is FigureCanvasAgg else FigureCanvasAgg(figure)
    facecolor = plt.rcParams["savefig.facecolor"]
    try:
        if facecolor != "auto":
            figure.set_facecolor(facecolor)
        figure.dpi = dpi
        canvas.draw()
        return np.array(canvas.buffer_rgba())
    finally:
        canvas_before, figure.dpi, facecolor_before = before
        figure.set_facecolor(facecolor_before)
        if type(canvas_before) is not FigureCanvasBase:  # which shows nothing
            figure.set_canvas(canvas_before)
