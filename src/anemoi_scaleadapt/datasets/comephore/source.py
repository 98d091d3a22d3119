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

from typing import Any

from anemoi.datasets.create.source import Source
from anemoi.transform.fields import new_fieldlist_from_list

from anemoi_scaleadapt.datasets.comephore.archive import Archive
from anemoi_scaleadapt.datasets.comephore.frames import Frames
from anemoi_scaleadapt.datasets.comephore.geotiff import KINDS
from anemoi_scaleadapt.datasets.fields import HourField
from anemoi_scaleadapt.errors import ScaleAdaptError


class ComephoreSource(Source):
    """Recipe key ``comephore``.

    The variables are ``rain`` and ``rain_error`` (mean rates over the preceding hour, mm h-1) and
    ``rain_quality`` (per cent). A date is the END of the hour, UTC.

    Parameters
    ----------
    context
        Given by anemoi-datasets.
    path
        A monthly tar, a folder, a glob, or a list of these; or frames (``.gtif``).
    kinds
        Of ``RR``, ``ERR`` and ``QUALIF``.
    crop
        ``{row, col, height, width}`` in pixels, or ``{west, south, east, north}`` in degrees.
    missing_files
        ``error``, or ``nan``: an hour that is not there or cannot be read is missing.
    min_quality
        Pixels of a lower QUALIF are missing, per cent. QUALIF is 0 everywhere in the early years.

    Raises
    ------
    ScaleAdaptError
        Naming the key, or the file and the hour.
    """

    emoji = "🌧️"

    def __init__(
        self,
        context: Any,
        path: str | list[str],
        kinds: list[str] | tuple[str, ...] = ("RR",),
        crop: dict | None = None,
        missing_files: str = "error",
        min_quality: float | None = None,
    ) -> None:
        """Check the keys and open the archive."""
        super().__init__(context)
        self.kinds = [kinds] if isinstance(kinds, str) else list(kinds)
        if not self.kinds or not set(self.kinds) <= set(KINDS):
            raise ScaleAdaptError(f"comephore.kinds: {kinds!r} is not a list of {', '.join(KINDS)}.")
        if missing_files not in ("error", "nan"):
            raise ScaleAdaptError(f"comephore.missing_files: {missing_files!r} is neither error nor nan.")
        if min_quality is not None and not 0 <= min_quality <= 100:
            raise ScaleAdaptError(f"comephore.min_quality: {min_quality!r} is not in 0 .. 100.")
        self.frames = Frames(Archive(path), crop, missing_files, min_quality)

    def execute_valid_dates(self, dates: Any) -> Any:
        """The fields of some dates; nothing is read yet."""
        dates = [date.replace(tzinfo=None) for date in dates]
        self.frames.prepare(dates, self.kinds)
        return new_fieldlist_from_list(
            [HourField(self.frames, d, k, KINDS[k].param, KINDS[k].units) for d in dates for k in self.kinds]
        )
