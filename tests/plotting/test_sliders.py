"""Sliders on a page: what they show, what they keep, and what they refuse."""

import base64
import io
import re

import ipywidgets.embed
import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from qemlib.plotting.sliders import frame_slider


def draw(value):
    fig, ax = plt.subplots(figsize=(4, 3))
    ax.plot([0, 1], [0, value])
    return fig


def pictures(box):
    for frame in box.children[1].children:
        data = re.search(r'src="data:image/png;base64,([^"]+)"', frame.value)[1]
        yield Image.open(io.BytesIO(base64.b64decode(data)))


@pytest.fixture
def box():
    return frame_slider(draw, [0.0, 6.0, 12.5], "voltage", "ω", alt="A line")


def test_the_value_is_in_the_options_and_in_the_alt_texts(box):
    slider, stack = box.children
    assert slider.options == ("0 ω", "6 ω", "12.5 ω")
    assert [re.search('alt="([^"]+)"', frame.value)[1] for frame in stack.children] == [
        "A line (voltage = 0 ω)",
        "A line (voltage = 6 ω)",
        "A line (voltage = 12.5 ω)",
    ]


def test_the_slider_is_linked_to_the_frames_in_the_browser(box):
    slider, stack = box.children
    state = ipywidgets.embed.embed_data(views=[box])["manager_state"]["state"].values()
    links = [model["state"] for model in state if model["model_name"] == "LinkModel"]
    ends = (
        [f"IPY_MODEL_{slider.model_id}", "index"],
        [f"IPY_MODEL_{stack.model_id}", "selected_index"],
    )
    assert ends in [(link["source"], link["target"]) for link in links]


def test_frames_are_palette_pictures_of_the_asked_resolution(box):
    for picture in pictures(box):
        assert picture.mode == "P"
        assert picture.size == (600, 450)


def test_frames_differ(box):
    first, second, _ = (np.asarray(picture.convert("RGB")) for picture in pictures(box))
    assert (first != second).any()


def test_colours_survive_the_palette():
    fig, ax = plt.subplots()
    ax.imshow(np.linspace(0, 1, 256)[None, :], aspect="auto", cmap="viridis")
    drawn = io.BytesIO()
    fig.savefig(drawn, dpi=150)
    (picture,) = pictures(frame_slider([fig], [0.0], "x", alt="A ramp"))
    exact = np.asarray(Image.open(drawn).convert("RGB"), dtype=float)
    error = np.abs(np.asarray(picture.convert("RGB"), dtype=float) - exact)
    # Single pixels at the edges of letters may be further off.
    assert error.mean() < 1
    assert np.quantile(error, 0.99) < 8


def test_figures_are_closed_and_may_be_a_list():
    before = plt.get_fignums()
    box = frame_slider([draw(0), draw(1)], [0, 1], "x", alt=lambda v: f"Slope {v:g}")
    assert plt.get_fignums() == before
    assert "Slope 1 (x = 1)" in box.children[1].children[1].value


def test_alt_texts_are_escaped():
    box = frame_slider(draw, [1], "x", alt='A "line" <b>')
    assert 'alt="A &quot;line&quot; &lt;b&gt; (x = 1)"' in box.children[1].children[0].value


def test_start_is_shown_first():
    slider, stack = frame_slider(draw, [0, 6, 12], "x", alt="A line", start=6).children
    assert slider.index == stack.selected_index == 1


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"values": []}, "values must hold at least one number"),
        ({"values": [0, np.nan]}, "values must hold finite numbers"),
        ({"values": [[0, 1]]}, "values must be an array with 1 axis"),
        ({"values": [1, 1]}, "values must differ"),
        ({"figures": []}, r"figures must be as many as values \(2\), got 0"),
        ({"label": " "}, "label must be a text"),
        ({"alt": ""}, "alt must be a text"),
        ({"start": 7}, "start must be one of values, got 7"),
        ({"dpi": 0}, "dpi must be finite and greater than 0"),
        ({"colors": 257}, "colors must be a whole number from 2 to 256, got 257"),
    ],
)
def test_bad_arguments_are_named(changed, named):
    arguments = {"figures": draw, "values": [0, 1], "label": "x", "alt": "A line"} | changed
    with pytest.raises(ValueError, match=named):
        frame_slider(**arguments)
    plt.close("all")


def test_what_is_no_figure_is_of_the_wrong_type():
    with pytest.raises(TypeError, match="figures must be matplotlib figures, got 'picture'"):
        frame_slider(lambda value: "picture", [0], "x", alt="A line")
