"""Fields that our sources hand to anemoi-datasets: described at once, read when their values are asked for."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import numpy as np
from earthkit.data.core.fieldlist import Field
from earthkit.data.core.metadata import RawMetadata

from anemoi_scaleadapt.datasets.hours import Place


class HourMetadata(RawMetadata):
    """Variable, units and date of an hour; the same in every namespace."""

    def as_namespace(self, namespace: str | None = None) -> dict[str, Any]:
        """What describes the variable (``mars``), or everything."""
        keys = ("param", "levtype", "units") if namespace == "mars" else tuple(self.keys())
        return {key: self[key] for key in keys}


class HourField(Field):
    """One hour of one variable: a mean over the hour that ends at its date.

    Parameters
    ----------
    place : Place
        Its grid.
    date : datetime.datetime
        End of the hour, UTC.
    param, units : str
        Name of the variable in the dataset, and its units.
    read : callable
        Gives the values, (y, x), float32, NaN where missing.
    """

    mars_area = mars_grid = None

    def __init__(self, place: Place, date: dt.datetime, param: str, units: str, read: Callable[[], np.ndarray]) -> None:
        """Describe the field; read nothing."""
        super().__init__()
        self._place, self._date, self._read = place, date, read
        # the steps and the number 0 (average) are how GRIB tells that a value is a mean over the hour
        self._described = HourMetadata(
            param=param, units=units, levtype="sfc", valid_datetime=date.isoformat(),
            startStep="0h", endStep="1h", typeOfStatisticalProcessing=0,
        )  # fmt: skip

    def __repr__(self) -> str:
        """For messages."""
        return f"HourField({self._described['param']}, {self._date.isoformat()})"

    @property
    def _metadata(self) -> HourMetadata:
        return self._described

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        y, x = self._place.latitude.shape
        return y, x

    @property
    def resolution(self) -> str:
        """Side of a pixel, as ``"1km"``."""
        return self._place.resolution

    @property
    def proj_string(self) -> str | None:
        """Projection of the grid."""
        return self._place.projection

    def _values(self, dtype: Any = None) -> np.ndarray:
        values = self._read()
        return values if dtype is None else values.astype(dtype)

    def to_latlon(self, flatten: bool = True, dtype: Any = None, index: Any = None) -> dict[str, np.ndarray]:
        """Latitudes and longitudes of the pixel centres, in degrees, under ``lat`` and ``lon``."""
        both = {"lat": self._place.latitude, "lon": self._place.longitude}
        both = {k: v.ravel() for k, v in both.items()} if flatten else both
        both = both if dtype is None else {k: v.astype(dtype) for k, v in both.items()}
        return both if index is None else {k: v[index] for k, v in both.items()}
