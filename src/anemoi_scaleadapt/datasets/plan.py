"""From the options of `anemoi-scaleadapt datasets` to what its recipes need: source, area, dates."""

import datetime as dt
import re
from argparse import Namespace
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from anemoi_scaleadapt.datasets.comephore.archive import ARCHIVE_ENDINGS, files_of
from anemoi_scaleadapt.datasets.crop import crop_of_box
from anemoi_scaleadapt.datasets.period import bounds, period
from anemoi_scaleadapt.datasets.recipes import Area, Origin
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.hours import ONE_HOUR

#: Rows and columns that hold all of France's valid pixels; 25 divides both sizes.
NATIONAL = Area(300, 225, 1050, 1225)
Dates = tuple[dt.datetime, dt.datetime]


@dataclass
class Source:
    """The fine rain: where it is from, its grid, and its dates where the files tell them."""

    origin: Origin
    shape: tuple[int, int]
    area: Area
    step: dt.timedelta = ONE_HOUR
    there: list[dt.datetime] = field(default_factory=list)


@dataclass
class Plan:
    """What the recipes of one fine rain share."""

    origin: Origin
    area: Area
    dates: Dates
    training: Dates
    factors: list[int]
    step: dt.timedelta = ONE_HOUR
    missing: list[dt.datetime] = field(default_factory=list)
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
    source = comephore(args) if is_comephore(args.rain) else gridded(args)
    remarks: list[str] = []
    wanted, shape = Area(*args.crop) if args.crop else source.area, source.shape
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
    dates, missing = choose_dates(args, source, remarks)
    training = training_period(args, dates)
    if not args.train_end:
        remarks.append(
            f"--train-end is not given: the statistics end at {training[1].isoformat()}, 80 % of the period."
        )
    factors = sorted({1, *args.factors})
    return Plan(source.origin, area, dates, training, factors, source.step, missing, remarks)


def choose_dates(args: Namespace, source: Source, remarks: list[str]) -> tuple[Dates, list[dt.datetime]]:
    """First and last date, and those between them that the files do not have; adds what was decided to `remarks`."""
    there = source.there
    if not there:
        if not (args.start and args.end):
            raise ScaleAdaptError("--start and --end: give the period of the datasets, such as 2023-01 and 2023-12.")
        return period(args.start, args.end), []
    asked = period(args.start or there[0].isoformat(), args.end or there[-1].isoformat())
    within = [date for date in there if asked[0] <= date <= asked[1]]
    if not within:
        raise ScaleAdaptError(
            f"--start, --end: {args.rain} has no hour from {asked[0].isoformat()} to {asked[1].isoformat()}; it runs "
            f"from {there[0].isoformat()} to {there[-1].isoformat()}."
        )
    dates = within[0], within[-1]
    if dates != asked:
        remarks.append(f"the files have hours from {dates[0].isoformat()} to {dates[1].isoformat()} of that period.")
    every = [dates[0] + k * source.step for k in range(round((dates[1] - dates[0]) / source.step) + 1)]
    missing = sorted(set(every) - set(within))
    if missing:
        remarks.append(
            f"{len(missing)} of {len(every)} hours are not there, the first {missing[0].isoformat()}: the recipes list "
            "them as missing."
        )
    return dates, missing


def training_period(args: Namespace, dates: Dates) -> Dates:
    """The period of the statistics; must lie within the dates."""
    first = bounds(args.train_start, "--train-start")[0] if args.train_start else dates[0]
    hours = int((dates[1] - dates[0]) / ONE_HOUR) + 1
    last = bounds(args.train_end, "--train-end")[1] if args.train_end else dates[0] + (hours * 4 // 5 - 1) * ONE_HOUR
    if not dates[0] <= first <= last <= dates[1]:
        raise ScaleAdaptError(
            f"--train-start, --train-end: {first.isoformat()} to {last.isoformat()} does not lie within the "
            f"datasets' {dates[0].isoformat()} to {dates[1].isoformat()}."
        )
    return first, last


def is_comephore(path: str) -> bool:
    """Whether a path is that of a Comephore archive: a tar, a frame, a glob of these, or a folder that is no Zarr."""
    zarr = any((Path(path) / name).exists() for name in (".zgroup", ".zattrs", ".zmetadata", "zarr.json"))
    return path.endswith(ARCHIVE_ENDINGS) or (Path(path).is_dir() and not zarr)


def gridded(args: Namespace) -> Source:
    """Source, area, grid and dates of files that the one reader reads."""
    from anemoi_scaleadapt.datasets.hours import hours_of, open_hours
    from anemoi_scaleadapt.datasets.settings import RainSettings

    if args.min_quality is not None:
        raise ScaleAdaptError(f"--min-quality: {args.rain} is no Comephore.")
    told = {name: getattr(args, name) for name in ("variable", "units", "time_label", "accumulated")}
    told = {name: value for name, value in told.items() if value is not None}
    keys: dict[str, Any] = {"path": args.rain, **told}
    rain, place = open_hours(RainSettings.from_config(keys, "rain"))
    step, there = hours_of(rain)
    attributes, area = rain.attributes, Area(0, 0, *rain.shape)
    if args.box:
        area = Area(**crop_of_box(place.latitude, place.longitude, *args.box))
    origin = Origin(
        args.name or re.split(r"[-_.*?\[]", Path(args.rain).name)[0].lower() or "rain",
        {"rain": keys},
        attributes.get("licence") or attributes.get("license") or "unknown",
        attributes.get("attribution") or attributes.get("institution") or "unknown",
        float(f"{rain.pixel_km:.3g}"),
    )
    return Source(origin, rain.shape, area, step, there)


def comephore(args: Namespace) -> Source:
    """Source and area of Comephore: by default the national crop, or all of an archive that holds less."""
    from anemoi_scaleadapt.datasets.comephore.source import ComephoreSource

    for name in ("variable", "units", "time_label", "accumulated"):
        if getattr(args, name) is not None:
            raise ScaleAdaptError(f"--{name.replace('_', '-')}: {args.rain} is Comephore, which is known.")
    keys: dict[str, Any] = {"path": args.rain, "missing_files": "nan"}
    if args.min_quality is not None:
        keys["min_quality"] = args.min_quality
    box = dict(zip(("west", "south", "east", "north"), args.box, strict=True)) if args.box else None
    frames = ComephoreSource(None, **keys, crop=box).frames
    area = Area(**frames.crop)
    if not box and frames.whole.shape[0] >= NATIONAL.row + NATIONAL.height:
        area = NATIONAL
    origin = Origin(
        args.name or "comephore",
        {"comephore": keys},
        "Licence Ouverte 2.0 (Etalab)",
        f"Source: Météo-France, réanalyses Coméphore, files of {newest(args.rain)}",
        frames.whole.pixel / 1000,
    )
    return Source(origin, frames.whole.shape, area)


def newest(path: str) -> str:
    """Day of the last change of the newest file: the licence asks for the date of the data."""
    files = files_of([path], ARCHIVE_ENDINGS)
    last = max(Path(file).stat().st_mtime for file in files)
    return f"{dt.datetime.fromtimestamp(last, dt.UTC):%Y-%m-%d}"
