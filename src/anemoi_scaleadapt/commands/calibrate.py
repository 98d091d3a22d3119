"""`anemoi-scaleadapt calibrate`: beta, L, crop size and the threshold of f from data, sigma_max from a checkpoint."""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from anemoi_scaleadapt.commands import reading
from anemoi_scaleadapt.commands.progress import bar

if TYPE_CHECKING:
    from anemoi_scaleadapt.calibration.spread import Spread
    from anemoi_scaleadapt.rain.record import Rain


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = "example: anemoi-scaleadapt calibrate --lr lr.zarr --hr hr.zarr --time 3 --to calibrated"
    parser.add_argument(
        "--lr", required=True, metavar="PATH", help="hourly coarse rain: NetCDF, Zarr, GRIB, anemoi dataset"
    )
    parser.add_argument("--hr", required=True, metavar="PATH", help="hourly fine rain of the same dates")
    parser.add_argument("--time", type=int, required=True, help="factor in time, 1 to 6")
    parser.add_argument("--space", type=int, help="factor in space; by default that of the two grids")
    parser.add_argument("--windows", type=int, default=300, help="fine windows to read at most (default 300)")
    parser.add_argument("--to", type=Path, default=Path("."), metavar="DIR", help="folder of the three files")
    trained = parser.add_argument_group("the spread of a trained network")
    trained.add_argument("--checkpoint", metavar="FILE", help="inference-last.ckpt: choose its sampler's sigma_max too")
    trained.add_argument("--days", nargs="+", metavar="DATE", help="validation day, or first and last, not trained on")
    trained.add_argument("--members", type=int, default=8, help="members of each ensemble (default 8)")
    trained.add_argument("--draw", type=int, default=8, metavar="N", help="wet windows to draw at most (default 8)")
    trained.add_argument("--device", help="cpu, cuda ...; by default the GPU, if there is one")
    reading.add_arguments(parser)


def main(args: Namespace) -> int:
    """Read, propose, draw and write."""
    from anemoi_scaleadapt.calibration import figure, report, sample
    from anemoi_scaleadapt.calibration.proposal import propose
    from anemoi_scaleadapt.errors import ScaleAdaptError
    from anemoi_scaleadapt.rain.reader import open_rain
    from anemoi_scaleadapt.rain.steps import averaged
    from anemoi_scaleadapt.rain.windows import space_factor
    from anemoi_scaleadapt.scale import overlay, recipe

    recipe(args.space or 1, args.time)  # refuses a pair that there is not
    check_trained(args)
    lr, hr = (averaged(open_rain(path, **reading.told(args))) for path in (args.lr, args.hr))
    space = space_factor(hr, lr)
    if args.space and args.space != space:
        raise ScaleAdaptError(f"--space {args.space}: {args.hr} and {args.lr} differ by the factor {space}.")
    recipe(space, args.time)
    name = f"s{space}t{args.time}_calibrated"
    if (args.to / f"{name}.yaml").exists():
        raise ScaleAdaptError(f"{args.to / name}.yaml is there already: remove it or give another --to.")
    spread = spread_of(args, lr, hr, space) if args.checkpoint else None
    found = propose(sample.read(lr, hr, args.time, args.windows, bar("reading")))
    args.to.mkdir(parents=True, exist_ok=True)
    reasons, sigma_max, given = list(found.reasons), None, None
    if spread:
        sigma_max = float(f"{spread.chosen.sigma_max:.3g}")
        given = min(sigma_max, float(f"{found.scale.sigma_max:.3g}"))
        reasons.append(
            ("sigma_max", f"{sigma_max:g}", f"of the sampler of {Path(args.checkpoint).name}: {spread.reason}")
        )
        if given < sigma_max:
            reasons.append(("", "", f"the overlay has {given:g}, the largest level that its own beta trains"))
    for key, value, reason in reasons:
        print(f"{key:<15} {value:<8} {reason}")
    comment = "\n".join(f"{key} {value}: {reason}" if key else reason for key, value, reason in reasons)
    text = overlay.render(found.scale, f"Calibrated on {Path(args.hr).name}.\n{comment}", found.crop, given)
    drawn = {"checkpoint": args.checkpoint, "days": args.days, "windows_at_most": args.draw, "members": args.members}
    overlay.write(args.to / f"{name}.yaml", text)
    report.write(args.to / f"{name}.json", report.as_dict(found, spread, drawn))
    figure.plot(found, args.to / f"{name}.png", spread)
    print(f"{args.to / name}.yaml, .json and .png written: anemoi-training train --config-name={name} ...")
    if spread:
        print(f"without training again, in the run file: predict_kwargs: {{sampler: {{sigma_max: {sigma_max:g}}}}}")
    return 0


def check_trained(args: Namespace) -> None:
    """Raise for options of the checkpoint that do not fit each other."""
    from anemoi_scaleadapt.errors import ScaleAdaptError

    if not args.checkpoint:
        if args.days:
            raise ScaleAdaptError("--days says what a checkpoint is tried on: give --checkpoint too.")
        return
    if not args.days:
        raise ScaleAdaptError("--checkpoint needs --days FIRST [LAST]: validation days, on which it was not trained.")
    for option, least in {"members": 2, "draw": 1}.items():
        if getattr(args, option) < least:
            raise ScaleAdaptError(f"--{option} {getattr(args, option)}: at least {least}.")


def spread_of(args: Namespace, lr: "Rain", hr: "Rain", space: int) -> "Spread":
    """Measure the checkpoint's spread and find its sigma_max."""
    from anemoi_scaleadapt.calibration import spread, trained
    from anemoi_scaleadapt.inference.trained import open_checkpoint

    interface = open_checkpoint(args.checkpoint, args.device)
    net, scale = interface.model.downscaler, interface.model.find_scale({"space": space, "time": args.time})
    trained.check_sampler(net, args.checkpoint)
    windows = trained.read_windows(interface, scale, lr, hr, args.days, args.draw, bar("windows to draw"))

    def measure(sigma_max: float) -> "spread.Point":
        text = f"drawing from sigma_max {sigma_max:.3g}"
        return trained.measure(net, scale, windows, sigma_max, args.members, bar(text))

    return spread.find(measure, net.sampler.sigma_max or net.sigma_max(scale), scale.sigma_max)
