"""The scorecard: run through the windows once, count every system, give scores, JSON and a Markdown table."""

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from anemoi_scaleadapt.verification import baselines
from anemoi_scaleadapt.verification.rain import Rain
from anemoi_scaleadapt.verification.scores import HEADLINE, score
from anemoi_scaleadapt.verification.tally import Settings, add, tally
from anemoi_scaleadapt.verification.windows import HOUR, Coarse

#: the systems that every scorecard lists, in this order; null where one is undefined
SYSTEMS = ("scaleadapt", "mean", "nearest", "bicubic", "rainfarm")


@dataclass
class Case:
    """Everything that is verified: open files, the factor pair, the windows, the settings."""

    members: Rain
    truth: Rain
    coarse: Coarse
    windows: np.ndarray
    s: int
    t: int
    mean: Rain | None = None
    name: str = "scaleadapt"
    member_baselines: int = 8
    seed: int = 0
    settings: Settings = field(default_factory=Settings)

    def systems(self, window: np.ndarray, number: int) -> dict:
        """Forecasts of every system for one window: name -> (member, t, y, x), None where undefined."""
        now, frames = self.coarse.frame(window), self.coarse.in_time(window)
        rainfarm = baselines.rainfarm(frames, now, self.s, self.member_baselines, self.seed + number)
        out = {
            self.name: self.members.at(window),
            "mean": None if self.mean is None else self.mean.at(window),
            "nearest": baselines.nearest(now, self.t, self.s),
            "bicubic": baselines.bicubic(frames, now, self.s),
            "rainfarm": rainfarm,
        }
        return {name: None if f is None else f.astype("float32") for name, f in out.items()}


@dataclass
class Tallies:
    """Sums by system and day, (system -> list over days), and the wettest window of the truth."""

    days: list
    sums: dict
    members: dict
    wettest: int
    shape: tuple


def count(case: Case, progress: Callable[[Iterable], Iterable] = iter) -> Tallies:
    """Count all windows.

    Parameters
    ----------
    case : Case
        What is verified.
    progress : callable
        Wraps the list of windows, to show a bar.
    """
    per_day: dict = {}
    members: dict = {}
    previous: dict = {}
    wettest, most = 0, -1.0
    last = None
    for number, window in enumerate(progress(list(case.windows))):
        truth = case.truth.at(window)[0]
        coarse = case.coarse.frame(window)
        follows = last is not None and window[0] - last == HOUR
        day = str((window[0] - HOUR).astype("datetime64[D]"))
        for name, forecast in case.systems(window, number).items():
            if forecast is None:
                continue
            before = previous.get(name) if follows else None
            sums = tally(forecast, truth, coarse, case.settings, before)
            systems = per_day.setdefault(day, {})
            systems[name] = add(systems.get(name), sums)
            members[name] = len(forecast)
            keep = case.settings.lags
            if before is None:
                previous[name] = (forecast[:, -keep:], truth[-keep:])
            else:
                joined = np.concatenate([before[0], forecast], axis=1), np.concatenate([before[1], truth])
                previous[name] = (joined[0][:, -keep:], joined[1][-keep:])
        last = window[-1]
        if np.nansum(truth) > most:
            wettest, most = number, float(np.nansum(truth))
    days = sorted(per_day)
    sums = {name: [per_day[day][name] for day in days] for name in members}
    return Tallies(days, sums, members, wettest, case.truth.shape)


def combine(sums: list, weights: np.ndarray | None = None) -> dict:
    """Add the sums of days up, each as often as its weight says (maxima: over days with any weight)."""
    weights = np.ones(len(sums)) if weights is None else weights
    out = {}
    for key in sums[0]:
        stacked = np.stack([day[key] for day in sums])
        if key.startswith("max_"):
            out[key] = stacked[weights > 0].max(axis=0)
        else:
            out[key] = np.tensordot(weights, stacked, axes=1)
    return out


def scorecard(case: Case, tallies: Tallies) -> dict:
    """Return the scorecard as the dictionary that becomes ``scorecard.json``."""
    names = list(dict.fromkeys([case.name, *SYSTEMS[1:], *tallies.sums]))
    systems = dict.fromkeys(names)
    for name, sums in tallies.sums.items():
        systems[name] = score(combine(sums), tallies.shape, case.settings)
    return {
        "pair": [case.s, case.t],
        "members": tallies.members[case.name],
        "period": [f"{case.windows[0][0]}Z", f"{case.windows[-1][-1]}Z"],
        "systems": systems,
        "days": tallies.days,
        "windows": len(case.windows),
        "grid": list(tallies.shape),
        "pixel_km": case.settings.pixel_km,
        "truth": score_truth(combine(tallies.sums[case.name])),
    }


def score_truth(sums: dict) -> dict:
    """Plain facts of the truth: mean rain (mm h-1), wet fraction and maximum (mm h-1)."""
    n = max(float(sums["count"]), 1.0)
    return {
        "mean": float(sums["sum_truth"]) / n,
        "wet_fraction": float(sums["wet_truth"]) / n,
        "maximum": float(sums["max_truth"]),
    }


def markdown(card: dict) -> str:
    """Return the scorecard as a Markdown table, one row a system."""
    titles = "CRPS|RMSE|SSR|FSS 1 mm 5 km|power < 8 km|q99|q99.9|lag-1|wet|coarse error".split("|")
    s, t = card["pair"]
    lines = [
        f"# Scorecard ({s}, {t})",
        "",
        f"{card['members']} members, {card['period'][0]} to {card['period'][1]}, {card['windows']} "
        f"windows of {t} h on {len(card['days'])} days, {card['grid'][0]} x {card['grid'][1]} pixels of "
        f"{card['pixel_km']:.2g} km; truth: mean {card['truth']['mean']:.3f} mm/h, "
        f"{100 * card['truth']['wet_fraction']:.1f} % wet, at most {card['truth']['maximum']:.1f} mm/h.",
        "",
        "| system | " + " | ".join(titles) + " |",
        "|---|" + "---|" * len(titles),
    ]
    for name, values in card["systems"].items():
        cells = [_cell(key, (values or {}).get(key)) for key in HEADLINE]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    lines += [
        "",
        "CRPS (fair; the absolute error for a single field) and RMSE of the mean in mm/h, lower is better; "
        "SSR, the ratios (predicted over observed) and FSS are best at 1, the coarse error at 0. Bicubic and "
        "RainFARM: coarse frames interpolated linearly in time, exact coarse totals.",
        "",
    ]
    return "\n".join(lines)


def _cell(key: str, value: float | None) -> str:
    if value is None:
        return "–"
    if key == "conservation_error":
        return f"{value:.0e}"
    return f"{value:.4f}" if key == "crps" else f"{value:.3f}"


def write_text(path: Path, text: str) -> None:
    """Write a text file under a temporary name and rename it."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)


def write(card: dict, folder: Path) -> None:
    """Write ``scorecard.json`` and ``scorecard.md``."""
    write_text(folder / "scorecard.json", json.dumps(_plain(card), indent=1) + "\n")
    write_text(folder / "scorecard.md", markdown(card))


def _plain(value):
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, (float, np.floating)):
        return float(value) if np.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value
