"""Where a NetCDF or Zarr keeps its dates: a time axis, lead times of a forecast, bounds, words."""

import logging
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.rain import names
from anemoi_scaleadapt.rain.intervals import label_in
from anemoi_scaleadapt.rain.times import Calendar, calendar_of, decode, duration
from anemoi_scaleadapt.rain.told import Label

LOG = logging.getLogger(__name__)

_SUMS = re.compile(r"accumulat|cumulat|running total|total (?:\w+ )?since", re.IGNORECASE)
_SIDES: dict[str, Label] = {"left": "start", "start": "start", "middle": "middle", "center": "middle", "right": "end",
                            "end": "end"}  # fmt: skip
_SINCE = {
    "midnight": re.compile(r"since (?:the )?(?:midnight|00|beginning of the day|start of the day)", re.IGNORECASE),
    "start": re.compile(
        r"(?:since|from) (?:the )?(?:model |forecast |simulation |run )?(?:start|init\w*|beginning|reference)",
        re.IGNORECASE,
    ),
}


@dataclass
class Clock:
    """The dates of a variable; fields as those of :class:`anemoi_scaleadapt.rain.part.Part`.

    Parameters
    ----------
    dims : tuple
        Its axes of time: none, one, or start and lead time.
    sizes : tuple of int
        Their lengths.
    """

    dims: tuple[Any, ...]
    sizes: tuple[int, ...]
    labels: np.ndarray
    calendar: Calendar
    bounds: np.ndarray | None = None
    reference: np.ndarray | None = None
    label: Label | None = None
    since: str | None = None
    method: str | None = None
    length: int | None = None


def find(data: Any, rain: Any, path: str) -> Clock:
    """Find the dates of `rain` in a dataset that is not decoded.

    Raises
    ------
    ScaleAdaptError
        If there are none, they cannot be read, or lead times lack the date that they count from.
    """
    around = {n: v for n, v in data.variables.items() if n != rain.name}
    time = {n: v for n, v in around.items() if _is_date(n, v, rain, data)}
    steps = {n: v for n, v in around.items() if _is_step(n, v) and set(v.dims) <= set(rain.dims)}
    references = {n: v for n, v in time.items() if _is_reference(n, v)}
    name, step, added = _pick({n: v for n, v in time.items() if n not in references}, steps, references, rain, path)
    variable = data.variables[name]
    read = _Reader(data, path, calendar_of(variable.attrs.get("calendar"), f"{path}: {name}"))
    lead = None if step is None else duration(steps[step].values, steps[step].attrs.get("units"), f"{path}: {step}")
    own = {*variable.dims, *(steps[step].dims if step is not None and added else ())}
    dims = tuple(d for d in rain.dims if d in own)
    sizes = tuple(rain.sizes[d] for d in dims)
    labels = np.broadcast_to(_spread(read.dates(name, variable, rain), variable.dims, dims, rain), sizes)
    reference = bounds = None
    if lead is not None and set(steps[step].dims) <= set(dims):
        lead = _spread(lead, steps[step].dims, dims, rain)
        reference = labels if added else labels - lead
        labels = labels + lead if added else labels
    elif len(references) == 1:
        other, start = next(iter(references.items()))
        if set(start.dims) <= set(dims):
            reference = _spread(read.dates(other, start, rain), start.dims, dims, rain)
    if not added:
        bounds = read.bounds(name, variable, sizes)
    elif reference is not None and lead is not None and len(dims) == 1 and steps[step].dims == dims:
        bounds = read.lead_bounds(step, steps[step], reference)
    if reference is not None:
        reference = np.broadcast_to(reference, sizes).ravel()
    return Clock(dims, sizes, labels.ravel(), read.calendar, bounds, reference, **_told_by(variable, rain))


def _spread(values: np.ndarray, own: tuple[Any, ...], dims: tuple[Any, ...], rain: Any) -> np.ndarray:
    """Values along some of `dims`, with axes of length one for the others."""
    own = tuple(d for d in own if d in dims)
    values = values.transpose([own.index(d) for d in dims if d in own])
    return values.reshape([rain.sizes[d] if d in own else 1 for d in dims])


def _is_date(name: Any, variable: Any, rain: Any, data: Any) -> bool:
    """Whether a variable holds dates along axes of the rain."""
    text = variable.dtype.kind in "SUO"
    outside = [d for d in variable.dims if d not in rain.dims]
    if text:
        return names.is_one(name, (*names.TIMES, *names.VALID)) and len(outside) <= 1
    if outside or variable.ndim > 2:
        return False
    units = str(variable.attrs.get("units", "")).lower()
    return (
        variable.dtype.kind == "M" or " since " in units or units.startswith("day as") or _xtime(name, data) is not None
    )


def _xtime(name: Any, data: Any) -> str | None:
    """Units of WRF's XTIME where the file only describes them."""
    if str(name).lower() != "xtime" or " since " in str(data.variables[name].attrs.get("units", "")):
        return None
    described = str(data.variables[name].attrs.get("description", ""))
    if re.search(r"since \d{4}-", described):
        return described
    start = data.attrs.get("SIMULATION_START_DATE", data.attrs.get("START_DATE"))
    return None if start is None else f"minutes since {str(start).replace('_', ' ')}"


def _is_step(name: Any, variable: Any) -> bool:
    known = names.is_one(name, names.STEPS) or variable.attrs.get("standard_name") == "forecast_period"
    return bool(known or variable.dtype.kind == "m") and variable.dtype.kind in "fium" and variable.ndim <= 2


def _is_reference(name: Any, variable: Any) -> bool:
    return names.is_one(name, names.REFERENCES) or variable.attrs.get("standard_name") == "forecast_reference_time"


def _pick(valid: dict, steps: dict, references: dict, rain: Any, path: str) -> tuple[Any, Any, bool]:
    """Names of the variables of dates and of lead times (or None), and whether the second are added to the first."""
    step = next(iter(steps), None)
    for name in valid:
        if names.is_one(name, names.VALID):
            return name, step, False
    along = [n for n in valid if n in rain.dims] or [n for n in valid if valid[n].dims and names.is_one(n, names.TIMES)]
    along = along or [n for n in valid if valid[n].dims] or list(valid)
    along.sort(key=lambda n: valid[n].dtype.kind in "SUO")  # numbers before text
    start = next(iter(references), None)
    if step is not None:
        together = along and valid[along[0]].dims == steps[step].dims  # dates beside their lead times
        if together and (steps[step].dims or start is not None or step != "step"):
            return along[0], step, False
        if start is not None or along:
            return start if start is not None else along[0], step, True
        raise ScaleAdaptError(
            f"{path}: {rain.name} has lead times ({step}) but no date from which they count: give it a variable "
            "forecast_reference_time."
        )
    if along:
        return along[0], None, False
    raise ScaleAdaptError(
        f"{path}: {rain.name} has no time axis with dates: none of its axes {tuple(map(str, rain.dims))} has a "
        "variable with units such as 'hours since 2018-05-18'."
    )


class _Reader:
    """Dates of one file."""

    def __init__(self, data: Any, path: str, calendar: Calendar) -> None:
        self.data, self.path, self.calendar = data, path, calendar

    def dates(self, name: Any, variable: Any, rain: Any) -> np.ndarray:
        """Seconds of a variable."""
        where, values = f"{self.path}: {name}", np.asarray(variable.values)
        zone = variable.attrs.get("timezone", variable.attrs.get("time_zone", variable.attrs.get("tz")))
        if zone is not None and str(zone).upper() not in ("UTC", "GMT", "Z", "UTC+0", "+00:00", "+0000"):
            raise ScaleAdaptError(f"{where} is in the time zone {zone!r}: convert it to UTC.")
        if values.dtype.kind in "SU" and values.ndim > sum(d in rain.dims for d in variable.dims):
            values = _joined(values)
        return decode(values, _xtime(name, self.data) or variable.attrs.get("units"), self.calendar, where)

    def bounds(self, name: Any, variable: Any, sizes: tuple[int, ...]) -> np.ndarray | None:
        """Bounds (T, 2) of a variable of dates; None where it has none or they are points."""
        named = variable.attrs.get("bounds", variable.attrs.get("climatology"))
        guesses = [f"{name}_bnds", f"{name}_bounds", f"bounds_{name}", f"{name}bnds", f"{name}_bound"]
        found = next((n for n in [named, *guesses] if n in self.data.variables), None)
        if found is None:
            if named is not None:
                LOG.warning(
                    "%s: its bounds %s are not in the file: what its times stand for is not known.", self.path, named
                )
            return None
        edges = self.data.variables[found]
        if edges.shape != (*sizes, 2):
            return None
        units = edges.attrs.get("units", variable.attrs.get("units"))
        return _ordered(decode(np.asarray(edges.values), units, self.calendar, f"{self.path}: {found}"))

    def lead_bounds(self, name: Any, variable: Any, reference: np.ndarray) -> np.ndarray | None:
        """Bounds (T, 2) of lead times, as dates."""
        found = variable.attrs.get("bounds")
        if found not in self.data.variables or self.data.variables[found].shape != (*variable.shape, 2):
            return None
        edges = self.data.variables[found]
        units = edges.attrs.get("units", variable.attrs.get("units"))
        lead = duration(edges.values, units, f"{self.path}: {found}")
        return _ordered(np.broadcast_to(reference, variable.shape)[..., None] + lead)


def _ordered(bounds: np.ndarray) -> np.ndarray | None:
    """Bounds (T, 2) with the earlier first; None where all of them are points."""
    bounds = np.sort(bounds.reshape(-1, 2), axis=1)
    return bounds if (bounds[:, 1] > bounds[:, 0]).any() else None


def _joined(characters: np.ndarray) -> np.ndarray:
    """Strings from an array of characters."""
    return np.array(["".join(c.decode() if isinstance(c, bytes) else c for c in row) for row in characters])


def _told_by(variable: Any, rain: Any) -> dict[str, Any]:
    """What the words of a file say: label, sums, method, length."""
    texts = [str(rain.attrs.get(key, "")) for key in ("long_name", "comment", "description", "note")]
    own = [str(variable.attrs.get(key, "")) for key in ("long_name", "comment", "description", "note")]
    cells = str(rain.attrs.get("cell_methods", ""))
    method = re.search(r"\btime\w*: (\w+)", cells)
    length = re.search(
        r"\b(?:over|preceding|previous|past|last)(?: the)?(?: last| previous)? (\d+) ?-?(h|min|d)", " ".join(texts)
    )
    kind = str(rain.attrs.get("GRIB_stepType", ""))
    since = next((word for word, pattern in _SINCE.items() if pattern.search(" ".join(texts))), None)
    if since and not _SUMS.search(" ".join(texts)):
        since = None
    if since is None and (kind == "accum" or _SUMS.search(" ".join(texts))):
        since = "?"
    return {
        "label": _SIDES.get(str(variable.attrs.get("label")).lower()) or label_in(*own) or label_in(*texts, cells),
        "since": since,
        "method": method.group(1) if method else {"accum": "sum", "avg": "mean", "instant": "point"}.get(kind),
        "length": int(length.group(1)) * {"h": 3600, "m": 60, "d": 86400}[length.group(2)[0]] if length else None,
    }
