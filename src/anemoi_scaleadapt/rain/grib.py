"""A GRIB2 message on a grid of ours: the template that anemoi-inference fills with total precipitation.

Rows go from south to north: eccodes, which cfgrib and earthkit-data ask for coordinates, places a Lambert or polar
stereographic grid wrongly when they go the other way.
"""

import math
from typing import Any

import numpy as np

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.rain.projection import Projection

#: code table 3.2: shapes of the earth that are not told in numbers, as (semi-major axis in m, inverse flattening)
SHAPES = {4: (6378137.0, 298.257222101), 5: (6378137.0, 298.257223563), 6: (6371229.0, 0.0), 8: (6371200.0, 0.0)}
#: stands for 90 degrees, which a Lambert grid cannot have as its parallel
ALMOST_POLE = 89.999


def template(projection: Projection | None, latitude: np.ndarray | None, longitude: np.ndarray | None) -> bytes:
    """Make a GRIB2 message of total precipitation, all zero, on a grid.

    Regular latitudes and longitudes, Lambert conformal, Lambert equal-area and polar stereographic grids can be told.
    A polar stereographic grid on an ellipsoid is told as the Lambert conformal grid that it is the limit of (parallel
    at 89.999 degrees instead of 90): a point moves by less than 1e-6 degrees, and eccodes, which computes polar
    stereographic coordinates on a sphere only, then knows them.

    Parameters
    ----------
    projection : Projection or None
        Of the grid.
    latitude, longitude : ndarray
        Degrees, (y, x), rows in any direction.

    Raises
    ------
    ScaleAdaptError
        If the grid has no projection, or one that GRIB2 (or this function) does not know.
    """
    import eccodes

    if projection is None or latitude is None or longitude is None:
        raise ScaleAdaptError("GRIB needs the projection of the grid, and none of the known ones fits: give `crs`.")
    corner = 0 if projection.y[1] > projection.y[0] else -1
    keys: dict[str, Any] = {
        "Nx": len(projection.x),
        "Ny": len(projection.y),
        "iScansNegatively": 0,
        "jScansPositively": 1,
        "latitudeOfFirstGridPointInDegrees": float(latitude[corner, 0]),
        "longitudeOfFirstGridPointInDegrees": float(longitude[corner, 0]) % 360,
    }
    kind, more = _grid(projection, latitude, longitude)
    handle = eccodes.codes_grib_new_from_samples("regular_ll_sfc_grib2")
    try:
        eccodes.codes_set(handle, "gridType", kind)
        for key, value in (keys | more | _message()).items():
            eccodes.codes_set(handle, key, value)
        eccodes.codes_set_values(handle, np.zeros(latitude.size))
        return eccodes.codes_get_message(handle)
    finally:
        eccodes.codes_release(handle)


def _message() -> dict[str, Any]:
    """What does not depend on the grid: no known centre, hourly total precipitation, packed without visible loss."""
    return {
        "centre": 255,
        "significanceOfReferenceTime": 1,
        "productionStatusOfProcessedData": 2,
        "typeOfProcessedData": 4,
        "productDefinitionTemplateNumber": 11,
        "paramId": 228228,
        "packingType": "grid_ccsds",
        "bitsPerValue": 24,
    }


def _grid(projection: Projection, latitude: np.ndarray, longitude: np.ndarray) -> tuple[str, dict[str, Any]]:
    """GRIB's grid type and its keys."""
    told = projection.mapping
    dy, dx = (abs(float(axis[1] - axis[0])) for axis in (projection.y, projection.x))
    name = told["grid_mapping_name"]
    earth = _earth(told)
    steps = {"DxInMetres": dx, "DyInMetres": dy}
    if name == "latitude_longitude":
        top = -1 if projection.y[1] > projection.y[0] else 0
        return "regular_ll", earth | {
            "latitudeOfLastGridPointInDegrees": float(latitude[top, -1]),
            "longitudeOfLastGridPointInDegrees": float(longitude[top, -1]) % 360,
            "iDirectionIncrementInDegrees": dx,
            "jDirectionIncrementInDegrees": dy,
        }
    if name == "lambert_conformal_conic":
        parallels = np.atleast_1d(told["standard_parallel"]).astype(float)
        origin = float(told.get("latitude_of_projection_origin", parallels[0]))
        return "lambert", _lambert(parallels[0], parallels[-1], told["longitude_of_central_meridian"], origin) | (
            earth | steps
        )
    if name == "lambert_azimuthal_equal_area":
        return "lambert_azimuthal_equal_area", earth | {
            "standardParallelInDegrees": float(told["latitude_of_projection_origin"]),
            "centralLongitudeInDegrees": float(told["longitude_of_projection_origin"]) % 360,
            "xDirectionGridLengthInMetres": dx,
            "yDirectionGridLengthInMetres": dy,
        }
    if name == "polar_stereographic" and told.get("standard_parallel", 0) > 0:
        true, east = float(told["standard_parallel"]), float(told["straight_vertical_longitude_from_pole"])
        if told["inverse_flattening"] == 0:
            orientation = {"LaDInDegrees": true, "orientationOfTheGridInDegrees": east % 360, "projectionCentreFlag": 0}
            return "polar_stereographic", earth | steps | orientation
        longer = _stretch(ALMOST_POLE, told) / _stretch(true, told)
        steps = {key: value * longer for key, value in steps.items()}
        return "lambert", earth | steps | _lambert(ALMOST_POLE, ALMOST_POLE, east, ALMOST_POLE)
    raise ScaleAdaptError(f"GRIB: a grid of {name} cannot be told here; write NetCDF or Zarr.")


def _lambert(first: float, second: float, east: float, origin: float) -> dict[str, Any]:
    return {
        "Latin1InDegrees": float(first),
        "Latin2InDegrees": float(second),
        "LoVInDegrees": float(east) % 360,
        "LaDInDegrees": float(origin),
        "projectionCentreFlag": 0,
    }


def _stretch(latitude: float, told: dict[str, Any]) -> float:
    """Relative radius of a parallel over its distance from the pole on the map (Snyder 1987, 14-15 and 15-9)."""
    flat = 1 / told["inverse_flattening"]
    squared = flat * (2 - flat)
    eccentricity, angle = math.sqrt(squared), math.radians(latitude)
    sine = eccentricity * math.sin(angle)
    distance = math.tan(math.pi / 4 - angle / 2) / ((1 - sine) / (1 + sine)) ** (eccentricity / 2)
    return math.cos(angle) / math.sqrt(1 - squared * math.sin(angle) ** 2) / distance


def _earth(told: dict[str, Any]) -> dict[str, Any]:
    axis, flattening = float(told["semi_major_axis"]), float(told["inverse_flattening"])
    for number, (a, f) in SHAPES.items():
        if abs(axis - a) < 1e-3 and abs(flattening - f) < 1e-6:
            return {"shapeOfTheEarth": number}
    if flattening == 0:
        return {"shapeOfTheEarth": 1} | _scaled("RadiusOfSphericalEarth", axis)
    minor = float(told["semi_minor_axis"])
    return {"shapeOfTheEarth": 7} | _scaled("EarthMajorAxis", axis) | _scaled("EarthMinorAxis", minor)


def _scaled(name: str, metres: float) -> dict[str, int]:
    return {f"scaleFactorOf{name}": 2, f"scaledValueOf{name}": round(metres * 100)}
