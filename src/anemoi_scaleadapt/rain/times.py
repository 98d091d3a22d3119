"""Dates of files: CF units with offsets and calendars, strings, absolute dates, floats that miss the minute.

Inside the reader a date is a whole number of seconds since 1970-01-01 in the file's own calendar. :class:`Calendar`
turns these into datetime64 and back.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from anemoi_scaleadapt.errors import ScaleAdaptError

STANDARD = ("standard", "gregorian", "proleptic_gregorian", "none")
#: Calendars of which every date is a date of the standard one; and others that count days of their own.
LABELS, OWN = ("noleap", "365_day", "julian"), ("360_day", "all_leap", "366_day")
#: What a time may be a multiple of, in seconds, the coarsest first.
_ROUND = (3600, 1800, 900, 600, 300, 60)
_EPOCH = "seconds since 1970-01-01 00:00:00"
_SECONDS = {"second": 1, "sec": 1, "s": 1, "minute": 60, "min": 60, "hour": 3600, "hr": 3600, "h": 3600, "day": 86400,
            "d": 86400, "millisecond": 1e-3, "msec": 1e-3, "microsecond": 1e-6, "nanosecond": 1e-9,
            "week": 604800}  # fmt: skip
_OFFSET = re.compile(r"(?<=\d)\s*([+-])(\d{1,2}):?(\d{2})?$")


@dataclass(frozen=True)
class Calendar:
    """The calendar of a file.

    Parameters
    ----------
    name : str
        As in CF: ``standard``, ``noleap``, ``360_day`` ...
    """

    name: str = "standard"

    def seconds(self, date: Any) -> int:
        """Seconds since 1970-01-01 of a date of cftime in this calendar."""
        import cftime

        return round(cftime.date2num(date, _EPOCH, self.name))

    def dates(self, seconds: np.ndarray) -> np.ndarray:
        """Dates of cftime in this calendar."""
        import cftime

        return np.asarray(cftime.num2date(seconds, _EPOCH, self.name))

    def to_datetime64(self, seconds: np.ndarray) -> np.ndarray:
        """Dates as datetime64[s].

        Those of ``standard``, ``noleap`` and ``julian`` keep their names. Those of ``360_day`` and ``all_leap`` cannot:
        they count on from the first January before the first of them, so that steps and order are right and the names
        drift.
        """
        if self.name in STANDARD:
            return seconds.astype("datetime64[s]")
        dates = self.dates(seconds)
        if self.name in LABELS:
            return np.array([np.datetime64(d.isoformat(), "s") for d in dates], "datetime64[s]")
        start = min(dates).replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
        return np.datetime64(f"{start.year:04d}-01-01", "s") + (seconds - self.seconds(start)).astype("timedelta64[s]")


def calendar_of(name: str | None, where: str) -> Calendar:
    """The calendar of that name; None is the standard one, an unknown one an error."""
    name = str(name or "standard").strip().lower()
    if name not in STANDARD + LABELS + OWN:
        raise ScaleAdaptError(
            f"{where}: its calendar {name!r} is not known; known are standard, {', '.join(LABELS + OWN)}."
        )
    return Calendar({"365_day": "noleap", "366_day": "all_leap", "none": "standard"}.get(name, name))


def decode(values: np.ndarray, units: str | None, calendar: Calendar, where: str) -> np.ndarray:
    """Turn the values of a time variable into seconds since 1970-01-01.

    Parameters
    ----------
    values : ndarray
        Numbers in `units`, datetime64, or strings (or bytes) of dates.
    units : str or None
        ``hours since 2018-05-18 00:00:00 +02:00``, ``day as %Y%m%d.%f``; None for dates.
    calendar : Calendar
        Of the file.
    where : str
        File and variable, for messages.

    Returns
    -------
    ndarray of int64
        Same shape. Floats are rounded: to the hour where all lie within half a minute of one (or within the precision
        of the float), else to 30, 15, 10, 5 or 1 minutes.

    Raises
    ------
    ScaleAdaptError
        For units that are no dates, another time zone by name, or missing dates.
    """
    values = np.asarray(values)
    if values.dtype.kind == "M":
        if np.isnat(values).any():
            raise ScaleAdaptError(f"{where} has missing dates: remove those steps.")
        return values.astype("datetime64[s]").astype("int64")
    if values.dtype.kind in "SUO":
        return np.array([_parse(text, where) for text in values.ravel()], "int64").reshape(values.shape)
    if units is None:
        raise ScaleAdaptError(f"{where} has numbers without units: give it units such as 'hours since 2018-05-18'.")
    if not np.isfinite(values).all():
        raise ScaleAdaptError(f"{where} has missing dates: remove those steps.")
    if units.strip().lower().startswith("day as"):
        days = np.array([np.datetime64(datetime.strptime(f"{int(v):08d}", "%Y%m%d"), "s") for v in values.ravel()])
        seconds = days.reshape(values.shape).astype("int64") + (values - np.floor(values)) * 86400.0
        return rounded(seconds, np.spacing(np.abs(values).max()) * 86400 if values.dtype.kind == "f" else 0)
    unit, start = _reference(units, calendar, where)
    if values.dtype.kind in "iu" and unit == int(unit):
        return start + values.astype("int64") * int(unit)
    precision = float(np.spacing(np.abs(values).max(initial=0))) * unit if values.dtype.kind == "f" else 0
    return rounded(start + values.astype("float64") * unit, precision)


def duration(values: np.ndarray, units: str | None, where: str) -> np.ndarray:
    """Turn lead times (numbers in hours, days ..., or timedelta64) into seconds, rounded as dates are."""
    values = np.asarray(values)
    if values.dtype.kind == "m":
        return values.astype("timedelta64[s]").astype("int64")
    unit = _SECONDS.get(str(units or "").strip().lower().removesuffix("s") or "none")
    if unit is None and str(units).strip().lower() == "s":
        unit = 1
    if unit is None:
        raise ScaleAdaptError(f"{where} counts lead times in {units!r}: give it the units hours.")
    return rounded(values.astype("float64") * unit, float(np.spacing(np.abs(values).max(initial=0.0))) * unit)


def rounded(seconds: np.ndarray, precision: float) -> np.ndarray:
    """Round to the coarsest of an hour, 30, 15, 10, 5 and 1 minutes that is within `precision` or half a minute."""
    for step in _ROUND:
        near = np.round(seconds / step) * step
        if np.abs(near - seconds).max(initial=0.0) <= max(precision, 30.0):
            return near.astype("int64")
    return np.round(seconds / 60).astype("int64") * 60


def _reference(units: str, calendar: Calendar, where: str) -> tuple[float, int]:
    """Seconds of the unit, and of the date that "since" names, in UTC."""
    import cftime

    word, _, date = units.partition(" since ")
    unit = _SECONDS.get(word.strip().lower().removesuffix("s") or "s") or _SECONDS.get(word.strip().lower())
    if unit is None or not date:
        raise ScaleAdaptError(
            f"{where} has the units {units!r}, which are no dates; 'hours since 2018-05-18' would be."
        )
    date, shift = re.sub(r"^(\d{4})(\d\d)(\d\d)(?!\d)", r"\1-\2-\3", date.strip()), 0
    date = re.sub(r"\s*(?:UTC|GMT|Z)(?=$|[+-])", "", date, flags=re.IGNORECASE)
    offset = _OFFSET.search(date) if ":" in date or re.search(r"\d[ T]\d", date) else None
    if offset:
        sign, hours, minutes = offset.groups()
        shift = (1 if sign == "+" else -1) * (int(hours) * 3600 + int(minutes or 0) * 60)
        date = date[: offset.start()]
    if re.search(r"[A-SU-Za-su-z/]", date):
        raise ScaleAdaptError(f"{where} counts {units!r}: give the time zone as an offset from UTC, such as +02:00.")
    try:
        start = cftime.num2date(0, f"seconds since {date}", calendar.name)
    except (ValueError, TypeError) as error:
        raise ScaleAdaptError(f"{where} has the units {units!r}, whose date cannot be read ({error}).") from error
    return unit, calendar.seconds(start) - shift


def _parse(text: Any, where: str) -> int:
    """Seconds of a date as text, ISO or WRF's, with or without an offset."""
    text = text.decode() if isinstance(text, bytes) else str(text)
    try:
        date = datetime.fromisoformat(text.strip().rstrip("\0").replace("_", "T"))
    except ValueError as error:
        raise ScaleAdaptError(f"{where}: {text!r} is no date such as 2018-05-18T01:00.") from error
    offset = date.utcoffset()
    seconds = int(np.datetime64(date.replace(tzinfo=None), "s").astype("int64"))
    return seconds - (round(offset.total_seconds()) if offset else 0)
