"""Make the two files that ship of a training's checkpoint: python export.py CHECKPOINT --to FOLDER [--pool DIR]."""

import argparse
import json
from pathlib import Path

import torch
from train import UNIT

from anemoi_scaleadapt.models.anemoi import RainModel
from anemoi_scaleadapt.pretrained import save

NOTE = (
    "Scored, and used for no choice: RADOLAN 6 to 20 August 2019, RADKLIM May 2018, COMEPHORE, MRMS 22 September 2016."
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--pool", type=Path, required=True, help="for what the packed rain says of itself")
    parser.add_argument("--learnt", nargs="+", default=["radolan", "mrms"])
    parser.add_argument("--watched", default="watch")
    parser.add_argument("--note", default=NOTE)
    args = parser.parse_args()
    kept = torch.load(args.checkpoint, map_location="cpu", weights_only=False)
    network = {key: list(v) if isinstance(v, tuple) else v for key, v in dict(kept["settings"]).items()}
    settings = {"lr": "lr", "hr": "hr", "variable": "rain", "pairs": {}, "unit": UNIT, "network": network}
    model = RainModel(settings)
    model.downscaler.load_state_dict(kept["averaged"])

    def told(name: str) -> dict:
        return json.loads((args.pool / f"{name}.json").read_text())

    learnt, watched = [told(name) for name in args.learnt], told(args.watched)
    save(
        model,
        args.to,
        {
            "licence": "Apache-2.0",
            "data": {
                "description": "Hourly rain at about 1 km: "
                + "; ".join(f"{d['file']}, {d['hours']} h" for d in learnt),
                "licence": " | ".join(d["licence"] for d in learnt),
                "attribution": "Deutscher Wetterdienst, RADOLAN RW (modified) | NOAA/NSSL, MRMS (modified)",
            },
            "days": {
                "training": [learnt[0]["start"], learnt[0]["end"]],
                "training_all": {d["file"]: [d["start"], d["end"]] for d in learnt},
                "validation": [watched["start"], watched["end"]],
            },
            "steps": kept["step"],
            "note": args.note,
        },
    )
    print(
        f"{args.to}: {sum(p.numel() for p in model.parameters()) / 1e6:.2f} million weights after {kept['step']} steps"
    )


if __name__ == "__main__":
    main()
