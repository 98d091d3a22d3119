"""The fine grid of a run: the one of training, or another."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from anemoi_scaleadapt.errors import ScaleAdaptError


@dataclass(frozen=True)
class Grid:
    """A regular fine grid.

    Attributes
    ----------
    shape : tuple of int
        (y, x).
    latitudes, longitudes : ndarray
        Degrees, (y * x,).
    cells : dict
        Number of grid points that each dataset must have.
    """

    shape: tuple[int, int]
    latitudes: np.ndarray
    longitudes: np.ndarray
    cells: dict[str, int] = field(default_factory=dict)

    def coarse_shape(self, space: int) -> tuple[int, int]:
        """(y, x) of the coarse grid for a factor s."""
        return self.shape[0] // space, self.shape[1] // space

    def check(self, dataset: str, count: int) -> None:
        """Raise ScaleAdaptError if a dataset has another number of grid points than this grid asks for."""
        if count != self.cells[dataset]:
            raise ScaleAdaptError(
                f"input.{dataset} has {count} grid points, the fine grid of {self.shape[0]} x {self.shape[1]} asks for "
                f"{self.cells[dataset]}. For another domain than that of training name a dataset with its fine grid: "
                "`runner: {scaleadapt: {grid: FINE.zarr}}`."
            )


def fine_grid(runner: Any, net: Any, path: str | None) -> Grid:
    """Find the fine grid of a run.

    Parameters
    ----------
    runner : ScaleAdaptRunner
        Its checkpoint holds the grid of training.
    net : ScaleAdaptModel
        Names of datasets, s.
    path : str, optional
        An anemoi dataset on the grid to write.

    Raises
    ------
    ScaleAdaptError
        If the grid is not s times a coarse one.
    """
    if path:
        from anemoi.datasets import open_dataset

        dataset = open_dataset(path)
        shape, latitudes, longitudes = dataset.field_shape, dataset.latitudes, dataset.longitudes
    else:
        metadata = runner.checkpoint.multi_dataset_metadata[net.hr]
        shape = metadata._metadata_inference["scaleadapt"]["field_shapes"][net.hr]
        latitudes, longitudes = metadata.latitudes, metadata.longitudes
    shape, space = tuple(int(n) for n in shape), net.scale.space
    if len(shape) != 2 or any(n % space for n in shape):
        raise ScaleAdaptError(
            f"The fine grid {path or 'of the checkpoint'} is {shape}: not {space} times a coarse one."
        )
    coarse = (shape[0] // space) * (shape[1] // space)
    return Grid(shape, np.asarray(latitudes), np.asarray(longitudes), {net.lr: coarse, net.hr: shape[0] * shape[1]})
