"""Choose how members are drawn on squares like those that are scored: spread.py WEIGHTS --pool DIR --work DIR --to DIR.

As `anemoi-scaleadapt calibrate spread`, but on the wettest square of several watched days, twelve hours of each, where
the command takes the wettest windows of all: in these the spread is larger. Pairs are measured one by one, each kept
in WORK; with all of them there, --to gets the weights with their table.
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from score import score

from anemoi_scaleadapt.calibration.spread import Point, Spread, find
from anemoi_scaleadapt.calibration.weights import write
from anemoi_scaleadapt.files import write_text
from anemoi_scaleadapt.models.anemoi import RainModel
from anemoi_scaleadapt.pretrained import load

PAIRS = "10:1,1:3,10:3,25:6,5:2,2:5,25:2,17:4"


def chosen(model: RainModel, pair: tuple[int, int], rain: np.ndarray, wet: np.ndarray, args) -> Spread:
    """Search the settings of a pair."""
    net, usual = model.downscaler, model.downscaler.sampler
    scale = model.scale_of(*pair)

    def measure(sigma_max: float, noise_factor: float) -> Point:
        net.sampler = usual.model_copy(update={"sigma_max": sigma_max, "noise_factor": noise_factor})
        with torch.autocast("cpu", torch.bfloat16, enabled=args.precision == "bf16"):
            told = score(model, rain, wet, pair, args, ())
        point = Point(sigma_max, noise_factor, told["ssr"], told["crps"], told["power"])
        print(pair, point, flush=True)
        return point

    found = find(measure, (net.sigma_max(scale), 1.0), net.sigma_max(scale))
    net.sampler = usual
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", help="a name that ships, or a folder")
    for name in ("pool", "work", "to"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--name", default="watch")
    parser.add_argument("--pairs", default=PAIRS)
    parser.add_argument("--precision", choices=("32", "bf16"), default="bf16")
    for name, value in (("squares", 5), ("hours", 12), ("size", 150), ("members", 4), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=value)
    args = parser.parse_args()
    model = load(args.weights)
    rain = np.load(args.pool / f"{args.name}.npy", mmap_mode="r")
    wet = np.load(args.pool / f"{args.name}.wet.npy")
    args.work.mkdir(parents=True, exist_ok=True)
    for pair in (tuple(map(int, text.split(":"))) for text in args.pairs.split(",")):
        path = args.work / f"s{pair[0]}t{pair[1]}.json"
        if not path.exists():
            write_text(path, json.dumps(asdict(chosen(model, pair, rain, wet, args)), indent=1) + "\n")
    found = {}
    for text in PAIRS.split(","):
        path = args.work / "s{}t{}.json".format(*text.split(":"))
        if not path.exists():
            return
        told = json.loads(path.read_text())
        points = tuple(Point(**point) for point in told["points"])
        found[tuple(map(int, text.split(":")))] = Spread(points, Point(**told["before"]), Point(**told["chosen"]))
    day = json.loads((args.pool / f"{args.name}.json").read_text())
    about = {"hr": day["file"], "days": [day["start"], day["end"]]}
    write(
        args.weights,
        found,
        args.to,
        about | {key: getattr(args, key) for key in ("squares", "hours", "size", "members")},
    )


if __name__ == "__main__":
    main()
