"""``anemoi-scaleadapt baseline``: write a classical baseline, or a network's mean, as any system writes its members."""

from argparse import ArgumentParser, Namespace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anemoi_scaleadapt.commands import reading
from anemoi_scaleadapt.errors import ScaleAdaptError

if TYPE_CHECKING:
    import numpy as np

    from anemoi_scaleadapt.baselines.settings import FittedNoise
    from anemoi_scaleadapt.baselines.systems import System
    from anemoi_scaleadapt.rain.record import Rain
    from anemoi_scaleadapt.rain.windows import Coarse

#: what is no baseline but may stand in its place
OTHER = {
    "mean": "the conditional mean of a trained network (--checkpoint), exact coarse totals",
    "fit": "no members: fit the noise of rainfarm_ar1 and steps to --archive and write it, for --noise",
}


def add_arguments(parser: ArgumentParser) -> None:
    """Add the options of ``baseline``."""
    from anemoi_scaleadapt.baselines import BASELINES

    add = parser.add_argument
    texts = BASELINES | OTHER
    parser.epilog = "\n".join(f"  {name}: {text}" for name, text in texts.items()) + (
        "\n\nexample: anemoi-scaleadapt baseline steps --lr lr.zarr --grid hr.zarr --time-factor 3 --to steps.nc"
    )
    add("baseline", choices=list(texts), help="which one")
    add("--lr", help="coarse rain, hourly, every t hours or finer: NetCDF, Zarr, GRIB, anemoi dataset")
    add("--to", required=True, help="file of members to write (.nc, .zarr or .grib2), for fit JSON")
    add("--grid", help="any file on the fine grid: gives its coordinates and the space factor")
    add("--space-factor", type=int, help="s (default: from --grid or --checkpoint)")
    add("--time-factor", type=int, help="t, hours per window (for mean: from --checkpoint)")
    add("--start", help="end of the first hour, 2018-05-18T01:00 (default: the beginning of the coarse rain)")
    add("--end", help="end of the last hour (default: the end of the coarse rain)")
    add("--members", type=int, default=8, help="ensemble size (default: %(default)s)")
    add("--seed", type=int, default=0, help="the same seed gives the same members (default: %(default)s)")
    add("--noise", help="JSON of fit: noise of rainfarm_ar1 and steps (default: the usual one of the pair)")
    add("--archive", help="fine rain of other days, for analog and fit")
    add("--checkpoint", help="inference-last.ckpt of a training run, for mean")
    add("--device", help="for mean: cpu, cuda ... (default: the GPU, if there is one)")
    reading.add_arguments(parser)


def main(args: Namespace) -> int:
    """Write the file."""
    import numpy as np

    from anemoi_scaleadapt.commands.progress import bar
    from anemoi_scaleadapt.inference.formats import open_members
    from anemoi_scaleadapt.rain.layout import Layout
    from anemoi_scaleadapt.rain.members import check_members
    from anemoi_scaleadapt.rain.projection import find_projection
    from anemoi_scaleadapt.rain.reader import open_rain
    from anemoi_scaleadapt.rain.windows import Coarse, space_factor

    if args.baseline == "fit":
        return fit(args)
    if not args.lr:
        raise ScaleAdaptError(f"baseline {args.baseline} downscales coarse rain: give --lr FILE.")
    target = check_members(Path(args.to), args.lr, args.grid, args.archive, args.checkpoint, args.noise)
    network = open_network(args)
    trained = network.model.scale if network else None
    if args.members < 1:
        raise ScaleAdaptError("--members must be 1 or more.")
    t = factor("--time-factor", args.time_factor, checkpoint=trained and trained.time)
    coarse = Coarse(open_rain(args.lr, **reading.told(args)), t)
    grid = open_rain(args.grid, **reading.told(args)) if args.grid else None
    ratio = space_factor(grid, coarse.rain) if grid else None
    s = factor("--space-factor", args.space_factor, grid=ratio, checkpoint=trained and trained.space)
    chosen = choose(coarse, args)
    system = build_system(args, coarse, s, chosen, network, grid)
    shape = coarse.rain.shape[0] * s, coarse.rain.shape[1] * s
    where = (grid.latitude, grid.longitude) if grid else (None, None)
    drawn = (system(window, number) for number, window in enumerate(bar(f"Writing {args.baseline}")(list(chosen))))
    first = next(drawn)
    layout = Layout(
        chosen.ravel(),
        shape,
        s,
        t,
        range(len(first)),
        *where,
        projection=find_projection(*where),
        attributes={
            "title": f"baseline {args.baseline}",
            "scaleadapt_seed": np.int32(args.seed),
            "scaleadapt_input": args.lr,
        },
    )
    with open_members(target, layout) as file:
        for window, rain in zip(chosen, chain([first], drawn), strict=True):
            file.add(window, rain)
    print(f"{target}: {len(chosen)} windows of {t} h, {shape[0]} x {shape[1]} pixels.")
    return 0


def open_network(args: Namespace) -> Any:
    """Open the checkpoint of ``mean``; None for the other baselines."""
    if (args.baseline == "mean") != bool(args.checkpoint):
        raise ScaleAdaptError("mean is that of a trained network: give --checkpoint FILE with it, and only with it.")
    if not args.checkpoint:
        return None
    from anemoi_scaleadapt.inference.trained import open_checkpoint

    return open_checkpoint(args.checkpoint, args.device)


def factor(option: str, given: int | None, **found: int | None) -> int:
    """Return a factor from its option or from files, which must agree."""
    known = {f"by --{name}": value for name, value in found.items() if value is not None}
    if given is not None:
        known = {"as given": given, **known}
    if not known:
        raise ScaleAdaptError(f"{option} is not known: give it{' or --grid FILE' if 'grid' in found else ''}.")
    if len(set(known.values())) > 1 or min(known.values()) < 1:
        told = ", ".join(f"{value} {where}" for where, value in known.items())
        raise ScaleAdaptError(f"{option} must be one whole number from 1: it is {told}.")
    return next(iter(known.values()))


def build_system(
    args: Namespace, coarse: "Coarse", s: int, chosen: "np.ndarray", network: Any, grid: "Rain | None"
) -> "System":
    """Return the forecast function."""
    from anemoi_scaleadapt.baselines.systems import Setup, build

    if network:
        from anemoi_scaleadapt.inference.trained import conditional_mean

        forecast = conditional_mean(network, coarse, network.model.scale_of(s, coarse.t), grid)
        return lambda window, number: forecast(window)
    archive = reading.hourly(args.archive, args) if args.archive else None
    noise = read_noise(args.noise, s, coarse.t, chosen)
    system = build(args.baseline, Setup(coarse, s, coarse.t, args.members, args.seed, archive, chosen, noise))
    if system is None:
        raise ScaleAdaptError(f"{args.baseline} is not defined for the pair ({s}, {coarse.t}).")
    return system


def read_noise(path: str | None, s: int, t: int, windows: "np.ndarray") -> "FittedNoise | None":
    """Read fitted noise, which must be that of the pair and of other days; None without a path."""
    import numpy as np

    from anemoi_scaleadapt.baselines.settings import FittedNoise

    if path is None:
        return None
    noise = FittedNoise.read(Path(path))
    if (noise.space_factor, noise.time_factor) != (s, t):
        raise ScaleAdaptError(
            f"--noise {path} was fitted for the pair ({noise.space_factor}, {noise.time_factor}), not ({s}, {t})."
        )
    if np.datetime64(noise.first) <= windows.max() and windows.min() <= np.datetime64(noise.last):
        raise ScaleAdaptError(
            f"--noise {path} was fitted to rain of {noise.first} to {noise.last}, which holds hours that are to be "
            "forecast; fit it to other days."
        )
    return noise


def fit(args: Namespace) -> int:
    """Fit the noise of the baselines and write it."""

    from anemoi_scaleadapt.calibration.noise import fit_noise
    from anemoi_scaleadapt.commands.progress import bar
    from anemoi_scaleadapt.files import check_target

    if not args.archive:
        raise ScaleAdaptError("baseline fit needs fine rain of other days: give --archive FILE.")
    s, t = factor("--space-factor", args.space_factor), factor("--time-factor", args.time_factor)
    check_target(Path(args.to), [Path(args.archive)])
    archive = reading.hourly(args.archive, args)
    first, last = bounds(args, (archive.times[0], archive.times[-1]), archive.path)
    noise = fit_noise(archive.between(first, last), s, t, args.seed, bar("Fitting noise"))
    noise.write(Path(args.to))
    print(f"{args.to}: noise of ({s}, {t}), fitted to {noise.first}Z to {noise.last}Z of {args.archive}.")
    return 0


def choose(coarse: "Coarse", args: Namespace) -> "np.ndarray":
    """Windows between --start and --end, (n, t): hours that the coarse rain covers."""
    import numpy as np

    from anemoi_scaleadapt.hours import HOUR
    from anemoi_scaleadapt.rain.windows import windows

    first, last = bounds(args, coarse.hours, coarse.rain.path)
    return windows(np.arange(first, last + HOUR, HOUR), coarse.t, "the period")


def bounds(
    args: Namespace, hours: "tuple[np.datetime64, np.datetime64]", path: str
) -> "tuple[np.datetime64, np.datetime64]":
    """Ends of the first and last hour by --start and --end, within those of a record."""
    start, end = reading.period(args)
    first, last = hours[0] if start is None else start, hours[1] if end is None else end
    if first > last or first < hours[0] or last > hours[1]:
        raise ScaleAdaptError(
            f"the period {first}Z to {last}Z is not within that of {path}, {hours[0]}Z to {hours[1]}Z."
        )
    return first, last
