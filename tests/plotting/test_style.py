"""The look of the figures: readable on white, by every kind of eye, on every kind of screen."""

import base64
import io
from itertools import combinations

import matplotlib as mpl
import nbformat
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from nbclient import NotebookClient
from PIL import Image

from qemlib import plotting

# What eyes without one kind of cones see, as maps of linear RGB (Machado, Oliveira and
# Fernandes 2009, IEEE Trans. Vis. Comput. Graph. 15, 1291, severity 1).
EYES = {
    "all cones": np.eye(3),
    "no long": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "no medium": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "no short": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
# From linear RGB to CIE XYZ, in units of white.
XYZ = np.array(
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
) / np.array([[0.9505], [1.0], [1.0890]])


def linear(color):
    rgb = np.array(to_rgb(color))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def contrast_with_white(color):
    """Ratio of luminances as in the Web Content Accessibility Guidelines."""
    return 1.05 / (XYZ[1] @ linear(color) + 0.05)


def lab(color, eyes):
    x, y, z = np.cbrt(np.clip(XYZ @ eyes @ linear(color), 0.008856, None))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def colors_of_lines():
    with mpl.rc_context():
        plotting.use_style()
        return mpl.rcParams["axes.prop_cycle"].by_key()["color"]


def test_lines_and_small_letters_stand_out_from_white():
    assert contrast_with_white("black") == pytest.approx(21.0)
    assert min(map(contrast_with_white, colors_of_lines())) > 3.0
    assert contrast_with_white(plotting.COLORS["grey"]) > 4.5


@pytest.mark.parametrize("eyes", EYES.values(), ids=EYES)
def test_neighbouring_lines_are_told_apart(eyes):
    np.testing.assert_allclose(eyes.sum(axis=1), 1.0, atol=1e-5)
    seen = [lab(color, eyes) for color in colors_of_lines()]
    # Differences from 2.3 are noticed side by side; curves lie apart.
    assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) > 15.0


@pytest.mark.parametrize("eyes", EYES.values(), ids=EYES)
def test_ordered_curves_grow_lighter(eyes):
    lightness = [lab(color, eyes)[0] for color in plotting.voltage_colors(range(6))]
    assert (np.diff(lightness) > 5.0).all()


def test_notebooks_draw_two_pixels_for_one(monkeypatch):
    monkeypatch.delenv("MPLBACKEND", raising=False)
    source = """
import matplotlib.pyplot as plt
from qemlib import plotting
plotting.use_style()
figure, ax = plt.subplots(figsize=(5, 3))
"""
    cell = nbformat.v4.new_code_cell(source)
    notebook = nbformat.v4.new_notebook(
        cells=[cell],
        metadata={"kernelspec": {"name": "python3", "display_name": "", "language": "python"}},
    )
    (output,) = (
        NotebookClient(notebook, timeout=600, startup_timeout=600).execute().cells[0].outputs
    )
    with Image.open(io.BytesIO(base64.b64decode(output["data"]["image/png"]))) as picture:
        pixels = np.array(picture.size)
        assert picture.info["dpi"] == pytest.approx((192, 192), abs=0.1)
    shown = output["metadata"]["image/png"]
    np.testing.assert_array_equal(pixels // 2, [shown["width"], shown["height"]])
    # Five inches, less what the tight box cuts off.
    assert 440 < shown["width"] <= 500
