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

import datetime as dt
from typing import Any

import numpy as np
from anemoi.datasets.create.source import Source
from anemoi.transform.fields import new_fieldlist_from_list
from earthkit.data.core.fieldlist import Field
from earthkit.data.core.metadata import RawMetadata

from anemoi_scaleadapt.datasets.comephore.aeris import AerisFrames, is_aeris
from anemoi_scaleadapt.datasets.comephore.archive import Archive
from anemoi_scaleadapt.datasets.comephore.frames import CroppedFrames, GeoTiffFrames
from anemoi_scaleadapt.datasets.comephore.geotiff import KINDS
from anemoi_scaleadapt.datasets.comephore.grid import PROJ_STRING, lonlat
from anemoi_scaleadapt.errors import ScaleAdaptError


class RainMetadata(RawMetadata):
    """Variable, units and date of a frame; the same in every namespace."""

    def as_namespace(self, namespace: str | None = None) -> dict[str, Any]:
        """What describes the variable (``mars``), or everything."""
        keys = ("param", "levtype", "units") if namespace == "mars" else tuple(self.keys())
        return {key: self[key] for key in keys}


class RainField(Field):
    """One hour of one kind; read when its values are asked for, and not kept."""

    proj_string = PROJ_STRING
    mars_area = mars_grid = None

    def __init__(self, frames: CroppedFrames, date: dt.datetime, kind: str) -> None:
        """Describe the frame; read nothing."""
        super().__init__()
        self._frames, self._date, self._kind = frames, date, kind
        known = KINDS[kind]
        self._described = RainMetadata(
            param=known.param, units=known.units, levtype="sfc", valid_datetime=date.isoformat()
        )

    def __repr__(self) -> str:
        """For messages."""
        return f"RainField({KINDS[self._kind].param}, {self._date.isoformat()})"

    @property
    def _metadata(self) -> RainMetadata:
        return self._described

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self._frames.grid.shape

    @property
    def resolution(self) -> str:
        """Side of a pixel, as ``"1km"``."""
        return self._frames.grid.resolution

    def _values(self, dtype: Any = None) -> np.ndarray:
        values = self._frames.read(self._date, self._kind)
        return values if dtype is None else values.astype(dtype)

    def to_latlon(self, flatten: bool = True, dtype: Any = None, index: Any = None) -> dict[str, np.ndarray]:
        """Latitudes and longitudes of the pixel centres, in degrees, under ``lat`` and ``lon``."""
        lon, lat = lonlat(self._frames.grid)
        both = {"lat": lat.ravel() if flatten else lat, "lon": lon.ravel() if flatten else lon}
        both = both if dtype is None else {k: v.astype(dtype) for k, v in both.items()}
        return both if index is None else {k: v[index] for k, v in both.items()}


class ComephoreSource(Source):
    """Recipe key ``comephore``.

    The variables are ``rain`` and ``rain_error`` (mean rates over the preceding hour, mm h-1) and
    ``rain_quality`` (per cent). A date is the END of the hour, UTC.

    Parameters
    ----------
    context
        Given by anemoi-datasets.
    path
        A monthly tar, a folder, a glob, or a list of these; frames (``.gtif``) or AERIS's monthly NetCDFs.
    kinds
        Of ``RR``, ``ERR`` and ``QUALIF``.
    crop
        ``{row, col, height, width}`` in pixels, or ``{west, south, east, north}`` in degrees.
    missing_files
        ``error``, or ``nan``: an hour that is not there or cannot be read is missing.
    min_quality
        Pixels of a lower QUALIF are missing, per cent. QUALIF is 0 everywhere in the early years.
    label
        For the NetCDFs only, where it must be given: whether their times are the ``start`` or the ``end``
        of the hour.

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
        label: str | None = None,
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
        options = (crop, missing_files, min_quality)
        if is_aeris(path):
            self.frames = AerisFrames(path, *options, label=label)
        elif label is not None:
            raise ScaleAdaptError("comephore.label: only for AERIS's NetCDFs; a GeoTIFF is named after the end.")
        else:
            self.frames = GeoTiffFrames(Archive(path), *options)

    def execute_valid_dates(self, dates: Any) -> Any:
        """The fields of some dates; nothing is read yet."""
        dates = [date.replace(tzinfo=None) for date in dates]
        self.frames.prepare(dates, self.kinds)
        return new_fieldlist_from_list([RainField(self.frames, d, k) for d in dates for k in self.kinds])
