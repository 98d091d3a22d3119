"""``anemoi-scaleadapt baseline``: write the members of a classical baseline, as any system writes its own."""

from pathlib import Path

from anemoi_scaleadapt.errors import ScaleAdaptError


def add_arguments(parser) -> None:
    """Add the options of ``baseline``."""
    from anemoi_scaleadapt.verification.spacetime import NoiseSettings
    from anemoi_scaleadapt.verification.systems import BASELINES

    add = parser.add_argument
    parser.epilog = "; ".join(f"{name}: {text}" for name, (text, _) in BASELINES.items())
    add("baseline", choices=list(BASELINES), help="which one")
    add("--lr", required=True, help="coarse rain, hourly or every t hours: anemoi Zarr, NetCDF or Zarr")
    add("--to", required=True, help="NetCDF file to write")
    add("--grid", help="any file on the fine grid: gives its coordinates and the space factor")
    add("--space-factor", type=int, help="s (default: from --grid)")
    add("--time-factor", type=int, required=True, help="t, hours per window")
    add("--start", help="end of the first hour, 2018-05-18T01:00 (default: the beginning of the coarse rain)")
    add("--end", help="end of the last hour (default: the end of the coarse rain)")
    add("--members", type=int, default=8, help="ensemble size (default: %(default)s)")
    add("--seed", type=int, default=0, help="the same seed gives the same members (default: %(default)s)")
    noise = NoiseSettings()
    for name, text in (("slope", "spectral slope"), ("spread", "std of log"), ("memory", "hours to 1/e")):
        default = getattr(noise, name)
        add(f"--{name}", type=float, default=default, help=f"noise of rainfarm_ar1: {text} (default: {default})")
    add("--archive", help="fine rain of other days, for analog")


def main(args) -> int:
    """Write the file."""
    from anemoi_scaleadapt.commands.verify import bar
    from anemoi_scaleadapt.verification.members import MembersFile
    from anemoi_scaleadapt.verification.rain import open_rain
    from anemoi_scaleadapt.verification.spacetime import NoiseSettings
    from anemoi_scaleadapt.verification.systems import Setup, build
    from anemoi_scaleadapt.verification.windows import Coarse, space_factor

    if args.members < 1 or args.time_factor < 1:
        raise ScaleAdaptError("--members and --time-factor must be 1 or more.")
    coarse = Coarse(open_rain(args.lr), args.time_factor)
    grid = open_rain(args.grid) if args.grid else None
    if grid is None and args.space_factor is None:
        raise ScaleAdaptError("the fine grid is not known: give --grid FILE or --space-factor s.")
    s = space_factor(grid, coarse.rain) if grid else args.space_factor
    if s < 1 or args.space_factor not in (None, s):
        raise ScaleAdaptError(f"--space-factor {args.space_factor} does not fit: {s} by the grids; drop it.")
    chosen = choose(coarse, args)
    archive = open_rain(args.archive) if args.archive else None
    noise = NoiseSettings(args.slope, args.spread, args.memory)
    setup = Setup(coarse, s, args.time_factor, args.members, args.seed, archive, chosen, noise)
    system = build(args.baseline, setup)
    if system is None:
        raise ScaleAdaptError(f"{args.baseline} is not defined for the pair ({s}, {args.time_factor}).")
    target = Path(args.to)
    if not target.parent.is_dir():
        raise ScaleAdaptError(f"--to {target}: its folder is not there; make it first.")
    shape = tuple(n * s for n in coarse.rain.shape)
    where = (grid.latitude, grid.longitude) if grid else (None, None)
    with MembersFile(target, shape, s, args.time_factor, *where, f"baseline {args.baseline}") as file:
        for number, window in enumerate(bar(f"Writing {args.baseline}")(list(chosen))):
            file.add(window, system(window, number))
    print(f"{target}: {len(chosen)} windows of {args.time_factor} h, {shape[0]} x {shape[1]} pixels.")
    return 0


def choose(coarse, args):
    """Windows between --start and --end, (n, t): hours that the coarse rain covers."""
    import numpy as np

    from anemoi_scaleadapt.verification.windows import HOUR, windows

    t, times = coarse.t, coarse.rain.times
    hours = times if coarse.hourly else (times[:, None] + (np.arange(t) - t + 1) * HOUR).ravel()
    bounds = []
    for name, value, default in (("--start", args.start, hours[0]), ("--end", args.end, hours[-1])):
        try:
            bounds.append(np.datetime64(value, "s") if value else default)
        except ValueError as error:
            raise ScaleAdaptError(f"{name} {value} is not a date such as 2018-05-18T01:00.") from error
    first, last = bounds
    if first > last or first < hours[0] or last > hours[-1]:
        raise ScaleAdaptError(
            f"the period {first}Z to {last}Z is not within that of {coarse.rain.path}, {hours[0]}Z to {hours[-1]}Z."
        )
    return windows(np.arange(first, last + HOUR, HOUR), t, "the period")
