"""Print a study's results as Markdown tables. Usage: python examples/skill/table.py RESULTS.json

A study of variants gives a row for each variant: means over the folds and seeds that both it and the default have;
`against default` is the mean of the ratios of CRPS to the default's of the same fold and seed, with the least and the
largest. A study of one variant gives a row for each fold, one for all folds joined and one for each other place,
beside the classical baselines.
"""

import json
import sys
from pathlib import Path
from statistics import fmean

#: title of a column, system, score, digits
COLUMNS = [
    ("CRPS", "scaleadapt", "crps", 4),
    ("RMSE of the mean network", "mean", "rmse", 3),
    ("SSR", "scaleadapt", "ssr", 2),
    ("FSS 1 mm 5 km", "scaleadapt", "fss_1mm_5km", 2),
    ("power < 8 km", "scaleadapt", "spectra_ratio_high", 2),
    ("q99.9", "scaleadapt", "q999_ratio", 2),
    ("lag-1", "scaleadapt", "lag1_ratio", 2),
]
#: title of a column, score, our system, the baseline that it is divided by
RATIOS = [
    ("over RainFARM", "crps", "scaleadapt", "rainfarm"),
    ("over AR(1)", "crps", "scaleadapt", "rainfarm_ar1"),
    ("RMSE of the mean over bicubic", "rmse", "mean", "bicubic"),
]
#: FSS: title of a column, score
FRACTIONS = [
    ("FSS of members, 1 mm 5 km (best baseline)", "fss_1mm_5km"),
    ("of the ensemble", "fss_ensemble_1mm_5km"),
    ("of the ensemble, 5 mm 5 km", "fss_ensemble_5mm_5km"),
]


def markdown(titles: list[str], rows: list[list[str]]) -> list[str]:
    """Lines of a table."""
    lines = [titles, ["---"] * len(titles), *rows]
    return ["| " + " | ".join(cells) + " |" for cells in lines]


def variants(results: list[dict]) -> list[str]:
    """Lines of the table of one pair's variants, best CRPS against the default first."""
    runs: dict = {}
    for run in results:
        if run["fold"] != "all":
            runs.setdefault(run["variant"], {})[run["fold"], run["seed"]] = run["systems"]
    rows = []
    for variant, own in runs.items():
        places = sorted(own.keys() & runs["default"].keys())
        ratios = [own[p]["scaleadapt"]["crps"] / runs["default"][p]["scaleadapt"]["crps"] for p in places]
        if not ratios:
            continue
        numbers = [f"{fmean(own[p][system][score] for p in places):.{n}f}" for _, system, score, n in COLUMNS]
        numbers.insert(1, f"{fmean(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})")
        rows.append((fmean(ratios), [variant, str(len(places)), *numbers]))
    titles = ["variant", "runs", *(title for title, *_ in COLUMNS)]
    titles.insert(3, "against default")
    return markdown(titles, [row for _, row in sorted(rows)])


def folds(results: list[dict]) -> list[str]:
    """Lines of the table of one pair's folds, of all of them joined, and of other places."""
    ordered = sorted(results, key=lambda run: (run["fold"] == "all", run["fold"], run["seed"]))
    found = [(run["fold"], run) for run in ordered]
    found += [(place, part) for run in ordered for place, part in run.items() if "systems" in (part or ())]
    titles = ["days", "CRPS", *(title for title, *_ in RATIOS), "SSR", *(title for title, _ in FRACTIONS)]
    rows = [[name, *fold(run["systems"], run["crps_intervals"])] for name, run in found]
    return markdown([*titles, *(title for title, *_ in COLUMNS[4:])], rows)


def fold(systems: dict, intervals: dict) -> list[str]:
    """Cells of one row of the table of folds."""
    ours = systems["scaleadapt"]
    baselines = [system for name, system in systems.items() if name not in ("scaleadapt", "mean")]
    cells = [f"{ours['crps']:.4f}"]
    for _, score, system, baseline in RATIOS:
        cell = f"{systems[system][score] / systems[baseline][score]:.3f}" if baseline in systems else "–"
        if score == "crps" and baseline in intervals:
            cell += " ({:.3f} to {:.3f})".format(*intervals[baseline])
        cells.append(cell)
    cells.append(f"{ours['ssr']:.2f}")
    for _, score in FRACTIONS:
        best = max((system[score] for system in baselines if score in system), default=float("nan"))
        cells.append(f"{ours[score]:.3f} ({best:.3f})")
    return [*cells, *(f"{ours[score]:.{n}f}" for _, _, score, n in COLUMNS[4:])]


if __name__ == "__main__":
    results = list(json.loads(Path(sys.argv[1]).read_text()).values())
    for config in sorted({run["config"] for run in results}):
        runs = [run for run in results if run["config"] == config]
        lines = folds(runs) if len({run["variant"] for run in runs}) == 1 else variants(runs)
        print(f"{config}\n\n" + "\n".join(lines) + "\n")
