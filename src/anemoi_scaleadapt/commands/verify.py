"""``anemoi-scaleadapt verify``: score members against the truth, beside classical baselines."""

from pathlib import Path

from anemoi_scaleadapt.errors import ScaleAdaptError


def add_arguments(parser) -> None:
    """Add the options of ``verify``."""
    parser.add_argument("members", help="members: NetCDF or Zarr, rain(member, time, y, x) in mm h-1, hourly")
    parser.add_argument("truth", help="fine truth: anemoi Zarr, NetCDF or Zarr")
    parser.add_argument("--lr", required=True, help="coarse rain (hourly or every t hours): same formats")
    parser.add_argument("--mean", help="conditional mean (default: rain_mean in the members, if there)")
    parser.add_argument("--out", default="verification", help="folder for the results (default: %(default)s)")
    parser.add_argument("--name", default="scaleadapt", help="name of the system (default: %(default)s)")
    parser.add_argument("--time-factor", type=int, help="hours per window (default: the members' attribute)")
    parser.add_argument("--variable", help="rain variable of the members (default: rain)")
    parser.add_argument("--member-baselines", type=int, default=8, help="members of RainFARM (default: 8)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the baselines and the bootstrap")
    parser.add_argument("--pixel-km", type=float, help="grid spacing in km (default: from the coordinates)")
    parser.add_argument("--no-figure", action="store_true", help="do not draw rain.png")


def main(args) -> int:
    """Run the verification and print the table."""
    from anemoi_scaleadapt.verification import scorecard as cards

    case = open_case(args)
    folder = Path(args.out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ScaleAdaptError(f"--out {folder} cannot be made: {error}") from error
    tallies = cards.count(case, progress)
    card = cards.scorecard(case, tallies)
    cards.write(card, folder)
    if not args.no_figure:
        from anemoi_scaleadapt.verification.figure import draw

        draw(case, tallies.wettest, folder / "rain.png")
    print(cards.markdown(card))
    return 0


def progress(windows):
    """Show a bar over the windows."""
    from rich.progress import track

    return track(windows, description="Scoring windows")


def open_case(args):
    """Open all files and check that they belong together."""
    import numpy as np

    from anemoi_scaleadapt.verification import windows as w
    from anemoi_scaleadapt.verification.rain import open_rain
    from anemoi_scaleadapt.verification.scorecard import Case
    from anemoi_scaleadapt.verification.tally import Settings

    if args.name in ("mean", "nearest", "bicubic", "rainfarm"):
        raise ScaleAdaptError(f"--name {args.name} is the name of a baseline; choose another.")
    if args.member_baselines < 2:
        raise ScaleAdaptError(f"--member-baselines must be 2 or more, not {args.member_baselines}.")
    members, truth, coarse = open_rain(args.members, args.variable), open_rain(args.truth), open_rain(args.lr)
    w.same_grid(members, truth)
    t = w.time_factor(members, args.time_factor)
    s = w.space_factor(members, coarse)
    mean = None
    if args.mean:
        mean = open_rain(args.mean)
    elif has_mean(args.members):
        mean = open_rain(args.members, "rain_mean")
    if mean is not None:
        w.same_grid(mean, truth)
    pixel = args.pixel_km or (members if members.latitude is not None else truth).pixel_km
    return Case(
        members=members,
        truth=truth,
        coarse=w.Coarse(coarse, t),
        windows=w.windows(np.asarray(members.times), t, members.path),
        s=s,
        t=t,
        mean=mean,
        name=args.name,
        member_baselines=args.member_baselines,
        seed=args.seed,
        settings=Settings(pixel_km=pixel),
    )


def has_mean(path: str) -> bool:
    """Whether the members' file also holds the trained conditional mean, ``rain_mean``."""
    import xarray as xr

    if Path(path).is_dir():
        return (Path(path) / "rain_mean").is_dir()
    with xr.open_dataset(path, engine="netcdf4") as data:
        return "rain_mean" in data
