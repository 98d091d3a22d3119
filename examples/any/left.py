"""Train with all pairs and without four, and compare losses at these: left.py --pool DIR --work DIR --to FILE.json."""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
from train import UNIT, Pool, batch, losses, window_hours

from anemoi_scaleadapt.diffusion.settings import SamplerSettings
from anemoi_scaleadapt.files import write_text
from anemoi_scaleadapt.models.downscaler import Downscaler
from anemoi_scaleadapt.models.settings import NetworkSettings
from anemoi_scaleadapt.models.transform import RainTransform

LEFT = ((5, 2), (17, 4), (2, 5), (13, 3))
#: learnt by both
BOTH = ((10, 1), (10, 3), (25, 6))
HERE = Path(__file__).parent


def watched(path: Path, pool: Pool, batches: int) -> dict[str, dict[str, float]]:
    """Losses of both networks at all these pairs: the same crops, levels and noise for every file."""
    kept = torch.load(path, map_location="cpu", weights_only=False)
    net = Downscaler(NetworkSettings(), SamplerSettings(), RainTransform(name="sqrt", unit=UNIT))
    net.load_state_dict(kept["averaged"])
    net.eval()
    found = {}
    for pair in (*LEFT, *BOTH):
        random, generator = np.random.default_rng(1), torch.Generator().manual_seed(1)
        total = {"mean": 0.0, "residual": 0.0}
        for _ in range(batches):
            hours, size = window_hours(pair[1], 6), 150 if pair[0] > 12 else 100
            drawn = batch([pool], [1.0], random, *pair, hours, size, 4, hidden=False)
            with torch.no_grad():
                for name, value in losses(net, drawn, "bf16", "cpu", generator).items():
                    total[name] += float(value) / batches
        found[str(pair)] = total
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("pool", "work", "to"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--batches", type=int, default=6)
    args = parser.parse_args()
    rest = [(s, t) for s in range(1, 26) for t in range(1, 7) if (s, t) not in ((1, 1), *LEFT)]
    told = {}
    for name in ("all", "without"):
        out = args.work / name
        command = [sys.executable, str(HERE / "train.py"), "--pool", str(args.pool), "--out", str(out)]
        command += ["--steps", str(args.steps), "--batch", "0.5", "--seed", "7"]
        if name == "without":
            command += ["--pairs", ",".join(f"{s}:{t}" for s, t in rest)]
        if not (path := out / f"step{args.steps}.pt").exists():
            subprocess.run(command, check=True)
        told[name] = watched(path, Pool(args.pool, "watch"), args.batches)
    found = {
        pair + ("" if pair in map(str, LEFT) else " (learnt by both)"): {
            f"{key}_{name}": told[name][pair][key] for key in ("mean", "residual") for name in told
        }
        for pair in told["all"]
    }
    result = {"steps": args.steps, "left": [str(pair) for pair in LEFT], "losses": found}
    write_text(args.to, json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
