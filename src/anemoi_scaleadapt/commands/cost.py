"""The sub-command `cost`: operations, parameters and reach of a factor pair's networks."""

import argparse
import json
from dataclasses import asdict


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = "example: anemoi-scaleadapt cost 10 3"
    parser.add_argument("space", type=int, help="factor in space, s (1 to 25)")
    parser.add_argument("time", type=int, help="factor in time, t (1 to 6)")
    parser.add_argument("--members", type=int, default=8, help="members that share one mean (default 8)")
    parser.add_argument("--json", action="store_true", help="print JSON")


def main(args: argparse.Namespace) -> None:
    """Count and print."""
    from anemoi_scaleadapt.diffusion.settings import SamplerSettings
    from anemoi_scaleadapt.errors import ScaleAdaptError
    from anemoi_scaleadapt.models.cost import cost
    from anemoi_scaleadapt.models.settings import NetworkSettings
    from anemoi_scaleadapt.scale import resolve

    if args.members < 1:
        raise ScaleAdaptError(f"--members {args.members}: at least one.")
    scale = resolve({"space": args.space, "time": args.time})
    found = cost(scale, NetworkSettings(), SamplerSettings(), args.members)
    if args.json:
        print(json.dumps(asdict(found)))
        return
    print(
        f"Factors ({args.space}, {args.time}), default networks, {args.members} members:\n"
        f"  {found.mflop_per_value:.2f} MFLOP per value and member (the paper's public code: 917)\n"
        f"  {found.evaluations} evaluations of the residual network a member, one of the mean network for all\n"
        f"  {found.parameters / 1e6:.2f} million parameters\n"
        f"  an evaluation looks at {found.receptive_field_km:.0f} km x {found.receptive_field_km:.0f} km of 1 km pixels"
    )
