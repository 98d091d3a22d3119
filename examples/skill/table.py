"""Print a study as a Markdown table, a row for each variant. Usage: python examples/skill/table.py RESULTS.json

Numbers are means over the folds and seeds that both the variant and the default have; `against default` is the mean of
the ratios of CRPS to the default's of the same fold and seed, with the least and the largest.
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


def table(results: dict, config: str) -> list[str]:
    """Lines of the table of one pair, best CRPS against the default first."""
    runs: dict = {}
    for run in results.values():
        if run["config"] == config and "fold" in run:
            runs.setdefault(run["variant"], {})[run["fold"], run["seed"]] = run["systems"]
    rows = []
    for variant, own in runs.items():
        places = sorted(own.keys() & runs["default"].keys())
        ratios = [own[p]["scaleadapt"]["crps"] / runs["default"][p]["scaleadapt"]["crps"] for p in places]
        if not ratios:
            continue
        numbers = [f"{fmean(own[p][system][score] for p in places):.{n}f}" for _, system, score, n in COLUMNS]
        numbers.insert(1, f"{fmean(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})")
        rows.append((fmean(ratios), f"| {variant} | {len(places)} | " + " | ".join(numbers) + " |"))
    titles = ["variant", "runs", *(title for title, *_ in COLUMNS)]
    titles.insert(3, "against default")
    return ["| " + " | ".join(titles) + " |", "|---" * len(titles) + "|", *(row for _, row in sorted(rows))]


if __name__ == "__main__":
    results = json.loads(Path(sys.argv[1]).read_text())
    for config in sorted({run["config"] for run in results.values()}):
        print(f"{config}\n\n" + "\n".join(table(results, config)) + "\n")
