"""``anemoi-scaleadapt verify``: score members against the truth, beside classical baselines."""

from pathlib import Path

from anemoi_scaleadapt.commands import reading
from anemoi_scaleadapt.errors import ScaleAdaptError

#: baselines that are scored unless --baselines says otherwise
DEFAULT = ("nearest", "bicubic", "rainfarm", "rainfarm_ar1")


def add_arguments(parser) -> None:
    """Add the options of ``verify``."""
    add = parser.add_argument
    add("members", help="members: rain in NetCDF, Zarr or GRIB; a file, a folder or a 'pattern*'")
    add("truth", help="fine truth: an anemoi dataset, or as the members")
    add("--lr", required=True, help="coarse rain, hourly, every t hours or finer: likewise")
    add("--mean", help="conditional mean (default: rain_mean in the members, if there)")
    add("--out", default="verification", help="folder for the results (default: %(default)s)")
    add("--name", default="scaleadapt", help="name of the system (default: %(default)s)")
    add("--time-factor", type=int, help="hours per window (default: the members' attribute)")
    add("--variable", help="rain variable of the members (default: rain)")
    add("--baselines", nargs="*", default=list(DEFAULT), metavar="NAME", help=f"(default: {' '.join(DEFAULT)})")
    add("--archive", help="fine rain of other days; adds the baseline analog")
    add("--member-baselines", type=int, default=8, help="members of the baselines (default: %(default)s)")
    add("--bootstrap", type=int, default=1000, help="resamples of days for intervals; 0 for none (default: 1000)")
    add("--seed", type=int, default=0, help="seed of the baselines and the bootstrap (default: 0)")
    add("--pixel-km", type=float, help="grid spacing in km (default: from the coordinates)")
    add("--no-figure", action="store_true", help="do not draw rain.png")
    add("--no-report", action="store_true", help="do not write report.html")
    reading.add_arguments(parser)


def main(args) -> int:
    """Run the verification, write its files and print the table."""
    from anemoi_scaleadapt.report.figure import draw
    from anemoi_scaleadapt.report.gallery import Gallery
    from anemoi_scaleadapt.report.page import write_report
    from anemoi_scaleadapt.verification.case import count
    from anemoi_scaleadapt.verification.scorecard import markdown, scorecard, write

    case = open_case(args)
    folder = make_folder(args.out)
    gallery = Gallery(case)
    tallies = count(case, bar("Scoring windows"), gallery.watch)
    card = scorecard(case, tallies, args.bootstrap, bar("Resampling days"))
    write(card, folder)
    if not args.no_figure:
        draw(case, gallery.panels, case.windows[gallery.wettest], folder / "rain.png")
    if not args.no_report:
        write_report(card, gallery, folder / "report.html")
    print(markdown(card))
    print(f"Results in {folder}: {', '.join(sorted(p.name for p in folder.iterdir()))}")
    return 0


def bar(description: str):
    """Return a function that shows a progress bar over a list."""
    from rich.progress import track

    return lambda items: track(items, description=description)


def make_folder(name: str | Path, option: str = "--out") -> Path:
    """Make the folder for the results."""
    folder = Path(name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ScaleAdaptError(f"{option} {folder} cannot be made: {error}") from error
    return folder


def open_case(args):
    """Open all files and check that they belong together."""
    from anemoi_scaleadapt.baselines.systems import BASELINES
    from anemoi_scaleadapt.rain import windows as w
    from anemoi_scaleadapt.rain.place import same_grid
    from anemoi_scaleadapt.rain.reader import open_rain
    from anemoi_scaleadapt.rain.steps import averaged
    from anemoi_scaleadapt.verification.case import Case
    from anemoi_scaleadapt.verification.tally import Settings

    names = [*args.baselines, *(["analog"] if args.archive and "analog" not in args.baselines else [])]
    for name in names:
        if name not in BASELINES:
            raise ScaleAdaptError(f"--baselines: there is no {name!r}; choose among {', '.join(BASELINES)}.")
    if args.name in ("mean", *BASELINES):
        raise ScaleAdaptError(f"--name {args.name} is the name of a baseline; choose another.")
    if args.member_baselines < 2:
        raise ScaleAdaptError(f"--member-baselines must be 2 or more, not {args.member_baselines}.")
    told = reading.told(args)
    members, truth = (averaged(open_rain(*source, **told)) for source in ((args.members, args.variable), (args.truth,)))
    coarse = open_rain(args.lr, **told)
    same_grid(members, truth)
    t = w.time_factor(members, args.time_factor)
    mean = open_mean(args)
    if mean is not None:
        same_grid(mean, truth)
    return Case(
        members=members,
        truth=truth,
        coarse=w.Coarse(coarse, t),
        windows=w.windows(members.times, t, members.path),
        s=w.space_factor(members, coarse),
        t=t,
        mean=mean,
        name=args.name,
        baselines=tuple(names),
        member_baselines=args.member_baselines,
        seed=args.seed,
        archive=averaged(open_rain(args.archive, **told)) if args.archive else None,
        settings=Settings(pixel_km=args.pixel_km or (members if members.latitude is not None else truth).pixel_km),
    )


def open_mean(args):
    """Open the conditional mean: --mean, or the variable rain_mean of the members; None if neither."""
    from anemoi_scaleadapt.rain.names import NoVariable
    from anemoi_scaleadapt.rain.reader import open_rain
    from anemoi_scaleadapt.rain.steps import averaged

    told = reading.told(args)
    if args.mean:
        return averaged(open_rain(args.mean, **told))
    try:
        return averaged(open_rain(args.members, "rain_mean", **told))
    except NoVariable:
        return None
