"""One trained network, several functions f of the conservation and several sigma_max, nothing trained again.

    python benchmarks/trained_functions.py CHECKPOINT --lr LR.zarr --hr HR.zarr --start DATE [--end DATE] [--figure PNG]

takes the wettest windows of a period and draws the same members every time. Prints two Markdown tables. `edges` is the
mean jump between pixels across borders of coarse cells, over that inside cells; the truth's stands in the head.
"""

import pyproj  # noqa: F401  (before eccodes)
from conservation_edges import edge_ratio
from matplotlib.figure import Figure
from rich.console import Console
from rich.progress import track
from samplers import prepare

from anemoi_scaleadapt.diffusion.noise import draws
from anemoi_scaleadapt.scale import Conservation
from anemoi_scaleadapt.training.scores import ensemble_scores

#: title, settings of the conservation, settings of the sampler that differ
FUNCTIONS = [
    ("identity, cell (default)", {}),
    ("identity, cell, only at the end", {"inside_sampler": False}),
    ("identity, cell, at every noise level", {}, {"conserve_below": 1e8}),
    ("identity, cell, smooth", {"smooth": True}),
    ("identity, cell, smooth, only at the end", {"smooth": True, "inside_sampler": False}),
    ("threshold 0.11, cell", {"function": "threshold", "threshold": 0.11}),
    ("threshold_sqrt 0.00055, cell", {"function": "threshold_sqrt", "threshold": 0.00055}),
    ("identity, window, at the end", {"scope": "window", "inside_sampler": False}),
    ("threshold 0.11, window, at the end (paper)", {"function": "threshold", "threshold": 0.11, "scope": "window",
                                                    "inside_sampler": False}),
]  # fmt: skip
LEVELS = (5.0, 10.0, 20.0, 40.0, 80.0, 157.0)
PANELS = {
    "crps": "CRPS, mm/h",
    "ssr": "spread-skill ratio",
    "q999_ratio": "99.9 % quantile",
    "spectra_ratio_high": "power < 8 px",
}


def draw(bars, path):
    """Draw the scores of every f as bars; 1 is the truth's ratio."""
    figure = Figure(figsize=(13, 0.34 * len(bars) + 1), layout="constrained")
    for axes, (key, title) in zip(figure.subplots(1, len(PANELS), sharey=True), PANELS.items(), strict=True):
        axes.barh(list(bars), [scores[key] for scores in bars.values()], color="#3a7ebf")
        axes.set_title(title, fontsize=10)
        if key != "crps":
            axes.axvline(1, color="k", lw=0.8)
    axes.invert_yaxis()
    figure.savefig(path, dpi=110)


def main():
    """Print the tables."""
    members, net, lr, hr, starts, path = prepare(__doc__.splitlines()[0], "--figure")
    scale, bars, noise = net.scale, {}, draws(0, members, starts, hr)

    def row(title, sampler):
        rain = net.sample(lr, noise, sampler=sampler)
        s = {k: float(v) for k, v in ensemble_scores(rain, hr).items()}
        bars[title] = {key: s[key] for key in PANELS}
        numbers = [s["ssr"], s["q999_ratio"], float(rain.max() / hr.max()), s["wet_fraction_ratio"]]
        numbers += [s["spectra_ratio_high"], edges(rain.flatten(0, 2))]
        return f"| {title} | {s['crps']:.4f} | " + " | ".join(f"{number:.2f}" for number in numbers) + " |"

    def edges(rain):
        return edge_ratio(rain, scale.space) if scale.space > 1 else float("nan")

    head = "| CRPS | SSR | q99.9 | maximum | wet | power < 8 px | edges |\n|---|---|---|---|---|---|---|---|"
    console, tables = Console(stderr=True), []
    lines = []
    for title, keys, *sampler in track(FUNCTIONS, console=console):
        net.scale = scale.model_copy(update={"conservation": Conservation(**keys)})
        lines.append(row(title, net.sampler.model_copy(update=dict(*sampler))))
    if path:
        draw(bars, path)
    tables.append("| f, scope " + head + "\n" + "\n".join(lines))
    net.scale, lines = scale, []
    top = float(net.levels[-1])
    for level in track([*(x for x in LEVELS if x < 0.99 * top), top], console=console):
        lines.append(row(f"{level:.0f}", net.sampler.model_copy(update={"sigma_max": level})))
    tables.append("| sigma_max " + head + "\n" + "\n".join(lines))
    title = f"({scale.space}, {scale.time}): {len(starts)} windows, {len(members)} members"
    print(f"{title}; the truth's edges: {edges(hr.flatten(0, 1)):.2f}\n")
    print("\n\n".join(tables))


if __name__ == "__main__":
    main()
