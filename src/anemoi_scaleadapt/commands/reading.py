"""Options of commands that read rain: what a file may not tell."""

from argparse import ArgumentParser, Namespace
from typing import get_args

from anemoi_scaleadapt.rain.told import Accumulated, Label, Told


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


def told(args: Namespace) -> Told:
    """The options as arguments of :func:`anemoi_scaleadapt.rain.reader.open_rain`."""
    return {"units": args.units, "time_label": args.time_label, "accumulated": args.accumulated}
