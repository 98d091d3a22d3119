"""Choose how members are drawn on packed rain: spread.py WEIGHTS --pool DIR --work DIR --to DIR.

As `anemoi-scaleadapt calibrate spread`, but pair by pair, each kept in WORK, so that several processes can share the
pairs and none is measured twice, and in bfloat16. With all pairs there --to gets the weights with their table.
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from pool import packed

from anemoi_scaleadapt.calibration.spread import Point, Spread
from anemoi_scaleadapt.calibration.weights import pair_of, spread_of, write
from anemoi_scaleadapt.files import write_text
from anemoi_scaleadapt.pretrained import load

PAIRS = "10:1,1:3,10:3,25:6,5:2,2:5,25:2,17:4"


def read(path: Path) -> Spread:
    """Trials of a pair."""
    told = json.loads(path.read_text())
    points = tuple(Point(**point) for point in told["points"])
    return Spread(points, Point(**told["before"]), Point(**told["chosen"]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", help="a name that ships, or a folder")
    for name in ("pool", "work", "to"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--name", default="watch", help="packed rain of the days to choose on")
    parser.add_argument("--pairs", default=PAIRS)
    for name, value in (("draw", 48), ("edge", 125), ("members", 2)):
        parser.add_argument(f"--{name}", type=int, default=value)
    args = parser.parse_args()
    model, hr = load(args.weights), packed(args.pool, args.name)
    days = [str(day) for day in (hr.times[[0, -1]] - np.timedelta64(1, "s")).astype("M8[D]")]
    args.work.mkdir(parents=True, exist_ok=True)
    paths = {text: args.work / f"s{text.replace(':', 't')}.json" for text in PAIRS.split(",")}
    for text in args.pairs.split(","):
        if not paths[text].exists():
            pair = pair_of(text, model)
            with torch.autocast("cpu", torch.bfloat16):
                found = spread_of(model, hr, pair, days, args.draw, args.members, args.edge)
            print(pair, found.reason, flush=True)
            write_text(paths[text], json.dumps(asdict(found), indent=1) + "\n")
    if all(path.exists() for path in paths.values()):
        about = {key: getattr(args, key) for key in ("draw", "edge", "members")}
        found = {pair_of(text, model): read(path) for text, path in paths.items()}
        source = json.loads((args.pool / f"{args.name}.json").read_text())["file"]
        write(args.weights, found, args.to, {"hr": source, "days": days, **about})


if __name__ == "__main__":
    main()
