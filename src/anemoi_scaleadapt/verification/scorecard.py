"""The scorecard: scores with intervals of every system, as JSON and as a Markdown table."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from anemoi_scaleadapt.files import write_text
from anemoi_scaleadapt.verification.days import combine, compare, interval, relative, resample
from anemoi_scaleadapt.verification.run import Tallies
from anemoi_scaleadapt.verification.scores import curves, score

#: what values of a file that are no rain were taken for
WORDS = {
    "codes": "codes or infinite (missing)",
    "impossible": "impossible (missing)",
    "negative": "just below zero (dry)",
}
#: listed in every scorecard after the system itself, null where undefined or not asked for
ALWAYS = ("mean", "nearest", "bicubic", "rainfarm")
#: the headline of the scorecard: score -> title; the other scores follow it
HEADLINE = {
    "crps": "CRPS",
    "crps_mean_10km": "CRPS 10 km",
    "rmse": "RMSE",
    "ssr": "SSR",
    "fss_1mm_5km": "FSS 1 mm 5 km",
    "spectra_ratio_high": "power < 8 km",
    "q99_ratio": "q99",
    "q999_ratio": "q99.9",
    "lag1_ratio": "lag-1",
    "lag1_moving_ratio": "lag-1 moving",
    "wet_fraction_ratio": "wet",
    "conservation_error": "coarse error",
}


def scorecard(
    tallies: Tallies,
    name: str,
    pair: tuple[int, int],
    rivals: tuple[str, ...] = (),
    samples: int = 1000,
    seed: int = 0,
    progress: Callable[[Sequence], Iterable] = iter,
) -> dict:
    """Return the scorecard as the dictionary that becomes ``scorecard.json``, NaN and numpy's types turned into JSON's.

    Parameters
    ----------
    tallies : Tallies
        From :func:`run.count`.
    name : str
        The system that is verified; all others are what it is compared with.
    pair : tuple of int
        (s, t).
    rivals : tuple of str
        The classical ones of the others: the best of them is named.
    samples, seed : int
        Bootstrap resamples (0 for no intervals) and their seed.
    progress : callable
        Wraps the bootstrap.
    """
    settings, sums, days = tallies.settings, tallies.sums, tallies.days
    totals = {system: combine(of_days) for system, of_days in sums.items()}
    found = {system: score(total, settings) for system, total in totals.items()}
    systems: dict[str, dict[str, Any]] = {}
    for system, values in found.items():
        ordered = {key: values[key] for key in (*HEADLINE, *values)}
        systems[system] = ordered | {"pixel_bias": tallies.pixel_bias[system]}
    others = [system for system in found if system != name]
    ratios: dict[str, dict] = {n: {**relative(found[name], found[n]), "intervals": None} for n in others}
    differences = {}
    if samples and len(days) > 1:
        drawn = resample(sums, settings, samples, seed, progress)
        for system, values in drawn.items():
            systems[system]["intervals"] = {key: interval(v) for key, v in values.items()}
            if system != name:
                bounds = {key: interval(v) for key, v in relative(drawn[name], values).items()}
                ratios[system]["intervals"] = bounds
                differences[system] = compare(sums[name], sums[system], (drawn[name], values), settings)
    known = {rival: float(found[rival]["crps"]) for rival in rivals if np.isfinite(found[rival]["crps"])}
    card = {
        "pair": pair,
        "members": tallies.members[name],
        "period": [f"{tallies.windows[0][0]}Z", f"{tallies.windows[-1][-1]}Z"],
        "systems": dict.fromkeys([name, *ALWAYS]) | systems,
        "name": name,
        "ratios": ratios,
        "differences": differences,
        "best_classical": min(known, key=lambda rival: known[rival]) if known else None,
        "pixels": shares(tallies),
        "days": days,
        "windows": len(tallies.windows),
        "grid": settings.shape,
        "pixel_km": settings.pixel_km,
        "ensemble_sizes": tallies.members,
        "bootstrap_samples": samples if differences else 0,
        "seed": seed,
        "truth": truth_facts(totals[name]),
        "curves": {system: curves(total, settings) for system, total in totals.items()},
    }
    return plain(card)


def shares(tallies: Tallies) -> dict:
    """Count and share of the pixels and hours that are scored, of all and of those with rain, that the truth has."""
    pixels = tallies.pixels
    share, share_wet = (
        part / whole if whole else None
        for part, whole in ((pixels.scored, pixels.truth), (pixels.scored_wet, pixels.truth_wet))
    )
    return asdict(pixels) | {"share": share, "share_wet": share_wet}


def truth_facts(sums: Mapping[str, Any]) -> dict:
    """Plain facts of the truth: mean rain (mm h-1), wet fraction and maximum (mm h-1)."""
    n = max(float(sums["count"]), 1.0)
    return {
        "mean": float(sums["sum_truth"]) / n,
        "wet_fraction": float(sums["wet_truth"]) / n,
        "maximum": float(sums["max_truth"]),
    }


def facts(card: dict) -> str:
    """Return what was verified, in a few sentences."""
    s, t = card["pair"]
    truth, pixels = card["truth"], card["pixels"]
    text = (
        f"{card['members']} members, {card['period'][0]} to {card['period'][1]}: {card['windows']} windows of {t} h "
        f"on {len(card['days'])} days, {card['grid'][0]} x {card['grid'][1]} pixels of {card['pixel_km']:.2g} km "
        f"from coarse cells of {s * card['pixel_km']:.2g} km. Truth: mean {truth['mean']:.3f} mm/h, "
        f"{100 * truth['wet_fraction']:.1f} % wet, at most {truth['maximum']:.1f} mm/h."
    )
    if pixels["scored"] < pixels["truth"]:
        share, wet = (100 * (pixels[key] or 0) for key in ("share", "share_wet"))
        text += f" Scored: {share:.1f} % of the truth's pixels and hours, {wet:.1f} % of those with rain."
    for record, counts in pixels["marked"].items():
        said = ", ".join(f"{number} {WORDS[kind]}" for kind, number in counts.items())
        text += f" In the {record}: {said}."
    return text


def table(systems: Mapping[str, Mapping | None], titles: Mapping[str, str]) -> list[str]:
    """Lines of a Markdown table, aligned: a row a system, a column a score."""
    rows = [["system", *titles.values()]]
    rows += [[name, *(cell(key, (values or {}).get(key)) for key in titles)] for name, values in systems.items()]
    wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["| " + " | ".join([row[0].ljust(wide[0]), *map(str.rjust, row[1:], wide[1:])]) + " |" for row in rows]
    return [lines[0], "|" + "|".join(["-" * (wide[0] + 2), *("-" * (n + 1) + ":" for n in wide[1:])]) + "|", *lines[1:]]


def markdown(card: dict) -> str:
    """Return the scorecard as Markdown: the headline scores, and those of the system with their intervals."""
    name, values = card["name"], card["systems"][card["name"]]
    lines = [f"# Scorecard ({card['pair'][0]}, {card['pair'][1]})", "", facts(card), ""]
    lines += [*table(card["systems"], HEADLINE), ""]
    lines += [
        "CRPS (fair; the absolute error for a single field), CRPS of means over 10 km and RMSE of the mean in mm/h, "
        "lower is better; SSR, the ratios (predicted over observed) and FSS are best at 1, the coarse error at 0. All "
        "baselines but nearest have exact coarse totals and see the coarse frames before and after.",
        "",
    ]
    if card["ratios"]:
        lines += [f"{name} over the others, paired by day; p: Diebold-Mariano test of daily scores:", ""]
        lines += ["| over | CRPS | p | RMSE | p |", "|---|---|---|---|---|"]
        for other, ratio in card["ratios"].items():
            cells = []
            for key in ("crps", "rmse"):
                bounds = (ratio["intervals"] or {}).get(key)
                p = card["differences"].get(other, {}).get(key, {}).get("p")
                cells += [f"{cell('', ratio[key])} {span('', bounds)}".strip(), cell("", p)]
            lines.append(f"| {other} | {' | '.join(cells)} |")
        lines.append("")
    if card["bootstrap_samples"]:
        lines += [f"95 % intervals of {name} ({card['bootstrap_samples']} resamples of {len(card['days'])} "
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
    fine = "crps" in key or "bias" in key or key.startswith(("mae", "emd", "variogram", "brier"))
    return f"{value:.4f}" if fine else f"{value:.3f}"


def span(key: str, bounds: list | None) -> str:
    """Format an interval."""
    return f"[{cell(key, bounds[0])}, {cell(key, bounds[1])}]" if bounds else ""


def write(card: dict, folder: Path) -> None:
    """Write ``scorecard.json`` and ``scorecard.md``."""
    write_text(folder / "scorecard.json", json.dumps(card, indent=1) + "\n")
    write_text(folder / "scorecard.md", markdown(card))


def plain(value: Any) -> Any:
    """Turn numpy's numbers and arrays, NaN and tuples into what JSON knows."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, dict):
        return {key: plain(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
