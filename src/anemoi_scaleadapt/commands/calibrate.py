"""`anemoi-scaleadapt calibrate`: beta, L, crop size and the threshold of f, read from a pair of datasets."""

from argparse import ArgumentParser, Namespace
from pathlib import Path


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--lr", required=True, metavar="ZARR", help="hourly coarse rain")
    parser.add_argument("--hr", required=True, metavar="ZARR", help="hourly fine rain of the same dates")
    parser.add_argument("--time", type=int, required=True, help="factor in time, 1 to 6")
    parser.add_argument("--space", type=int, help="factor in space; by default that of the two grids")
    parser.add_argument("--windows", type=int, default=300, help="fine windows to read at most (default 300)")
    parser.add_argument("--to", type=Path, default=Path("."), metavar="DIR", help="folder of the two files")


def main(args: Namespace) -> int:
    """Read, propose, draw and write."""
    from rich.progress import track

    from anemoi_scaleadapt.calibration import figure, sample
    from anemoi_scaleadapt.calibration.proposal import propose
    from anemoi_scaleadapt.errors import ScaleAdaptError
    from anemoi_scaleadapt.scale import overlay
    from anemoi_scaleadapt.scale.settings import check_pair
    from anemoi_scaleadapt.verification.rain import open_rain
    from anemoi_scaleadapt.verification.windows import space_factor

    check_pair(args.space or 1, args.time)
    lr, hr = open_rain(args.lr), open_rain(args.hr)
    space = space_factor(hr, lr)
    if args.space and args.space != space:
        raise ScaleAdaptError(f"--space {args.space}: {args.hr} and {args.lr} differ by the factor {space}.")
    check_pair(space, args.time)
    name = f"s{space}t{args.time}_calibrated"
    args.to.mkdir(parents=True, exist_ok=True)
    found = propose(sample.read(lr, hr, args.time, args.windows, lambda items: track(items, "reading")))
    for key, value, reason in found.reasons:
        print(f"{key:<15} {value:<8} {reason}")
    comment = "\n".join(f"{key} {value}: {reason}" for key, value, reason in found.reasons)
    text = overlay.render(found.scale, f"Calibrated on {Path(args.hr).name}.\n{comment}", found.crop)
    overlay.write(args.to / f"{name}.yaml", text)
    figure.draw(found, args.to / f"{name}.png")
    print(f"{args.to / name}.yaml and .png written: anemoi-training train --config-name={name} ...")
    return 0
