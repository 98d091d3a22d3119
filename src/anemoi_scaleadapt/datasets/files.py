"""The source `rain` of a recipe: hourly rain from files, whatever their unit, row order, names and time labels.

In a recipe of anemoi-datasets::

    input:
      pipe:
        - rain: {path: "radar/*.nc", variable: tp, units: mm}
        - coarsen: {factor: 10}

The values are mean rates over the hour that ends at the date, mm h-1, rows from the north; what the files do not
tell is said with the keys, as in every command (:func:`anemoi_scaleadapt.rain.reader.open_rain`).
"""

from functools import partial
from typing import Any

import numpy as np
from anemoi.datasets.create.source import Source
from anemoi.transform.fields import new_fieldlist_from_list

from anemoi_scaleadapt.datasets.fields import HourField
from anemoi_scaleadapt.datasets.hours import open_hours, read_hour
from anemoi_scaleadapt.datasets.settings import RainSettings
from anemoi_scaleadapt.errors import ScaleAdaptError


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
        self.rain, self.place = open_hours(RainSettings.from_config(settings, "rain"))

    def execute_valid_dates(self, dates: Any) -> Any:
        """The fields of some dates; nothing is read yet."""
        wanted = [date.replace(tzinfo=None) for date in dates]
        absent = [date for date in wanted if not self.rain.has(np.array([date], "datetime64[s]"))]
        if absent:
            raise ScaleAdaptError(
                f"{self.rain.path} has no rain for the hour that ends at {absent[0].isoformat()}, nor for "
                f"{len(absent) - 1} others asked for: list them as `missing` under `dates` of the recipe, as "
                "`anemoi-scaleadapt datasets` does."
            )
        fields = [HourField(self.place, d, "rain", "mm h-1", partial(read_hour, self.rain, d)) for d in wanted]
        return new_fieldlist_from_list(fields)
