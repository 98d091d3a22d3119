"""Draw the figures that need no network: python docs/figures/mechanism.py. Writes the SVGs beside this file."""

import tomllib
from pathlib import Path

import numpy as np
import pyproj  # noqa: F401  (before eccodes)
import torch
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle

from anemoi_scaleadapt.conservation import Conservation, block_mean, conserve
from anemoi_scaleadapt.models.downscaler import Downscaler
from anemoi_scaleadapt.scale import recipe
from anemoi_scaleadapt.verification.crps import fair_crps

HERE = Path(__file__).parent
#: colours that colour-blind people can tell apart (Okabe and Ito)
BLUE, ORANGE, GREEN, PURPLE, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#666666"
rcParams.update({"font.size": 10, "svg.fonttype": "none", "svg.hashsalt": "scaleadapt", "font.family": "sans-serif"})


def save(figure: Figure, name: str) -> None:
    """Write an SVG that is the same whenever it is drawn."""
    figure.savefig(HERE / f"{name}.svg", metadata={"Date": None})


def canvas(width: float, height: float) -> tuple[Figure, Axes]:
    """An empty figure whose axes count inches."""
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(0, height))
    axes.axis("off")
    return figure, axes


def box(axes: Axes, x: float, y: float, width: float, height: float, text: str, colour: str = GREY) -> None:
    """A rounded box with text."""
    patch = FancyBboxPatch((x, y), width, height, boxstyle="round,pad=0.02", fc=colour + "22", ec=colour)
    axes.add_patch(patch)
    axes.text(x + width / 2, y + height / 2, text, ha="center", va="center", fontsize=9)


def arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], text: str = "") -> None:
    """An arrow, with a word beside its middle."""
    axes.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=11, color="#333333", shrinkA=1))
    middle = ((start[0] + end[0]) / 2 + 0.06, (start[1] + end[1]) / 2 + 0.02)
    axes.text(*middle, text, fontsize=8, color="#333333", va="bottom")


def scale() -> None:
    """Beta, the horizon L t and the level at which sampling begins, over the plane of pairs."""
    spaces, times = range(1, 26), range(1, 7)
    figure = Figure(figsize=(10, 3.1), layout="constrained")
    grids = {
        "beta": [[recipe(s, t).beta for s in spaces] for t in times],
        "horizon L t, hours": [[recipe(s, t).horizon_hours for s in spaces] for t in times],
        "sampling begins at sigma": [[Downscaler.sigma_max(recipe(s, t)) for s in spaces] for t in times],
    }
    for axes, (title, values) in zip(figure.subplots(1, 3), grids.items(), strict=True):
        image = axes.imshow(values, origin="lower", extent=(0.5, 25.5, 0.5, 6.5), aspect="auto", cmap="cividis")
        axes.plot([10, 1, 10, 25], [1, 3, 3, 6], "o", mfc="white", mec="black")
        axes.set(title=title, xlabel="s", ylabel="t", xticks=[1, 5, 10, 15, 20, 25], yticks=times)
        figure.colorbar(image, ax=axes)
    save(figure, "scale")


def conservation() -> None:
    """One row of rain in four coarse cells: what the plain and the smooth step do."""
    x = np.arange(40)
    guess = torch.tensor(2.2 * np.exp(-(((x - 19) / 7) ** 2)) + 0.15 * np.sin(x * 1.7) ** 2)
    truth = torch.tensor(3.4 * np.exp(-(((x - 16) / 6) ** 2)) + 0.1 * np.sin(x * 1.3) ** 2)
    rain, wanted = guess.expand(1, 10, 40).clone(), block_mean(truth.expand(1, 10, 40), 10)[0]
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    for axes, smooth, title in ((left, False, "smooth: false"), (right, True, "smooth: true")):
        kept = conserve(rain, wanted, Conservation(smooth=smooth))[0, 0]
        axes.bar(5 + 10 * np.arange(4) - 0.5, wanted[0], 10, color="#dddddd", label="coarse rain")
        axes.step(x, guess, where="mid", color=ORANGE, ls="--", label="prediction")
        axes.step(x, kept, where="mid", color=BLUE, label="with its totals")
        axes.set(title=title, xlabel="pixel", xlim=(-0.5, 39.5))
    left.set_ylabel("rain, mm/h")
    right.legend(frameon=False)
    save(figure, "conservation")


def time() -> None:
    """The hourly axis of a stretch, what one hour sees of it, and how stretches overlap."""
    figure, axes = canvas(9.6, 3.7)
    unit, left = 0.34, 0.5
    axes.text(left, 3.45, "hourly axis for t = 3: every hour holds the frame that covers it", fontsize=10)
    for k in range(26):
        frame = (k - 7) // 3
        colour = BLUE if 7 <= k < 19 else GREY
        rim = (left + k * unit, 2.75)
        axes.add_patch(Rectangle(rim, unit, 0.45, fc=colour + ("55" if frame % 2 else "22"), ec="white"))
    axes.text(left + 13 * unit, 2.97, "12 hours that are drawn", ha="center", va="center", fontsize=9)
    axes.text(left + 3.5 * unit, 2.97, "context", ha="center", va="center", fontsize=9)
    axes.text(left + 22.5 * unit, 2.97, "context", ha="center", va="center", fontsize=9)
    hour = left + 10.5 * unit
    axes.plot([hour, hour], [2.5, 2.75], color=ORANGE, lw=2)
    axes.plot([hour - 6.5 * unit, hour + 6.5 * unit], [2.5, 2.5], color=ORANGE, lw=2)
    axes.text(hour + 6.7 * unit, 2.5, "what this hour sees: 6 h each way", color=ORANGE, va="center", fontsize=9)
    axes.text(left, 1.95, "stretches of 24 h with an overlap of 6 h", fontsize=10)
    width = 8.6 / 72
    for n, (first, hours, before, after) in enumerate([(0, 30, 0, 6), (18, 36, 6, 6), (42, 30, 6, 0)]):
        y = 1.4 - 0.42 * n
        axes.add_patch(Rectangle((left + first * width, y), hours * width, 0.3, fc=GREY + "33", ec="none"))
        kept = (left + (first + before) * width, y)
        axes.add_patch(Rectangle(kept, (hours - before - after) * width, 0.3, fc=GREEN + "88", ec="none"))
    axes.text(left + 12 * width, 1.55, "kept", ha="center", va="center", fontsize=9)
    axes.text(left + 27 * width, 1.55, "dropped", ha="center", va="center", fontsize=9)
    for day in range(4):
        axes.text(left + 24 * day * width, 0.3, f"{24 * day} h", ha="center", fontsize=9)
        axes.plot([left + 24 * day * width] * 2, [0.47, 1.75], color="#999999", lw=0.6, zorder=0)
    save(figure, "time")


def networks() -> None:
    """The two networks and the road of the rain through them."""
    figure, axes = canvas(10, 4.2)
    box(axes, 0.2, 2.75, 1.7, 0.9, "coarse rain\non the hourly axis", BLUE)
    box(axes, 0.2, 1.5, 1.7, 0.7, "pair (s, t), phase\nof the hour", PURPLE)
    box(axes, 0.2, 0.4, 1.7, 0.7, "noise of seed, member\nand valid time", GREY)
    box(axes, 2.6, 2.75, 1.5, 0.9, "context per hour\nfirst guess, frames", BLUE)
    box(axes, 4.7, 2.75, 1.9, 0.9, "mean network\nattention: frames,\nhours, space", GREEN)
    box(axes, 4.7, 0.7, 1.9, 1.1, "residual network\nattention: hours;\naverages and gains", ORANGE)
    box(axes, 7.3, 1.7, 1.0, 0.8, "sampler\n12 levels", GREY)
    box(axes, 8.75, 1.55, 1.1, 1.1, "totals\n$f(P)\\,R/\\overline{f(P)}$", BLUE)
    arrow(axes, (1.95, 3.2), (2.57, 3.2))
    arrow(axes, (4.15, 3.2), (4.67, 3.2))
    arrow(axes, (3.6, 2.7), (4.67, 1.6))
    arrow(axes, (1.95, 1.85), (4.67, 2.85), "")
    arrow(axes, (1.95, 1.75), (4.67, 1.35))
    arrow(axes, (1.95, 0.75), (4.67, 0.95))
    arrow(axes, (5.65, 2.7), (5.65, 1.87), "mean C")
    arrow(axes, (6.65, 3.1), (8.9, 2.72), "C")
    arrow(axes, (6.65, 1.3), (7.27, 1.9))
    arrow(axes, (7.6, 1.65), (6.65, 0.95), "")
    axes.text(7.25, 1.05, "next level", fontsize=8, color="#333333")
    arrow(axes, (8.35, 2.1), (8.72, 2.1))
    axes.text(9.3, 1.2, "members", ha="center", fontsize=9)
    save(figure, "networks")


def verification() -> None:
    """The CRPS of one place, and what too narrow and too wide ensembles look like."""
    rng = np.random.default_rng(0)
    figure = Figure(figsize=(10, 3.1), layout="constrained")
    first, second, third = figure.subplots(1, 3)
    members, seen = np.sort(rng.gamma(1.6, 1.2, 8)), 2.6
    grid = np.linspace(0, 6, 400)
    told = (members[None] <= grid[:, None]).mean(1)
    first.fill_between(grid, (told - (grid >= seen)) ** 2, color=ORANGE, alpha=0.5, label="area: CRPS")
    first.plot(grid, told, color=BLUE, label="share of members below")
    first.plot(grid, grid >= seen, color="black", ls="--", label="what fell")
    first.set(xlabel="rain, mm/h", title="one place and hour")
    first.legend(frameon=False, fontsize=8, loc=(0.42, 0.12))
    centre = rng.gamma(1.5, 2.0, (1, 4000))
    truth = torch.from_numpy(centre[0] * rng.lognormal(0, 0.5, 4000))
    noise, crps, ratio = rng.standard_normal((16, 4000)), [], []
    for width in np.linspace(0.1, 1.2, 23):
        drawn = torch.from_numpy(centre * np.exp(width * noise))
        error = (drawn.mean(0) - truth).square().mean()
        ratio.append(float((17 / 16 * drawn.var(0).mean() / error).sqrt()))
        crps.append(float(fair_crps(drawn, truth).mean()))
    second.plot(ratio, crps, color=GREEN)
    second.axvline(1, color="black", lw=0.8)
    second.set(xlabel="spread/skill", ylabel="CRPS, mm/h", title="CRPS is least where spread is honest", xlim=(0, 2.5))
    for width, colour, title in ((0.25, ORANGE, "narrow"), (0.5, GREEN, "honest"), (0.9, BLUE, "wide")):
        drawn = centre * rng.lognormal(0, width, (8, 4000))
        ranks = np.bincount((drawn < truth.numpy()).sum(0), minlength=9) / 4000 * 9
        third.step(range(9), ranks, where="mid", color=colour, label=title)
    third.set(xlabel="members below the truth", title="rank histogram", ylim=(0, None))
    third.legend(frameon=False, fontsize=8)
    save(figure, "verification")


def architecture() -> None:
    """The rooms of the package, one floor above the other, as import-linter holds them."""
    figure, axes = canvas(10, 5.2)
    contracts = tomllib.loads((HERE.parents[1] / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    floors = [floor.split(" | ") for floor in contracts[0]["layers"]]
    for n, rooms in enumerate(floors):
        y, colour = 4.7 - 0.5 * n, (GREY, ORANGE, GREEN, BLUE)[n * 4 // len(floors)]
        width = 8.2 / len(rooms)
        for k, room in enumerate(rooms):
            box(axes, 0.3 + k * width, y, width - 0.12, 0.34, room, colour)
    arrow(axes, (9.0, 5.0), (9.0, 0.3))
    axes.text(9.12, 2.6, "may import", rotation=270, va="center", fontsize=9)
    save(figure, "architecture")


if __name__ == "__main__":
    for draw in (scale, conservation, time, networks, verification, architecture):
        draw()
