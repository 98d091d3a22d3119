"""Hourly rain of 0.25 degrees over France to blocks of 25 km: seconds and memory of a year, read from NetCDF.

python benchmarks/regrid.py [--hours 1000 8760] [--degrees 0.25]
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np


def write(path, hours, degrees):
    import netCDF4

    lat, lon = np.arange(52.0, 40.0, -degrees), np.arange(-6.0, 11.0, degrees)
    random = np.random.default_rng(0)
    with netCDF4.Dataset(path, "w") as file:
        for name, size in (("time", None), ("latitude", len(lat)), ("longitude", len(lon))):
            file.createDimension(name, size)
        time_ = file.createVariable("time", "i4", ("time",))
        time_.units = "hours since 2020-01-01"
        for name, values, unit in (("latitude", lat, "degrees_north"), ("longitude", lon, "degrees_east")):
            axis = file.createVariable(name, "f8", (name,))
            axis[:], axis.units = values, unit
        rain = file.createVariable("tp", "f4", ("time", "latitude", "longitude"), zlib=True, complevel=1)
        rain.units = "m"
        for first in range(0, hours, 240):
            n = min(240, hours - first)
            time_[first : first + n] = np.arange(first + 1, first + n + 1)
            rain[first : first + n] = np.maximum(random.normal(-1, 1, (n, len(lat), len(lon))), 0) / 1000


def measure(path):
    from anemoi_scaleadapt.downscaling.plan import make_plan
    from anemoi_scaleadapt.rain.reader import open_rain
    from anemoi_scaleadapt.regrid.named import find_grid

    began = time.perf_counter()
    grid = find_grid("EPSG:2154", 1000, (-5, 41.5, 9.5, 51.2))
    named = time.perf_counter()
    plan = make_plan(open_rain(path), grid)
    planned = time.perf_counter()
    (stretch,) = plan.stretches()
    done = time.perf_counter()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"{len(stretch.times)} hours to {plan.blocks.shape[0]} x {plan.blocks.shape[1]} blocks of {plan.s} km: grid "
        f"{named - began:.1f} s, weights {planned - named:.1f} s, read and regridded {done - planned:.1f} s; "
        f"at most {memory:.2f} GB"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=int, nargs="+", default=[1000, 8760])
    parser.add_argument("--degrees", type=float, default=0.25)
    parser.add_argument("--measure", metavar="FILE", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        measure(args.measure)
        return
    with tempfile.TemporaryDirectory() as folder:
        for hours in args.hours:
            path = Path(folder) / f"{hours}.nc"
            write(path, hours, args.degrees)
            fresh = os.environ | {"XDG_CACHE_HOME": folder}  # weights are made, not read
            subprocess.run([sys.executable, __file__, "--measure", str(path)], check=True, env=fresh)
            path.unlink()


if __name__ == "__main__":
    main()
