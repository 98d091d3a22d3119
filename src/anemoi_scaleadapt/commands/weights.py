"""`anemoi-scaleadapt weights INPUT --grid GRID --to W.npz`: conservative weights for recipes and run files."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from anemoi_scaleadapt.commands import reading


def add_grid_arguments(parser: ArgumentParser, blocks: bool = True) -> None:
    """Declare what names the fine grid, and its blocks."""
    parser.add_argument(
        "--grid", required=True,
        help="the fine grid: a NetCDF, Zarr, GRIB or GeoTIFF file on it, comephore, comephore:W,S,E,N, or "
        "a system such as EPSG:2154 with --resolution and --box",
    )  # fmt: skip
    parser.add_argument("--resolution", type=float, metavar="M", help="side of a pixel, metres (degrees for EPSG:4326)")
    parser.add_argument("--box", metavar="W,S,E,N", help="degrees, or metres of the system; --box=-5,41,10,51")
    if not blocks:
        return
    parser.add_argument(
        "--space-factor", type=int, metavar="S", help="pixels on a side of a block (default: from the input's cells)"
    )
    parser.add_argument(
        "--min-cover", type=float, default=0.99, metavar="SHARE",
        help="blocks of which the input covers less are missing (default 0.99)",
    )  # fmt: skip


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = "example: anemoi-scaleadapt weights era5.nc --grid comephore:-1,42,4,46 --to era5-to-25km.npz"
    parser.add_argument("input", help="a file on the coarse grid (NetCDF, Zarr, GRIB); its values are not read")
    parser.add_argument("--variable", help="whose grid, where the file has several")
    add_grid_arguments(parser)
    parser.add_argument("--to", type=Path, required=True, metavar="FILE", help="the weights, .npz")


def main(args: Namespace) -> int:
    """Make the weights and say what they are."""
    from anemoi_scaleadapt.regrid.blocks import Blocks, choose_factor
    from anemoi_scaleadapt.regrid.files import read_cells
    from anemoi_scaleadapt.regrid.named import find_grid, read_box
    from anemoi_scaleadapt.regrid.weights import make_weights

    reading.target("--to", args.to, ".npz")
    fine = find_grid(args.grid, args.resolution, read_box(args.box) if args.box else None)
    cells = read_cells(args.input, args.variable)
    s, why = (args.space_factor, "as given") if args.space_factor else choose_factor(cells.km, fine.cell_km)
    blocks = Blocks.of(fine, s)
    weights = make_weights(cells, blocks, args.min_cover)
    weights.save(args.to)
    print(f"input       {args.input}: {cells.latitude.size} cells of {cells.km:.3g} km")
    print(f"fine grid   {fine.name}: {blocks.fine.shape[0]} x {blocks.fine.shape[1]} pixels of {fine.cell_km:.3g} km")
    print(f"s           {s}: {why}")
    print(f"blocks      {blocks.shape[0]} x {blocks.shape[1]}{': ' + blocks.said if blocks.said else ''}")
    print(f"covered     {weights.share:.1%} of the blocks by at least {args.min_cover:.0%} of their area")
    print(f"weights     {args.to}: {weights.matrix.nnz}")
    return 0
