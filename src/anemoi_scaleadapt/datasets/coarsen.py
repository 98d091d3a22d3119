"""The block mean over s x s pixels, as a filter of an anemoi-datasets recipe.

In a recipe, after any source whose fields lie on a regular grid of rows and columns::

    input:
      pipe:
        - netcdf: {path: rain.nc, param: [rain]}
        - coarsen: {factor: 10}

A mean rate stays a mean rate in mm h-1, so that totals of the coarse and the fine field agree exactly.
"""

import math
from functools import cached_property
from typing import Any

import numpy as np
from anemoi.transform.fields import WrappedField, new_fieldlist_from_list
from anemoi.transform.filter import Filter

from anemoi_scaleadapt.datasets.crop import area_of
from anemoi_scaleadapt.datasets.settings import CoarsenSettings
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.rain.blocks import block_mean
from anemoi_scaleadapt.rain.sphere import block_middles, degrees, vectors


def check_factor(shape: tuple[int, int], factor: int, where: str = "coarsen") -> None:
    """Raise unless ``factor`` divides both sizes of a grid.

    Parameters
    ----------
    shape
        Rows and columns (ny, nx).
    factor
        Pixels on a side of a block.
    where
        What the message begins with.

    Raises
    ------
    ScaleAdaptError
        With both sizes and the largest crop that fits.
    """
    ny, nx = shape
    if ny % factor or nx % factor:
        fit = (ny - ny % factor, nx - nx % factor)
        crop = (
            f"the largest crop that fits is {fit[0]} x {fit[1]}" if all(fit) else "the grid is smaller than one block"
        )
        raise ScaleAdaptError(
            f"{where}: factor {factor} does not divide the grid of {ny} x {nx} (rows x columns): {crop}."
        )


class CoarseField(WrappedField):
    """A field seen through blocks: nothing is read or computed before it is asked for."""

    def __init__(
        self, field: Any, shape: tuple[int, int], area: tuple[slice, slice], factor: int, min_valid: float
    ) -> None:
        """Keep what is needed; read nothing."""
        super().__init__(field)
        self._whole_shape, self._area, self._factor, self._min_valid = shape, area, factor, min_valid
        ny, nx = (s.stop - s.start for s in area)
        self.shape = (ny // factor, nx // factor)

    @property
    def proj_string(self) -> str | None:
        """The projection of the fine field, if its source says."""
        return getattr(self._field, "proj_string", None)

    @property
    def resolution(self) -> str | None:
        """The side of a block, as ``"25km"``, if the source says the side of a pixel."""
        return coarse_resolution(getattr(self._field, "resolution", None), self._factor)

    @cached_property
    def _positions(self) -> tuple[np.ndarray, np.ndarray]:
        points = (np.asarray(a).reshape(self._whole_shape)[self._area] for a in self._field.grid_points())
        if self._factor == 1:
            latitudes, longitudes = points
        else:
            latitudes, longitudes = degrees(block_middles(vectors(*points), self._factor))
        return latitudes.ravel(), longitudes.ravel()

    def grid_points(self) -> tuple[np.ndarray, np.ndarray]:
        """Latitudes and longitudes of the blocks, flat, in degrees."""
        return self._positions

    def to_latlon(self, flatten: bool = True) -> dict[str, np.ndarray]:
        """Latitudes and longitudes of the blocks under the names ``lat`` and ``lon``."""
        return {
            k: v if flatten else v.reshape(self.shape) for k, v in zip(("lat", "lon"), self._positions, strict=True)
        }

    @property
    def values(self) -> np.ndarray:
        """The block means, flat."""
        return self.to_numpy(flatten=True)

    def to_numpy(self, flatten: bool = False, dtype: Any = None, index: Any = None) -> np.ndarray:
        """The block means, (y, x) or flat."""
        fine = np.asarray(self._field.to_numpy()).reshape(self._whole_shape)[self._area]
        mean = block_mean(fine, self._factor, self._min_valid) if self._factor > 1 else fine
        mean = mean.ravel() if flatten else mean
        mean = mean if dtype is None else mean.astype(dtype)
        return mean if index is None else mean[index]


def coarse_resolution(resolution: Any, factor: int) -> str | None:
    """The resolution of the blocks: ``"1km"`` times 25 is ``"25km"``; None where the source does not say."""
    number = str(resolution).removesuffix("km")
    try:
        return f"{float(number) * factor:g}km" if str(resolution).endswith("km") else None
    except ValueError:
        return None


class CoarsenFilter(Filter):
    """Recipe key ``coarsen``: the block mean by a whole factor.

    Parameters
    ----------
    **settings
        As in :class:`anemoi_scaleadapt.datasets.settings.CoarsenSettings`.

    Raises
    ------
    ScaleAdaptError
        For a key that is unknown or a value out of range, a flat field without ``shape`` or with another, or a factor
        that does not divide the grid.
    """

    def __init__(self, **settings: Any) -> None:
        """Check the keys of the recipe."""
        self.settings = CoarsenSettings.from_config(settings, "coarsen")

    def forward(self, data: Any) -> Any:
        """Wrap every field of a list."""
        fields = []
        for field in data:
            shape = self.settings.shape or tuple(field.shape)
            if len(shape) != 2:
                raise ScaleAdaptError(
                    f"coarsen: the fields have shape {shape}, not rows and columns: give the grid of "
                    "the source as `coarsen: {factor: ..., shape: [rows, columns]}`."
                )
            if math.prod(shape) != math.prod(field.shape):
                raise ScaleAdaptError(
                    f"coarsen.shape: {shape[0]} x {shape[1]} (rows x columns) is not the grid of the source, "
                    f"whose fields have {math.prod(field.shape)} pixels."
                )
            area = self.area(shape)
            check_factor(tuple(s.stop - s.start for s in area), self.settings.factor)
            fields.append(CoarseField(field, shape, area, self.settings.factor, self.settings.min_valid))
        return new_fieldlist_from_list(fields)

    def area(self, shape: tuple[int, int]) -> tuple[slice, slice]:
        """Rows and columns to take of a grid of ``shape``."""
        crop = self.settings.crop
        if crop is None:
            return slice(0, shape[0]), slice(0, shape[1])
        rows, columns = area_of(crop.model_dump())
        if rows.stop > shape[0] or columns.stop > shape[1]:
            raise ScaleAdaptError(f"coarsen.crop: {crop} reaches outside the grid of {shape[0]} x {shape[1]}.")
        return rows, columns
