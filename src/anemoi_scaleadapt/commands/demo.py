"""``anemoi-scaleadapt demo``: a picture from real rain with the weights that ship, in a minute, without training."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from anemoi_scaleadapt.errors import ScaleAdaptError


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = "example: anemoi-scaleadapt demo --space 25 --time 6 --to first"
    add = parser.add_argument
    add("--space", type=int, default=10, metavar="S", help="factor in space, 1 to 25 (default: %(default)s)")
    add("--time", type=int, default=3, metavar="T", help="factor in time, 1 to 6 (default: %(default)s)")
    add("--to", type=Path, default=Path("scaleadapt-demo"), metavar="FOLDER", help="where to write (%(default)s)")
    add("--members", type=int, default=8, help="ensemble size (default: %(default)s)")
    add("--seed", type=int, default=0, help="the same seed gives the same members (default: %(default)s)")


def main(args: Namespace) -> int:
    """Draw, score, write rain.png and members.nc, print the table."""
    if args.members < 2:
        raise ScaleAdaptError(f"--members {args.members}: an ensemble has 2 or more.")
    from rich.console import Console

    from anemoi_scaleadapt.commands.verify import make_folder
    from anemoi_scaleadapt.scale import recipe

    pair = args.space, args.time
    recipe(*pair)  # refuses a pair that there is not
    with Console(stderr=True).status("loading torch, weights and rain") as status:
        from anemoi_scaleadapt.models.export import find, read_model
        from anemoi_scaleadapt.pretrained import demo, load
        from anemoi_scaleadapt.pretrained.sample import load_sample, start_of

        told, sample, model = read_model(find("any")), load_sample().cut(args.space), load("any")
        model.pairs.check(*pair, "Choose --space and --time among them.")
        make_folder(args.to, "--to")
        status.update(f"drawing {args.members} members")
        windows, members, mean = demo.draw_sample(model, sample, pair, args.members, args.seed)
        status.update("scoring them beside the baselines")
        card, columns, hours = demo.score_members(sample, pair, windows, members, mean, args.seed)
        status.update("drawing rain.png")
        demo.draw_picture(card, columns, hours, sample, args.to / "rain.png")
        demo.write_members(sample, pair, windows, members, mean, args.seed, args.to / "members.nc")
    start, last = start_of(sample).item(), windows[-1, -1].item()
    ny, nx = sample.rain.shape[1:]
    print(
        f"\n{args.space} km and {args.time} h in, 1 km and 1 h out: {start:%d %B %Y %H:%M} to {last:%d %B %H:%M} UTC, "
        f"{ny} x {nx} km.\n"
        f"Weights `any`: {told['parameters'] / 1e6:.2f} million, for {model.pairs}; they never saw this rain.\n\n"
        f"{demo.table(card)}\n\n"
        "CRPS (fair; the absolute error for a single field) and RMSE of the mean in mm/h, lower is better;\n"
        "spread/skill is best at 1, the relative error of the coarse totals at 0.\n"
        f"{windows.size} hours are no verification: they show how members look. Score days of your own with\n"
        "`anemoi-scaleadapt verify`.\n\n"
        f"{args.to / 'rain.png'}, {args.to / 'members.nc'}\n"
        f"{sample.attributes['attribution']} {sample.attributes['licence']}."
    )
    return 0
