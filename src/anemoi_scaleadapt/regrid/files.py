"""The grid of a file: NetCDF and Zarr as CF describes them, anemoi datasets, GRIB, GeoTIFF."""

from pathlib import Path
from typing import Any

import numpy as np

from anemoi_scaleadapt.datasets.comephore.grid import PROJ_STRING
from anemoi_scaleadapt.errors import ScaleAdaptError, explained
from anemoi_scaleadapt.proj import pyproj
from anemoi_scaleadapt.rain import from_anemoi, from_grib, from_netcdf
from anemoi_scaleadapt.rain.reader import is_anemoi
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
    if target.is_dir() and is_anemoi(target):
        return _anemoi(path)
    with from_netcdf.open_raw(path) as data:
        if variable is not None and variable not in data:
            raise ScaleAdaptError(f"{path} has no variable {variable!r}, only {', '.join(map(str, data.data_vars))}.")
        return grid_of_dataset(data, path, variable)


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

    with explained(from_grib.CANNOT.format(path)):
        return from_grib.positions(ekd.from_source("file", path)[0], path)


def _anemoi(path: str) -> Grid:
    points = from_anemoi.positions(from_anemoi.open_anemoi(path), path)
    grid = Grid.from_latlon(path, *points)
    # a dataset does not say its projection; Comephore's is known
    return grid if grid.crs is not None else Grid.from_latlon(path, *points, crs=PROJ_STRING)


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
            return Grid.on_axes(path, *geotiff.grid_of(image).axes, PROJ_STRING)
    half = 0.0 if keys.get(1025) == 2 else 0.5  # the tie point is a pixel's centre, or its corner
    return Grid.on_axes(
        path,
        x + (np.arange(image.width) + half - column) * sx,
        y - (np.arange(image.height) + half - row) * sy,
        f"EPSG:{code}",
    )
