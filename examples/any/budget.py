"""What a fixed budget of training buys: budget.py --pool DIR --work DIR --to FILE.json.

With the same number of crops a network learns all pairs, all but four, all pairs on fewer days, or without an
attention, or with fewer or more channels; four others learn one pair each with a quarter of it. All are compared on
the days that are watched: losses of the same crops, levels and noise, and for the pairs left out and the networks of
one pair the CRPS of members beside that of the network of all pairs.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import torch
from train import UNIT, Pool, watched

from anemoi_scaleadapt.diffusion.settings import SamplerSettings
from anemoi_scaleadapt.files import write_text
from anemoi_scaleadapt.models.downscaler import Downscaler
from anemoi_scaleadapt.models.settings import NetworkSettings
from anemoi_scaleadapt.models.transform import RainTransform

LEFT = ((5, 2), (17, 4), (2, 5), (13, 3))
#: pairs with a network of their own
ALONE = ((10, 1), (10, 3), (1, 3), (25, 6))
#: days of the first dataset, from the FIRST on
DAYS, FIRST = (2, 8, 32), 9
#: networks that differ
NETWORKS = {
    "hours": {"hours": 0},
    "space": {"window": 0},
    "small": {"mean_channels": [24, 32], "residual_channels": [32, 48]},
    "large": {"mean_channels": [72, 96], "residual_channels": [96, 144]},
}
HERE = Path(__file__).parent


def runs(steps: int) -> dict[str, list[str]]:
    """Names of the trainings and what each is told."""
    rest = ",".join(f"{s}:{t}" for s in range(1, 26) for t in range(1, 7) if (s, t) not in ((1, 1), *LEFT))
    only = ["--learn", "radolan=1", "--steps", str(steps)]
    found = {"all": ["--steps", str(steps)], "without": ["--steps", str(steps), "--pairs", rest]}
    found |= {f"s{s}t{t}": ["--steps", str(steps // len(ALONE)), "--pairs", f"{s}:{t}"] for s, t in ALONE}
    found |= {f"days{n}": [*only, "--days", f"{FIRST}:{n}"] for n in DAYS}
    return found | {name: ["--steps", str(steps), "--sizes", json.dumps(sizes)] for name, sizes in NETWORKS.items()}


def losses_of(path: Path, pool: Pool, pairs: list[tuple[int, int]], batches: int) -> dict[str, dict[str, float]]:
    """Watched losses of a training's weights."""
    kept = torch.load(path, map_location="cpu", weights_only=False)
    net = Downscaler(NetworkSettings(**kept["settings"]), SamplerSettings(), RainTransform(name="sqrt", unit=UNIT))
    net.load_state_dict(kept["averaged"])
    found = watched(net.eval(), pool, pairs, batches, 4)
    return {f"s{s}t{t}": {name: round(value, 4) for name, value in one.items()} for (s, t), one in found.items()}


def scored(path: Path, work: Path, pool: Path, pairs: list[tuple[int, int]]) -> dict[str, dict[str, float]]:
    """Scores of members on days that are watched."""
    weights, to = work / "export", work / "scores.json"
    export = [sys.executable, str(HERE / "export.py"), str(path), "--to", str(weights), "--pool", str(pool)]
    score = [sys.executable, str(HERE / "score.py"), str(weights), "--pool", str(pool), "--name", "watch"]
    score += ["--to", str(to), "--squares", "6", "--pairs", ",".join(f"{s}:{t}" for s, t in pairs)]
    subprocess.run(export, check=True)
    subprocess.run(score, check=True)
    return json.loads(to.read_text())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("pool", "work", "to"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--batches", type=int, default=6)
    args = parser.parse_args()
    watch = Pool(args.pool, "watch")
    kept = json.loads(args.to.read_text()) if args.to.exists() else {}
    for name, told in runs(args.steps).items():
        if name in kept:
            continue
        out = args.work / name
        command = [sys.executable, str(HERE / "train.py"), "--pool", str(args.pool), "--out", str(out)]
        subprocess.run([*command, *told, "--batch", "0.5", "--seed", "7"], check=True)
        (path,) = out.glob(f"step{told[told.index('--steps') + 1]}.pt")
        own = [pair for pair in ALONE if name == f"s{pair[0]}t{pair[1]}"]
        kept[name] = {
            "steps": int(told[told.index("--steps") + 1]),
            "losses": losses_of(path, watch, own or [*LEFT, *ALONE], args.batches),
        }
        drawn = {"all": [*ALONE, *LEFT], "without": [*LEFT]}.get(name, own)
        if drawn:
            kept[name]["scores"] = scored(path, out, args.pool, drawn)
        write_text(args.to, json.dumps(kept, indent=1) + "\n")
        print(name, kept[name]["losses"], flush=True)


if __name__ == "__main__":
    main()
