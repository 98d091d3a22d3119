"""The fine grid that a user names: a template, `comephore[:box]`, or a coordinate reference system with a box."""

from pathlib import Path

import numpy as np

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.proj import pyproj
from anemoi_scaleadapt.regrid.files import read_grid
from anemoi_scaleadapt.regrid.grid import Grid
from anemoi_scaleadapt.regrid.projection import WGS84, is_geographic, wkt

Box = tuple[float, float, float, float]


def read_box(text: str, where: str = "--box") -> Box:
    """West, south, east, north from ``"-5,41,10,51"``.

    Raises
    ------
    ScaleAdaptError
        If these are not four numbers in that order.
    """
    try:
        west, south, east, north = (float(word) for word in text.replace(" ", ",").split(",") if word)
    except ValueError:
        west = south = east = north = np.nan
    if not (west < east and south < north):
        raise ScaleAdaptError(f"{where} {text!r} is not west,south,east,north, such as -5,41,10,51.")
    return west, south, east, north


def find_grid(name: str, resolution: float | None = None, box: Box | None = None) -> Grid:
    """The fine grid by its name.

    Parameters
    ----------
    name : str
        A file or Zarr on the grid; ``comephore`` or ``comephore:west,south,east,north`` (degrees); or a coordinate
        reference system such as ``EPSG:2154``, with a resolution and a box.
    resolution : float, optional
        Side of a pixel in the unit of the system: metres, or degrees.
    box : tuple of float, optional
        West, south, east, north: degrees of longitude and latitude, or metres of the system if any of them is beyond
        360. It is widened to whole multiples of the resolution.

    Raises
    ------
    ScaleAdaptError
        If there is no such grid, or the resolution or box are missing or not needed.
    """
    if name == "comephore" or name.startswith("comephore:"):
        if resolution is not None:
            raise ScaleAdaptError("--resolution: Comephore's pixels have 1000 m; leave it out.")
        return _comephore(read_box(name.split(":", 1)[1], "--grid comephore:") if ":" in name else box)
    if Path(name).exists():
        if resolution is not None or box is not None:
            raise ScaleAdaptError(f"--resolution and --box say nothing of the grid of a file; {name} is one.")
        return read_grid(name)
    if not name.upper().startswith(("EPSG:", "ESRI:", "+PROJ=", "OGC:")):
        raise ScaleAdaptError(
            f"--grid {name}: no such file. Name a NetCDF, Zarr, GRIB or GeoTIFF file on the fine grid, comephore, "
            "comephore:west,south,east,north, or a system such as EPSG:2154 with --resolution and --box."
        )
    if resolution is None or box is None or not resolution > 0:
        raise ScaleAdaptError(f"--grid {name} needs --resolution 1000 (metres) and --box west,south,east,north.")
    return _system(name, resolution, box)


def _comephore(box: Box | None) -> Grid:
    from anemoi_scaleadapt.datasets.comephore.grid import PROJ_STRING, StereGrid

    grid = StereGrid()
    if box is not None:
        grid = grid.crop(**grid.box(*box))
    return Grid.on_axes("comephore", *grid.axes, PROJ_STRING, grows=box is not None)


def _system(name: str, resolution: float, box: Box) -> Grid:
    """Rows from north to south, cell edges at multiples of the resolution."""
    system = wkt(name, "--grid")
    west, south, east, north = box
    if not is_geographic(system) and max(abs(v) for v in box) <= 360:
        change = pyproj().Transformer.from_crs(WGS84, system, always_xy=True)
        west, south, east, north = change.transform_bounds(west, south, east, north, densify_pts=50)
        if not np.isfinite([west, south, east, north]).all():
            raise ScaleAdaptError(f"--box {box} lies outside the reach of {name}.")
    tiny = 1e-6
    first = [int(np.floor(v / resolution + tiny)) for v in (west, south)]
    last = [int(np.ceil(v / resolution - tiny)) for v in (east, north)]
    ny, nx = last[1] - first[1], last[0] - first[0]
    if min(ny, nx) < 2 or ny * nx > 100_000_000:
        unit = "degrees" if is_geographic(system) else "m"
        raise ScaleAdaptError(
            f"--grid {name}: the box holds {ny} x {nx} pixels of {resolution:g} {unit}. "
            "Is the resolution in the unit of the system?"
        )
    x = (first[0] + np.arange(nx) + 0.5) * resolution
    y = (last[1] - np.arange(ny) - 0.5) * resolution
    return Grid.on_axes(name, x, y, name, grows=True)
