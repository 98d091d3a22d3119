"""The source `rain` of a recipe: hourly rain from files, whatever their unit, row order, names and time labels.

In a recipe of anemoi-datasets::

    input:
      pipe:
        - rain: {path: "radar/*.nc", variable: tp, units: mm}
        - coarsen: {factor: 10}

The values are mean rates over the hour that ends at the date, mm h-1, rows from the north; what the files do not
tell is said with the keys, as in every command (:func:`anemoi_scaleadapt.rain.reader.open_rain`).
"""

import datetime as dt
from functools import lru_cache
from typing import Any

import numpy as np
from anemoi.datasets.create.source import Source
from anemoi.transform.fields import new_fieldlist_from_list

from anemoi_scaleadapt.datasets.fields import HourField
from anemoi_scaleadapt.datasets.settings import RainSettings
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.hours import HOUR
from anemoi_scaleadapt.rain.reader import open_rain
from anemoi_scaleadapt.rain.record import Rain
from anemoi_scaleadapt.rain.steps import averaged
from anemoi_scaleadapt.rain.times import STANDARD


class RainHours:
    """Hours of one record of rain, as :class:`anemoi_scaleadapt.datasets.fields.Hours`.

    Parameters
    ----------
    rain
        Means over an hour.

    Raises
    ------
    ScaleAdaptError
        If it has no positions, or another calendar than anemoi's.
    """

    projection: str | None

    def __init__(self, rain: Rain) -> None:
        """Check what a dataset needs."""
        if rain.latitude is None or rain.longitude is None:
            raise ScaleAdaptError(
                f"{rain.path} has no latitude and longitude, and no projection that gives them: a dataset needs them."
            )
        if rain.calendar.name not in STANDARD:
            raise ScaleAdaptError(
                f"{rain.path} counts its dates in the calendar {rain.calendar.name}; anemoi-datasets knows the "
                "standard one only. Rain of such a calendar can be downscaled, not trained on."
            )
        self.rain, self.projection = rain, rain.crs
        self._positions = rain.latitude, rain.longitude

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.rain.shape

    @property
    def resolution(self) -> str:
        """Side of a pixel, as ``"1km"``."""
        return f"{self.rain.pixel_km:.3g}km"

    def positions(self) -> tuple[np.ndarray, np.ndarray]:
        """Latitudes and longitudes of the pixel centres, (y, x), degrees."""
        return self._positions

    def read(self, date: dt.datetime, kind: str = "rain") -> np.ndarray:
        """The mean rate over the hour that ends at `date`, (y, x), float32, mm h-1; NaN where missing."""
        frames = self.rain.at(np.array([date], "datetime64[s]"))
        if len(frames) != 1:
            raise ScaleAdaptError(f"{self.rain.path} has {len(frames)} members; a dataset of rain has one.")
        return frames[0, 0]


@lru_cache(maxsize=2)
def open_hours(settings: RainSettings) -> RainHours:
    """Open files of rain for a dataset; kept, for anemoi-datasets asks again for every group of dates.

    Raises
    ------
    ScaleAdaptError
        If they cannot be read, or a dataset cannot hold them.
    """
    record = open_rain(
        settings.path, settings.variable,
        units=settings.units, time_label=settings.time_label, accumulated=settings.accumulated,
    )  # fmt: skip
    return RainHours(averaged(record))


class RainSource(Source):
    """Recipe key ``rain``.

    Parameters
    ----------
    context
        Given by anemoi-datasets.
    **settings
        As in :class:`anemoi_scaleadapt.datasets.settings.RainSettings`.

    Raises
    ------
    ScaleAdaptError
        One line that names the key, or the file, and what to do.
    """

    emoji = "🌧️"

    def __init__(self, context: Any, **settings: Any) -> None:
        """Open the files; read nothing yet."""
        super().__init__(context)
        self.hours = open_hours(RainSettings.from_config(settings, "rain"))

    def execute_valid_dates(self, dates: Any) -> Any:
        """The fields of some dates; nothing is read yet."""
        wanted = [date.replace(tzinfo=None) for date in dates]
        absent = [date for date in wanted if not self.hours.rain.has(np.array([date], "datetime64[s]"))]
        if absent:
            raise ScaleAdaptError(
                f"{self.hours.rain.path} has no rain for the hour that ends at {absent[0].isoformat()}, nor for "
                f"{len(absent) - 1} others asked for: list them as `missing` under `dates` of the recipe, as "
                "`anemoi-scaleadapt datasets` does."
            )
        return new_fieldlist_from_list([HourField(self.hours, date, "rain", "rain", "mm h-1") for date in wanted])


def hours_of(rain: Rain) -> tuple[dt.timedelta, list[dt.datetime]]:
    """Step between the dates of a record of hourly means, at most an hour, and the dates.

    Raises
    ------
    ScaleAdaptError
        If its hours begin at times that no one step reaches.
    """
    steps = np.unique(np.diff(rain.times)) if len(rain.times) > 1 else np.array([HOUR])
    step = min(steps.min(), HOUR)
    off = (rain.times - rain.times[0]) % step != np.timedelta64(0, "s")
    if HOUR % step != np.timedelta64(0, "s") or off.any():
        raise ScaleAdaptError(
            f"{rain.path}: its hours do not lie an hour, or a whole part of one, apart (the least step is "
            f"{steps[0] / HOUR:g} h): give a part with one step."
        )
    return step.astype("timedelta64[s]").astype(dt.timedelta), [t.astype(dt.datetime) for t in rain.times]
