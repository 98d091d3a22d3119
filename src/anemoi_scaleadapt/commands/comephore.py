"""`anemoi-scaleadapt comephore download | inspect`: get the archive, and know what is in it."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

#: Lines of a kind of finding, unless all are asked for.
SHOWN = 12
DESCRIPTION = "Météo-France's reanalysis of hourly rain, 1 km, since 1997 (Licence Ouverte 2.0)."


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the two actions and their options."""
    parser.description = DESCRIPTION
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    get = actions.add_parser("download", help="fetch monthly tars (some 230 MB each) from data.gouv.fr")
    get.add_argument("--start", required=True, metavar="MONTH", help="first month, 2023-01 (or a year, or a day)")
    get.add_argument("--end", required=True, metavar="MONTH", help="last month, inclusive")
    get.add_argument("--to", type=Path, required=True, metavar="DIR", help="folder of the tars")
    get.add_argument("--api", metavar="URL", help="another catalogue (a mirror) in the form of data.gouv.fr's")
    get.add_argument("--tries", type=int, default=6, help="tries without one more byte before giving up (default 6)")
    get.add_argument("--pause", type=float, default=2.0, metavar="SECONDS", help="before the second try; then doubled")
    get.add_argument("--timeout", type=float, default=60.0, metavar="SECONDS", help="without a byte (default 60)")
    get.epilog = "example: anemoi-scaleadapt comephore download --start 2023-01 --end 2023-12 --to comephore"
    parser.epilog = get.epilog
    look = actions.add_parser("inspect", help="which hours are there, missing, unreadable or oddly tagged")
    look.epilog = "example: anemoi-scaleadapt comephore inspect comephore --start 2023 --end 2023"
    look.add_argument("path", nargs="+", help="folder, tar or glob")
    look.add_argument("--start", metavar="DATE", help="year, month, day or date that should be there (default: found)")
    look.add_argument("--end", metavar="DATE", help="likewise, inclusive")
    look.add_argument("--all", action="store_true", help=f"every finding, not the first {SHOWN} of a kind")
    look.add_argument("--kinds", nargs="+", default=["RR"], choices=["RR", "ERR", "QUALIF"], help="kinds of frames")
    look.add_argument("--names-only", action="store_true", help="do not decode the frames, look at names only")


def main(args: Namespace) -> int:
    """Run one action."""
    return {"download": download, "inspect": inspect}[args.action](args)


def download(args: Namespace) -> int:
    """Fetch the months that are not there; one that cannot be had does not hinder the others."""
    import requests
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        TaskID,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    from anemoi_scaleadapt.commands.progress import meter
    from anemoi_scaleadapt.datasets.comephore import catalogue
    from anemoi_scaleadapt.datasets.comephore.download import download as fetch
    from anemoi_scaleadapt.datasets.period import months, period
    from anemoi_scaleadapt.errors import ScaleAdaptError

    wanted = months(*period(args.start, args.end))
    args.to.mkdir(parents=True, exist_ok=True)
    absent = [m for m in wanted if not (args.to / catalogue.Resource(m, "").name).exists()]
    if not absent:
        print(f"{args.to}: all {len(wanted)} months are there.")
        return 0
    failed = []
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with requests.Session() as session, meter(*columns, TimeRemainingColumn()) as bar:
        known = catalogue.fetch(session, args.api or catalogue.API, args.timeout)
        for month in absent:
            if month not in known:
                failed.append(f"{month}: not in the catalogue, which has {min(known)} to {max(known)}")
                continue
            task = bar.add_task(known[month].name, total=known[month].size)

            def progress(done: int, total: int | None, task: TaskID = task) -> None:
                bar.update(task, completed=done, total=total)

            try:
                fetch(
                    session, known[month], args.to, args.tries, args.pause, args.timeout, progress,
                    tell=bar.console.print,
                )  # fmt: skip
            except ScaleAdaptError as error:
                failed.append(f"{month}: {error}")
    print(f"{args.to}: {len(wanted) - len(failed)} of {len(wanted)} months are there.")
    if failed:
        raise ScaleAdaptError("not downloaded: " + "; ".join(failed))
    return 0


def inspect(args: Namespace) -> int:
    """Print the findings; 1 when something is wrong."""
    from anemoi_scaleadapt.commands.progress import meter
    from anemoi_scaleadapt.datasets.comephore import inspection
    from anemoi_scaleadapt.datasets.comephore.archive import Archive
    from anemoi_scaleadapt.datasets.period import period
    from anemoi_scaleadapt.errors import ScaleAdaptError

    if bool(args.start) != bool(args.end):
        raise ScaleAdaptError("--start, --end: give both or none.")
    wanted = period(args.start, args.end) if args.start else None
    with meter(disable=args.names_only) as bar:
        task = bar.add_task("frames", total=None)
        report = inspection.inspect(
            Archive(args.path), tuple(args.kinds), wanted, not args.names_only,
            lambda done, total: bar.update(task, completed=done, total=total),
        )  # fmt: skip
    hours = ", ".join(f"{number} {kind}" for kind, number in report.hours.items())
    print(f"{report.first:%Y-%m-%dT%H} .. {report.last:%Y-%m-%dT%H} (ends of hours, UTC): {hours}")
    for title in ("faults", "missing", "unreadable", "odd", "twice"):
        lines = getattr(report, title)
        print(f"{title}: {len(lines) or 'none'}")
        shown = lines if args.all else lines[:SHOWN]
        for line in shown:
            print(f"  {line}")
        if len(shown) < len(lines):
            print(f"  and {len(lines) - len(shown)} more (--all shows them)")
    return 0 if report.clean else 1
