"""`anemoi-scaleadapt calibrate scale | spread`: beta, L and crop from data; the spread of trained weights."""

import json
from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from pathlib import Path

from anemoi_scaleadapt.commands import reading
from anemoi_scaleadapt.commands.progress import bar


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the two actions and their options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    scale = actions.add_parser("scale", help="read beta, L, crop size and threshold of a factor pair from data")
    scale.epilog = "example: anemoi-scaleadapt calibrate scale --lr lr.zarr --hr hr.zarr --time 3 --to calibrated"
    spread = actions.add_parser("spread", help="choose how trained weights draw, on days of data")
    spread.epilog = (
        "example: anemoi-scaleadapt calibrate spread any --hr hr.zarr --pairs 10:3 --days 2023-01-27 --to mine"
    )
    parser.epilog = f"{scale.epilog}\n{spread.epilog}"
    scale.add_argument("--lr", required=True, metavar="PATH", help="hourly coarse rain")
    scale.add_argument("--hr", required=True, metavar="PATH", help="hourly fine rain of the same dates")
    scale.add_argument("--time", required=True, type=int, help="factor in time, 1 to 6")
    scale.add_argument("--space", type=int, help="factor in space; by default that of the two grids")
    scale.add_argument("--windows", type=int, default=300, help="fine windows to read at most (default 300)")
    scale.add_argument("--to", type=Path, default=Path(), metavar="DIR", help="folder of the overlay (default: here)")
    spread.add_argument("weights", help="weights that ship, an export, or inference-last.ckpt")
    spread.add_argument("--hr", required=True, metavar="PATH", help="hourly fine rain; coarse rain is its mean")
    spread.add_argument("--pairs", required=True, nargs="+", metavar="S:T", help="pairs to measure, such as 10:3")
    spread.add_argument(
        "--days", required=True, nargs="+", metavar="DATE", help="day, or first and last, that was not trained on"
    )
    spread.add_argument("--members", type=int, default=2, help="members of each ensemble (default 2)")
    spread.add_argument("--draw", type=int, default=16, metavar="N", help="wet half days to draw at most (default 16)")
    spread.add_argument("--edge", type=int, default=150, help="widest square that is drawn, pixels (default 150)")
    spread.add_argument("--device", help="cpu, cuda ...; by default the GPU, if there is one")
    spread.add_argument("--to", type=Path, metavar="DIR", help="weights that draw so; else the values are printed")
    for action in (scale, spread):
        reading.add_arguments(action)


def main(args: Namespace) -> int:
    """Run one action."""
    return {"scale": of_data, "spread": of_weights}[args.action](args)


def of_data(args: Namespace) -> int:
    """Propose beta, L, crop size and threshold of a pair, and write an overlay."""
    from anemoi_scaleadapt.calibration import figure, sample
    from anemoi_scaleadapt.calibration.proposal import propose
    from anemoi_scaleadapt.errors import ScaleAdaptError
    from anemoi_scaleadapt.files import write_text
    from anemoi_scaleadapt.rain.windows import space_factor
    from anemoi_scaleadapt.scale import overlay, recipe

    recipe(args.space or 1, args.time)  # refuses a pair that there is not
    lr, hr = (reading.hourly(path, args) for path in (args.lr, args.hr))
    space = space_factor(hr, lr)
    if args.space and args.space != space:
        raise ScaleAdaptError(f"--space {args.space}: {args.hr} and {args.lr} differ by the factor {space}.")
    recipe(space, args.time)
    folder, name = args.to, f"s{space}t{args.time}_calibrated"
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
    write_text(folder / f"{name}.json", json.dumps(found.as_dict(), indent=2) + "\n")
    figure.plot(found, folder / f"{name}.png")
    print(f"{folder / name}.yaml, .json and .png written: anemoi-training train --config-name={name} ...")
    return 0


def of_weights(args: Namespace) -> int:
    """Find how some pairs are drawn best, and write weights that know it."""
    from anemoi_scaleadapt.calibration import trained, weights
    from anemoi_scaleadapt.calibration.spread import words
    from anemoi_scaleadapt.errors import ScaleAdaptError
    from anemoi_scaleadapt.files import write_text
    from anemoi_scaleadapt.inference.trained import open_weights

    for option, least in {"members": 2, "draw": 1, "edge": 8}.items():
        if getattr(args, option) < least:
            raise ScaleAdaptError(f"--{option} {getattr(args, option)}: at least {least}.")
    if args.to is not None:
        weights.check_folder(args.to)
    model = open_weights(args.weights, args.device, "weights")
    trained.check_sampler(model.downscaler, args.weights)
    pairs = [weights.pair_of(word, model) for word in args.pairs]
    hr = reading.hourly(args.hr, args)
    found = {}
    for pair in pairs:
        found[pair] = weights.spread_of(model, hr, pair, args.days, args.draw, args.members, args.edge, bar)
        chosen = found[pair].chosen
        print(f"{pair}: {words(chosen.tuned)}")
        print(f"    {found[pair].reason}", flush=True)
    if args.to is None:
        print("in a run file: predict_kwargs: {sampler: {noise_factor: ...}}; --to DIR writes weights")
        return 0
    told = {"weights": args.weights, "hr": Path(args.hr).name, "days": args.days, "draw": args.draw}
    tuned = {pair: spread.chosen.tuned for pair, spread in found.items()}
    weights.write(args.weights, tuned, args.to, {**told, "members": args.members, "edge": args.edge})
    trials = {f"s{s}t{t}": asdict(spread) for (s, t), spread in found.items()}
    write_text(args.to / "calibrated.json", json.dumps(trials, indent=2) + "\n")
    print(
        f"{args.to}: weights that draw every pair so, smooth between those measured; calibrated.json holds all trials"
    )
    return 0
