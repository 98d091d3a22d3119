"""Score weights over the plane of pairs on packed rain: score.py WEIGHTS --pool DIR --name score --to FILE.json."""

import argparse
import datetime
import json
import time
from pathlib import Path

import numpy as np
import torch
from pool import BLOCK, STEP

from anemoi_scaleadapt.baselines.systems import Setup, build
from anemoi_scaleadapt.inference.draw import draw_stretches
from anemoi_scaleadapt.models.context import frames_round
from anemoi_scaleadapt.pretrained import load
from anemoi_scaleadapt.rain.average import coarse_frames
from anemoi_scaleadapt.rain.record import HOUR, Rain
from anemoi_scaleadapt.rain.windows import Coarse
from anemoi_scaleadapt.training.scores import high_power, quantile
from anemoi_scaleadapt.verification.crps import fair_crps

PLANE = [(s, t) for s in (1, 2, 5, 10, 17, 25) for t in (1, 2, 3, 4, 5, 6) if (s, t) != (1, 1)]
#: date of the first hour, for the noise alone
EPOCH = datetime.datetime(2019, 1, 1)


def squares(wet: np.ndarray, count: int, hours: int, size: int, around: int) -> list[tuple[int, int, int]]:
    """Wet squares, one a day at most, spread evenly over the record: first hour, row and column in pixels."""
    edge, found = -(-size // BLOCK), []
    for first in range(around, len(wet) - hours - around, 24):
        known, share = np.isfinite(wet[first]), np.nan_to_num(wet[first : first + hours]).mean(0)
        best = (0.05, 0, 0)
        for y in range(known.shape[0] - edge + 1):
            for x in range(known.shape[1] - edge + 1):
                place = slice(y, y + edge), slice(x, x + edge)
                if known[place].all() and share[place].mean() > best[0]:
                    best = (share[place].mean(), y, x)
        if best[0] > 0.05:
            found.append((first, best[1] * BLOCK, best[2] * BLOCK))
    chosen = np.linspace(0, len(found) - 1, min(count, len(found))).round().astype(int)
    return [found[k] for k in chosen]


def correlation(one: torch.Tensor, other: torch.Tensor) -> float:
    one, other = one - one.mean(), other - other.mean()
    return float((one * other).mean() / (one.std() * other.std() + 1e-12))


def lag(rain: torch.Tensor, at: list[int]) -> float:
    """Mean correlation of hours `at` with the next, over members (..., hours, y, x)."""
    each = [correlation(x[i], x[i + 1]) for x in rain.reshape(-1, *rain.shape[-3:]) for i in at]
    return float(np.nanmean(each)) if each else float("nan")


#: the baselines that the weights are compared with
RIVALS = ("rainfarm_ar1", "steps")


def rival(name: str, frames: np.ndarray, before: int, drawn: int, s: int, t: int, members: int) -> torch.Tensor:
    """Members of a baseline, (members, hours, y, x)."""
    ends = np.datetime64(EPOCH, "s") + (1 + np.arange(len(frames))) * t * HOUR
    coarse = Coarse(Rain("frames", ends, frames.shape[1:], None, None, lambda index: frames[None, index]), t)
    system = build(name, Setup(coarse, s, t, members))
    windows = [end + (np.arange(t) - t + 1) * HOUR for end in ends[before : before + drawn]]
    return torch.from_numpy(np.concatenate([system(window, 0) for window in windows], axis=1)).float()


def score(model, rain, wet, pair: tuple[int, int], args, rivals: tuple[str, ...] = RIVALS) -> dict[str, float]:
    """Scores of a pair over all squares; of some where 90 % lie if squares are drawn anew among these."""
    s, t = pair
    scale = model.find_scale({"space": s, "time": t}, allow_untrained=True)
    drawn, past = args.hours // t, frames_round(t)
    size, edge = args.size // s * s, past * t
    sums: dict[str, list[float]] = {}
    members_of, truth_of, began = [], [], time.time()

    def keep(**values: float) -> None:
        for key, value in values.items():
            sums.setdefault(key, []).append(value)

    for first, y, x in squares(wet, args.squares, args.hours, args.size, 12):
        cut = rain[first - edge : first + drawn * t + edge, y : y + size, x : x + size].astype("float32")
        fine = torch.from_numpy(np.where(cut < 0, -1, cut * STEP))[None]
        frames = coarse_frames(fine, s, t)[0].numpy()
        truth = fine[0, edge : edge + drawn * t]
        start = EPOCH + datetime.timedelta(hours=int(first))
        how = {"before": past, "after": past, "seed": args.seed}
        with torch.autocast("cpu", torch.bfloat16, enabled=args.precision == "bf16"):
            parts = draw_stretches(model.downscaler, frames, scale, start, range(args.members), **how)
        members = torch.from_numpy(np.concatenate([part.members for part in parts], axis=1))
        known = (truth >= 0) & ~members.isnan().any(0)
        seen, own = torch.where(known, truth, 0), torch.where(known, members, 0)
        for name in rivals:
            other = torch.where(known, rival(name, frames, past, drawn, s, t, args.members), 0)
            keep(**{name: float(fair_crps(other, seen)[known].sum())})
        keep(crps=float(fair_crps(own, seen)[known].sum()), count=int(known.sum()))
        keep(square=float((own.mean(0) - seen).square().sum()), variance=float(own.var(0).sum()))
        members_of.append(own.flatten())
        truth_of.append(seen.flatten())
        hours = range(len(seen) - 1)
        at = {"lag": [*hours], "inside": [i for i in hours if (i + 1) % t], "across": [*hours][t - 1 :: t]}
        for which, rates in (("own", own), ("true", seen)):
            keep(**{f"{key}_{which}": lag(rates, when) for key, when in at.items() if t > 1 or key == "lag"})
            keep(**{f"power_{which}": float(high_power(rates))})
            keep(**{f"change_{which}": float(rates.diff(dim=-3).abs().mean())})
    everything, truth = torch.cat(members_of), torch.cat(truth_of)
    table = {key: np.array(values) for key, values in sums.items()}
    found = {
        **pooled(table, args.members),
        "q999": float(quantile(everything, 0.999) / quantile(truth, 0.999)),
        "q9999": float(quantile(everything, 0.9999) / quantile(truth, 0.9999)),
        "seconds": time.time() - began,
    }
    again = np.random.default_rng(0).integers(0, len(table["crps"]), (1000, len(table["crps"])))
    drawn_again = [pooled({key: values[row] for key, values in table.items()}, args.members) for row in again]
    for key in ("ssr", "power", "lag_off"):
        found[f"{key}_low"], found[f"{key}_high"] = np.nanpercentile([each[key] for each in drawn_again], (5, 95))
    return {key: round(float(value), 4) for key, value in found.items()}


def pooled(sums: dict[str, np.ndarray], members: int) -> dict[str, float]:
    """Scores of sums over squares."""
    total = {key: np.nansum(values) for key, values in sums.items()}
    kinds = [key.removesuffix("_own") for key in sums if key.endswith("_own")]
    with np.errstate(divide="ignore", invalid="ignore"):  # squares whose hours are dry have no lag
        each = {kind: total[f"{kind}_own"] / total[f"{kind}_true"] for kind in kinds}
    return {
        "crps": total["crps"] / total["count"],
        **{f"over_{name}": total["crps"] / total[name] for name in RIVALS if name in total},
        "ssr": ((members + 1) / members * total["variance"] / total["square"]) ** 0.5,
        **each,
        "lag_off": (total["lag_own"] - total["lag_true"]) / len(sums["lag_own"]),
    }


def options(description: str | None) -> argparse.ArgumentParser:
    """What is drawn of what, and where the scores go."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("weights", help="a name that ships, or a folder")
    parser.add_argument("--pool", type=Path, required=True)
    parser.add_argument("--name", default="score")
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--precision", choices=("32", "bf16"), default="32")
    for name, value in (("squares", 3), ("hours", 12), ("size", 150), ("members", 4), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=value)
    return parser


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--pairs", help="s:t,s:t; by default 35 over the whole plane")
    args = parser.parse_args()
    model = load(args.weights)
    rain = np.load(args.pool / f"{args.name}.npy", mmap_mode="r")
    wet = np.load(args.pool / f"{args.name}.wet.npy")
    pairs = [tuple(map(int, p.split(":"))) for p in args.pairs.split(",")] if args.pairs else PLANE
    kept = json.loads(args.to.read_text()) if args.to.exists() else {}
    for pair in pairs:
        name = f"s{pair[0]}t{pair[1]}"
        if name not in kept:
            kept[name] = score(model, rain, wet, pair, args)
            args.to.write_text(json.dumps(kept, indent=1) + "\n")
            print(name, kept[name], flush=True)


if __name__ == "__main__":
    main()
