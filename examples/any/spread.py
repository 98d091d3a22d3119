"""Choose how members are drawn on packed rain: spread.py WEIGHTS --pool DIR --work DIR --to DIR.

As `anemoi-scaleadapt calibrate spread`, but `eta` alone, on many more half days, pair by pair, each kept in WORK, so
that several processes can share the pairs and none is measured twice. Nothing is chosen by CRPS here: with another eta
other noise decides where showers are, and on 24 half days two seeds of the same settings differ by 2 %. Nor is
sigma_max: it is what hides the largest patterns. With all pairs there --to gets the weights with their table.
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from pool import packed

from anemoi_scaleadapt.calibration.spread import LAG, POWER, SPREAD, Point, off
from anemoi_scaleadapt.calibration.trained import measure
from anemoi_scaleadapt.calibration.weights import pair_of, stretches_of, write
from anemoi_scaleadapt.diffusion.settings import Tuned
from anemoi_scaleadapt.files import write_text
from anemoi_scaleadapt.pretrained import load

PAIRS = "10:1,1:3,10:3,25:6,5:2,2:5,3:1"
#: where drawing begins, for hourly frames and for longer ones, which leave large patterns open
HOURLY, LONGER = 20.0, 160.0
#: what is measured; nothing beyond is chosen
ETAS = (1.0, 0.3)


def read(path: Path) -> list[Point]:
    """What was measured of a pair."""
    return [Point(**point) for point in json.loads(path.read_text())]


def best(points: list[Point]) -> Point:
    """The eta with spread, power and lag nearest to the truth's, by lines between what was measured (logarithms)."""
    points = sorted(points, key=lambda point: point.eta)
    etas = [point.eta for point in points]
    fine = np.round(np.arange(etas[0], etas[-1] + 0.001, 0.01), 2)

    def along(name: str) -> np.ndarray:
        return np.exp(np.interp(fine, etas, np.log([getattr(point, name) for point in points])))

    rows = zip(fine.tolist(), *(along(name).tolist() for name in ("ssr", "crps", "power", "lag")), strict=True)
    found = [Point(*points[0].tuned[:-1], eta, *scores) for eta, *scores in rows]
    return min(found, key=lambda point: off(point.ssr, SPREAD) + off(point.power, POWER) + off(point.lag, LAG))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", help="a name that ships, or a folder")
    for name in ("pool", "work", "to"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--name", default="watch", help="packed rain of the days to choose on")
    parser.add_argument("--pairs", default=PAIRS)
    parser.add_argument("--precision", choices=("32", "bf16"), default="32")
    for name, value in (("draw", 36), ("edge", 125), ("members", 2)):
        parser.add_argument(f"--{name}", type=int, default=value)
    args = parser.parse_args()
    model, hr = load(args.weights), packed(args.pool, args.name)
    days = [str(day) for day in (hr.times[[0, -1]] - np.timedelta64(1, "s")).astype("M8[D]")]
    args.work.mkdir(parents=True, exist_ok=True)
    paths = {text: args.work / f"s{text.replace(':', 't')}.json" for text in PAIRS.split(",")}
    for text in args.pairs.split(","):
        if not paths[text].exists():
            pair = pair_of(text, model)
            space, time = pair
            scale, begin = model.find_scale({"space": space, "time": time}), LONGER if time > 1 else HOURLY
            with torch.autocast("cpu", torch.bfloat16, enabled=args.precision == "bf16"):
                stretches = stretches_of(model, hr, pair, days, args.draw, args.edge)
                trials = [Tuned(begin, eta=eta) for eta in ETAS]
                points = [measure(model.downscaler, scale, stretches, tuned, args.members) for tuned in trials]
            print(pair, len(stretches), best(points), flush=True)
            write_text(paths[text], json.dumps([asdict(point) for point in points], indent=1) + "\n")
    if all(path.exists() for path in paths.values()):
        about = {key: getattr(args, key) for key in ("draw", "edge", "members")}
        tuned = {pair_of(text, model): best(read(path)).tuned for text, path in paths.items()}
        source = json.loads((args.pool / f"{args.name}.json").read_text())["file"]
        write(args.weights, tuned, args.to, {"hr": source, "days": days, **about})


if __name__ == "__main__":
    main()
