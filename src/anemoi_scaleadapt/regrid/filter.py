"""The blocks' rain from the rain of any grid, as a filter of anemoi-datasets recipes and anemoi-inference run files.

In a recipe, after any source on the grid that the weights were made for::

    input:
      pipe:
        - netcdf: {path: era5.nc, param: [rain]}
        - blocks: {weights: era5-to-25km.npz}

anemoi-transform's own ``regrid: {matrix: era5-to-25km.npz}`` applies the same weights, but checks no positions and
gives fields without rows and columns.
"""

from pathlib import Path
from typing import Any

import numpy as np
from anemoi.transform.fields import (
    new_field_from_latitudes_longitudes,
    new_field_from_numpy,
    new_fieldlist_from_list,
)
from anemoi.transform.filter import Filter

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.regrid.weights import Weights
from anemoi_scaleadapt.settings import Name, Settings


class BlocksSettings(Settings):
    """Keys of ``blocks``."""

    weights: Name
    """a file of ``anemoi-scaleadapt weights``"""


class BlocksFilter(Filter):
    """Recipe key ``blocks``: conservative weights to the blocks of a fine grid.

    Parameters
    ----------
    **settings
        As in :class:`BlocksSettings`.

    Raises
    ------
    ScaleAdaptError
        For an unknown key, if the file is none, or a field lies on another grid.
    """

    def __init__(self, **settings: Any) -> None:
        """Read the weights."""
        self.path = BlocksSettings.from_config(settings, "blocks").weights
        self.weights = Weights.load(Path(self.path))

    def forward(self, data: Any) -> Any:
        """Mean rain of the blocks, field by field, (Y, X)."""
        return new_fieldlist_from_list([self._one(field) for field in data])

    def _one(self, field: Any) -> Any:
        latitude, longitude = (np.asarray(points) for points in field.grid_points())
        if not self.weights.fits(latitude, longitude):
            raise ScaleAdaptError(
                f"blocks.weights: {self.path} is for a grid of {self.weights.latitude.size} cells from "
                f"{self.weights.latitude[0]:.3f} N, {self.weights.longitude[0]:.3f} E; a field has "
                f"{latitude.size} from {latitude.flat[0]:.3f} N, {longitude.flat[0]:.3f} E. "
                "Make the weights from a file of this source."
            )
        blocks = self.weights.apply(np.asarray(field.to_numpy(flatten=True)))
        return new_field_from_latitudes_longitudes(
            new_field_from_numpy(blocks, template=field), self.weights.block_latitude, self.weights.block_longitude
        )
