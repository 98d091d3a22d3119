"""`anemoi-scaleadapt downscale INPUT... --grid GRID`: from the rain that people have to the blocks of a fine grid."""

from argparse import ArgumentParser, Namespace
from pathlib import Path


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    from anemoi_scaleadapt.commands import reading
    from anemoi_scaleadapt.commands.weights import add_grid_arguments

    parser.epilog = "example: anemoi-scaleadapt downscale era5.nc --grid comephore:-1,42,4,46 --coarse-to blocks.nc"
    parser.add_argument("input", nargs="+", help="coarse rain: NetCDF, Zarr or GRIB files, or an anemoi dataset")
    parser.add_argument("--variable", help="the rain, where a file has several")
    add_grid_arguments(parser)
    parser.add_argument("--bias", type=Path, metavar="JSON", help="take this bias out, see `anemoi-scaleadapt bias`")
    parser.add_argument("--keep-change", action="store_true", help="ranks in this record: for climate runs")
    parser.add_argument("--coarse-to", type=Path, metavar="FILE", help="write the rain of the blocks (mm h-1, .nc)")
    reading.add_arguments(parser)


def main(args: Namespace) -> int:
    """Say what the input is taken for; write its blocks."""
    from anemoi_scaleadapt.commands.reading import told
    from anemoi_scaleadapt.downscaling.api import understand
    from anemoi_scaleadapt.errors import ScaleAdaptError
    from anemoi_scaleadapt.files import check_target
    from anemoi_scaleadapt.regrid.dataset import as_dataset, write_dataset
    from anemoi_scaleadapt.regrid.named import read_box

    if args.coarse_to:
        if args.coarse_to.suffix != ".nc":
            raise ScaleAdaptError(f"--coarse-to {args.coarse_to}: a name that ends with .nc is needed.")
        check_target(args.coarse_to, [Path(path) for path in args.input])
    plan = understand(
        args.input[0] if len(args.input) == 1 else args.input,
        args.grid,
        resolution=args.resolution,
        box=read_box(args.box) if args.box else None,
        space=args.space_factor,
        bias=args.bias,
        keep_change=args.keep_change,
        min_cover=args.min_cover,
        variable=args.variable,
        **told(args),
    )
    print(plan.table())
    if args.coarse_to:
        rain = plan.coarse
        said = {f"scaleadapt_input_{name.replace(' ', '_')}": words for name, words in plan.understood}
        write_dataset(as_dataset(rain, title="Coarse rain on the blocks of a fine grid", **said), args.coarse_to)
        print(f"\n{args.coarse_to}: {len(rain.times)} frames of {plan.t} h, {rain.shape[0]} x {rain.shape[1]} blocks.")
    return 0
