"""`anemoi-scaleadapt calibrate`: beta, L, crop size and the threshold of f from data; the spread of trained weights."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from anemoi_scaleadapt.commands import reading
from anemoi_scaleadapt.commands.progress import bar


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = (
        "example: anemoi-scaleadapt calibrate --lr lr.zarr --hr hr.zarr --time 3 --to calibrated\n"
        "example: anemoi-scaleadapt calibrate --checkpoint any --hr hr.zarr --pairs 10:3 --days 2023-01-27 --to mine"
    )
    parser.add_argument("--lr", metavar="PATH", help="hourly coarse rain: NetCDF, Zarr, GRIB, anemoi dataset")
    parser.add_argument("--hr", required=True, metavar="PATH", help="hourly fine rain of the same dates")
    parser.add_argument("--time", type=int, help="factor in time, 1 to 6")
    parser.add_argument("--space", type=int, help="factor in space; by default that of the two grids")
    parser.add_argument("--windows", type=int, default=300, help="fine windows to read at most (default 300)")
    parser.add_argument("--to", type=Path, metavar="DIR", help="folder of what is written (default: this one)")
    trained = parser.add_argument_group("the spread of trained weights")
    trained.add_argument("--checkpoint", metavar="WEIGHTS", help="weights that ship, an export, or inference-last.ckpt")
    trained.add_argument(
        "--pairs", nargs="+", metavar="S:T", help="pairs to measure, e.g. 10:3; coarse rain is HR's mean"
    )
    trained.add_argument("--days", nargs="+", metavar="DATE", help="validation day, or first and last, not trained on")
    trained.add_argument("--members", type=int, default=8, help="members of each ensemble (default 8)")
    trained.add_argument("--draw", type=int, default=8, metavar="N", help="wet windows to draw at most (default 8)")
    trained.add_argument("--edge", type=int, default=256, help="widest square that is drawn, pixels (default 256)")
    trained.add_argument("--device", help="cpu, cuda ...; by default the GPU, if there is one")
    reading.add_arguments(parser)


def main(args: Namespace) -> int:
    """Read, propose, draw and write."""
    check(args)
    return of_weights(args) if args.checkpoint else of_data(args)


def check(args: Namespace) -> None:
    """Raise for options that do not fit each other."""
    from anemoi_scaleadapt.errors import ScaleAdaptError

    if not args.checkpoint:
        for option in ("days", "pairs"):
            if getattr(args, option):
                raise ScaleAdaptError(f"--{option} says what weights are tried on: give --checkpoint too.")
        for option in ("lr", "time"):
            if getattr(args, option) is None:
                raise ScaleAdaptError(f"--{option} is missing: beta, L and crop are read from --lr, --hr and --time.")
        return
    for option, example in {"days": "2023-01-27 2023-01-28", "pairs": "10:3 25:6"}.items():
        if not getattr(args, option):
            raise ScaleAdaptError(f"--checkpoint needs --{option} {example}: on what it is tried (not trained on).")
    for option in ("lr", "time", "space"):
        if getattr(args, option) is not None:
            raise ScaleAdaptError(
                f"--{option} does not go with --checkpoint: --pairs says the factors, and coarse rain "
                "is the mean of --hr."
            )
    for option, least in {"members": 2, "draw": 1, "edge": 8}.items():
        if getattr(args, option) < least:
            raise ScaleAdaptError(f"--{option} {getattr(args, option)}: at least {least}.")


def of_data(args: Namespace) -> int:
    """Propose beta, L, crop size and threshold of a pair, and write an overlay."""
    from anemoi_scaleadapt.calibration import figure, report, sample
    from anemoi_scaleadapt.calibration.proposal import propose
    from anemoi_scaleadapt.errors import ScaleAdaptError
    from anemoi_scaleadapt.rain.reader import open_rain
    from anemoi_scaleadapt.rain.steps import averaged
    from anemoi_scaleadapt.rain.windows import space_factor
    from anemoi_scaleadapt.scale import overlay, recipe

    recipe(args.space or 1, args.time)  # refuses a pair that there is not
    lr, hr = (averaged(open_rain(path, **reading.told(args))) for path in (args.lr, args.hr))
    space = space_factor(hr, lr)
    if args.space and args.space != space:
        raise ScaleAdaptError(f"--space {args.space}: {args.hr} and {args.lr} differ by the factor {space}.")
    recipe(space, args.time)
    folder, name = args.to or Path("."), f"s{space}t{args.time}_calibrated"
    if (folder / f"{name}.yaml").exists():
        raise ScaleAdaptError(f"{folder / name}.yaml is there already: remove it or give another --to.")
    found = propose(sample.read(lr, hr, args.time, args.windows, bar("reading")))
    folder.mkdir(parents=True, exist_ok=True)
    for key, value, reason in found.reasons:
        print(f"{key:<15} {value:<8} {reason}")
    comment = "\n".join(f"{key} {value}: {reason}" if key else reason for key, value, reason in found.reasons)
    overlay.write(
        folder / f"{name}.yaml",
        overlay.render(found.scale, f"Calibrated on {Path(args.hr).name}.\n{comment}", found.crop),
    )
    report.write(folder / f"{name}.json", report.as_dict(found))
    figure.plot(found, folder / f"{name}.png")
    print(f"{folder / name}.yaml, .json and .png written: anemoi-training train --config-name={name} ...")
    return 0


def of_weights(args: Namespace) -> int:
    """Find sigma_max and noise_factor of some pairs, and write weights that know them."""
    from anemoi_scaleadapt.calibration import report, trained, weights
    from anemoi_scaleadapt.inference.trained import open_checkpoint, open_weights
    from anemoi_scaleadapt.rain.reader import open_rain
    from anemoi_scaleadapt.rain.steps import averaged

    if args.to is not None:
        weights.check_folder(args.to)
    named_file = Path(args.checkpoint).suffix == ".ckpt"  # a missing one is a missing checkpoint, not a missing export
    model = (
        open_checkpoint(args.checkpoint, args.device).model
        if named_file
        else open_weights(args.checkpoint, args.device)
    )
    trained.check_sampler(model.downscaler, args.checkpoint)
    pairs = [weights.pair_of(word, model) for word in args.pairs]
    hr = averaged(open_rain(args.hr, **reading.told(args)))
    found = {}
    for pair in pairs:
        found[pair] = weights.spread_of(model, hr, pair, args.days, args.draw, args.members, args.edge, bar)
        chosen = found[pair].chosen
        print(f"{pair}: sigma_max {chosen.sigma_max:.3g}, noise_factor {chosen.noise_factor:.3g}")
        print(f"    {found[pair].reason}", flush=True)
    if args.to is None:
        print("in a run file: predict_kwargs: {sampler: {sigma_max: ..., noise_factor: ...}}; --to DIR writes weights")
        return 0
    told = {"weights": args.checkpoint, "hr": Path(args.hr).name, "days": args.days, "draw": args.draw}
    weights.write(args.checkpoint, found, args.to, {**told, "members": args.members, "edge": args.edge})
    report.write(args.to / "calibrated.json", report.of_spreads(found))
    print(
        f"{args.to}: weights that draw every pair so, smooth between those measured; calibrated.json holds all trials"
    )
    return 0
