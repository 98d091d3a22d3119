"""`anemoi-scaleadapt downscale INPUT... --grid GRID --to OUT`: from the rain that people have to fine members."""

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from anemoi_scaleadapt.commands import reading


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = "example: anemoi-scaleadapt downscale era5.nc --grid comephore:-1,42,4,46 --to members.nc"
    add_input_arguments(parser)
    parser.add_argument(
        "--to", type=Path, metavar="FILE", help="write fine members, hourly, mm h-1 (.nc, .zarr or .grib2)"
    )
    parser.add_argument(
        "--resume", action="store_true", help="go on where the same command was killed, and keep what is begun"
    )
    parser.add_argument("--coarse-to", type=Path, metavar="FILE", help="write the rain of the blocks, mm h-1 (.nc)")
    add_draw_arguments(parser)
    add_machine_arguments(parser)


def add_input_arguments(parser: ArgumentParser) -> None:
    """Declare what is read, and on which grid."""
    from anemoi_scaleadapt.commands.weights import add_grid_arguments

    parser.add_argument("input", nargs="+", help="coarse rain: NetCDF, Zarr or GRIB files, or an anemoi dataset")
    parser.add_argument("--variable", help="the rain, where a file has several")
    reading.add_period_arguments(parser)
    reading.add_leads_argument(parser)
    add_grid_arguments(parser)
    parser.add_argument("--bias", type=Path, metavar="JSON", help="take this bias out, see `anemoi-scaleadapt bias`")
    parser.add_argument("--keep-change", action="store_true", help="ranks in this record: for climate runs")
    reading.add_arguments(parser)


def add_draw_arguments(parser: ArgumentParser) -> None:
    """Declare what draws members, and how."""
    parser.add_argument(
        "--weights",
        default="any",
        help="weights that ship, a folder of `export`, or a checkpoint (default: %(default)s)",
    )
    parser.add_argument(
        "--members", type=int, default=8, help="fine members of each member of the input (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same members (default: 0)")
    parser.add_argument(
        "--hours-at-once", type=int, default=24, help="hours drawn together; it decides what a member is (default: 24)"
    )
    parser.add_argument(
        "--overlap", type=int, default=6, help="hours drawn beyond both ends and thrown away (default: 6)"
    )
    parser.add_argument(
        "--allow-untrained", action="store_true", help="draw a factor pair that the weights have not learnt, s to 100"
    )


def add_machine_arguments(parser: ArgumentParser) -> None:
    """Declare what hangs on the machine that draws; on a CPU no bit of a member does."""
    parser.add_argument(
        "--tile",
        type=int,
        help="pixels of a tile; larger ones cost less and take more memory (default: what fits into it)",
    )
    parser.add_argument("--members-at-once", type=int, help="default: what fits into the memory at hand")
    parser.add_argument("--device", help="cpu or cuda (default: the GPU, if there is one)")


def check_numbers(args: Namespace, **least: int) -> None:
    """Check that numbers of a command are not too small, and the seed not too large for a file.

    Raises
    ------
    ScaleAdaptError
        For one that is.
    """
    from anemoi_scaleadapt.errors import ScaleAdaptError

    for name, at_least in least.items():
        value = getattr(args, name)
        if value is not None and value < at_least:
            raise ScaleAdaptError(f"--{name.replace('_', '-')} {value}: at least {at_least}.")
        if name == "seed" and value >= 2**31:
            raise ScaleAdaptError(f"--seed {value}: at most {2**31 - 1}.")


def main(args: Namespace) -> int:
    """Say what the input is taken for; write its blocks and its members."""
    from anemoi_scaleadapt.files import check_target
    from anemoi_scaleadapt.rain.members import check_members

    check_numbers(args, members=1, seed=0, hours_at_once=1, overlap=0, tile=8, members_at_once=1)
    if args.to is not None:
        check_members(args.to, *args.input)
    if args.coarse_to is not None:
        reading.target("--coarse-to", args.coarse_to, ".nc")
        check_target(args.coarse_to, [Path(name) for name in args.input])
    plan = understood(args)
    print(plan.table())
    if args.coarse_to:
        write_blocks(plan, args.coarse_to)
    if args.to:
        write_members(plan, args)
    return 0


def understood(args: Namespace) -> Any:
    """The plan of an input as the options tell it."""
    from anemoi_scaleadapt.downscaling.api import understand
    from anemoi_scaleadapt.regrid.named import read_box

    start, end = reading.period(args)
    return understand(
        args.input[0] if len(args.input) == 1 else args.input,
        args.grid,
        resolution=args.resolution,
        box=read_box(args.box) if args.box else None,
        space=args.space_factor,
        bias=args.bias,
        keep_change=args.keep_change,
        min_cover=args.min_cover,
        variable=args.variable,
        start=start,
        end=end,
        leads=reading.one_of_leads(args),
        **reading.told(args),
    )


def write_blocks(plan: Any, path: Path) -> None:
    """Write the rain of the blocks; beside it, where a bias was taken out, as it came."""
    from anemoi_scaleadapt.regrid.dataset import as_dataset, write_dataset

    said = {f"scaleadapt_input_{name.replace(' ', '_')}": words for name, words in plan.understood}
    data = as_dataset(plan.coarse, title="Coarse rain on the blocks of a fine grid", **said)
    if plan.correct is not None:
        data["rain_raw"] = as_dataset(plan.raw)["rain"].assign_attrs(long_name="rain before its bias was taken out")
    write_dataset(data, path)
    y, x = plan.blocks.shape
    print(f"\n{path}: {len(plan.raw.times)} frames of {plan.t} h, {y} x {x} blocks.")


def write_members(plan: Any, args: Namespace) -> None:
    """Draw and write, some hours at a time."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with console.status("loading torch and the weights"):
        from anemoi_scaleadapt.downscaling.members import draw_all, layout_of
        from anemoi_scaleadapt.downscaling.network import network, open_network
        from anemoi_scaleadapt.inference.formats import open_members
        from anemoi_scaleadapt.inference.provenance import weights_hash

        model = open_network(args.weights, args.device, args.tile)
        how = {"hours_at_once": args.hours_at_once, "overlap": args.overlap}
        draw = network(model, args.allow_untrained, members_at_once=args.members_at_once, **how)
    told: dict[str, Any] = {"scaleadapt_weights": weights_hash(model), "scaleadapt_stretches": json.dumps(how)}
    layout = layout_of(plan, args.members, scaleadapt_seed=args.seed, scaleadapt_coarse=plan.digest(), **told)
    with open_members(args.to, layout, args.resume) as file, Progress(console=console) as bar:
        total = plan.realizations * len(layout.times)
        done = total if file.complete else file.marked
        task = bar.add_task("hours", total=total, completed=done)
        for part in draw_all(plan, draw, args.members, args.seed, done):
            file.add(part.times, part.rain, first_member=part.realization * args.members + part.member)
            bar.advance(task, len(part.times) * len(part.rain) / args.members)
            if part.member + len(part.rain) == args.members:
                done += len(part.times)
                file.mark(done)
    y, x = plan.blocks.fine.shape
    print(f"\n{args.to}: {len(layout.members)} members, {len(layout.times)} hours, {y} x {x} pixels.")
