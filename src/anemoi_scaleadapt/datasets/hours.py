"""Hours of rain for a dataset, and where they lie: what sources and recipes share."""

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from anemoi_scaleadapt.datasets.settings import RainSettings
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.hours import HOUR
from anemoi_scaleadapt.rain.reader import open_rain
from anemoi_scaleadapt.rain.record import Rain
from anemoi_scaleadapt.rain.steps import averaged
from anemoi_scaleadapt.rain.times import STANDARD


@dataclass(frozen=True, eq=False)
class Place:
    """A grid of rows and columns.

    Parameters
    ----------
    latitude, longitude : ndarray
        Pixel centres, (y, x), degrees.
    resolution : str
        Side of a pixel, as ``"1km"``.
    projection : str or None
        For the attribute ``proj_string``.
    """

    latitude: np.ndarray
    longitude: np.ndarray
    resolution: str
    projection: str | None


@lru_cache(maxsize=2)
def open_hours(settings: RainSettings) -> tuple[Rain, Place]:
    """Open files of rain for a dataset; kept, for anemoi-datasets asks again for every group of dates.

    Raises
    ------
    ScaleAdaptError
        If they cannot be read, or a dataset cannot hold them: without positions, or of another calendar than anemoi's.
    """
    told = settings.model_dump(include={"units", "time_label", "accumulated"})
    rain = averaged(open_rain(settings.path, settings.variable, **told))
    if rain.latitude is None or rain.longitude is None:
        raise ScaleAdaptError(
            f"{rain.path} has no latitude and longitude, and no projection that gives them: a dataset needs them."
        )
    if rain.calendar.name not in STANDARD:
        raise ScaleAdaptError(
            f"{rain.path} counts its dates in the calendar {rain.calendar.name}; anemoi-datasets knows the "
            "standard one only. Rain of such a calendar can be downscaled, not trained on."
        )
    return rain, Place(rain.latitude, rain.longitude, f"{rain.pixel_km:.3g}km", rain.crs)


def read_hour(rain: Rain, date: dt.datetime) -> np.ndarray:
    """The mean rate over the hour that ends at `date`, (y, x), float32, mm h-1; NaN where missing."""
    frames = rain.at(np.array([date], "datetime64[s]"))
    if len(frames) != 1:
        raise ScaleAdaptError(f"{rain.path} has {len(frames)} members; a dataset of rain has one.")
    return frames[0, 0]


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
