"""Options of commands that read rain: what a file may not tell."""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.rain.told import Accumulated, Label, Leads, Told, read_leads

if TYPE_CHECKING:
    import numpy as np

    from anemoi_scaleadapt.rain.record import Rain


def add_arguments(parser: ArgumentParser) -> None:
    """Add --units, --time-label and --accumulated."""
    group = parser.add_argument_group("for files that do not tell")
    group.add_argument("--units", metavar="UNIT", help="such as 'mm h-1' or 'kg m-2'")
    group.add_argument("--time-label", choices=get_args(Label), help="where a time lies in its interval (default: end)")
    group.add_argument(
        "--accumulated",
        choices=get_args(Accumulated),
        help="over what an amount is summed (default: asked if it grows)",
    )


def add_leads_argument(parser: ArgumentParser, several: bool = False) -> None:
    """Add --leads."""
    more = ", or more of them: 0-24,24-48, each with a bias of its own" if several else ""
    parser.add_argument(
        "--leads", metavar="HOURS", help=f"lead times to take of forecasts that may overlap: 24-48{more} (default: all)"
    )


def leads(args: Namespace) -> tuple[Leads, ...]:
    """Ranges of --leads."""
    return read_leads(args.leads) if args.leads else ()


def one_of_leads(args: Namespace) -> Leads | None:
    """The one range of --leads; None where it is not given."""
    found = leads(args)
    if len(found) > 1:
        raise ScaleAdaptError(f"--leads {args.leads}: one range here.")
    return found[0] if found else None


def add_period_arguments(parser: ArgumentParser) -> None:
    """Add --start and --end."""
    parser.add_argument("--start", metavar="DATE", help="first end of an interval to take, UTC (default: all)")
    parser.add_argument("--end", metavar="DATE", help="last")


def period(args: Namespace) -> "tuple[np.datetime64 | None, np.datetime64 | None]":
    """Dates of --start and --end; None where one is not given."""
    from anemoi_scaleadapt.hours import read_date

    return read_date("--start", args.start), read_date("--end", args.end)


def hourly(path: str, args: Namespace, variable: str | None = None) -> "Rain":
    """Hourly rain of a file, of which the options tell what it does not."""
    from anemoi_scaleadapt.rain.reader import open_rain
    from anemoi_scaleadapt.rain.steps import averaged

    return averaged(open_rain(path, variable, **told(args)))


def target(option: str, path: Path, suffix: str) -> Path:
    """A file to write: a name that ends with a suffix in a folder that is there."""
    if path.suffix != suffix or not path.absolute().parent.is_dir():
        raise ScaleAdaptError(f"{option} {path}: a name that ends with {suffix} in a folder that is there is needed.")
    return path


def told(args: Namespace) -> Told:
    """The options as arguments of :func:`anemoi_scaleadapt.rain.reader.open_rain`."""
    return {"units": args.units, "time_label": args.time_label, "accumulated": args.accumulated}
