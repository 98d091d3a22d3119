"""``anemoi-scaleadapt verify``: score members against the truth, beside classical baselines."""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from anemoi_scaleadapt.commands import reading
from anemoi_scaleadapt.errors import ScaleAdaptError

if TYPE_CHECKING:
    import numpy as np

    from anemoi_scaleadapt.rain.record import Rain
    from anemoi_scaleadapt.rain.windows import Coarse
    from anemoi_scaleadapt.verification.run import System

#: baselines that are scored unless --baselines says otherwise
DEFAULT = ("nearest", "bicubic", "rainfarm", "rainfarm_ar1", "steps")


def add_arguments(parser: ArgumentParser) -> None:
    """Add the options of ``verify``."""
    parser.epilog = "example: anemoi-scaleadapt verify members.nc hr.zarr --lr lr.zarr --out scores"
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
    add("--noise", help="noise of rainfarm_ar1 and steps, from `baseline fit` (default: the usual one)")
    add("--member-baselines", type=int, default=8, help="members of the baselines (default: %(default)s)")
    add("--bootstrap", type=int, default=1000, help="resamples of days for intervals; 0 for none (default: 1000)")
    add("--seed", type=int, default=0, help="seed of the baselines and the bootstrap (default: 0)")
    add("--pixel-km", type=float, help="grid spacing in km (default: from the coordinates)")
    add("--allow-missing", action="store_true", help="leave out for all systems where it rains and one has no value")
    add("--no-figure", action="store_true", help="do not draw rain.png")
    add("--no-report", action="store_true", help="do not write report.html")
    reading.add_arguments(parser)


def main(args: Namespace) -> int:
    """Run the verification, write its files and print the table."""
    from anemoi_scaleadapt.baselines import BASELINES
    from anemoi_scaleadapt.commands.progress import bar
    from anemoi_scaleadapt.report.figure import plot, save, stamps
    from anemoi_scaleadapt.report.gallery import Gallery, wettest
    from anemoi_scaleadapt.report.page import write_report
    from anemoi_scaleadapt.verification.run import count
    from anemoi_scaleadapt.verification.scorecard import markdown, scorecard, write
    from anemoi_scaleadapt.verification.settings import Settings

    members, truth, coarse, windows, s = open_files(args)
    systems = build_systems(args, members, truth, coarse, windows, s)
    folder = make_folder(args.out)
    placed = members if members.latitude is not None else truth
    settings = Settings(truth.shape, args.pixel_km or placed.pixel_km)
    size = f"{s * settings.pixel_km:.3g} km, {coarse.t} h"
    gallery = None
    if not (args.no_figure and args.no_report):
        gallery = Gallery(args.name, windows, wettest(coarse, windows), size)
    watch = gallery.watch if gallery else None
    for record in (members, truth):
        record.counts.clear()  # of what was read to compare them
    tallies = count(systems, truth, coarse, windows, settings, args.allow_missing, bar("Scoring windows"), watch)
    tallies.pixels.marked = marked(members, truth, coarse, windows)
    classical, resampling = tuple(name for name in systems if name in BASELINES), bar("Resampling days")
    card = scorecard(tallies, args.name, (s, coarse.t), classical, args.bootstrap, args.seed, resampling)
    write(card, folder)
    if gallery and not args.no_figure:
        title = f"{args.name}: rain {s}× finer in space, {coarse.t}× in time"
        first, last = windows[0][0].item(), windows[-1][-1].item()
        subtitle = (
            f"Wettest window of {first:%d %b} to {last:%d %b %Y}; each panel is the mean over the hour that ends at "
            f"the time on the left, {truth.shape[1] * settings.pixel_km:.0f} km wide."
        )
        save(plot(gallery.columns, stamps(windows[gallery.first]), title, subtitle), folder / "rain.png")
    if gallery and not args.no_report:
        write_report(card, gallery, folder / "report.html")
    print(markdown(card))
    print(f"Results in {folder}: {', '.join(sorted(p.name for p in folder.iterdir()))}")
    return 0


def marked(members: "Rain", truth: "Rain", coarse: "Coarse", windows: "np.ndarray") -> dict[str, dict[str, int]]:
    """What was no rain in the windows of each record, where there was any."""
    from anemoi_scaleadapt.rain.windows import Coarse

    coarse.rain.counts.clear()  # baselines read a frame several times
    again = Coarse(coarse.rain, coarse.t)
    for window in windows:
        again.frame(window)
    counted = {"members": members.counts, "truth": truth.counts, "coarse rain": coarse.rain.counts}
    return {name: dict(counts) for name, counts in counted.items() if counts}


def make_folder(name: str | Path, option: str = "--out") -> Path:
    """Make the folder for the results."""
    folder = Path(name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ScaleAdaptError(f"{option} {folder} cannot be made: {error}") from error
    return folder


def open_files(args: Namespace) -> "tuple[Rain, Rain, Coarse, np.ndarray, int]":
    """Open members, truth and coarse rain, and check that they belong together; with them the windows and s."""
    from anemoi_scaleadapt.rain import windows as w
    from anemoi_scaleadapt.rain.place import same_grid
    from anemoi_scaleadapt.rain.reader import open_rain

    members, truth = reading.hourly(args.members, args, args.variable), reading.hourly(args.truth, args)
    coarse = open_rain(args.lr, **reading.told(args))
    same_grid(members, truth)
    t = w.time_factor(members, args.time_factor)
    windows = w.windows(members.times, t, members.path)
    placed = members if members.latitude is not None else truth
    space = w.space_factor(placed, coarse)
    check_coarse(truth, w.Coarse(coarse, t), windows, space)
    return members, truth, w.Coarse(coarse, t), windows, space


def check_coarse(truth: "Rain", coarse: "Coarse", windows: "np.ndarray", space: int) -> None:
    """Say how the coarse rain agrees with the truth; refuse it where a mistake explains all that differs."""
    from anemoi_scaleadapt.rain.compare import compare

    found = compare(truth, coarse, windows, space)
    name = coarse.rain.path
    if found.certain:
        raise ScaleAdaptError(
            f"--lr {name} against block means of {truth.path}: {found.cause}. Correct what the file says of itself."
        )
    if not found.good:
        import logging

        logging.getLogger(__name__).warning("--lr %s against block means of %s: %s.", name, truth.path, found.cause)
    elif found.error > 0.01:
        print(
            f"The coarse rain is not that of the truth: in the wettest hours it correlates {found.correlation:.2f} "
            f"with its block means and has {found.ratio:.2f} times as much: that part of all errors is the input's."
        )


def build_systems(
    args: Namespace, members: "Rain", truth: "Rain", coarse: "Coarse", windows: "np.ndarray", s: int
) -> "dict[str, System]":
    """What is scored, by name, in the order of the scorecard; systems that the pair leaves undefined are left out."""
    from anemoi_scaleadapt.baselines import BASELINES
    from anemoi_scaleadapt.baselines.systems import Setup, build
    from anemoi_scaleadapt.commands.baseline import read_noise
    from anemoi_scaleadapt.rain.place import same_grid

    names = [*args.baselines, *(["analog"] if args.archive and "analog" not in args.baselines else [])]
    for name in names:
        if name not in BASELINES:
            raise ScaleAdaptError(f"--baselines: there is no {name!r}; choose among {', '.join(BASELINES)}.")
    if args.name in ("mean", *BASELINES):
        raise ScaleAdaptError(f"--name {args.name} is the name of a baseline; choose another.")
    if args.member_baselines < 2:
        raise ScaleAdaptError(f"--member-baselines must be 2 or more, not {args.member_baselines}.")
    out: dict[str, System] = {args.name: lambda window, number: members.at(window)}
    mean = open_mean(args)
    if mean is not None:
        same_grid(mean, truth)
        out["mean"] = lambda window, number: mean.at(window)
    archive = reading.hourly(args.archive, args) if args.archive else None
    noise = read_noise(args.noise, s, coarse.t, windows)
    setup = Setup(coarse, s, coarse.t, args.member_baselines, args.seed, archive, windows, noise)
    built = {name: build(name, setup) for name in names}
    return out | {name: system for name, system in built.items() if system is not None}


def open_mean(args: Namespace) -> "Rain | None":
    """Open the conditional mean: --mean, or the variable rain_mean of the members; None if neither."""
    from anemoi_scaleadapt.rain.names import NoVariable

    if args.mean:
        return reading.hourly(args.mean, args)
    try:
        return reading.hourly(args.members, args, "rain_mean")
    except NoVariable:
        return None
