"""Periods of hourly rain, whose dates are the ENDS of the hours.

A day has the hours that end at 01:00 .. 24:00, so a period that is written in days, months or years begins at
01:00 of its first day and ends at 00:00 of the day after its last.
"""

import datetime as dt
import re

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.hours import ONE_HOUR


def _next(year: int, month: int) -> dt.datetime:
    return dt.datetime(year + month // 12, month % 12 + 1, 1)


def bounds(text: str, key: str) -> tuple[dt.datetime, dt.datetime]:
    """First and last hour-end of a year, a month, a day, or of one full date.

    Parameters
    ----------
    text
        ``2023``, ``2023-01``, ``2023-01-31`` or ``2023-01-31T06:00:00``.
    key
        The option or YAML key, for the message.

    Raises
    ------
    ScaleAdaptError
        When it is none of these.
    """
    try:
        if match := re.fullmatch(r"(\d{4})(?:-(\d\d))?", text):
            year, month = int(match[1]), match[2]
            first = dt.datetime(year, int(month or 1), 1)
            return first + ONE_HOUR, _next(year, int(month or 12))
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            first = dt.datetime.fromisoformat(text)
            return first + ONE_HOUR, first + 24 * ONE_HOUR
        date = dt.datetime.fromisoformat(text).replace(tzinfo=None)
        return date, date
    except ValueError as error:
        raise ScaleAdaptError(
            f"{key}: {text!r} is not a year, month, day or date (2023, 2023-01, 2023-01-31, 2023-01-31T06:00)."
        ) from error


def period(start: str, end: str, keys: tuple[str, str] = ("--start", "--end")) -> tuple[dt.datetime, dt.datetime]:
    """First and last hour-end from two texts, both inclusive: ``2023-01`` to ``2023-12`` is all of 2023.

    Raises
    ------
    ScaleAdaptError
        When a text is no date or the end comes before the start.
    """
    first, last = bounds(start, keys[0])[0], bounds(end, keys[1])[1]
    if last < first:
        raise ScaleAdaptError(f"{keys[1]}: {end} comes before {keys[0]} {start}.")
    return first, last


def months(first: dt.datetime, last: dt.datetime) -> list[str]:
    """Months (``YYYYMM``) whose files hold the hours that end at ``first`` .. ``last``.

    The hour that ends at 00:00 of a month's first day lies in the file of the month before.
    """
    day, stop = (first - ONE_HOUR).replace(day=1, hour=0, minute=0), last - ONE_HOUR
    found = []
    while day <= stop:
        found.append(f"{day:%Y%m}")
        day = _next(day.year, day.month)
    return found
