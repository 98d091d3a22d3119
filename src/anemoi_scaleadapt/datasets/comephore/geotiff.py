"""One Comephore frame: a GeoTIFF of one band, decoded by Pillow, its tags checked instead of assumed."""

import datetime as dt
import io
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL.TiffImagePlugin import TiffImageFile

from anemoi_scaleadapt.datasets.comephore.archive import UnreadableError
from anemoi_scaleadapt.datasets.comephore.grid import LATITUDE_OF_TRUE_SCALE, StereGrid
from anemoi_scaleadapt.errors import ScaleAdaptError


@dataclass(frozen=True)
class Kind:
    """One of the three fields of an hour: its variable, units, and how its integers are read."""

    param: str
    units: str
    divisor: int
    missing: int


#: RR and ERR are in tenths of a millimetre in the hour; QUALIF in per cent.
KINDS = {
    "RR": Kind("rain", "mm h-1", 10, 65535),
    "ERR": Kind("rain_error", "mm h-1", 10, 65535),
    "QUALIF": Kind("rain_quality", "%", 1, 255),
}

# TIFF tags and, within the directory of GeoKeys, keys: see the GeoTIFF standard (OGC 19-008r4), 7 and
# annex F.
PIXEL_SCALE, TIEPOINT, GEO_KEYS, GEO_DOUBLES = 33550, 33922, 34735, 34736
DESCRIPTION, DATE_TIME = 270, 306
GEOGRAPHIC, METHOD, ORIGIN_LATITUDE, POLE_LONGITUDE = 2048, 3075, 3081, 3095
FALSE_ORIGIN = (3082, 3083)
WGS84, POLAR_STEREOGRAPHIC = 4326, 15


def open_image(data: bytes) -> TiffImageFile:
    """Open the TIFF in ``data``; nothing is decoded yet.

    Raises
    ------
    UnreadableError
        When it is none.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Pillow warns of damaged tags, and leaves them out
            return TiffImageFile(io.BytesIO(data))
    except Exception as error:
        raise UnreadableError(f"no readable TIFF ({error})") from error


def geo_keys(tags: Mapping[int, Any]) -> dict[int, float]:
    """GeoKeys with a whole or floating number, by their code."""
    directory, doubles = tags.get(GEO_KEYS, ()), tags.get(GEO_DOUBLES, ())
    found = {}
    for start in range(4, len(directory) - 3, 4):
        key, location, count, value = directory[start : start + 4]
        if location == 0:
            found[key] = value
        elif location == GEO_DOUBLES and count == 1 and value < len(doubles):
            found[key] = doubles[value]
    return found


def grid_of(image: TiffImageFile) -> StereGrid:
    """The grid that the tags describe.

    Raises
    ------
    UnreadableError
        When the tags are damaged.
    ScaleAdaptError
        When they are absent or describe another projection than Comephore's.
    """
    tags = image.tag_v2
    if PIXEL_SCALE not in tags or TIEPOINT not in tags or GEO_KEYS not in tags:
        raise ScaleAdaptError("no GeoTIFF tags (pixel scale, tie point, GeoKeys)")
    try:
        keys = geo_keys(tags)
        sx, sy, _ = tags[PIXEL_SCALE]
        column, row, _, x, y, _ = tags[TIEPOINT]
    except (TypeError, ValueError) as error:
        raise UnreadableError(f"damaged GeoTIFF tags ({error})") from error
    expected = {
        GEOGRAPHIC: WGS84,
        METHOD: POLAR_STEREOGRAPHIC,
        ORIGIN_LATITUDE: LATITUDE_OF_TRUE_SCALE,
        POLE_LONGITUDE: 0.0,
    }
    wrong = {key: keys.get(key) for key, value in expected.items() if keys.get(key) != value}
    wrong |= {key: keys[key] for key in FALSE_ORIGIN if keys.get(key, 0.0) != 0.0}
    if wrong:
        raise ScaleAdaptError(
            "not Comephore's projection (polar stereographic, true at 45 N, longitude 0, WGS84): GeoKeys "
            + ", ".join(f"{key} = {value}" for key, value in wrong.items())
        )
    if sx != sy:
        raise ScaleAdaptError(f"pixels of {sx} x {sy} m, not square")
    return StereGrid(x - column * sx, y + row * sy, sx, image.height, image.width)


def odd_tags(image: TiffImageFile, date: dt.datetime, kind: str) -> str | None:
    """What the tags say against the file's name, if anything: another field or another hour.

    Tags that are absent say nothing.
    """
    description, stamp = (str(image.tag_v2.get(t, "")).strip("\0 ") for t in (DESCRIPTION, DATE_TIME))
    if description and description != kind:
        return f"the tag ImageDescription says {description}"
    if stamp and stamp != f"{date:%Y:%m:%d %H:%M:%S}":
        return f"the tag DateTime says {stamp}"
    return None


def decode(image: TiffImageFile, kind: str, area: tuple[slice, slice]) -> np.ndarray:
    """The values of a part of the frame.

    Parameters
    ----------
    image
        From :func:`open_image`.
    kind
        ``RR``, ``ERR`` or ``QUALIF``.
    area
        Rows and columns.

    Returns
    -------
    numpy.ndarray
        (y, x), float32: mm h-1, or per cent for QUALIF; NaN where missing.

    Raises
    ------
    UnreadableError
        When the compressed data is damaged.
    ScaleAdaptError
        When the integers have another width than this kind has.
    """
    (top, bottom, _), (left, right, _) = (s.indices(n) for s, n in zip(area, image.size[::-1], strict=True))
    try:
        raw = np.asarray(image.crop((left, top, right, bottom)))  # cropped first: less to copy
    except Exception as error:
        raise UnreadableError(f"damaged TIFF ({error})") from error
    known = KINDS[kind]
    expected = np.uint8 if known.missing == 255 else np.uint16
    if raw.ndim != 2 or raw.dtype != expected:
        raise ScaleAdaptError(f"{raw.dtype} values of shape {raw.shape}, not one band of {expected.__name__}")
    # Whole numbers of 16 bits are exact in float32, so one division is the correctly rounded value.
    values = np.divide(raw, np.float32(known.divisor), dtype=np.float32)
    values[raw == known.missing] = np.nan
    return values
