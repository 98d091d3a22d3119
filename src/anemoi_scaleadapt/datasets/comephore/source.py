"""The source ``comephore`` of a recipe: Météo-France's radar and gauge reanalysis of hourly rain, 1 km.

In a recipe of anemoi-datasets::

    input:
      comephore:
        path: /data/comephore/H_COMEPHORE_*.tar
        crop: {row: 300, col: 225, height: 1050, width: 1225}
        missing_files: nan

References
----------
Champeaux et al. (2009): Les mesures de précipitations et l'estimation des lames d'eau à Météo-France, La
Houille Blanche 5, 28-34, doi:10.1051/lhb/2009052.
"""

from functools import partial
from typing import Any

from anemoi.datasets.create.source import Source
from anemoi.transform.fields import new_fieldlist_from_list

from anemoi_scaleadapt.datasets.comephore.archive import Archive
from anemoi_scaleadapt.datasets.comephore.frames import Frames
from anemoi_scaleadapt.datasets.comephore.geotiff import KINDS
from anemoi_scaleadapt.datasets.fields import HourField
from anemoi_scaleadapt.datasets.settings import ComephoreSettings


class ComephoreSource(Source):
    """Recipe key ``comephore``.

    The variables are ``rain`` and ``rain_error`` (mean rates over the preceding hour, mm h-1) and
    ``rain_quality`` (per cent). A date is the END of the hour, UTC.

    Parameters
    ----------
    context
        Given by anemoi-datasets.
    **settings
        As in :class:`anemoi_scaleadapt.datasets.settings.ComephoreSettings`.

    Raises
    ------
    ScaleAdaptError
        Naming the key, or the file and the hour.
    """

    emoji = "🌧️"

    def __init__(self, context: Any, **settings: Any) -> None:
        """Check the keys and open the archive."""
        super().__init__(context)
        told = ComephoreSettings.from_config(settings, "comephore")
        self.kinds = list(told.kinds)
        self.frames = Frames(Archive(list(told.path)), told.crop, told.missing_files, told.min_quality)

    def execute_valid_dates(self, dates: Any) -> Any:
        """The fields of some dates; nothing is read yet."""
        dates = [date.replace(tzinfo=None) for date in dates]
        self.frames.prepare(dates, self.kinds)
        place, read = self.frames.place, self.frames.read
        fields = [
            HourField(place, date, KINDS[kind].param, KINDS[kind].units, partial(read, date, kind))
            for date in dates
            for kind in self.kinds
        ]
        return new_fieldlist_from_list(fields)
