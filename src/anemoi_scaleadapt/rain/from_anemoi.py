"""anemoi datasets: gridded Zarrs of anemoi-datasets, with units from their metadata."""

import logging
from typing import Any

import numpy as np

from anemoi_scaleadapt.errors import ScaleAdaptError, explained
from anemoi_scaleadapt.rain import names
from anemoi_scaleadapt.rain.grid import Grid, arrange
from anemoi_scaleadapt.rain.part import Part

LOG = logging.getLogger(__name__)


def read_anemoi(path: str, variable: str | None = None) -> Part:
    """Open the rain of an anemoi dataset.

    Parameters
    ----------
    path : str
        Zarr folder.
    variable : str, optional
        Name of the rain.

    Raises
    ------
    ScaleAdaptError
        If it cannot be opened, has no such variable, or no rows and columns.
    """
    data = open_anemoi(path)
    told = data.variables_metadata
    fields = {name: _attributes(told.get(name, {})) for name in data.variables}
    if len(data.variables) == 1 or variable is not None:
        name = names.choose(fields, variable, path)
    else:
        name = names.choose({n: a for n, a in fields.items() if not a.get("constant")}, None, path)
    column, grid = data.name_to_index[name], grid_of(data, path)
    missing, shape = {int(i) for i in data.missing}, tuple(int(n) for n in data.field_shape)
    members = int(data.shape[2])

    def read(index: np.ndarray) -> np.ndarray:
        out = np.full((members, len(index), *shape), np.nan, dtype="float32")
        for k, i in enumerate(index):
            if int(i) not in missing:
                out[:, k] = np.asarray(data[int(i)])[column].reshape(members, *shape)
        return out

    labels = np.asarray(data.dates).astype("datetime64[s]").astype("int64")
    units = fields[name].get("units")
    if units is None and name == "rain":
        LOG.info(
            "%s: the variable rain has no units; it is taken as mm h-1, the rule of this package's datasets.", path
        )
        units = "mm h-1"
    period = told.get(name, {}).get("period")
    bounds = None
    if told.get(name, {}).get("process") in ("accumulation", "average") and isinstance(period, list | tuple):
        from anemoi.utils.dates import as_timedelta

        length = round((as_timedelta(period[1]) - as_timedelta(period[0])).total_seconds())
        bounds = np.stack([labels - length, labels], axis=1)
    return Part(path, name, units, labels, grid, members, read, bounds, label="end")


def read_static(path: str, variable: str) -> np.ndarray:
    """A field of an anemoi dataset that does not change, (y, x) float32 in its own unit, rows from the north."""
    data = open_anemoi(path)
    names.choose({name: {} for name in data.variables}, variable, path)
    first = next(i for i in range(len(data.dates)) if i not in {int(k) for k in data.missing})
    values = np.asarray(data[first])[data.name_to_index[variable], 0].reshape([int(n) for n in data.field_shape])
    return grid_of(data, path).order(values).astype("float32")


def grid_of(data: Any, path: str) -> Grid:
    """The grid of an open anemoi dataset."""
    latitude, longitude = positions(data, path)
    return arrange(latitude.shape, path, latitude, longitude, names="yx")


def open_anemoi(path: str) -> Any:
    """Open an anemoi dataset; what is wrong with it is one line."""
    import pyproj  # noqa: F401  (before eccodes, which anemoi imports: the other order crashes)
    from anemoi.datasets import open_dataset

    with explained(f"{path} cannot be opened as an anemoi dataset"):
        return open_dataset(path)


def positions(data: Any, path: str) -> tuple[np.ndarray, np.ndarray]:
    """Latitudes and longitudes of an open anemoi dataset as it has them, (y, x), degrees."""
    shape = tuple(int(n) for n in data.field_shape)
    if len(shape) != 2:
        raise ScaleAdaptError(f"{path} is not on a (y, x) grid (field_shape {shape}): rebuild it on one.")
    return np.asarray(data.latitudes, "float64").reshape(shape), np.asarray(data.longitudes, "float64").reshape(shape)


def _attributes(told: dict[str, Any]) -> dict[str, Any]:
    """Attributes of a variable from its metadata."""
    units = told.get("units", told.get("mars", {}).get("units"))
    return {"units": units, "constant": told.get("constant_in_time", False)}
