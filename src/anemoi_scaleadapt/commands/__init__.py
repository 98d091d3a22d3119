"""The command line `anemoi-scaleadapt`: a table of sub-commands, each in a file of its own.

A command module offers ``add_arguments(parser)`` and ``main(args) -> int | None``; it is imported only when
its command is called, so that ``--help`` and a typing error cost no import of torch.
"""

import argparse
import importlib
import sys

from anemoi_scaleadapt import __version__
from anemoi_scaleadapt.errors import ScaleAdaptError

#: name -> (module in this folder, one line of help)
COMMANDS = {
    "baseline": ("baseline", "write the members of a classical baseline, or a trained mean"),
    "bias": ("bias", "fit, report and take out the bias of real coarse rain"),
    "calibrate": ("calibrate", "read beta, L, crop size and threshold from data, and sigma_max from a checkpoint"),
    "comephore": ("comephore", "download and inspect Météo-France's Comephore archive"),
    "cost": ("cost", "show what a factor pair costs: operations, parameters, reach"),
    "datasets": ("datasets", "write anemoi-datasets recipes for a factor pair"),
    "demo": ("demo", "draw a picture from real rain with the weights that ship, without training"),
    "downscale": ("downscale", "draw fine members of coarse rain from any service's files"),
    "export": ("export", "write the weights of a checkpoint as two small files"),
    "rain": ("rain", "fetch a small sample of real rain (RADKLIM, 264 hours at 1 km)"),
    "scale": ("scale", "show or write beta, L and f of a factor pair"),
    "template": ("template", "make a GRIB2 message on a grid, as anemoi-inference needs one to write GRIB"),
    "verify": ("verify", "score members against the truth and beside baselines"),
    "weights": ("weights", "make conservative weights from any grid to the blocks of a fine grid"),
}


def main(argv: list[str] | None = None) -> int:
    """Run one sub-command; return its exit status (2 for bad input)."""
    argv = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser(prog="anemoi-scaleadapt", description=__doc__.splitlines()[0])
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    called = next((word for word in argv if not word.startswith("-")), None)
    for name, (module, text) in COMMANDS.items():
        sub = commands.add_parser(name, help=text, description=text)
        if name == called:
            command = importlib.import_module(f"{__name__}.{module}")
            command.add_arguments(sub)
    args = parser.parse_args(argv)
    try:
        return command.main(args) or 0
    except ScaleAdaptError as error:
        print(f"anemoi-scaleadapt {called}: {error}", file=sys.stderr)
        return 2
