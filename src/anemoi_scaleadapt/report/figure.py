"""``rain.png``: the wettest window, hour by hour, as coarse input, truth, mean, members and bicubic."""

from pathlib import Path

import numpy as np

from anemoi_scaleadapt.baselines.classical import nearest
from anemoi_scaleadapt.files import whole

#: lower bounds of the colours, mm h-1
LEVELS = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
COLOURS = ("#c6e3f5", "#7fbfe8", "#3a8fd0", "#1f5ea8", "#f6d746", "#f28c28", "#d7263d")
DRY, MISSING = "#ffffff", "#d9d9d9"
INK, GREY = "#1f2933", "#52606d"


def rain_colours():
    """Return the colour map and norm of rain: white below 0.1 mm/h, seven classes, grey where missing."""
    from matplotlib.colors import BoundaryNorm, ListedColormap

    colours = ListedColormap(COLOURS[:-1]).with_extremes(under=DRY, over=COLOURS[-1], bad=MISSING)
    return colours, BoundaryNorm(LEVELS, len(COLOURS) - 1)


def columns(case, coarse: np.ndarray, truth: np.ndarray, forecasts: dict) -> dict:
    """Panels of one window, title -> (t, y, x): coarse input, truth, mean, three members, bicubic."""
    members = forecasts[case.name]
    size = f"{case.s * case.settings.pixel_km:.3g} km, {case.t} h"
    out = {f"coarse input\n{size}": nearest(coarse, case.t, case.s)[0], "truth": truth}
    if "mean" in forecasts:
        out["mean\n(trained)"] = forecasts["mean"][0]
    else:
        out[f"mean of\n{len(members)} members"] = members.mean(axis=0)
    out |= {f"member {k + 1}": member for k, member in enumerate(members[:3])}
    if "bicubic" in forecasts:
        out["bicubic\n+ exact totals"] = forecasts["bicubic"][0]
    return out


def draw(case, panels: dict, hours: np.ndarray, path: Path, subtitle: str | None = None) -> None:
    """Draw one window and write the PNG.

    Parameters
    ----------
    case : case.Case
        What is verified.
    panels : dict
        From :func:`columns`.
    hours : ndarray of datetime64, shape (t,)
        Valid times.
    path : Path
        Where to write.
    subtitle : str, optional
        Instead of the sentence that tells the period.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    ny, nx = case.truth.shape
    width, gap = 1.75, 0.06
    height = width * ny / nx
    left, right, top, bottom = 1.15, 0.95, 1.25, 0.2
    size = (left + right + len(panels) * (width + gap), top + bottom + len(hours) * (height + gap))
    figure = plt.figure(figsize=size, dpi=150, facecolor="white")

    def place(x, y, w, h):
        return figure.add_axes((x / size[0], y / size[1], w / size[0], h / size[1]))

    for column, (title, fields) in enumerate(panels.items()):
        for row, stamp in enumerate(hours):
            x, y = left + column * (width + gap), bottom + (len(hours) - 1 - row) * (height + gap)
            axes = place(x, y, width, height)
            _map(axes, north_up(fields[row], case))
            if row == 0:
                bold = "bold" if title == "truth" else "normal"
                axes.set_title(title, fontsize=10, color=INK, fontweight=bold, pad=5)
            if column == 0:
                label = f"{stamp.item():%d %b %Y}\n{stamp.item():%H:%M} UTC"
                place_text = dict(transform=axes.transAxes, ha="right", va="center", linespacing=1.4)
                axes.text(-0.07, 0.5, label, fontsize=8.5, color=INK, **place_text)
    tall = len(hours) * (height + gap) - gap
    long = min(tall, 3.6)
    _colour_bar(place(size[0] - right + 0.12, bottom + (tall - long) / 2, 0.14, long))
    title = f"{case.name}: rain {case.s}× finer in space, {case.t}× in time"
    first, last = case.windows[0][0].item(), case.windows[-1][-1].item()
    subtitle = subtitle or (
        f"Wettest window of {first:%d %b} to {last:%d %b %Y}; each panel is the mean over the hour that ends at "
        f"the time on the left, {nx * case.settings.pixel_km:.0f} km wide."
    )
    x, y = left / size[0], 1 - 0.2 / size[1]
    figure.text(x, y, title, fontsize=14, fontweight="bold", color=INK, va="top")
    figure.text(x, y - 0.3 / size[1], subtitle, fontsize=9.5, color=GREY, va="top")
    with whole(path) as part:
        figure.savefig(part, format="png")
    plt.close(figure)


def _map(axes, image: np.ndarray) -> None:
    colours, norm = rain_colours()
    axes.imshow(image, cmap=colours, norm=norm, interpolation="nearest", aspect="auto")
    axes.set(xticks=[], yticks=[])
    for side in axes.spines.values():
        side.set(color="#9aa5b1", linewidth=0.6)


def _colour_bar(axes) -> None:
    from matplotlib.cm import ScalarMappable

    colours, norm = rain_colours()
    mappable = ScalarMappable(norm, colours)
    bar = axes.figure.colorbar(mappable, cax=axes, extend="max", spacing="uniform", ticks=LEVELS)
    bar.ax.set_yticklabels([f"{level:g}" for level in LEVELS], fontsize=8.5)
    bar.set_label("rain, mm h$^{-1}$", fontsize=9)
    bar.outline.set_linewidth(0.6)


def north_up(field: np.ndarray, case) -> np.ndarray:
    """Turn a field north up where the latitudes say that it is not."""
    for rain in (case.truth, case.members):
        if rain.latitude is not None:
            return field[::-1] if rain.latitude[0].mean() < rain.latitude[-1].mean() else field
    return field
