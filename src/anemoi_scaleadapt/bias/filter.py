"""Coarse rain without its bias, as a filter of anemoi-datasets recipes and anemoi-inference run files.

In a run file::

    input:
      lr:
        grib:
          path: aifs.grib
          pre_processors:
            - forward_transform_filter: {blocks: {weights: aifs-to-25km.npz}}
            - forward_transform_filter: {unbias: {mapping: bias.json}}
"""

import datetime
import logging
from pathlib import Path
from typing import Any

import numpy as np
from anemoi.transform.fields import new_field_from_numpy, new_fieldlist_from_list
from anemoi.transform.filter import Filter

from anemoi_scaleadapt.bias.mapping import Mapping
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.hours import HOUR
from anemoi_scaleadapt.settings import Name, Settings

LOG = logging.getLogger(__name__)


class UnbiasSettings(Settings):
    """Keys of ``unbias``."""

    mapping: Name
    """a file of ``anemoi-scaleadapt bias fit``"""


class UnbiasFilter(Filter):
    """Recipe key ``unbias``: the quantile mapping of ``anemoi-scaleadapt bias fit``, by value, season and lead time.

    Fields are mean rates in mm h-1 over intervals as long as those of the fit, in rows and columns.

    Parameters
    ----------
    **settings
        As in :class:`UnbiasSettings`.

    Raises
    ------
    ScaleAdaptError
        For an unknown key, if the file is none, or dry cells near rain are to be found in a field without rows and
        columns.
    """

    def __init__(self, **settings: Any) -> None:
        """Read the mapping."""
        self.path = UnbiasSettings.from_config(settings, "unbias").mapping
        self.mapping = Mapping.load(Path(self.path))

    def forward(self, data: Any) -> Any:
        """Correct field by field."""
        return new_fieldlist_from_list([self._one(field) for field in data])

    def _one(self, field: Any) -> Any:
        rain = np.asarray(field.to_numpy())
        if rain.ndim != 2 and any(curve.seeds for curve in self.mapping.curves.values()):
            raise ScaleAdaptError(
                f"unbias.mapping: {self.path} wets dry cells near rain, which needs fields in rows and columns, not of "
                f"shape {rain.shape}: put it after `blocks`."
            )
        date = _date(field.metadata("valid_datetime"))
        frame, leads = rain if rain.ndim == 2 else rain[None], None
        if self.mapping.leads:
            began = field.metadata("base_datetime", default=None)
            if began is None:
                LOG.warning(
                    "unbias: a field does not say when its forecast began: the curve of all lead times is used."
                )
            else:
                leads = (date - _date(began)) / HOUR
        out = self.mapping.apply(frame[None], date, None, leads)[0]
        return new_field_from_numpy(out.reshape(rain.shape), template=field)


def _date(value: Any) -> np.ndarray:
    """A date of a field, UTC, as an array of one."""
    return np.array([datetime.datetime.fromisoformat(str(value)).replace(tzinfo=None)], "datetime64[s]")
