"""``anemoi-scaleadapt demo``: a picture from real rain with the weights that ship, in a minute, without training."""

from pathlib import Path

from anemoi_scaleadapt.errors import ScaleAdaptError


def add_arguments(parser) -> None:
    """Declare the options."""
    add = parser.add_argument
    add("--to", type=Path, default=Path("scaleadapt-demo"), metavar="FOLDER", help="where to write (%(default)s)")
    add("--members", type=int, default=8, help="ensemble size (default: %(default)s)")
    add("--seed", type=int, default=0, help="the same seed gives the same members (default: %(default)s)")


def main(args) -> int:
    """Draw, score, write rain.png and members.nc, print the table."""
    if args.members < 2:
        raise ScaleAdaptError(f"--members {args.members}: an ensemble has 2 or more.")
    from anemoi_scaleadapt.commands.verify import make_folder

    make_folder(args.to, "--to")
    from rich.console import Console

    with Console(stderr=True).status("loading torch, weights and rain") as status:
        from anemoi_scaleadapt.pretrained import demo, draw_members, load
        from anemoi_scaleadapt.pretrained.sample import load_sample
        from anemoi_scaleadapt.pretrained.weights import find, read_model

        told, sample, model = read_model(find("s10t3")), load_sample(), load("s10t3")
        status.update(f"drawing {args.members} members")
        start = demo.start_of(sample)
        members, mean = draw_members(model, sample.frames(model.scale), start, args.members, args.seed)
        status.update("scoring them beside the baselines")
        card, columns = demo.score_members(sample, members, mean, args.seed)
        status.update("drawing rain.png")
        demo.draw_picture(card, columns, sample, args.to / "rain.png")
        demo.write_members(sample, members, args.seed, args.to / "members.nc")
    last = sample.window[-1].item()
    ny, nx = sample.truth.shape[1:]
    days = " to ".join(map(str, told["days"]["training"]))
    print(
        f"\n10 km and 3 h in, 1 km and 1 h out: {start:%d %B %Y %H:%M} to {last:%H:%M} UTC, {ny} x {nx} km.\n"
        f"Weights s10t3: {told['parameters'] / 1e6:.2f} million, trained on {days}.\n\n"
        f"{demo.table(card)}\n\n"
        "CRPS (fair; the absolute error for a single field) and RMSE of the mean in mm/h, lower is better;\n"
        "spread/skill is best at 1, the relative error of the coarse totals at 0.\n"
        "One window of three hours is no verification: it shows how members look. Score days of\n"
        "your own with `anemoi-scaleadapt verify`.\n\n"
        f"{args.to / 'rain.png'}, {args.to / 'members.nc'}\n"
        f"{sample.attributes['attribution']} {sample.attributes['licence']}."
    )
    return 0
