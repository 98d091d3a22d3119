"""Score weights and rivals with all scores of the package, over days: study.py WEIGHTS --pool DIR --to FILE.json.

Every wet day of the packed rain gives a square and its hours. The rivals' noise is fitted on days of training. The
result holds, for each pair: scores of every system with 95 % intervals over days, and differences to each rival with a
test. With --whole every day of the record is scored, all hours and the whole field.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from pool import STEP, packed
from score import EPOCH, squares

from anemoi_scaleadapt.baselines.settings import FittedNoise
from anemoi_scaleadapt.baselines.systems import Setup, System, build
from anemoi_scaleadapt.calibration.noise import fit_noise
from anemoi_scaleadapt.files import write_text
from anemoi_scaleadapt.hours import HOUR
from anemoi_scaleadapt.inference.draw import draw_members
from anemoi_scaleadapt.models.anemoi import RainModel
from anemoi_scaleadapt.models.context import frames_round
from anemoi_scaleadapt.pretrained import load
from anemoi_scaleadapt.rain.average import coarse_frames
from anemoi_scaleadapt.rain.record import Rain
from anemoi_scaleadapt.rain.windows import Coarse
from anemoi_scaleadapt.verification.run import Pixels, Tallies, count
from anemoi_scaleadapt.verification.scorecard import scorecard
from anemoi_scaleadapt.verification.settings import Settings

PAIRS = "10:1,10:3,1:3,25:6"
#: the baselines that the weights are compared with
RIVALS = ("rainfarm_ar1", "steps")
OURS = "any"


def record(fields: np.ndarray, ends: np.ndarray) -> Rain:
    """Fields (time, y, x) in mm h-1 as a record."""
    return Rain("pool", ends, fields.shape[1:], None, None, lambda index: fields[None, index])


def fitted(folder: Path, pool: Path, name: str, s: int, t: int) -> FittedNoise:
    """Noise of the rivals, fitted on packed rain and kept in a file."""
    path = folder / f"s{s}t{t}.json"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        fit_noise(packed(pool, name), s, t).write(path)
    return FittedNoise.read(path)


@dataclass
class Draws:
    """What is drawn of some hours, as functions of a window's hours and its number, and what it is drawn from."""

    systems: dict[str, System]
    truth: Rain
    coarse: Coarse
    windows: np.ndarray


def draws(
    model: RainModel, fine: np.ndarray, begin: np.datetime64, pair: tuple[int, int], noise: FittedNoise,
    members: int, seed: int = 0, precision: str = "32",
) -> Draws:  # fmt: skip
    """Draw members of a pair from the means of fine rain, ours and the rivals'.

    Parameters
    ----------
    model : RainModel
        The weights.
    fine : ndarray, shape (hours before + hours + hours after, y, x)
        mm h-1, NaN where missing; the outer hours are those of `frames_round`.
    begin : datetime64
        Begin of the hours that are drawn.
    pair : tuple of int
        (s, t).
    noise : FittedNoise
        Of the rivals.
    members, seed : int
        Size and seed of every ensemble.
    precision : str
        ``bf16`` for networks in bfloat16.
    """
    (s, t), past = pair, frames_round(pair[1])
    frames = coarse_frames(torch.from_numpy(np.nan_to_num(fine, nan=-1))[None], s, t)[0].numpy()
    frames = np.where(frames < 0, np.nan, frames)
    hours = (len(frames) - 2 * past) * t
    ends = begin + (1 + np.arange(hours)) * HOUR
    how = {"before": past, "after": past, "seed": seed, "members": members}
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
        drawn, _ = draw_members(model, frames, begin.item(), {"space": s, "time": t}, **how)
    coarse = Coarse(record(frames, begin + (np.arange(len(frames)) - past + 1) * t * HOUR), t)
    setup = Setup(coarse, s, t, members, seed=seed, noise=noise)
    systems: dict[str, System] = {OURS: lambda window, number: drawn[:, number * t : (number + 1) * t]}
    for name in RIVALS:
        if (system := build(name, setup)) is not None:
            systems[name] = system
    return Draws(systems, record(fine[past * t : past * t + hours], ends), coarse, ends.reshape(-1, t))


def day(model: RainModel, fine: np.ndarray, k: int, pair: tuple[int, int], noise: FittedNoise, args) -> Tallies:
    """Count a square and its hours as day number `k`: every square is a day of its own."""
    begin = np.datetime64(EPOCH, "s") + np.timedelta64(k, "D")
    drawn = draws(model, fine, begin, pair, noise, args.members, args.seed + k, args.precision)
    shape = drawn.truth.shape
    return count(drawn.systems, drawn.truth, drawn.coarse, drawn.windows, settings(shape), allow_missing=True)


def settings(shape: tuple[int, int]) -> Settings:
    return Settings(shape, fss_thresholds=(1.0, 5.0), fss_scales_km=(5.0, 25.0), lags=1)


def joined(parts: list[Tallies]) -> Tallies:
    """All days as one period."""
    first = parts[0]
    sums = {name: [day for part in parts for day in part.sums[name]] for name in first.sums}
    pixels = Pixels(
        *(sum(getattr(p.pixels, key) for p in parts) for key in ("scored", "truth", "scored_wet", "truth_wet"))
    )
    days = [name for part in parts for name in part.days]
    windows = np.concatenate([part.windows for part in parts])
    bias = {name: float("nan") for name in first.pixel_bias}
    return Tallies(first.settings, windows, days, sums, first.members, pixels, bias)


def study(model: RainModel, pair: tuple[int, int], args) -> dict:
    """The scorecard of a pair over all days."""
    s, t = pair
    rain = np.load(args.pool / f"{args.name}.npy", mmap_mode="r")
    wet = np.load(args.pool / f"{args.name}.wet.npy")
    noise = fitted(args.noise, args.pool, args.fit, s, t)
    drawn, past = args.hours // t, frames_round(t)
    if args.whole:
        places = [(first, 0, 0) for first in range(0, len(rain) // 24 * 24, 24)]
        shape, drawn = tuple(n // s * s for n in rain.shape[1:]), 24 // t
    else:
        places = squares(wet, args.squares, args.hours, args.size, 12)
        shape = (args.size // s * s,) * 2
    parts = []
    for k, (first, y, x) in enumerate(places):
        begin, end = first - past * t, first + (drawn + past) * t
        cut = np.full((end - begin, *shape), -1, "float32")  # missing beyond the ends of the record
        inside = slice(max(begin, 0), min(end, len(rain)))
        cut[inside.start - begin : inside.stop - begin] = rain[inside, y : y + shape[0], x : x + shape[1]]
        parts.append(day(model, np.where(cut < 0, np.nan, cut * np.float32(STEP)), k, pair, noise, args))
    tallies = joined(parts)
    card = scorecard(tallies, OURS, pair, tuple(n for n in RIVALS if n in tallies.sums))
    kept = ("pair", "members", "name", "systems", "ratios", "differences", "best_classical", "truth", "days")
    out = {key: card[key] for key in kept}
    out["systems"] = {name: values for name, values in card["systems"].items() if values}
    out["ranks"] = {name: curves.get("rank_histogram") for name, curves in card["curves"].items()}
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", help="a name that ships, or a folder")
    parser.add_argument("--pool", type=Path, required=True)
    parser.add_argument("--name", default="score")
    parser.add_argument("--noise", type=Path, required=True, help="folder of the rivals' fitted noise, made if missing")
    parser.add_argument("--fit", default="radolan", help="days of training to fit it on")
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--pairs", default=PAIRS)
    parser.add_argument("--whole", action="store_true", help="all hours and the whole field instead of squares")
    parser.add_argument("--precision", choices=("32", "bf16"), default="32")
    for name, value in (("squares", 100), ("hours", 12), ("size", 150), ("members", 4), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=value)
    args = parser.parse_args()
    model = load(args.weights)
    kept = json.loads(args.to.read_text()) if args.to.exists() else {}
    for pair in (tuple(map(int, p.split(":"))) for p in args.pairs.split(",")):
        name = f"s{pair[0]}t{pair[1]}"
        if name not in kept:
            kept[name] = study(model, pair, args)
            args.to.parent.mkdir(parents=True, exist_ok=True)
            write_text(args.to, json.dumps(kept, indent=1) + "\n")
            told = kept[name]
            print(name, told["best_classical"], {k: round(v["crps"], 4) for k, v in told["ratios"].items()}, flush=True)


if __name__ == "__main__":
    main()
