"""The scorecard: scores with intervals of every system, as JSON and as a Markdown table."""

import json
from pathlib import Path

import numpy as np

from anemoi_scaleadapt.baselines.systems import BASELINES
from anemoi_scaleadapt.files import write_text
from anemoi_scaleadapt.verification.bootstrap import combine, intervals, relative
from anemoi_scaleadapt.verification.case import Case, Tallies
from anemoi_scaleadapt.verification.curves import curves
from anemoi_scaleadapt.verification.scores import HEADLINE, score

#: listed in every scorecard after the system itself, null where undefined or not asked for
ALWAYS = ("mean", "nearest", "bicubic", "rainfarm")
TITLES = "CRPS|RMSE|SSR|FSS 1 mm 5 km|power < 8 km|q99|q99.9|lag-1|wet|coarse error".split("|")


def scorecard(case: Case, tallies: Tallies, samples: int = 1000, progress=iter) -> dict:
    """Return the scorecard as the dictionary that becomes ``scorecard.json``.

    Parameters
    ----------
    case : Case
        What was verified.
    tallies : Tallies
        From :func:`case.count`.
    samples : int
        Bootstrap resamples; 0 for no intervals.
    progress : callable
        Wraps the bootstrap.
    """
    shape, settings = tallies.shape, case.settings
    totals = {name: combine(sums) for name, sums in tallies.sums.items()}
    systems: dict = dict.fromkeys([case.name, *ALWAYS])
    for name, sums in totals.items():
        systems[name] = score(sums, shape, settings)
    own = systems[case.name]
    bounds, ratio_bounds = intervals(tallies.sums, shape, settings, samples, case.seed, case.name, progress)
    ratios = {}
    for name in totals:
        if name != case.name:
            ratios[name] = {**relative(own, systems[name]), "intervals": ratio_bounds.get(name)}
        if name in bounds:
            systems[name]["intervals"] = bounds[name]
    return {
        "pair": [case.s, case.t],
        "members": tallies.members[case.name],
        "period": [f"{case.windows[0][0]}Z", f"{case.windows[-1][-1]}Z"],
        "systems": systems,
        "name": case.name,
        "ratios": ratios,
        "best_classical": best_classical(systems),
        "days": tallies.days,
        "windows": len(case.windows),
        "grid": list(shape),
        "pixel_km": settings.pixel_km,
        "baseline_members": case.member_baselines,
        "bootstrap_samples": samples if bounds else 0,
        "seed": case.seed,
        "truth": score_truth(totals[case.name]),
        "curves": {name: curves(sums, shape, settings) for name, sums in totals.items()},
    }


def best_classical(systems: dict) -> str | None:
    """Name of the baseline with the lowest CRPS."""
    known = {n: v["crps"] for n, v in systems.items() if n in BASELINES and v and v["crps"] is not None}
    return min(known, key=known.get) if known else None


def score_truth(sums: dict) -> dict:
    """Plain facts of the truth: mean rain (mm h-1), wet fraction and maximum (mm h-1)."""
    n = max(float(sums["count"]), 1.0)
    return {
        "mean": float(sums["sum_truth"]) / n,
        "wet_fraction": float(sums["wet_truth"]) / n,
        "maximum": float(sums["max_truth"]),
    }


def facts(card: dict) -> str:
    """Return one sentence: what was verified."""
    s, t = card["pair"]
    truth = card["truth"]
    return (
        f"{card['members']} members, {card['period'][0]} to {card['period'][1]}: {card['windows']} windows of {t} h "
        f"on {len(card['days'])} days, {card['grid'][0]} x {card['grid'][1]} pixels of {card['pixel_km']:.2g} km "
        f"from coarse cells of {s * card['pixel_km']:.2g} km. Truth: mean {truth['mean']:.3f} mm/h, "
        f"{100 * truth['wet_fraction']:.1f} % wet, at most {truth['maximum']:.1f} mm/h."
    )


def markdown(card: dict) -> str:
    """Return the scorecard as Markdown: the headline scores, and those of the system with their intervals."""
    lines = [f"# Scorecard ({card['pair'][0]}, {card['pair'][1]})", "", facts(card), ""]
    lines += ["| system | " + " | ".join(TITLES) + " |", "|---|" + "---|" * len(TITLES)]
    for name, values in card["systems"].items():
        cells = [cell(key, (values or {}).get(key)) for key in HEADLINE]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    lines += [
        "",
        "CRPS (fair; the absolute error for a single field) and RMSE of the mean in mm/h, lower is better; "
        "SSR, the ratios (predicted over observed) and FSS are best at 1, the coarse error at 0. All baselines but "
        "nearest: coarse frames interpolated linearly in time, exact coarse totals.",
        "",
    ]
    values = card["systems"][card["name"]]
    if card["ratios"]:
        lines += [f"{card['name']} over the others, paired by day:", "", "| over | CRPS | RMSE |", "|---|---|---|"]
        for name, ratio in card["ratios"].items():
            both = [f"{cell('', ratio[k])} {span('', (ratio['intervals'] or {}).get(k))}" for k in ("crps", "rmse")]
            lines.append(f"| {name} | {both[0].strip()} | {both[1].strip()} |")
        lines.append("")
    if card["bootstrap_samples"]:
        lines += [f"95 % intervals of {card['name']} ({card['bootstrap_samples']} resamples of {len(card['days'])} "
                  "days; rough where days are few):", "", "| score | value | interval |", "|---|---|---|"]  # fmt: skip
        for key, value in values.items():
            if key != "intervals" and value is not None:
                lines.append(f"| {key} | {cell(key, value)} | {span(key, values['intervals'].get(key))} |")
        lines.append("")
    return "\n".join(lines)


def cell(key: str, value: float | None) -> str:
    """Format one score."""
    if value is None:
        return "–"
    if key == "conservation_error":
        return f"{value:.0e}"
    return f"{value:.4f}" if "crps" in key or key in ("mae", "mae_median", "emd", "bias") else f"{value:.3f}"


def span(key: str, bounds: list | None) -> str:
    """Format an interval."""
    return f"[{cell(key, bounds[0])}, {cell(key, bounds[1])}]" if bounds else ""


def write(card: dict, folder: Path) -> None:
    """Write ``scorecard.json`` and ``scorecard.md``."""
    write_text(folder / "scorecard.json", json.dumps(plain(card), indent=1) + "\n")
    write_text(folder / "scorecard.md", markdown(card))


def plain(value):
    """Turn numpy numbers, NaN and tuples into what JSON knows."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, (float, np.floating)):
        return float(value) if np.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value
