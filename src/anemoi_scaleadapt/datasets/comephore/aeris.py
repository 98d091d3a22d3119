"""The other layout of Comephore: AERIS's monthly NetCDFs ``comephore_1km-1h_YYYYMM.nc``.

Dimensions (time, X, Y), X before Y; integers; hours since 1949-12-01. Their frames are labelled
01T00 .. 31T23 and the GeoTIFFs' 01T01 .. next month's 01T00, so whoever reads them must say what the label
means (``label``).
"""

import datetime as dt
import logging
import os
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np

from anemoi_scaleadapt.datasets.comephore.archive import ARCHIVE_ENDINGS, NETCDF_ENDINGS, files_of
from anemoi_scaleadapt.datasets.comephore.frames import CroppedFrames
from anemoi_scaleadapt.datasets.comephore.geotiff import KINDS
from anemoi_scaleadapt.datasets.comephore.grid import StereGrid, to_xy
from anemoi_scaleadapt.datasets.period import HOUR
from anemoi_scaleadapt.errors import ScaleAdaptError

LOG = logging.getLogger(__name__)
MONTH = re.compile(r"(\d{6})\.nc4?$")


def is_aeris(path: str | list[str]) -> bool:
    """Whether a path of the recipe means NetCDFs: by its ending, or because a folder holds nothing else."""
    paths = [path] if isinstance(path, str) else list(path)
    if all(str(p).endswith(NETCDF_ENDINGS) for p in paths):
        return True
    try:
        found = files_of(map(str, paths), NETCDF_ENDINGS + ARCHIVE_ENDINGS)
    except ScaleAdaptError:
        return False
    return bool(found) and all(f.endswith(NETCDF_ENDINGS) for f in found)


def _open(path: str) -> Any:
    """The file, held open until it changes."""
    return _opened(path, os.path.getmtime(path))


@lru_cache(maxsize=3)  # two months are in use at a month's turn
def _opened(path: str, changed: float) -> Any:
    import netCDF4

    try:
        data = netCDF4.Dataset(path)
    except OSError as error:
        raise ScaleAdaptError(f"{path}: cannot be read as NetCDF ({error}).") from error
    data.set_auto_maskandscale(False)
    return data


def grid_of(data: Any, path: str) -> StereGrid:
    """The grid from the global attributes, with the north-western corner in degrees to some decimals.

    A corner within half a pixel of the national grid's is that one.

    Raises
    ------
    ScaleAdaptError
        When the attributes are absent or the projection is another.
    """
    try:
        proj, pixel = str(data.crs_proj4_string), float(data.x_resolution_in_m)
        corner = float(data.nw_corner_longitude), float(data.nw_corner_latitude)
    except AttributeError as error:
        raise ScaleAdaptError(f"{path}: {error}: not AERIS's layout of Comephore.") from error
    keys = dict(word.lstrip("+").split("=", 1) for word in proj.split() if "=" in word)
    expected = {"proj": "stere", "lat_ts": 45.0, "lon_0": 0.0}
    wrong = [k for k, v in expected.items() if (keys.get(k) if isinstance(v, str) else float(keys.get(k, "nan"))) != v]
    if wrong:
        raise ScaleAdaptError(f"{path}: not Comephore's projection: crs_proj4_string is {proj!r}.")
    left, top = (float(v) for v in to_xy(*corner))
    nx, ny = data.dimensions["X"].size, data.dimensions["Y"].size
    known = StereGrid()
    if max(abs(left - known.left), abs(top - known.top)) < 1000 and (ny, nx, pixel) == (
        *known.shape,
        known.pixel,
    ):
        return known
    return StereGrid(left, top, pixel, ny, nx)


@lru_cache(maxsize=3)
def _times(path: str, changed: float) -> dict[dt.datetime, int]:
    import netCDF4

    time = _opened(path, changed)["time"]
    dates = netCDF4.num2date(time[:], time.units, only_use_cftime_datetimes=False, only_use_python_datetimes=True)
    stamps = [dt.datetime(*d.timetuple()[:6]) for d in dates]
    if len(set(stamps)) < len(stamps):
        double = next(s for s in stamps if stamps.count(s) > 1)
        raise ScaleAdaptError(f"{path}: the time {double:%Y-%m-%dT%H} is there twice.")
    return {stamp: i for i, stamp in enumerate(stamps)}


class AerisFrames(CroppedFrames):
    """Hours of AERIS's NetCDFs.

    Parameters
    ----------
    path
        A NetCDF, a folder, a glob, or a list of these.
    crop, missing_files, min_quality
        See :class:`~anemoi_scaleadapt.datasets.comephore.frames.GeoTiffFrames`.
    label
        Whether a time of the files is the ``start`` or the ``end`` of its hour.

    Raises
    ------
    ScaleAdaptError
        When ``label`` is not given, no file is there, or the projection is another.
    """

    def __init__(
        self,
        path: str | list[str],
        crop: dict | None = None,
        missing_files: str = "error",
        min_quality: float | None = None,
        label: str | None = None,
    ) -> None:
        """Open the first file and settle grid and crop."""
        if label not in ("start", "end"):
            raise ScaleAdaptError(
                f"comephore.label: {label!r}: the NetCDFs' times are shifted against the GeoTIFFs'. "
                "Compare one frame of both and say whether the label is the `start` or the `end` of the hour."
            )
        self.path, self.shift = path, HOUR if label == "start" else 0 * HOUR
        self.files = files_of([path] if isinstance(path, str) else path, NETCDF_ENDINGS)
        super().__init__(grid_of(_open(self.files[0]), self.files[0]), crop, missing_files, min_quality)
        self._found: dict[dt.datetime, tuple[str, int]] = {}

    def prepare(self, dates: Iterable[dt.datetime], kinds: Iterable[str]) -> None:
        """Find the hours that will be read; raises as the other layout does."""
        dates = list(dates)
        stamps = {date - self.shift: date for date in dates}
        months = {f"{s:%Y%m}" for s in stamps} | {f"{s - HOUR:%Y%m}" for s in stamps}
        self._found = {}
        for path in self.files:
            match = MONTH.search(path)
            if match and match[1] not in months:
                continue
            if not grid_of(_open(path), path).same_as(self.whole):
                raise ScaleAdaptError(f"{path}: on another grid than {self.files[0]}.")
            for stamp, i in _times(path, os.path.getmtime(path)).items():
                if stamp not in stamps:
                    continue
                date = stamps[stamp]
                if date in self._found:
                    raise ScaleAdaptError(f"the hour {date:%Y-%m-%dT%H} is in {self._found[date][0]} and in {path}.")
                self._found[date] = path, i
        missing = [f"{d:%Y-%m-%dT%H}" for d in dates if d not in self._found]
        self._tell_missing(missing, self.path, [])

    def _read(self, date: dt.datetime, kind: str) -> np.ndarray:
        if date not in self._found:
            return self._nothing()
        path, i = self._found[date]
        rows, columns = self.area
        try:
            variable = _open(path)[kind]
            raw = np.asarray(variable[i, columns, rows]).T
        except (OSError, RuntimeError, IndexError, KeyError) as error:
            if self.missing_files == "nan" and not isinstance(error, IndexError | KeyError):
                LOG.warning("%s (hour %s %s): %s. Its values are missing.", path, date, kind, error)
                return self._nothing()
            raise ScaleAdaptError(f"{path} (hour {date:%Y-%m-%dT%H} {kind}): {error}.") from error
        names = variable.ncattrs()
        scale = variable.scale_factor if "scale_factor" in names else 1 / KINDS[kind].divisor
        absent = np.isin(raw.astype(np.int64), [KINDS[kind].missing, -1])
        for name in ("_FillValue", "missing_value"):
            if name in names:
                absent |= raw == variable.getncattr(name)
        return np.where(absent, np.float32(np.nan), (raw * float(scale)).astype(np.float32))
