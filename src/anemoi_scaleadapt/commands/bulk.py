"""`anemoi-scaleadapt bulk plan | run | status`: years of coarse rain into one Zarr of members."""

from argparse import ArgumentParser, Namespace
from pathlib import Path


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the three actions and their options."""
    from anemoi_scaleadapt.commands.downscale import add_draw_arguments, add_input_arguments, add_machine_arguments

    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    plan = actions.add_parser("plan", help="read the coarse rain, make the empty Zarr, cut the work into pieces")
    plan.epilog = "example: anemoi-scaleadapt bulk plan era5/*.nc --grid comephore --to members.zarr"
    parser.epilog = plan.epilog
    add_input_arguments(plan)
    add_draw_arguments(plan)
    plan.add_argument(
        "--threads", type=int, default=1, help="of a process on a CPU; decides the last bits of members (default: 1)"
    )
    plan.add_argument("--packed", action="store_true", help="hundredths of mm h-1 in int16: at most 0.005 off")
    plan.add_argument(
        "--stretches-per-piece", type=int, default=1, help="so many times --hours-at-once in one go (default: 1)"
    )
    plan.add_argument("--members-per-piece", type=int, help="default: all members of the coarse one")
    plan.add_argument("--to", type=Path, required=True, metavar="ZARR", help="OUT.zarr; the plan lies in OUT.zarr.bulk")
    run = actions.add_parser("run", help="draw what is not done yet")
    run.epilog = "example: anemoi-scaleadapt bulk run members.zarr --part 3/64"
    where = run.add_mutually_exclusive_group()
    where.add_argument("--part", metavar="i/N", help="in this process, the i-th of N shares (1/N to N/N)")
    where.add_argument("--scheduler", metavar="ADDRESS", help="all of it, on the workers of this dask scheduler")
    where.add_argument(
        "--workers", type=int, help="all of it, on so many workers here (the default: one a GPU, or one a core)"
    )
    add_machine_arguments(run)
    look = actions.add_parser("status", help="how far it has come")
    look.epilog = "example: anemoi-scaleadapt bulk status members.zarr"
    for action in (run, look):
        action.add_argument("zarr", type=Path, help="the Zarr that was planned")


def main(args: Namespace) -> int:
    """Run one action."""
    return {"plan": plan, "run": run, "status": status}[args.action](args)


def plan(args: Namespace) -> int:
    """Say what the input is taken for; write the plan."""
    from rich.console import Console

    from anemoi_scaleadapt.bulk.settings import BulkSettings
    from anemoi_scaleadapt.commands.downscale import understood

    told = {name: getattr(args, name) for name in BulkSettings.model_fields}
    settings = BulkSettings.from_config(told, "bulk")
    found = understood(args)
    print(found.table())
    with Console(stderr=True).status("loading torch and the weights, reading the coarse rain"):
        from anemoi_scaleadapt.bulk.plan import make
        from anemoi_scaleadapt.downscaling.network import open_network
        from anemoi_scaleadapt.models.export import SHIPPED

        model = open_network(args.weights, "cpu")
        model.find_scale({"space": found.s, "time": found.t}, settings.allow_untrained)
        weights = args.weights if args.weights in SHIPPED else str(Path(args.weights).absolute())
        job = make(args.to.absolute(), found, model, weights, settings)
    layout, (y, x) = job.layout, job.told["shape"]
    values = len(layout.members) * len(layout.times) * y * x
    print(
        f"\n{job.folder}: {len(job.pieces)} pieces; {len(layout.members)} members, {len(layout.times)} hours, "
        f"{y} x {x} pixels, {values * (2 if settings.packed else 4) / 1e9:.3g} GB before compression."
    )
    return 0


def run(args: Namespace) -> int:
    """Draw, with a bar that tells the rate."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    from anemoi_scaleadapt.commands.downscale import check_numbers

    check_numbers(args, workers=1, tile=8, members_at_once=1)
    console = Console(stderr=True)
    with console.status("loading torch and the plan"):
        from anemoi_scaleadapt.bulk.piece import Machine, is_done
        from anemoi_scaleadapt.bulk.plan import load
        from anemoi_scaleadapt.bulk.run import parse_part, run_here, run_on_cluster, share

        job = load(args.zarr.absolute())
        numbers = share(job, *parse_part(args.part)) if args.part else [piece.number for piece in job.pieces]
        left = [number for number in numbers if not is_done(job, number)]
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:.0f} of {task.total:.0f} h"))
    rate = TextColumn("{task.fields[rate]}")
    with Progress(*columns, rate, TimeElapsedColumn(), TimeRemainingColumn(), console=console) as bar:
        task = bar.add_task("hours of members", total=sum(job.pieces[number].size for number in left), rate="")

        def told(size: int) -> None:
            bar.advance(task, size)
            speed = bar.tasks[0].speed
            bar.update(task, rate=f"{speed:.3g} a second" if speed else "")

        machine = Machine(args.device, args.tile, args.members_at_once)
        if args.part:
            run_here(job, numbers, told, machine)
        else:
            run_on_cluster(job, told, machine, args.scheduler, args.workers)
    return status(args)


def status(args: Namespace) -> int:
    """Say how many pieces are done, and how long the rest takes."""
    from anemoi_scaleadapt.bulk.plan import load
    from anemoi_scaleadapt.bulk.run import is_finished
    from anemoi_scaleadapt.bulk.status import status as look

    job = load(args.zarr.absolute())
    found = look(job)
    print(f"{args.zarr}: {found.done} of {found.pieces} pieces, {found.drawn} of {found.size} hours of members.")
    if found.broken:
        print(f"Drawn again, as the marker is damaged: {', '.join(map(str, found.broken))}.")
    if found.drawn:
        left = (found.size - found.drawn) * found.seconds / 3600
        print(f"{found.seconds:.3g} s for an hour of a member; {left:.3g} hours of one process are left.")
        print(f"The last piece is by process {found.last}.")
    if found.done == found.pieces and is_finished(job):
        print("It is complete.")
    return 0
