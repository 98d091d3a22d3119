"""Columns of hourly maps: ``rain.png``, the demo's picture and that of a validation."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from anemoi_scaleadapt.files import whole

if TYPE_CHECKING:
    from matplotlib.colors import BoundaryNorm, Colormap
    from matplotlib.figure import Figure

#: lower bounds of the colours, mm h-1
LEVELS = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
COLOURS = ("#c6e3f5", "#7fbfe8", "#3a8fd0", "#1f5ea8", "#f6d746", "#f28c28", "#d7263d")
DRY, MISSING = "#ffffff", "#d9d9d9"
INK, GREY = "#1f2933", "#52606d"
#: inches: width of a map, gap between two, room around them
WIDTH, GAP, LEFT, TOP, RIGHT, BOTTOM = 1.7, 0.05, 1.15, 1.2, 0.9, 0.15


def rain_colours() -> "tuple[Colormap, BoundaryNorm]":
    """Return the colour map and norm of rain: white below 0.1 mm/h, seven classes, grey where missing."""
    from matplotlib.colors import BoundaryNorm, ListedColormap

    colours = ListedColormap(COLOURS[:-1]).with_extremes(under=DRY, over=COLOURS[-1], bad=MISSING)
    return colours, BoundaryNorm(LEVELS, len(COLOURS) - 1)


def repeated(coarse: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Repeat a coarse frame (Y, X) for each pixel and hour of the truth (t, y, x)."""
    s = truth.shape[-1] // coarse.shape[-1]
    return np.broadcast_to(np.repeat(np.repeat(coarse, s, axis=0), s, axis=1), truth.shape)


def columns(name: str, coarse: np.ndarray, truth: np.ndarray, drawn: Mapping[str, np.ndarray], size: str) -> dict:
    """Columns of one window, title -> (t, y, x): coarse input, truth, mean, three members, bicubic.

    Parameters
    ----------
    name : str
        The system whose members are shown.
    coarse, truth : ndarray
        (Y, X) and (t, y, x), mm h-1.
    drawn : mapping
        System -> (member, t, y, x), mm h-1; ``mean`` and ``bicubic`` are shown where they are.
    size : str
        Of a coarse cell.
    """
    members = drawn[name]
    out = {f"coarse input\n{size}": repeated(coarse, truth), "truth": truth}
    if "mean" in drawn:
        out["mean\n(trained)"] = drawn["mean"][0]
    else:
        out[f"mean of\n{len(members)} members"] = members.mean(axis=0)
    out |= {f"member {k + 1}": member for k, member in enumerate(members[:3])}
    if "bicubic" in drawn:
        out["bicubic\n+ exact totals"] = drawn["bicubic"][0]
    return out


def stamps(hours: np.ndarray) -> list[str]:
    """Labels of hours (t,), datetime64."""
    return [f"{hour.item():%d %b %Y}\n{hour.item():%H:%M} UTC" for hour in hours]


def plot(fields: Mapping[str, np.ndarray], rows: Sequence[str], title: str, subtitle: str = "") -> "Figure":
    """Draw columns of hourly maps.

    Parameters
    ----------
    fields : mapping
        Title -> (t, y, x), mm h-1, first row on top; NaN is grey.
    rows : sequence of str
        Label of each hour.
    title, subtitle : str
        Written above.

    Returns
    -------
    Figure
        With an Agg canvas of its own: pyplot knows nothing of it, so any thread may draw it.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.cm import ScalarMappable
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    hours, ny, nx = next(iter(fields.values())).shape
    height = WIDTH * ny / nx
    wide, tall = len(fields) * (WIDTH + GAP) - GAP, hours * (height + GAP) - GAP
    size = (LEFT + wide + RIGHT, TOP + tall + BOTTOM)
    figure = Figure(figsize=size, dpi=150, facecolor="white")
    FigureCanvasAgg(figure)
    colours, norm = rain_colours()
    axes = figure.add_axes((LEFT / size[0], BOTTOM / size[1], wide / size[0], tall / size[1]))  # all maps, in inches
    axes.axis("off")
    for column, (name, field) in enumerate(fields.items()):
        x = column * (WIDTH + GAP)
        weight = "bold" if name == "truth" else "normal"
        axes.text(x + WIDTH / 2, tall + 0.06, name, fontsize=10, color=INK, ha="center", fontweight=weight)
        for hour in range(hours):
            y = tall - height - hour * (height + GAP)
            place = (x, x + WIDTH, y, y + height)
            axes.imshow(field[hour], cmap=colours, norm=norm, extent=place, aspect="auto", interpolation="nearest")
            axes.add_patch(Rectangle((x, y), WIDTH, height, fill=False, lw=0.6, ec="#9aa5b1"))
    for hour, label in enumerate(rows):
        y = tall - height / 2 - hour * (height + GAP)
        axes.text(-0.1, y, label, fontsize=8.5, color=INK, ha="right", va="center", linespacing=1.4)
    axes.set(xlim=(0, wide), ylim=(0, tall))
    long = min(tall, 3.6)
    place = ((size[0] - RIGHT + 0.12) / size[0], (BOTTOM + (tall - long) / 2) / size[1], 0.14 / size[0], long / size[1])
    bar = figure.add_axes(place)
    figure.colorbar(ScalarMappable(norm, colours), cax=bar, extend="max", spacing="uniform", ticks=LEVELS)
    bar.set_yticklabels([f"{level:g}" for level in LEVELS], fontsize=8.5)
    bar.set_ylabel("rain, mm h$^{-1}$", fontsize=9)
    x, y = LEFT / size[0], 1 - 0.2 / size[1]
    figure.text(x, y, title, fontsize=14, fontweight="bold", color=INK, va="top")
    figure.text(x, y - 0.3 / size[1], subtitle, fontsize=9.5, color=GREY, va="top")
    return figure


def save(figure: "Figure", path: Path) -> None:
    """Write a figure as PNG."""
    with whole(path) as part:
        figure.savefig(part, format="png")
