"""`anemoi-scaleadapt template --grid GRID --to FILE.grib2`: a GRIB2 message on a grid, for anemoi-inference to fill."""

from argparse import ArgumentParser, Namespace
from pathlib import Path


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    from anemoi_scaleadapt.commands.weights import add_grid_arguments

    parser.epilog = (
        "example: anemoi-scaleadapt template --grid EPSG:2154 --resolution 1000 --box=-1,42,4,46 --to t.grib2"
    )
    add_grid_arguments(parser, blocks=False)
    parser.add_argument("--to", type=Path, required=True, metavar="FILE", help="GRIB2 file to write")


def main(args: Namespace) -> int:
    """Write the message, all zero, total precipitation of a member."""
    from anemoi_scaleadapt.files import check_target, whole
    from anemoi_scaleadapt.rain.grib import template
    from anemoi_scaleadapt.rain.projection import find_projection
    from anemoi_scaleadapt.regrid.named import find_grid, read_box

    check_target(args.to, [Path(args.grid)])
    grid = find_grid(args.grid, args.resolution, read_box(args.box) if args.box else None)
    projection = find_projection(grid.latitude, grid.longitude, grid.crs)
    message = template(projection, grid.latitude, grid.longitude)
    with whole(args.to) as part:
        part.write_bytes(message)
    y, x = grid.shape
    print(f"{args.to}: total precipitation on {y} x {x} points, rows from south to north.")
    return 0
