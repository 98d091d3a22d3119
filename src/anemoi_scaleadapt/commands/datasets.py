"""`anemoi-scaleadapt datasets`: recipes of anemoi-datasets for the fine rain and its coarse resolutions."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from anemoi_scaleadapt.commands import reading


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = "example: anemoi-scaleadapt datasets 25 --rain 'radar/*.nc' --train-end 2022-12 --to recipes"
    parser.add_argument("factors", nargs="+", type=int, metavar="FACTOR", help="pixels on a side of a coarse cell")
    parser.add_argument(
        "--rain", required=True, metavar="PATH",
        help="the fine rain: NetCDF, Zarr or GRIB (a file, a folder or a 'pattern*'), an anemoi dataset, or Comephore "
        "(a folder, a tar or a glob of tars)",
    )  # fmt: skip
    parser.add_argument("--to", type=Path, default=Path(), metavar="DIR", help="folder of the recipes (default: here)")
    parser.add_argument("--name", help="of the rain, in the names of recipes and datasets (default: from --rain)")
    parser.add_argument(
        "--start", metavar="DATE", help="year, month, day or date (default: all of the files; Comephore: must be given)"
    )
    parser.add_argument("--end", metavar="DATE", help="likewise, inclusive")
    parser.add_argument("--train-start", metavar="DATE", help="begin of the statistics (default: --start)")
    parser.add_argument("--train-end", metavar="DATE", help="end of the statistics (default: 80 %% of the period)")
    parser.add_argument(
        "--crop", nargs=4, type=int, metavar=("ROW", "COL", "HEIGHT", "WIDTH"), help="pixels (default: all)"
    )
    parser.add_argument(
        "--box",
        nargs=4,
        type=float,
        metavar=("WEST", "SOUTH", "EAST", "NORTH"),
        help="degrees, instead of --crop",
    )
    parser.add_argument(
        "--min-quality", type=float, metavar="PERCENT", help="Comephore: pixels of a lower QUALIF are missing"
    )
    parser.add_argument("--variable", help="name of the rain in the files (default: the one that is rain by its name)")
    reading.add_arguments(parser)
    parser.add_argument(
        "--min-valid", type=float, default=1.0, metavar="SHARE",
        help="smallest share of valid pixels for which a coarse cell has a value (default 1: all)",
    )  # fmt: skip


def main(args: Namespace) -> int:
    """Write the recipes and say how to run them."""
    from anemoi_scaleadapt.datasets import plan, recipes

    planned = plan.make(args)
    args.to.mkdir(parents=True, exist_ok=True)
    for line in planned.remarks:
        print(line)
    for factor in planned.factors:
        recipe = recipes.recipe(
            planned.origin, factor, planned.area, planned.dates, planned.training, args.min_valid, planned.step,
            planned.missing,
        )  # fmt: skip
        path = args.to / f"{planned.origin.name}-{planned.origin.pixel_km * factor:.4g}km.yaml"
        recipes.write(recipe, path)
        print(f"anemoi-datasets create {path} {recipe['name']}.zarr")
    return 0
