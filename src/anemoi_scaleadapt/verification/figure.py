"""``rain.png``: the wettest window, hour by hour, as coarse input, truth, mean, members and bicubic."""

from pathlib import Path

import numpy as np

from anemoi_scaleadapt.verification.baselines import nearest

#: lower bounds of the colours, mm h-1
LEVELS = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
COLOURS = ("#c6e3f5", "#7fbfe8", "#3a8fd0", "#1f5ea8", "#f6d746", "#f28c28", "#d7263d")


def rain_colours():
    """Return the colour map and norm of rain: white below 0.1 mm/h, seven classes, grey where missing."""
    from matplotlib.colors import BoundaryNorm, ListedColormap

    colours = ListedColormap(COLOURS[:-1]).with_extremes(under="#ffffff", over=COLOURS[-1], bad="#d9d9d9")
    return colours, BoundaryNorm(LEVELS, len(COLOURS) - 1)


def panels(case, number: int) -> tuple[dict, np.ndarray]:
    """Columns of the figure, title -> (t, y, x), and the hours."""
    window = case.windows[number]
    systems = case.systems(window, number)
    members = systems[case.name]
    columns = {
        f"coarse input\n{case.s * case.settings.pixel_km:.3g} km, {case.t} h": nearest(
            case.coarse.frame(window), case.t, case.s
        )[0],
        "truth": case.truth.at(window)[0],
        "mean\n(trained)": systems["mean"][0] if systems["mean"] is not None else members.mean(axis=0),
    }
    if systems["mean"] is None:
        columns["mean\nof members"] = columns.pop("mean\n(trained)")
    for k in range(min(3, len(members))):
        columns[f"member {k + 1}"] = members[k]
    columns["bicubic\n+ exact totals"] = systems["bicubic"][0]
    return columns, window


def draw(case, number: int, path: Path) -> None:
    """Draw one window and write the PNG.

    Parameters
    ----------
    case : scorecard.Case
        What is verified.
    number : int
        Which window.
    path : Path
        Where to write.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.cm import ScalarMappable

    columns, hours = panels(case, number)
    ny, nx = case.truth.shape
    colours, norm = rain_colours()
    width = 1.75
    height = width * ny / nx
    rows, count = len(hours), len(columns)
    left, right, top, bottom, gap = 1.15, 0.95, 1.25, 0.2, 0.06
    size = (left + right + count * (width + gap), top + bottom + rows * (height + gap))
    figure = plt.figure(figsize=size, dpi=150, facecolor="white")
    for column, (title, fields) in enumerate(columns.items()):
        for row in range(rows):
            x = left + column * (width + gap)
            y = bottom + (rows - 1 - row) * (height + gap)
            axes = figure.add_axes((x / size[0], y / size[1], width / size[0], height / size[1]))
            image = oriented(fields[row], case)
            axes.imshow(image, cmap=colours, norm=norm, interpolation="nearest", aspect="auto")
            axes.set_xticks([])
            axes.set_yticks([])
            for side in axes.spines.values():
                side.set_color("#9aa5b1")
                side.set_linewidth(0.6)
            if row == 0:
                bold = "bold" if title == "truth" else "normal"
                axes.set_title(title, fontsize=10, color="#1f2933", fontweight=bold, pad=5)
            if column == 0:
                stamp = hours[row].item()
                axes.text(-0.07, 0.5, f"{stamp:%d %b %Y}\n{stamp:%H:%M} UTC", fontsize=8.5, color="#1f2933",
                          transform=axes.transAxes, ha="right", va="center", linespacing=1.4)  # fmt: skip
    bar_height = min(rows * (height + gap) - gap, 3.6)
    bar_y = bottom + (rows * (height + gap) - gap - bar_height) / 2
    bar_x = size[0] - right + 0.12
    axes = figure.add_axes((bar_x / size[0], bar_y / size[1], 0.14 / size[0], bar_height / size[1]))
    mappable = ScalarMappable(norm, colours)
    bar = figure.colorbar(mappable, cax=axes, extend="max", spacing="uniform", ticks=LEVELS)
    bar.ax.set_yticklabels([f"{level:g}" for level in LEVELS], fontsize=8.5)
    bar.set_label("rain, mm h$^{-1}$", fontsize=9)
    bar.outline.set_linewidth(0.6)
    x, y = left / size[0], 1 - 0.2 / size[1]
    figure.text(x, y, f"{case.name}: rain {case.s}× finer in space, {case.t}× in time",
                fontsize=14, fontweight="bold", color="#1f2933", va="top")  # fmt: skip
    first, last = case.windows[0][0].item(), case.windows[-1][-1].item()
    figure.text(x, y - 0.3 / size[1],
                f"Wettest window of {first:%d %b} to {last:%d %b %Y}; each panel is the mean over the hour "
                f"that ends at the time on the left, {nx * case.settings.pixel_km:.0f} km wide.",
                fontsize=9.5, color="#52606d", va="top")  # fmt: skip
    part = path.with_name(f".{path.name}.part")
    figure.savefig(part, format="png")
    plt.close(figure)
    part.replace(path)


def oriented(field: np.ndarray, case) -> np.ndarray:
    """Turn a field north up where the latitudes say that it is not."""
    for rain in (case.truth, case.members):
        if rain.latitude is not None:
            return field[::-1] if rain.latitude[0].mean() < rain.latitude[-1].mean() else field
    return field
