"""The map projection of a grid: found from its coordinates, or proven on them, and as CF writes it.

anemoi's datasets know the latitude and longitude of every pixel and nothing of a projection. A projection is the right
one where it turns them into columns and rows of equal steps, so it is never taken on trust.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.proj import pyproj

#: Projections that are tried: plain degrees, and those of Comephore, RADOLAN (sphere, ellipsoid), Lambert-93, Europe's
#: equal-area grid, OPERA, the Met Office, KNMI, the Nordic countries and the United States.
KNOWN = (
    "EPSG:4326",
    "+proj=stere +lat_0=90 +lat_ts=45 +lon_0=0 +x_0=0 +y_0=0 +datum=WGS84 +units=m +no_defs",
    "+proj=stere +lat_0=90 +lat_ts=60 +lon_0=10 +R=6370040 +units=m +no_defs",
    "+proj=stere +lat_0=90 +lat_ts=60 +lon_0=10 +datum=WGS84 +units=m +no_defs",
    "EPSG:2154",
    "EPSG:3035",
    "+proj=laea +lat_0=55 +lon_0=10 +datum=WGS84 +units=m +no_defs",
    "EPSG:27700",
    "+proj=stere +lat_0=90 +lat_ts=60 +lon_0=0 +a=6378140 +b=6356750 +units=m +no_defs",
    "+proj=lcc +lat_1=63.3 +lat_2=63.3 +lat_0=63.3 +lon_0=15 +R=6371000 +units=m +no_defs",
    "+proj=lcc +lat_1=38.5 +lat_2=38.5 +lat_0=38.5 +lon_0=262.5 +R=6371229 +units=m +no_defs",
    "+proj=stere +lat_0=90 +lat_ts=60 +lon_0=255 +R=6371200 +units=m +no_defs",
)
#: A row or column may lie this far from its place, in pixels.
TOLERANCE = 0.01


@dataclass(frozen=True)
class Projection:
    """A regular grid in a coordinate system.

    Attributes
    ----------
    mapping : dict
        Attributes of the CF grid mapping, ``crs_wkt`` among them.
    axes : tuple of dict
        CF attributes of y and of x.
    y, x : ndarray
        Pixel centres, (y,) and (x,), in metres, or in degrees for a grid of latitudes and longitudes.
    """

    mapping: dict[str, Any]
    axes: tuple[dict[str, str], dict[str, str]]
    y: np.ndarray
    x: np.ndarray

    @property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Edges of the rows (y, 2) and of the columns (x, 2)."""
        y, x = (c[:, None] + (c[1] - c[0]) * np.array([-0.5, 0.5]) for c in (self.y, self.x))
        return y, x


def grid_mapping(crs: Any) -> tuple[dict[str, Any], tuple[dict[str, str], dict[str, str]]]:
    """Attributes of the CF grid mapping of a pyproj CRS, and those of its axes y and x."""
    found = {axis["axis"]: axis for axis in crs.cs_to_cf()}
    axes = [{key: found[name][key] for key in ("axis", "units", "standard_name", "long_name")} for name in "YX"]
    if not crs.is_geographic and any(axis["units"] != "metre" for axis in axes):
        raise ScaleAdaptError(f"the axes of {crs.name} are not in metres: give a projection whose axes are.")
    axes = [axis | {"units": axis["units"].replace("metre", "m")} for axis in axes]
    mapping = crs.to_cf()
    if mapping["grid_mapping_name"] == "polar_stereographic":  # CF wants the pole; pyproj names the parallel alone
        mapping.setdefault(
            "latitude_of_projection_origin", float(np.copysign(90, mapping.get("standard_parallel", 90)))
        )
    return mapping, (axes[0], axes[1])


def find_projection(
    latitude: np.ndarray | None, longitude: np.ndarray | None, crs: str | None = None
) -> Projection | None:
    """Find the projection in which a grid is regular.

    Parameters
    ----------
    latitude, longitude : ndarray or None
        Degrees, (y, x).
    crs : str, optional
        Anything pyproj reads (EPSG:2154, a PROJ string, WKT). By default those of :data:`KNOWN` are tried.

    Returns
    -------
    Projection or None
        The one that fits best, None where none does to a hundredth of a pixel.

    Raises
    ------
    ScaleAdaptError
        If the crs given is none, or the grid is not regular in it.
    """
    if latitude is None or longitude is None or min(latitude.shape) < 2:
        if crs:
            raise ScaleAdaptError(f"crs {crs}: the grid has no latitudes and longitudes, or one row, to prove it on.")
        return None
    if not (np.isfinite(latitude).all() and np.isfinite(longitude).all()):
        return None
    rows, columns = (np.unique(np.linspace(0, n - 1, min(n, 33)).round().astype(int)) for n in latitude.shape)
    thin = np.ix_(rows, columns)
    lat, lon = (np.asarray(c[thin], dtype=np.float64) for c in (latitude, longitude))
    best = _best((crs,) if crs else KNOWN, lat, lon, rows, columns)
    if isinstance(best, str):
        raise ScaleAdaptError(f"crs {crs}: {best}")
    if best[0] > TOLERANCE:
        if crs:
            off = f"off by {best[0]:.2g} pixels" if np.isfinite(best[0]) else "far from it"
            raise ScaleAdaptError(f"crs {crs}: the grid's rows and columns are not regular in it ({off}).")
        return None
    _, (y0, dy), (x0, dx), mapping, axes = best
    y, x = (start + step * np.arange(n) for start, step, n in zip((y0, x0), (dy, dx), latitude.shape, strict=True))
    return Projection(mapping, axes, y, x)


def _best(candidates: Sequence[str], lat: np.ndarray, lon: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> Any:
    """(misfit in pixels, (y0, dy), (x0, dx), mapping, axes) of the best candidate, or what is wrong with one."""
    module = pyproj()
    found = []
    for text in candidates:
        try:
            crs = module.CRS.from_user_input(text)
            mapping, axes = grid_mapping(crs)
        except (module.exceptions.CRSError, ScaleAdaptError) as error:
            return str(error)
        if crs.is_geographic and not crs.is_derived:
            x, y = np.unwrap(lon, axis=1, period=360), lat
        else:
            x, y = module.Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(lon, lat)
        digits = 8 if crs.is_geographic else 3
        (y0, dy, off_y), (x0, dx, off_x) = _line(y, rows, digits), _line(x.T, columns, digits)
        misfit = max(off_y, off_x)
        # polar grids of other standard parallels fit alike but for their step: take the one that is whole metres
        odd = not crs.is_geographic and any(abs(step - round(step)) > 1e-3 for step in (dy, dx))
        found.append(((misfit > TOLERANCE, odd, misfit), misfit, (y0, dy), (x0, dx), mapping, axes))
    return min(found, key=lambda fit: fit[0])[1:]


def _line(values: np.ndarray, index: np.ndarray, digits: int) -> tuple[float, float, float]:
    """Start, step and misfit (in steps) of the equal steps along axis 0, rounded to a millimetre or 1e-8 degrees."""
    if not np.isfinite(values).all():
        return 0.0, 1.0, np.inf
    step, start = np.polyfit(index, values.mean(axis=1), 1)
    step, start = round(float(step), digits), round(float(start), digits)
    if step == 0:
        return start, step, np.inf
    return start, step, float(np.abs(values - (start + step * index)[:, None]).max() / abs(step))
