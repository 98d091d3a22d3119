"""From locations to values: reads hours of an archive on one grid, and says in one sentence what is wrong."""

import datetime as dt
import logging
from collections.abc import Iterable
from functools import cached_property

import numpy as np

from anemoi_scaleadapt.datasets.comephore.archive import Archive, Key, Location, UnreadableError
from anemoi_scaleadapt.datasets.comephore.geotiff import KINDS, decode, grid_of, odd_tags, open_image
from anemoi_scaleadapt.datasets.comephore.grid import PROJ_STRING, StereGrid, lonlat
from anemoi_scaleadapt.datasets.crop import area_of
from anemoi_scaleadapt.datasets.hours import Place
from anemoi_scaleadapt.errors import ScaleAdaptError

LOG = logging.getLogger(__name__)


def resolve_crop(grid: StereGrid, crop: dict | None) -> dict[str, int]:
    """Rows and columns of a crop in pixels or in degrees.

    Parameters
    ----------
    grid
        The whole grid.
    crop
        ``{row, col, height, width}``, ``{west, south, east, north}``, or None for all.

    Raises
    ------
    ScaleAdaptError
        For other keys, or a crop outside the grid.
    """
    if crop is None:
        return {"row": 0, "col": 0, "height": grid.ny, "width": grid.nx}
    if set(crop) == {"row", "col", "height", "width"}:
        if any(isinstance(v, bool) or not isinstance(v, int) for v in crop.values()):
            raise ScaleAdaptError(f"crop: {crop}: rows and columns are whole numbers.")
        grid.crop(**crop)
        return dict(crop)
    if set(crop) == {"west", "south", "east", "north"}:
        return grid.box(**crop)
    raise ScaleAdaptError(f"crop: {crop} must have row, col, height, width (pixels) or west, south, east, north.")


class Frames:
    """Hours of rain of one crop of the archive, one frame at a time.

    Parameters
    ----------
    archive
        Where the frames lie.
    crop
        See :func:`resolve_crop`.
    missing_files
        ``error``, or ``nan``: an hour that is not there or cannot be read is missing. A frame on
        another grid, of another hour or of another kind than its name says is an error in both cases.
    min_quality
        Pixels of a lower QUALIF, or without one, are missing; per cent.

    Raises
    ------
    ScaleAdaptError
        When no frame of the archive can be read, or its projection is another.
    """

    def __init__(
        self,
        archive: Archive,
        crop: dict | None = None,
        missing_files: str = "error",
        min_quality: float | None = None,
    ) -> None:
        """Settle grid and crop with the first readable frame."""
        self.archive, self.missing_files, self.min_quality = archive, missing_files, min_quality
        self.whole = self._first_grid(missing_files)
        self.crop = resolve_crop(self.whole, crop)
        self.grid = self.whole.crop(**self.crop)
        self.area = area_of(self.crop)
        self._found: dict[Key, Location] = {}

    @cached_property
    def place(self) -> Place:
        """The grid of the crop."""
        longitudes, latitudes = lonlat(self.grid)
        return Place(latitudes, longitudes, self.grid.resolution, PROJ_STRING)

    def _first_grid(self, missing_files: str) -> StereGrid:
        """The grid of the first frame that can be read: every other one must have the same."""
        for kind in KINDS:
            for key, location in self.archive.first(kind):
                try:
                    with open_image(location.read()) as image:
                        return grid_of(image)
                except UnreadableError as error:
                    if missing_files == "error":
                        raise self._error(key, location, error) from error
                except ScaleAdaptError as error:
                    raise self._error(key, location, error) from error
        raise ScaleAdaptError(f"path: {self.archive.path}: not one frame there can be read.")

    def prepare(self, dates: Iterable[dt.datetime], kinds: Iterable[str]) -> None:
        """Find the hours that will be read; looks into the tars of their months only.

        Raises
        ------
        ScaleAdaptError
            When one is there twice, or not there and ``missing_files`` is ``error``.
        """
        dates, kinds = list(dates), list(kinds)
        self._found, faults = self.archive.locate(dates)
        if self.min_quality is not None and "QUALIF" not in kinds:
            kinds = [*kinds, "QUALIF"]
        missing = [f"{d:%Y-%m-%dT%H} {k}" for d in dates for k in kinds if (d, k) not in self._found]
        if not missing:
            return
        some = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        text = f"path: {self.archive.path}: not there: {some}." + "".join(f" {fault}." for fault in faults)
        if self.missing_files == "error":
            raise ScaleAdaptError(f"{text} Complete the archive, or say `missing_files: nan`.")
        LOG.warning("%s They are missing values.", text)

    def read(self, date: dt.datetime, kind: str) -> np.ndarray:
        """The values of one hour, (y, x), float32, mm h-1 or (QUALIF) per cent; NaN where missing.

        Raises
        ------
        ScaleAdaptError
            With file and hour.
        """
        values = self._read(date, kind)
        if self.min_quality is not None and kind != "QUALIF":
            values = np.where(self._read(date, "QUALIF") >= self.min_quality, values, np.float32(np.nan))
        return values

    def _read(self, date: dt.datetime, kind: str) -> np.ndarray:
        location, nothing = self._found.get((date, kind)), np.full(self.grid.shape, np.nan, np.float32)
        if location is None:
            return nothing
        try:
            with open_image(location.read()) as image:
                grid = grid_of(image)
                if not grid.same_as(self.whole):
                    raise ScaleAdaptError(f"on another grid ({grid}) than the first frame ({self.whole})")
                if odd := odd_tags(image, date, kind):
                    raise ScaleAdaptError(odd)
                return decode(image, kind, self.area)
        except UnreadableError as error:
            if self.missing_files == "error":
                raise self._error((date, kind), location, error) from error
            LOG.warning("%s. Its values are missing.", self._error((date, kind), location, error))
            return nothing
        except ScaleAdaptError as error:
            raise self._error((date, kind), location, error) from error

    @staticmethod
    def _error(key: Key, location: Location, error: Exception) -> ScaleAdaptError:
        unreadable = isinstance(error, UnreadableError)
        advice = "Download it again, or say `missing_files: nan`." if unreadable else "Remove or replace it."
        return ScaleAdaptError(f"{location} (hour {key[0]:%Y-%m-%dT%H} {key[1]}): {error}. {advice}")
