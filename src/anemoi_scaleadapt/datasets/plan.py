"""From the options of `anemoi-scaleadapt datasets` to what its recipes need: source, area, dates."""

import datetime as dt
from argparse import Namespace
from dataclasses import dataclass, field
from glob import glob
from pathlib import Path

from anemoi_scaleadapt.datasets.comephore.archive import ARCHIVE_ENDINGS, files_of
from anemoi_scaleadapt.datasets.period import HOUR, bounds, period
from anemoi_scaleadapt.datasets.recipes import Area, Rain
from anemoi_scaleadapt.errors import ScaleAdaptError


@dataclass
class Plan:
    """What the recipes of one fine rain share."""

    rain: Rain
    area: Area
    dates: tuple[dt.datetime, dt.datetime]
    training: tuple[dt.datetime, dt.datetime]
    factors: list[int]
    step: dt.timedelta = HOUR
    remarks: list[str] = field(default_factory=list)


def make(args: Namespace) -> Plan:
    """Work out the source, the area and the dates.

    Raises
    ------
    ScaleAdaptError
        When they cannot be had from the options and files.
    """
    for factor in args.factors:
        if factor < 1:
            raise ScaleAdaptError(f"FACTOR: {factor} is not a whole number of at least 1.")
    if args.crop and args.box:
        raise ScaleAdaptError("--crop and --box: give one of them.")
    if args.rain.endswith((".nc", ".nc4", ".zarr")):
        if args.box:
            raise ScaleAdaptError(f"--box: {args.rain} is no Comephore; give its rows and columns with --crop.")
        rain, whole, shape, covered, step = gridded(args.rain, args.name)
    else:
        rain, whole, shape, covered = comephore(args)
        step = HOUR
    remarks = []
    wanted = Area(*args.crop) if args.crop else whole
    outside = wanted.row + wanted.height > shape[0] or wanted.col + wanted.width > shape[1]
    if min(wanted.row, wanted.col) < 0 or min(wanted.height, wanted.width) < 1 or outside:
        raise ScaleAdaptError(
            f"--crop: {args.crop} is not a first row and column, a height and a width within the grid of "
            f"{shape[0]} x {shape[1]} (rows x columns)."
        )
    area = wanted.fit(args.factors)
    if area != wanted:
        remarks.append(
            f"{wanted.height} x {wanted.width} pixels are no multiple of {', '.join(map(str, args.factors))}: "
            f"taking the largest crop that fits, the first {area.height} rows and {area.width} columns."
        )
    if covered and not (args.start and args.end):
        start = args.start or covered[0].isoformat()
        end = args.end or covered[1].isoformat()
    else:
        start, end = args.start, args.end
    if not (start and end):
        raise ScaleAdaptError("--start and --end: give the period of the datasets, such as 2023-01 and 2023-12.")
    dates = period(start, end)
    training = training_period(args, dates)
    if not args.train_end:
        remarks.append(
            f"--train-end is not given: the statistics end at {training[1].isoformat()}, 80 % of the period."
        )
    return Plan(rain, area, dates, training, sorted({1, *args.factors}), step, remarks)


def training_period(args: Namespace, dates: tuple[dt.datetime, dt.datetime]) -> tuple[dt.datetime, dt.datetime]:
    """The period of the statistics; must lie within the dates."""
    first = bounds(args.train_start, "--train-start")[0] if args.train_start else dates[0]
    hours = int((dates[1] - dates[0]) / HOUR) + 1
    last = bounds(args.train_end, "--train-end")[1] if args.train_end else dates[0] + (hours * 4 // 5 - 1) * HOUR
    if not dates[0] <= first <= last <= dates[1]:
        raise ScaleAdaptError(
            f"--train-start, --train-end: {first.isoformat()} to {last.isoformat()} does not lie within the "
            f"datasets' {dates[0].isoformat()} to {dates[1].isoformat()}."
        )
    return first, last


def gridded(
    path: str, name: str | None
) -> tuple[Rain, Area, tuple[int, int], tuple[dt.datetime, dt.datetime], dt.timedelta]:
    """Source, area, grid, dates and time step of NetCDF files or of a Zarr with a variable ``rain`` (time, y, x)."""
    import xarray as xr

    zarr = path.endswith(".zarr")
    files = sorted(glob(path))
    if not files:
        raise ScaleAdaptError(f"--rain {path}: no such file.")

    def look(file: str) -> tuple[tuple[int, int], list[dt.datetime], dict]:
        with xr.open_dataset(file, engine="zarr" if zarr else "netcdf4") as data:
            if "rain" not in data or data["rain"].ndim != 3:
                raise ScaleAdaptError(f"{file}: no variable rain (time, y, x), the mean rate in mm h-1.")
            times = data["rain"][data["rain"].dims[0]].values.astype("datetime64[s]")
            return (
                data["rain"].shape[1:],
                [t.astype(object) for t in times[[0, min(1, len(times) - 1), -1]]],
                data.attrs,
            )

    shape, first, attributes = look(files[0])
    last = look(files[-1])[1]
    source = {"xarray-zarr": {"url": path}} if zarr else {"netcdf": {"path": path}}
    next(iter(source.values()))["param"] = ["rain"]
    rain = Rain(
        name or Path(files[0]).name.split("-")[0].split("_")[0].split(".")[0].lower(),
        source,
        attributes.get("licence") or attributes.get("license") or "unknown",
        attributes.get("attribution") or attributes.get("institution") or "unknown",
    )
    return rain, Area(0, 0, *shape), shape, (first[0], last[-1]), (first[1] - first[0]) or HOUR


#: Rows and columns that hold all of France's valid pixels; 25 divides both sizes.
NATIONAL = Area(300, 225, 1050, 1225)


def comephore(args: Namespace) -> tuple[Rain, Area, tuple[int, int], None]:
    """Source and area of Comephore: by default the national crop, or all of an archive that holds less."""
    from anemoi_scaleadapt.datasets.comephore.source import ComephoreSource

    keys: dict = {"path": args.rain, "missing_files": "nan"}
    if args.min_quality is not None:
        keys["min_quality"] = args.min_quality
    box = dict(zip(("west", "south", "east", "north"), args.box, strict=True)) if args.box else None
    frames = ComephoreSource(None, **keys, crop=box).frames
    area = Area(**frames.crop)
    if not box and frames.whole.shape[0] >= NATIONAL.row + NATIONAL.height:
        area = NATIONAL
    rain = Rain(
        args.name or "comephore",
        {"comephore": keys},
        "Licence Ouverte 2.0 (Etalab)",
        f"Source: Météo-France, réanalyses Coméphore, files of {newest(args.rain)}",
        frames.whole.pixel / 1000,
    )
    return rain, area, frames.whole.shape, None


def newest(path: str) -> str:
    """Day of the last change of the newest file: the licence asks for the date of the data."""
    files = files_of([path], ARCHIVE_ENDINGS)
    last = max(Path(file).stat().st_mtime for file in files)
    return f"{dt.datetime.fromtimestamp(last, dt.UTC):%Y-%m-%d}"
