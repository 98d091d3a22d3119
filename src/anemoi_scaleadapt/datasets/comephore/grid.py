"""Comephore's grid: square pixels in a polar stereographic projection."""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from anemoi_scaleadapt.datasets.crop import crop_of_box
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.proj import pyproj

LATITUDE_OF_TRUE_SCALE = 45.0
PROJ_STRING = "+proj=stere +lat_0=90 +lat_ts=45 +lon_0=0 +x_0=0 +y_0=0 +datum=WGS84 +units=m +no_defs"


@dataclass(frozen=True)
class StereGrid:
    """A grid of square pixels; the defaults are the national grid of Comephore.

    Parameters
    ----------
    left, top
        Outer edges of the first column and of the first row, in metres; rows go southwards.
    pixel
        Side of a pixel, in metres.
    ny, nx
        Rows and columns.
    """

    left: float = -619652.07
    top: float = -3526818.34
    pixel: float = 1000.0
    ny: int = 1536
    nx: int = 1536

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.ny, self.nx

    @property
    def resolution(self) -> str:
        """The side of a pixel, as ``"1km"``."""
        return f"{self.pixel / 1000:g}km"

    @property
    def axes(self) -> tuple[np.ndarray, np.ndarray]:
        """Pixel centres, (x,) from the west and (y,) from the north, metres."""
        x = self.left + (np.arange(self.nx) + 0.5) * self.pixel
        return x, self.top - (np.arange(self.ny) + 0.5) * self.pixel

    def __str__(self) -> str:
        """For messages."""
        return f"{self.ny} x {self.nx} pixels of {self.pixel:g} m, corner at {self.left:.0f}, {self.top:.0f} m"

    def same_as(self, other: "StereGrid") -> bool:
        """Whether two grids are one, to a thousandth of a pixel."""
        near = all(abs(getattr(self, n) - getattr(other, n)) < 1e-3 * self.pixel for n in ("left", "top", "pixel"))
        return near and self.shape == other.shape

    def crop(self, row: int, col: int, height: int, width: int) -> "StereGrid":
        """A block of rows and columns.

        Raises
        ------
        ScaleAdaptError
            When it reaches outside.
        """
        if row < 0 or col < 0 or height < 1 or width < 1 or row + height > self.ny or col + width > self.nx:
            raise ScaleAdaptError(
                f"crop: row {row}, col {col}, height {height}, width {width} reaches outside the grid of "
                f"{self.ny} x {self.nx} (rows x columns)."
            )
        left, top = self.left + col * self.pixel, self.top - row * self.pixel
        return replace(self, left=left, top=top, ny=height, nx=width)

    def box(self, west: float, south: float, east: float, north: float) -> dict[str, int]:
        """The smallest block of rows and columns that holds every pixel centre of a longitude-latitude box.

        Raises
        ------
        ScaleAdaptError
            When the box is not one, or holds no pixel of the grid.
        """
        longitudes, latitudes = lonlat(self)
        return crop_of_box(latitudes, longitudes, west, south, east, north)


@lru_cache(maxsize=4)
def lonlat(grid: StereGrid) -> tuple[np.ndarray, np.ndarray]:
    """Longitudes and latitudes of the pixel centres, (y, x), in degrees, read-only; kept, as they take a second."""
    change = pyproj().Transformer.from_crs(PROJ_STRING, "EPSG:4326", always_xy=True)
    longitude, latitude = (np.asarray(degrees) for degrees in change.transform(*np.meshgrid(*grid.axes)))
    for array in (longitude, latitude):
        array.flags.writeable = False
    return longitude, latitude
