"""Draw what beta and L do. Usage: python examples/skill/figures.py RESULTS.json FOLDER

Writes recipe_beta.png and, when L was varied, recipe_length.png: four scores against the setting, a line for each pair.
"""

import json
import sys
from pathlib import Path

from matplotlib.figure import Figure

SCORES = {
    "crps": "CRPS, relative to the recipe's",
    "ssr": "spread-skill ratio",
    "spectra_ratio_high": "power below 8 km",
    "q999_ratio": "99.9 % quantile",
}
RECIPE = {"s10t1": {"beta": 0.010, "L": 10.0}, "s10t3": {"beta": 0.020, "L": 5.0}}
TITLES = {"s10t1": "(10, 1)", "s10t3": "(10, 3)"}


def points(results: dict, config: str, setting: str) -> list[tuple[float, dict]]:
    """Values of a setting and the scores that belong to them, in order."""
    found = []
    for run in results.values():
        if run["config"] != config:
            continue
        scores = run["systems"]["scaleadapt"]
        if run["variant"] == "recipe":
            found.append((RECIPE[config][setting], scores))
        elif run["variant"].startswith(setting):
            found.append((float(run["variant"].removeprefix(setting)), scores))
    return sorted(found, key=lambda point: point[0])


def draw(results: dict, setting: str, label: str, path: Path) -> None:
    """Draw one figure."""
    figure = Figure(figsize=(13, 3.2), layout="constrained")
    for axes, (score, title) in zip(figure.subplots(1, 4), SCORES.items(), strict=True):
        for config, name in TITLES.items():
            found = points(results, config, setting)
            unit = next(s["crps"] for value, s in found if value == RECIPE[config][setting]) if score == "crps" else 1
            (line,) = axes.plot([v for v, _ in found], [s[score] / unit for _, s in found], "o-", ms=4, label=name)
            own = next(s[score] / unit for value, s in found if value == RECIPE[config][setting])
            axes.plot(RECIPE[config][setting], own, "o", ms=10, mfc="none", color=line.get_color())
        values = sorted({v for config in TITLES for v, _ in points(results, config, setting)})
        axes.set_xscale("log")
        axes.set_xticks(values, [f"{v:g}" for v in values])
        axes.minorticks_off()
        axes.set(title=title, xlabel=label)
        axes.axhline(1, color="0.7", lw=0.8, zorder=0)
    figure.axes[0].legend(frameon=False)
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    results, folder = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
    draw(results, "beta", "beta", folder / "recipe_beta.png")
    if any(len(points(results, config, "L")) > 1 for config in TITLES):
        draw(results, "L", "L, frames", folder / "recipe_length.png")
