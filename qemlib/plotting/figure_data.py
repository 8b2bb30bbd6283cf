"""What a figure shows, as data: arrays with names, units and origin, in NetCDF and CSV.

The data are taken from the figure itself, so that what is written is what is drawn.
"""

from __future__ import annotations

import csv
import platform
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import scipy
import xarray as xr

from qemlib._extras import extra
from qemlib.devices.device import Device, paper_device

with extra("plot", "figure data"):
    import matplotlib as mpl
    import matplotlib.pyplot as plt
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.collections import (
        Collection,
        FillBetweenPolyCollection,
        PathCollection,
        QuadMesh,
    )
    from matplotlib.container import BarContainer, Container, ErrorbarContainer
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

__all__ = ["figure_data", "record", "versions", "write"]

# Kind, label, x and values of one thing that is drawn; x is a pair for maps.
_Drawn = tuple[str, str, Any, np.ndarray]

_SKEW = 1e-6  # of the width of a map, by which its mesh may miss a grid
_UNITS = re.compile(r"\s*\[(?P<units>[^\]]*)\]\s*$")


def figure_data(figure: Figure, **attributes: str) -> xr.Dataset:
    """The curves, points, bands, bars and maps of a figure as a dataset.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Lines that span the axes, text and legends are decoration and are left out.
    **attributes : str
        Attributes of the dataset.

    Returns
    -------
    xarray.Dataset
        One variable a curve (over its own dimension) or map (y, x), in the order in which they were
        drawn.  Each has the attributes "panel" (axes, from 0), "kind" ("line", "points", "band",
        "bars", "map"), "label", and "long_name" and "units" from the label of the axis.  The
        dataset's attribute "panels" is the number of axes.

    Raises
    ------
    ValueError
        If the figure shows no data, or a map whose mesh is not a grid.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> figure, ax = plt.subplots()
    >>> _ = ax.plot([0.0, 1.0], [2.0, 3.0], label="a line")
    >>> _ = ax.set(xlabel="time", ylabel="length  [metres]")
    >>> data = figure_data(figure)
    >>> data["panel0_line0"].attrs["units"], data["panel0_line0"].values.tolist()
    ('metres', [2.0, 3.0])
    >>> plt.close(figure)
    """
    panels = [ax for ax in figure.axes if ax.get_label() != "<colorbar>"]
    variables: dict[str, xr.Variable] = {}
    for number, ax in enumerate(panels):
        counted: dict[str, int] = {}
        for kind, label, x, values in _series(ax):
            index = counted.get(kind, 0)
            counted[kind] = index + 1
            _add(variables, f"panel{number}_{kind}{index}", number, ax, kind, label, x, values)
    if not variables:
        raise ValueError("figure must show data, got none")
    coordinates = {name: v for name, v in variables.items() if v.dims == (name,)}
    data = {name: v for name, v in variables.items() if name not in coordinates}
    return xr.Dataset(data, coordinates, attributes | {"panels": len(panels)})


def versions() -> str:
    """Versions of what computes and draws.

    Examples
    --------
    >>> [entry.split()[0] for entry in versions().split(", ")]
    ['qemlib', 'python', 'numpy', 'scipy', 'xarray', 'matplotlib']
    """
    from qemlib import __version__

    names = {"qemlib": __version__, "python": platform.python_version()}
    names |= {module.__name__: module.__version__ for module in (np, scipy, xr, mpl)}
    return ", ".join(f"{name} {version}" for name, version in names.items())


def write(data: xr.Dataset, stem: Path) -> list[Path]:
    """Write a dataset of `figure_data` as NetCDF and as CSV; the same data give the same bytes.

    Parameters
    ----------
    data : xarray.Dataset
    stem : Path
        Path without a suffix.

    Returns
    -------
    list of Path
        The files.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import matplotlib.pyplot as plt
    >>> figure, ax = plt.subplots()
    >>> _ = ax.plot([0.0, 1.0], [2.0, 3.0], label="a line")
    >>> _ = ax.set(xlabel="time", ylabel="length  [metres]")
    >>> data = figure_data(figure)
    >>> with TemporaryDirectory() as folder:
    ...     table = write(data, Path(folder) / "line")[1].read_text(encoding="utf-8")
    >>> table.splitlines()[-2:]
    ['panel0_line0,0.0,2.0,', 'panel0_line0,1.0,3.0,']
    >>> plt.close(figure)
    """
    netcdf, table = stem.with_name(stem.name + ".nc"), stem.with_name(stem.name + ".csv")
    data.to_netcdf(netcdf, engine="scipy")
    with table.open("w", encoding="utf-8", newline="") as file:
        for name, value in data.attrs.items():
            for line in str(value).splitlines():
                file.write(f"# {name}: {line}\n")
        for name, series in data.data_vars.items():
            file.write(f"# {name}: " + ", ".join(f"{k} {v}" for k, v in series.attrs.items()))
            file.write("\n")
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["series", "x", "y", "value"])
        for name, series in data.data_vars.items():
            writer.writerows(_rows(str(name), series))
    return [netcdf, table]


def record(name: str, folder: str, attributes: dict[str, str], namespace: dict) -> None:
    """Write the data of the figures that are open, as `name`, `name-2`, and so on.

    Parameters
    ----------
    name, folder : str
        Where to write.
    attributes : dict of str to str
        Attributes of the datasets.  The paper's parameters, the devices in `namespace` and the
        versions of what computes are added.
    namespace : dict
        Variables of the notebook.

    Raises
    ------
    ValueError
        If no figure is open, or one shows no data.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import matplotlib.pyplot as plt
    >>> plt.close("all")
    >>> figure, ax = plt.subplots()
    >>> _ = ax.plot([0.0, 1.0], [2.0, 3.0], label="a line")
    >>> _ = ax.set(xlabel="time", ylabel="length  [metres]")
    >>> with TemporaryDirectory() as folder:
    ...     record("line", folder, {"title": "A line"}, namespace={})
    ...     sorted(file.name for file in Path(folder).iterdir())
    ['line.csv', 'line.nc']
    >>> plt.close(figure)
    """
    numbers = plt.get_fignums()
    if not numbers:
        raise ValueError(f"{name} must be drawn with matplotlib, but no figure is open")
    devices = [f"{key} = {v!r}" for key, v in namespace.items() if isinstance(v, Device)]
    attributes = attributes | {
        "parameters_as_printed": repr(paper_device()),
        "devices_of_the_chapter": "; ".join(devices) or "see the code",
        "conventions": "ħ = e = k_B = 1",
        "versions": versions(),
    }
    for count, number in enumerate(numbers, start=1):
        data = figure_data(plt.figure(number), **attributes)
        write(data, Path(folder) / (name if count == 1 else f"{name}-{count}"))


def _rows(name: str, series: xr.DataArray) -> list[list[str]]:
    """Rows of the table: a curve has x and y, a map x, y and value."""
    if series.ndim == 1:
        x = series[series.dims[0]].values
        return [
            [name, repr(float(a)), repr(float(b)), ""]
            for a, b in zip(x, series.values, strict=True)
        ]
    y, x = (series[dimension].values for dimension in series.dims)
    return [
        [name, repr(float(a)), repr(float(b)), repr(float(series.values[j, i]))]
        for j, b in enumerate(y)
        for i, a in enumerate(x)
    ]


def _add(
    variables: dict[str, xr.Variable],
    name: str,
    number: int,
    ax: Axes,
    kind: str,
    label: str,
    x: Any,
    values: np.ndarray,
) -> None:
    attributes = {"panel": number, "kind": kind, "label": label}
    title = ax.get_title() or ax.get_title("left")
    if title:
        attributes["panel_title"] = title
    if values.ndim == 1:
        variables[f"{name}_x"] = xr.Variable(f"{name}_x", x, _named(ax.get_xlabel()))
        variables[name] = xr.Variable(f"{name}_x", values, attributes | _named(ax.get_ylabel()))
        return
    across, up = x
    variables[f"{name}_x"] = xr.Variable(f"{name}_x", across, _named(ax.get_xlabel()))
    variables[f"{name}_y"] = xr.Variable(f"{name}_y", up, _named(ax.get_ylabel()))
    variables[name] = xr.Variable((f"{name}_y", f"{name}_x"), values, attributes | _named(label))


def _named(label: str) -> dict[str, str]:
    """Long name and units from the label of an axis, "name  [units]"."""
    found = _UNITS.search(label)
    name = label[: found.start()] if found else label
    return {"long_name": name, "units": found["units"] if found else "1"}


def _series(ax: Axes) -> Iterator[_Drawn]:
    """(kind, label, x, values) of all that an axes shows; x is a pair for maps."""
    bars = [c for c in ax.containers if isinstance(c, BarContainer)]
    errors = [c for c in ax.containers if isinstance(c, ErrorbarContainer)]
    caps = {line for c in errors for line in c.lines[1]}
    for line in ax.lines:
        if line in caps or line.get_transform() != ax.transData:
            continue
        x, y = (_filled(v) for v in line.get_data())
        drawn_as = "line" if line.get_linestyle() not in ("None", "", " ") else "points"
        yield drawn_as, _label(line), x, y
    for container in errors:
        for segments in container.lines[2]:
            ends = np.array(segments.get_segments())
            upright = bool(np.ptp(ends[..., 0], axis=1).max() <= np.ptp(ends[..., 1], axis=1).max())
            if upright:
                half = 0.5 * np.ptp(ends[..., 1], axis=1)
                yield "error", f"standard error of {_label(container)}", ends[:, 0, 0], half
    for group in bars:
        yield from _bars(group)
    for shape in ax.collections:
        yield from _collection(shape)
    for image in ax.images:
        yield _image(image)


def _filled(values: Any) -> np.ndarray:
    """Numbers, NaN where they are masked."""
    return np.array(np.ma.filled(np.ma.asarray(values, dtype=float), np.nan))


def _label(artist: Artist | Container) -> str:
    label = str(artist.get_label())
    return "" if label.startswith("_") else label


def _bars(container: BarContainer) -> Iterator[_Drawn]:
    boxes = [patch.get_bbox() for patch in container.patches]
    if container.orientation == "horizontal":
        place, length = [0.5 * (b.y0 + b.y1) for b in boxes], [b.x1 for b in boxes]
        # Bars that lie down: their places are on the other axis.
        yield "bars", _label(container), np.array(length), np.array(place)
    else:
        place, length = [0.5 * (b.x0 + b.x1) for b in boxes], [b.y1 for b in boxes]
        yield "bars", _label(container), np.array(place), np.array(length)


def _collection(shape: Collection) -> Iterator[_Drawn]:
    if isinstance(shape, QuadMesh):
        corners = np.asarray(shape.get_coordinates())
        x, y = corners[0, :, 0], corners[:, 0, 1]
        if not (_near(corners[..., 0], x) and _near(corners[..., 1], y[:, None])):
            raise ValueError("figure: the mesh of its map must be a grid")
        values = _filled(shape.get_array())
        size = (len(y) - 1, len(x) - 1)
        middle = (0.5 * (x[1:] + x[:-1]), 0.5 * (y[1:] + y[:-1]))
        yield "map", _scale(shape), middle, values.reshape(size)
    elif isinstance(shape, FillBetweenPolyCollection):
        for path in shape.get_paths():
            yield "band", _label(shape), *np.asarray(path.vertices).T
    elif isinstance(shape, PathCollection) and np.size(shape.get_offsets()):
        x, y = _filled(shape.get_offsets()).T
        yield "points", _label(shape), x, y


def _near(corners: np.ndarray, grid: np.ndarray) -> bool:
    return bool(np.abs(corners - grid).max() <= _SKEW * np.ptp(grid))


def _image(image: AxesImage) -> _Drawn:
    values = _filled(image.get_array())
    left, right, bottom, top = image.get_extent()
    if isinstance(image, AxesImage) and image.origin == "upper":
        bottom, top = top, bottom
    rows, columns = values.shape[:2]
    x = left + (np.arange(columns) + 0.5) * (right - left) / columns
    y = bottom + (np.arange(rows) + 0.5) * (top - bottom) / rows
    return "map", _scale(image), (x, y), values.reshape(rows, columns, -1)[..., 0]


def _scale(artist: QuadMesh | AxesImage) -> str:
    """What the colours mean: the label of the colour bar."""
    return str(artist.colorbar.ax.get_ylabel()) if artist.colorbar else ""
