"""Draw the scores over all pairs: python docs/figures/plane.py. Reads docs/results/2026-11-plane.json."""

import json
from pathlib import Path

import numpy as np
from matplotlib import rcParams
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure

HERE = Path(__file__).parent
SOURCE = HERE.parent / "results" / "2026-11-plane.json"
rcParams.update({"font.size": 9, "svg.fonttype": "none", "svg.hashsalt": "scaleadapt", "font.family": "sans-serif"})
#: score -> (title, smallest and largest value of the colours, where good values end); a ratio where both are positive
PANELS = {
    "over_best": ("CRPS over that of the best rival (below 1: better)", (0.7, 1.3), (0, 1)),
    "ssr": ("spread over skill (1: honest)", (0.5, 1.5), (0.9, 1.1)),
    "power": ("power below 8 km, members over truth", (0.25, 4.0), (0.8, 1.25)),
    "q999": ("99.9 % quantile, members over truth", (0.6, 1.67), (0.9, 1.1)),
    "lag_off": ("correlation of neighbouring hours, minus truth", (-0.2, 0.2), (-0.05, 0.05)),
    "change": ("change from hour to hour, over truth", (0.6, 1.67), (0.9, 1.1)),
}


def plane(scores: dict[str, dict[str, float]], key: str) -> tuple[np.ndarray, list[int], list[int]]:
    """Values over t (rows) and s (columns), and both; NaN where nothing was scored."""
    pairs = {tuple(map(int, name[1:].split("t"))): values for name, values in scores.items()}
    spaces, times = (sorted({pair[i] for pair in pairs}) for i in (0, 1))
    values = np.full((len(times), len(spaces)), np.nan)
    for (s, t), told in pairs.items():
        # the best rival is the one over which the ratio is largest
        best = max(told[name] for name in ("over_rainfarm_ar1", "over_steps"))
        values[times.index(t), spaces.index(s)] = best if key == "over_best" else told.get(key, np.nan)
    return values, spaces, times


def beyond(told: dict[str, float], key: str, least: float, most: float) -> bool:
    """Whether the whole interval of 90 % lies outside the limits, where it is known."""
    return told.get(f"{key}_low", most) > most or told.get(f"{key}_high", least) < least


def main() -> None:
    """Write plane.svg."""
    scores = json.loads(SOURCE.read_text())
    figure = Figure(figsize=(11, 6.6), layout="constrained")
    for axes, (key, (title, (low, high), (least, most))) in zip(
        figure.subplots(2, 3).flat, PANELS.items(), strict=True
    ):
        values, spaces, times = plane(scores, key)
        drawn = np.log if low > 0 else np.asarray
        axes.imshow(
            drawn(values), norm=TwoSlopeNorm(0, drawn(low), drawn(high)), cmap="PuOr_r", aspect="auto", origin="lower"
        )
        axes.set_title(title, fontsize=9)
        axes.set_xticks(range(len(spaces)), [str(s) for s in spaces])
        axes.set_yticks(range(len(times)), [str(t) for t in times])
        axes.set(xlabel="s (pixels)", ylabel="t (hours)")
        for (row, column), value in np.ndenumerate(values):
            if np.isfinite(value):
                good = least <= value <= most
                name = f"s{spaces[column]}t{times[row]}"
                star = "*" if beyond(scores[name], key, least, most) else ""
                dark = abs(drawn(value)) > 0.6 * max(-drawn(low), drawn(high))
                axes.text(column, row, f"{value:.2f}{star}", ha="center", va="center", fontsize=8,
                          weight="bold" if good else "normal", color="white" if dark else "black")  # fmt: skip
    figure.savefig(HERE / "plane.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
