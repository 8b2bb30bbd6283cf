"""What is drawn is what is written, to the last bit, and can be drawn again."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from make_references import CHAPTERS, code_cells

from qemlib import paper_device
from qemlib.plotting.figure_data import figure_data, record, write

X = np.linspace(0.0, 3.0, 7)


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def everything():
    """A figure with each kind of data, and decoration."""
    figure, (left, right) = plt.subplots(1, 2)
    left.plot(X, X**2, label="a curve")
    left.plot(X, np.where(X > 1, X, np.nan), "o", label="dots")
    left.errorbar(X, 2 * X, yerr=0.1 + 0 * X, fmt=".", label="sampled")
    left.fill_between(X, X, X + 1)
    left.scatter([1.0, 2.0], [0.5, 0.25])
    left.axvline(1.0)
    left.text(1, 1, "no data")
    left.set(xlabel="voltage V  [energy]", ylabel="work  [energy]")
    left.legend()
    image = right.pcolormesh(X, X[:4], np.outer(X[:4], X), shading="nearest")
    figure.colorbar(image, label="W  [1/action]")
    right.set(xlabel="position", ylabel="momentum", title="V = 6")
    return figure


def test_each_kind_is_found_with_its_values_and_units():
    data = figure_data(everything(), name="fig-all")
    assert data.attrs == {"name": "fig-all", "panels": 2}
    curve = data["panel0_line0"]
    assert np.array_equal(curve.values, X**2)
    assert np.array_equal(data["panel0_line0_x"].values, X)
    assert (curve.attrs["label"], curve.attrs["units"]) == ("a curve", "energy")
    assert data["panel0_line0_x"].attrs == {"long_name": "voltage V", "units": "energy"}
    kinds = [v.attrs["kind"] for v in data.data_vars.values()]
    assert sorted(kinds) == ["band", "error", "line", "map", "points", "points", "points"]
    assert data["panel0_error0"].values == pytest.approx(0.1)
    assert data["panel0_points2"].values.tolist() == [0.5, 0.25]
    chart = data["panel1_map0"]
    assert chart.values == pytest.approx(np.outer(X[:4], X))
    assert data["panel1_map0_x"].values == pytest.approx(X)
    assert (chart.attrs["units"], chart.attrs["panel_title"]) == ("1/action", "V = 6")


@pytest.mark.parametrize("lying", [False, True])
def test_bars_have_places_and_lengths(lying):
    figure, ax = plt.subplots()
    (ax.barh if lying else ax.bar)([0, 1, 2], [3.0, -1.0, 0.5])
    data = figure_data(figure)
    place, length = data["panel0_bars0_x"].values, data["panel0_bars0"].values
    if lying:
        place, length = length, place
    assert place.tolist() == [0.0, 1.0, 2.0]
    assert length.tolist() == [3.0, -1.0, 0.5]


def test_an_image_is_a_map():
    figure, ax = plt.subplots()
    ax.imshow(np.arange(6.0).reshape(2, 3))
    data = figure_data(figure)
    assert data["panel0_map0"].values.tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
    assert data["panel0_map0_y"].values.tolist() == [0.0, 1.0]


def test_files_hold_the_same_numbers_and_are_the_same_every_time(tmp_path):
    first = write(figure_data(everything(), code="a = 1\nb = 2"), tmp_path / "one")
    plt.close("all")
    second = write(figure_data(everything(), code="a = 1\nb = 2"), tmp_path / "two")
    assert [p.suffix for p in first] == [".nc", ".csv"]
    for one, two in zip(first, second, strict=True):
        assert one.read_bytes() == two.read_bytes()
    with xr.open_dataset(first[0], engine="scipy") as stored:
        stored = stored.load()
    data = figure_data(everything())
    for name, series in data.data_vars.items():
        np.testing.assert_array_equal(stored[name].values, series.values)
        assert stored[name].attrs == series.attrs
    rows = [r.split(",") for r in first[1].read_text().splitlines() if not r.startswith("#")]
    assert rows[0] == ["series", "x", "y", "value"]
    curve = [(float(x), float(y)) for name, x, y, _ in rows[1:] if name == "panel0_line0"]
    assert curve == list(zip(X, X**2, strict=True))
    chart = [float(v) for name, _, _, v in rows[1:] if name == "panel1_map0"]
    assert np.array_equal(chart, data["panel1_map0"].values.ravel())


def test_a_record_says_where_it_comes_from(tmp_path):
    everything()
    attributes = {"name": "fig-x", "seed": "seed=3"}
    record("fig-x", str(tmp_path), attributes, {"device": paper_device(6.0), "other": 3})
    with xr.open_dataset(tmp_path / "fig-x.nc", engine="scipy") as data:
        assert data.attrs["seed"] == "seed=3"
        assert data.attrs["devices_of_the_chapter"] == f"device = {paper_device(6.0)!r}"
        assert "numpy" in data.attrs["versions"]
        assert data.attrs["parameters_as_printed"] == repr(paper_device())


def test_what_shows_no_data_is_refused(tmp_path):
    with pytest.raises(ValueError, match="fig-x must be drawn with matplotlib"):
        record("fig-x", str(tmp_path), {}, {})
    plt.subplots()
    with pytest.raises(ValueError, match="figure must show data, got none"):
        record("fig-x", str(tmp_path), {}, {})


def test_a_bent_mesh_is_refused():
    figure, ax = plt.subplots()
    x, y = np.meshgrid(X, X)
    ax.pcolormesh(x + 0.3 * y, y, x[:-1, :-1])
    with pytest.raises(ValueError, match="mesh of its map must be a grid"):
        figure_data(figure)


def test_the_book_draws_a_file_again_in_few_lines(tmp_path):
    """The cell that the chapter shows, on a file with every kind of data."""
    cells = [source for source, _ in code_cells(CHAPTERS / "reproduction.md")]
    redraw = next(source for source in cells if source.startswith("def redraw(data):"))
    assert len(redraw.splitlines()) <= 10
    namespace = {"plt": plt}
    exec(redraw, namespace)
    netcdf, _ = write(figure_data(everything()), tmp_path / "all")
    with xr.open_dataset(netcdf, engine="scipy") as data:
        again = figure_data(namespace["redraw"](data))
        assert any(np.array_equal(line.values, X**2) for line in again.data_vars.values())
        assert np.array_equal(again["panel1_map0"].values, data["panel1_map0"].values)
