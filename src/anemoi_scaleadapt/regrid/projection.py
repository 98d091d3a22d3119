"""The three transformations that grids need."""

from typing import Any

import numpy as np

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.proj import pyproj

WGS84 = "EPSG:4326"


def wkt(crs: Any, where: str) -> str:
    """Well-known text of a coordinate reference system.

    Parameters
    ----------
    crs : str, int or dict
        What pyproj understands: ``EPSG:2154``, a PROJ string, WKT, or the attributes of a CF grid mapping.
    where : str
        Who gave it, for the message.

    Raises
    ------
    ScaleAdaptError
        If PROJ does not know it.
    """
    module = pyproj()
    try:
        return str(module.CRS.from_cf(crs).to_wkt() if isinstance(crs, dict) else module.CRS(crs).to_wkt())
    except (module.exceptions.CRSError, KeyError, TypeError, ValueError) as error:
        raise ScaleAdaptError(f"{where}: {crs!r} is no coordinate reference system that PROJ knows: {error}") from error


def is_geographic(crs: str) -> bool:
    """Whether the coordinates are degrees of longitude and latitude, rotated or not."""
    return bool(pyproj().CRS(crs).is_geographic)


def to_lonlat(crs: str, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Longitude and latitude in degrees of coordinates in a system; infinite where it has none."""
    lon, lat = pyproj().Transformer.from_crs(crs, WGS84, always_xy=True).transform(x, y)
    return np.asarray(lon), np.asarray(lat)


def to_xy(crs: str, longitude: np.ndarray, latitude: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates in a system of longitude and latitude in degrees; infinite where it has none."""
    x, y = pyproj().Transformer.from_crs(WGS84, crs, always_xy=True).transform(longitude, latitude)
    return np.asarray(x), np.asarray(y)


def equal_area(longitude: float, latitude: float) -> str:
    """An equal-area system (Lambert azimuthal, WGS84, metres) with its centre at a place in degrees."""
    return f"+proj=laea +lat_0={latitude:.6f} +lon_0={longitude:.6f} +datum=WGS84 +units=m +no_defs"
