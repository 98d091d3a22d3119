"""The command line `anemoi-scaleadapt`: a table of sub-commands, each in a file of its own.

A command module offers ``add_arguments(parser)`` and ``main(args) -> int | None``; it is imported only when
its command is called, so that ``--help`` and a typing error cost no import of torch.
"""

import argparse
import importlib
import os
import sys

from anemoi_scaleadapt import __version__
from anemoi_scaleadapt.errors import ScaleAdaptError

#: name -> (module in this folder, one line of help)
COMMANDS = {
    "baseline": ("baseline", "write the members of a classical baseline, or a trained mean"),
    "bias": ("bias", "fit, report and take out the bias of real coarse rain"),
    "bulk": ("bulk", "draw years of members into one Zarr, with any number of processes"),
    "calibrate": ("calibrate", "read beta, L and crop size from data, or set the spread of trained weights"),
    "comephore": ("comephore", "download and inspect Météo-France's Comephore archive"),
    "cost": ("cost", "show what a factor pair costs: operations, parameters, reach"),
    "datasets": ("datasets", "write anemoi-datasets recipes for a factor pair"),
    "demo": ("demo", "draw a picture from real rain with the weights that ship, without training"),
    "downscale": ("downscale", "draw fine members of coarse rain from any service's files"),
    "export": ("export", "write the weights of a checkpoint as two small files"),
    "inspect": ("inspect", "say what weights know: factor pairs, days, data and licence"),
    "rain": ("rain", "fetch a small sample of real rain (RADKLIM, 264 hours at 1 km)"),
    "scale": ("scale", "show or write beta, L and f of a factor pair"),
    "template": ("template", "make a GRIB2 message on a grid, as anemoi-inference needs one to write GRIB"),
    "verify": ("verify", "score members against the truth and beside baselines"),
    "weights": ("weights", "make conservative weights from any grid to the blocks of a fine grid"),
}


#: what holds for every command
UNITS = "units: rain in mm h-1; dates in UTC, the END of an hour; s in pixels of the fine grid, t in hours"
#: how shtab says that a value is the name of a file
FILES = {"bash": "_shtab_compgen_files", "zsh": "_files", "tcsh": "f"}
FIRST = """Coarse rain in, an ensemble of fine rain out. What to do first:

  anemoi-scaleadapt demo                                 members of real rain, without training
  anemoi-scaleadapt downscale FILE --grid GRID --to OUT  members of your own coarse rain
  anemoi-scaleadapt scale 10 3                           what a factor pair means
  anemoi-scaleadapt --help                               all commands; COMMAND --help explains one
"""


def main(argv: list[str] | None = None) -> int:
    """Run one sub-command; return its exit status (2 for bad input)."""
    argv = sys.argv[1:] if argv is None else argv
    if not argv:
        print(FIRST, end="")
        return 0
    called = next((word for word in argv if not word.startswith("-")), "")
    args = make_parser(called).parse_args(argv)
    try:
        status: int | None = importlib.import_module(f"{__name__}.{COMMANDS[args.command][0]}").main(args)
        sys.stdout.flush()
        return status or 0
    except ScaleAdaptError as error:
        message = str(error)
    except BrokenPipeError:  # somebody looked at the first lines only
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print(f"anemoi-scaleadapt {called}: stopped", file=sys.stderr)
        return 130
    except OSError as error:  # a full disk, a folder without permission
        message = f"{error.filename or 'a file'}: {error.strerror or error}"
    print(f"anemoi-scaleadapt {called}: {message}", file=sys.stderr)
    return 2


def make_parser(called: str | None = None) -> argparse.ArgumentParser:
    """The parser of the command line, with the arguments of the command `called`; by default of all, as shtab wants."""
    parser = argparse.ArgumentParser(
        prog="anemoi-scaleadapt", description="Fine rain from coarse rain, as an ensemble."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (module, text) in COMMANDS.items():
        sub = commands.add_parser(name, help=text, description=text)
        if called in (name, None):
            importlib.import_module(f"{__name__}.{module}").add_arguments(sub)
            _explain(sub)
    return parser


def _explain(parser: argparse.ArgumentParser) -> None:
    """Put the units below the example of a command and of its actions; let a shell complete names of files."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = f"{parser.epilog}\n{UNITS}" if parser.epilog else UNITS
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, inner in action.choices.items():
                inner.description = next(c.help for c in action._choices_actions if c.dest == name)
                _explain(inner)
        elif action.nargs != 0 and not action.choices:
            setattr(action, "complete", FILES)  # noqa: B010 (shtab's, which argparse does not declare)
