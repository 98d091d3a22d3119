"""The grid of a file: NetCDF and Zarr as CF describes them, anemoi datasets, GRIB, GeoTIFF."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.proj import pyproj
from anemoi_scaleadapt.rain.from_grib import positions
from anemoi_scaleadapt.regrid.cells import Cells, of_grid, of_rows
from anemoi_scaleadapt.regrid.cf import grid_of_dataset
from anemoi_scaleadapt.regrid.grid import Grid

GRIB = (".grib", ".grib1", ".grib2", ".grb", ".grb1", ".grb2")
TIFF = (".tif", ".tiff", ".gtif")


def read_grid(path: str, variable: str | None = None) -> Grid:
    """The grid of a file's fields, rows and columns in the order of the file.

    Parameters
    ----------
    path : str
        NetCDF, Zarr, anemoi dataset, GRIB or GeoTIFF.
    variable : str, optional
        Whose grid, where a file has several.

    Raises
    ------
    ScaleAdaptError
        If the file is not there, cannot be read, or has no grid of rows and columns.
    """
    target = Path(path)
    if not target.exists():
        raise ScaleAdaptError(f"{path} is not there: give an existing file or Zarr folder.")
    suffix = target.suffix.lower()
    if suffix in TIFF:
        return _geotiff(path)
    if suffix in GRIB:
        points = _grib(path)
        if points[0].shape[0] == 1:
            raise ScaleAdaptError(f"{path} is on a reduced grid, not on one of rows and columns.")
        return Grid.from_latlon(path, *points)
    if target.is_dir() and _is_anemoi(target):
        return _anemoi(path)
    return _xarray(path, variable)


def read_cells(path: str, variable: str | None = None) -> Cells:
    """The cells of a file's fields in the order of the file; as :func:`read_grid`, and reduced grids of GRIB too."""
    if Path(path).suffix.lower() in GRIB and Path(path).exists():
        points = _grib(path)
        return of_rows(path, *points) if points[0].shape[0] == 1 else of_grid(Grid.from_latlon(path, *points))
    return of_grid(read_grid(path, variable))


def _grib(path: str) -> tuple[np.ndarray, np.ndarray]:
    """Latitudes and longitudes of the first field in the order of its values, (y, x), or (1, n) on a reduced grid."""
    pyproj()  # before eccodes
    import earthkit.data as ekd

    try:
        return positions(ekd.from_source("file", path)[0], path)
    except ScaleAdaptError:
        raise
    except Exception as error:
        raise ScaleAdaptError(f"{path} cannot be read as GRIB: {error or type(error).__name__}") from error


def _is_anemoi(folder: Path) -> bool:
    attributes = folder / ".zattrs"
    return attributes.exists() and "variables_metadata" in json.loads(attributes.read_text() or "{}")


def _anemoi(path: str) -> Grid:
    from anemoi.datasets import open_dataset

    from anemoi_scaleadapt.datasets.comephore.grid import PROJ_STRING

    data = open_dataset(path)
    shape = tuple(int(n) for n in data.field_shape)
    if len(shape) != 2:
        raise ScaleAdaptError(f"{path} is not on a grid of rows and columns (field_shape {shape}).")
    points = (np.asarray(data.latitudes).reshape(shape), np.asarray(data.longitudes).reshape(shape))
    grid = Grid.from_latlon(path, *points)
    if grid.crs is None:  # a dataset does not say its projection; Comephore's is known
        grid = Grid.from_latlon(path, *points, crs=PROJ_STRING)
    return grid


def _geotiff(path: str) -> Grid:
    from anemoi_scaleadapt.datasets.comephore import geotiff

    image: Any = geotiff.open_image(Path(path).read_bytes())
    tags = image.tag_v2
    try:
        keys = geotiff.geo_keys(tags)
        sx, sy, _ = tags[geotiff.PIXEL_SCALE]
        column, row, _, x, y, _ = tags[geotiff.TIEPOINT]
    except (KeyError, TypeError, ValueError) as error:
        raise ScaleAdaptError(f"{path} has no GeoTIFF tags that place its pixels north up ({error}).") from error
    code = next((int(keys[key]) for key in (3072, 2048) if 1024 <= keys.get(key, 0) < 32767), None)
    if 3072 not in keys or keys[3072] == 32767:  # a projection of its own: Comephore's, or none that is known
        if keys.get(1024) != 2 or code is None:
            grid = geotiff.grid_of(image)
            return Grid.on_axes(
                path,
                grid.left + (np.arange(grid.nx) + 0.5) * grid.pixel,
                grid.top - (np.arange(grid.ny) + 0.5) * grid.pixel,
                _comephore_system(),
            )
    half = 0.0 if keys.get(1025) == 2 else 0.5  # the tie point is a pixel's centre, or its corner
    return Grid.on_axes(
        path,
        x + (np.arange(image.width) + half - column) * sx,
        y - (np.arange(image.height) + half - row) * sy,
        f"EPSG:{code}",
    )


def _comephore_system() -> str:
    from anemoi_scaleadapt.datasets.comephore.grid import PROJ_STRING

    return PROJ_STRING


def _xarray(path: str, variable: str | None) -> Grid:
    import xarray as xr

    options: dict[str, Any] = {"decode_times": False, "decode_coords": False}
    try:
        data = xr.open_zarr(path, **options) if Path(path).is_dir() else xr.open_dataset(path, **options)
    except Exception as error:
        why = (str(error) or type(error).__name__).splitlines()[0]
        raise ScaleAdaptError(f"{path} cannot be read as NetCDF or Zarr: {why}") from error
    with data:
        if variable is not None and variable not in data:
            raise ScaleAdaptError(f"{path} has no variable {variable!r}, only {', '.join(map(str, data.data_vars))}.")
        return grid_of_dataset(data, path, variable)
