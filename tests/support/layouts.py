"""Layouts of small files of members, on grids of every kind, and rain that fits them."""

import numpy as np

from anemoi_scaleadapt.datasets.comephore.grid import StereGrid, lonlat
from anemoi_scaleadapt.hours import HOUR
from anemoi_scaleadapt.proj import pyproj
from anemoi_scaleadapt.rain.layout import Layout
from anemoi_scaleadapt.rain.projection import find_projection

START = np.datetime64("2020-01-01T00:00:00", "s")
#: some national grids: projection, left and top pixel centre, size of a pixel, in its unit
GRIDS = {
    "lambert": ("EPSG:2154", 2e5, 7e6, 1000.0),
    "equal area": ("EPSG:3035", 4e6, 3e6, 1000.0),
    "stereographic": (
        "+proj=stere +lat_0=90 +lat_ts=60 +lon_0=10 +R=6370040 +units=m +no_defs",
        -523e3,
        -3758e3,
        1000.0,
    ),
    "degrees": ("EPSG:4326", -0.1, 50.0, 0.01),
}


def positions(kind, shape=(20, 30), south_first=False):
    """Latitudes and longitudes, (y, x)."""
    if kind == "comephore":
        lon, lat = lonlat(StereGrid().crop(400, 400, *shape))
    else:
        crs, left, top, step = GRIDS[kind]
        x, y = np.meshgrid(left + step * np.arange(shape[1]), top - step * np.arange(shape[0]))
        lon, lat = pyproj().Transformer.from_crs(crs, "EPSG:4326", always_xy=True).transform(x, y)
    return (lat[::-1], lon[::-1]) if south_first else (lat, lon)


def layout(kind="comephore", shape=(20, 30), hours=6, members=range(2, 5), **changes):
    """A layout of hours from 2020-01-01T01 on, the pair (5, 3)."""
    lat, lon = positions(kind, shape) if kind else (None, None)
    projection = find_projection(lat, lon) if kind else None
    times = START + (1 + np.arange(hours)) * HOUR
    more = {"reference": START, "attributes": {"scaleadapt_seed": 3}} | changes
    return Layout(times, shape, 5, 3, members, lat, lon, projection=projection, **more)


def rain_of(layout, seed=0):
    """Rain (member, hour, y, x), half of it dry, missing in three columns."""
    draw = np.random.default_rng(seed)
    rain = draw.gamma(0.3, 4, tuple(layout.sizes.values())).astype("f4")
    rain[rain < 0.5] = 0
    rain[..., :3] = np.nan
    return rain


def fill(file, layout, rain, start=0):
    """Hand over whole windows, and the mean where the layout has one."""
    for hour in range(start, len(layout.times), layout.time):
        part = slice(hour, hour + layout.time)
        file.add(layout.times[part], rain[:, part], rain[:, part].mean(axis=0) if layout.mean else None)
        file.mark(hour + layout.time)
