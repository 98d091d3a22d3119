"""Invented Comephore months, in the official format byte for byte: for tests and benchmarks.

The rain is a field of smoothed noise that moves 7 rows and 11 columns an hour; it has the archive's integers
and missing values, not its climate.
"""

import datetime as dt
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, TiffImagePlugin

from anemoi_scaleadapt.datasets.comephore.geotiff import KINDS
from anemoi_scaleadapt.datasets.comephore.grid import StereGrid
from anemoi_scaleadapt.hours import ONE_HOUR

# WGS84, polar stereographic, true at 45 N, longitude 0, metres: the GeoKeys of a national frame.
GEO_KEYS = (
    (1, 1, 0, 10), (1024, 0, 1, 1), (1025, 0, 1, 1), (2048, 0, 1, 4326), (3075, 0, 1, 15), (3076, 0, 1, 9001),
    (3080, 34736, 1, 1), (3081, 34736, 1, 0), (3082, 34736, 1, 2), (3083, 34736, 1, 3), (3095, 34736, 1, 4),
)  # fmt: skip
GEO_DOUBLES = (45.0, 0.0, 0.0, 0.0, 0.0)
DOUBLE, SHORT = 12, 3


def encode(
    values: np.ndarray,
    date: dt.datetime,
    kind: str,
    grid: StereGrid,
    doubles: tuple[float, ...] = GEO_DOUBLES,
) -> bytes:
    """One frame as an LZW GeoTIFF.

    Parameters
    ----------
    values
        (y, x), integers as stored: tenths of a millimetre in uint16, per cent in uint8.
    date
        End of the hour.
    kind
        ``RR``, ``ERR`` or ``QUALIF``.
    grid
        For the tie point and the pixel size.
    doubles
        GeoDoubleParams; others than the default describe another projection.
    """
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags.tagtype.update({33550: DOUBLE, 33922: DOUBLE, 34736: DOUBLE, 34735: SHORT})
    tags[33550] = (grid.pixel, grid.pixel, 0.0)
    tags[33922] = (0.0, 0.0, 0.0, grid.left, grid.top, 0.0)
    tags[34735], tags[34736] = tuple(n for key in GEO_KEYS for n in key), doubles
    tags[270], tags[305], tags[306], tags[315] = (
        kind,
        "COMEPHORE",
        f"{date:%Y:%m:%d %H:%M:%S}",
        "METEO FRANCE",
    )
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "TIFF", compression="tiff_lzw", tiffinfo=tags)
    return buffer.getvalue()


def hours(
    grid: StereGrid, start: dt.datetime, count: int, seed: int = 0, missing: tuple[slice, slice] | None = None
) -> Iterator[tuple[dt.datetime, dict[str, np.ndarray]]]:
    """Dates and stored integers of successive hours.

    Parameters
    ----------
    grid
        For the shape.
    start
        End of the first hour.
    count
        Number of hours.
    seed
        Of the noise.
    missing
        Rows and columns that have no value; by default a corner of a tenth of each side.
    """
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(seed)
    ny, nx = grid.shape
    noise = gaussian_filter(rng.standard_normal((2 * ny, 2 * nx)), max(min(ny, nx) / 20, 1), mode="wrap")
    noise /= noise.std()
    missing = missing or (slice(0, ny // 10), slice(0, nx // 10))
    for hour in range(count):
        moved = np.roll(noise, (7 * hour, 11 * hour), (0, 1))[:ny, :nx]
        rain = np.where(moved > 0.8, 10 * np.expm1(1.3 * (moved - 0.8)) + 1, 0) * (0.7 + 0.6 * rng.random((ny, nx)))
        rain = np.clip(rain, 0, 3000).astype(np.uint16)
        frames = {"RR": rain, "ERR": rain // 5, "QUALIF": np.full((ny, nx), 84, np.uint8)}
        for kind, frame in frames.items():
            frame[missing] = KINDS[kind].missing
        yield start + hour * ONE_HOUR, frames


def write_months(
    folder: Path,
    grid: StereGrid,
    start: dt.datetime,
    count: int,
    kinds: tuple[str, ...] = ("RR",),
    seed: int = 0,
    missing: tuple[slice, slice] | None = None,
) -> None:
    """Write monthly tars ``H_COMEPHORE_YYYYMM.tar``; the hour that ends a month is in that month's tar.

    The parameters are those of :func:`hours`, which gives what is written here.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tars: dict[str, tarfile.TarFile] = {}
    for date, frames in hours(grid, start, count, seed, missing):
        month = f"{date - ONE_HOUR:%Y%m}"
        if month not in tars:
            tars[month] = tarfile.open(folder / f"H_COMEPHORE_{month}.tar", "w")
        for kind in kinds:
            add_member(tars[month], f"{date:%Y}/{date:%Y%m%d%H}_{kind}.gtif", encode(frames[kind], date, kind, grid))
    for tar in tars.values():
        tar.close()


def add_member(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    """Add bytes to a tar under a name."""
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))
