"""From files as they are to one record: one unit, one grid, intervals in order, rates in mm h-1."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.rain import accumulation, intervals
from anemoi_scaleadapt.rain import units as u
from anemoi_scaleadapt.rain.codes import Cleaner, codes_to_nan
from anemoi_scaleadapt.rain.intervals import DAY, Plan
from anemoi_scaleadapt.rain.part import Part
from anemoi_scaleadapt.rain.place import same_grid
from anemoi_scaleadapt.rain.record import Rain
from anemoi_scaleadapt.rain.times import STANDARD
from anemoi_scaleadapt.rain.told import Accumulated, Label, Leads

LOG = logging.getLogger(__name__)

Read = Callable[[np.ndarray], np.ndarray]


def assemble(
    opened: Iterable[Part],
    path: str,
    *,
    units: str | None,
    label: Label | None,
    accumulated: Accumulated | None,
    leads: Leads | None,
    most: float,
) -> Rain:
    """Make one record of files.

    Parameters
    ----------
    opened : iterable of Part
        The files, in any order of their times.
    path : str
        Name of the series for messages.
    units, label, accumulated, leads, most
        As for :func:`anemoi_scaleadapt.rain.reader.open_rain`.
    """
    parts = _alike(opened)
    first, unit = parts[0], _unit(parts, units)
    if not any(len(part.labels) for part in parts):
        raise ScaleAdaptError(f"{path} has no times: it is empty.")
    codes = Counter[str]()
    read = _reader(parts, codes, unit.kind == "amount")
    reference = _all_of([part.reference for part in parts])
    if leads is not None and reference is None:
        raise ScaleAdaptError(
            f"{path} does not say when its forecasts began, so its lead times are not known: give it a variable "
            "forecast_reference_time, or leave --leads out."
        )
    plan, told = _plan(parts, path, unit, read, label, accumulated, None if leads is None else reference)
    if leads is not None and reference is not None:
        plan = intervals.of_leads(plan, reference, leads, path)
        told["lead times"] = f"{leads[0]:g} to {leads[1]:g} h"
    plan, gaps = intervals.without_gaps(plan)
    if gaps:
        LOG.warning("%s: %d times are left out because the time before them is missing.", path, gaps)
    hours = (plan.end - plan.start) / 3600.0
    sums = unit.kind == "amount"
    if not sums and (plan.less >= 0).any():  # means since the start of a forecast
        sums, read = True, _weighted(read, _bounds(parts, path))
    if sums and not (hours > 0).all():
        raise ScaleAdaptError(
            f"{first.where} is an amount ({unit.text}) at one time, and nothing says over how long: give the file time "
            "bounds."
        )
    cleaner = Cleaner(path, most)

    def frames(index: np.ndarray) -> np.ndarray:
        index, before = np.asarray(index, "int64"), codes["codes"]
        rain = accumulation.amounts(read, plan, index)
        scale = unit.factor / hours[index][:, None, None] if sums else unit.factor
        rain = (rain * scale).astype("float32", copy=False)
        return cleaner(rain, codes["codes"] - before)

    length = (plan.end - plan.start).astype("timedelta64[s]")
    return Rain(
        path=path,
        times=first.calendar.to_datetime64(plan.end),
        shape=first.grid.shape,
        latitude=first.grid.latitude,
        longitude=first.grid.longitude,
        frames=frames,
        attributes=first.attributes,
        lengths=length if (hours > 0).all() else None,
        leads=None if reference is None else (plan.end - reference[plan.order]).astype("timedelta64[s]"),
        y=first.grid.y,
        x=first.grid.x,
        crs=first.grid.crs,
        calendar=first.calendar,
        seconds=plan.end,
        counts=cleaner.counts,
        understood={"variable": first.variable, "units": unit.text, **told},
    )


def _alike(opened: Iterable[Part]) -> list[Part]:
    """The files, of which all but the first forget their coordinates: they lie on one grid, with as many members."""
    parts: list[Part] = []
    for part in opened:
        if parts:
            first = parts[0]
            if part.members != first.members:
                raise ScaleAdaptError(f"{part.path} has {part.members} members, {first.path} {first.members}.")
            if part.calendar != first.calendar and not {part.calendar.name, first.calendar.name} <= set(STANDARD):
                raise ScaleAdaptError(
                    f"{part.path} has the calendar {part.calendar.name}, {first.path} {first.calendar.name}."
                )
            if not _equal(part, first):
                same_grid(_place(part), _place(first))
            part.grid = replace(part.grid, latitude=None, longitude=None)
        parts.append(part)
    return parts


def _equal(part: Part, other: Part) -> bool:
    pairs = [(getattr(part.grid, name), getattr(other.grid, name)) for name in ("latitude", "longitude", "y", "x")]
    return part.grid.shape == other.grid.shape and all(
        (a is None and b is None) or (a is not None and b is not None and np.array_equal(a, b)) for a, b in pairs
    )


def _place(part: Part) -> Rain:
    grid = part.grid
    nothing = np.array([], "datetime64[s]")
    return Rain(part.path, nothing, grid.shape, grid.latitude, grid.longitude, part.read, y=grid.y, x=grid.x)


def _unit(parts: list[Part], given: str | None) -> u.Unit:
    """The unit of all files: theirs, or where they give none the one of the user."""
    stated = u.parse(given, "--units") if given is not None else None
    found: dict[u.Unit, str] = {}
    for part in parts:
        unit = u.parse(part.units, part.where)
        if unit is not None and stated is not None and (unit.kind, unit.factor) != (stated.kind, stated.factor):
            LOG.warning(
                "%s says that its units are %s: --units %s is for files that give none.", part.where, unit.text, given
            )
        found.setdefault(unit or stated or u.needed(part.units, part.where), part.where)
    one, *others = found
    for other in others:
        if (other.kind, other.factor) != (one.kind, one.factor):
            raise ScaleAdaptError(
                f"{found[one]} is in {one.text}, {found[other]} in {other.text}: bring them to one unit."
            )
    return one


def _reader(parts: list[Part], codes: Counter[str], sums: bool) -> Read:
    """A function that reads ascending places of the whole series, on the common grid, with NaN for codes."""
    first = np.concatenate([[0], np.cumsum([len(part.labels) for part in parts])])
    files = {part.path for part in parts if Path(part.path).exists()}

    def read(places: np.ndarray) -> np.ndarray:
        number = np.searchsorted(first, places, side="right") - 1
        pieces = []
        for n in np.unique(number):
            part = parts[n]
            try:
                values, found = codes_to_nan(part.read(places[number == n] - first[n]), sums)
            finally:  # of a Zarr that is gone the library reads what it is filled with
                if part.path in files and not Path(part.path).exists():
                    raise ScaleAdaptError(
                        f"{part.path} has disappeared while it was read: bring it back and run again."
                    )
            codes["codes"] += found
            pieces.append(part.grid.order(values))
        return pieces[0] if len(pieces) == 1 else np.concatenate(pieces, axis=1)

    return read


def _weighted(read: Read, bounds: np.ndarray | None) -> Read:
    """Means as amounts over their own intervals, in hours."""
    assert bounds is not None
    hours = (bounds[:, 1] - bounds[:, 0]) / 3600.0
    return lambda places: read(places) * hours[places][:, None, None]


def _all_of(found: list[np.ndarray | None]) -> np.ndarray | None:
    """What all files of a series say of their values, one after the other; None where one does not."""
    known = [each for each in found if each is not None]
    return np.concatenate(known) if known and len(known) == len(found) else None


def _bounds(parts: list[Part], path: str) -> np.ndarray | None:
    """Bounds of the whole series, (T, 2), or None."""
    found = [part.bounds for part in parts if part.bounds is not None]
    if found and len(found) < len(parts):
        raise ScaleAdaptError(f"{path}: some of its files have time bounds and others not: give all of them bounds.")
    return np.concatenate(found) if found else None


def _plan(
    parts: list[Part],
    path: str,
    unit: u.Unit,
    read: Read,
    label: Label | None,
    accumulated: Accumulated | None,
    runs: np.ndarray | None = None,
) -> tuple[Plan, dict[str, str]]:
    """What each value stands for, and in words how that was found; `runs` are the starts of forecasts that overlap."""
    first = parts[0]
    if first.method == "point" and unit.kind == "rate":
        LOG.warning("%s holds rates of one moment; they are taken as means of the step before it.", first.where)
    bounds = _bounds(parts, path)
    if bounds is not None:
        plan = intervals.by_bounds(bounds[:, 0], bounds[:, 1], path, runs)
        if not len(plan):
            raise ScaleAdaptError(f"{path}: none of its intervals is longer than zero.")
        return plan, {"times": "intervals of the file", "sums": _grown(plan)}
    labels = np.concatenate([part.labels for part in parts])
    order = intervals.in_order(labels, path) if runs is None else np.lexsort((labels, runs))
    if unit.kind == "amount":
        since = accumulated or _since(first, path, read, order, labels)
        if since != "step":
            step = intervals.common_step(labels[order], path) if runs is None else None
            reference = _all_of([part.reference for part in parts])
            plan = intervals.since(labels, since, step, reference, path, runs)
            return plan, {"times": "at the end of sums", "sums": since.replace("-", " ")}
    return _by_steps(parts, path, labels, order, unit, label, runs)


def _grown(plan: Plan) -> str:
    return (
        "since a moment, taken apart by the intervals of the file" if (plan.less >= 0).any() else "over each interval"
    )


def _since(part: Part, path: str, read: Read, order: np.ndarray, labels: np.ndarray) -> Accumulated:
    """Since when amounts without bounds are summed: by what the file says and its numbers show."""

    def pair(index: np.ndarray) -> np.ndarray:
        places = order[index]
        values = read(np.sort(places))
        return values if places[0] < places[1] else values[:, ::-1]

    growing, falls = accumulation.grows(pair, len(order))
    if not growing:
        return "step"
    if part.since is None:
        raise ScaleAdaptError(
            f"{part.where} ({part.units or 'an amount'}) never falls from one time to the next: is it accumulated? Say "
            "--accumulated since-start (of a forecast or the record), since-midnight (00 UTC), or step if each value "
            "is the rain of its own step."
        )
    daily = part.since == "midnight" or bool(
        falls and part.reference is None and not (labels[order[falls]] % DAY).any()
    )
    since: Accumulated = "since-midnight" if daily else "since-start"
    LOG.warning(
        "%s: its amounts grow from time to time and are taken as accumulated %s.", path, since.replace("-", " ")
    )
    return since


def _by_steps(
    parts: list[Part],
    path: str,
    labels: np.ndarray,
    order: np.ndarray,
    unit: u.Unit,
    label: Label | None,
    runs: np.ndarray | None,
) -> tuple[Plan, dict[str, str]]:
    """Intervals of the step between labels; of forecasts that overlap, between those of the first one."""
    first, ordered = parts[0], labels[order]
    if runs is not None:
        ordered = ordered[runs[order] == runs[order[0]]]
        order = np.argsort(labels, kind="stable")
    step = intervals.common_step(ordered, path)
    if step is not None and (change := intervals.change_of_step(ordered, step)) is not None:
        raise ScaleAdaptError(
            f"{path}: its steps change at {np.datetime64(int(ordered[change]), 's')}Z, and without time bounds it is "
            "not known what each value stands for: give the file time bounds, or a part with one step."
        )
    said = {part.label for part in parts}
    words = said.pop() if len(said) == 1 else None
    if label is None and words is None and intervals.half_way(ordered, step):
        raise ScaleAdaptError(
            f"{path}: its times lie half a step after whole ones ({np.datetime64(int(ordered[0]), 's')}Z ...): "
            "are they the middle of each interval? Say --time-label start, middle or end."
        )
    chosen: Label = label or words or "end"
    reason = "as you say" if label else "as the file says" if words else "nothing tells otherwise"
    length = step if unit.kind == "rate" or first.length is None else first.length
    if step is not None and length is not None and length > step:
        raise ScaleAdaptError(
            f"{first.where} says that each value is over {length / 3600:g} h, but one comes every {step / 3600:g} h: "
            "sums that overlap cannot be read."
        )
    starts, ends = intervals.by_label(labels[order], chosen, length, path)
    if chosen != "end":
        LOG.info("%s: times at the %s of their intervals are moved to the end.", path, chosen)
    plan = Plan(order, np.full(len(order), -1), starts, ends)
    return plan, {"times": f"{chosen} of each interval ({reason})", "sums": "over each interval"}
