"""What a recipe may say to the sources ``comephore`` and ``rain`` and to the filter ``coarsen``."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from anemoi_scaleadapt.rain.told import Accumulated, Label
from anemoi_scaleadapt.settings import Name, Settings

Places = Annotated[int, Field(ge=0)]
Pixels = Annotated[int, Field(ge=1)]


def listed(value: Any) -> Any:
    """A single text as a list of it."""
    return (value,) if isinstance(value, str) else value


Paths = Annotated[
    tuple[Name, ...],
    BeforeValidator(listed),
    Field(strict=False, min_length=1, json_schema_extra={"rule": "a path, a pattern, or a list of them"}),
]


class Crop(Settings):
    """Rows and columns of a grid."""

    row: Places
    col: Places
    height: Pixels
    width: Pixels


class CoarsenSettings(Settings):
    """Keys of ``coarsen``."""

    factor: Pixels
    """pixels on a side of a block; must divide the (cropped) grid"""
    min_valid: Annotated[float, Field(gt=0, le=1)] = 1.0
    """smallest share of valid pixels for which a block has a value; 1 is strict: any missing pixel makes it missing"""
    crop: Crop | None = None
    """taken first; for sources that cannot crop"""
    shape: Annotated[tuple[Pixels, Pixels], Field(strict=False)] | None = None
    """rows and columns of a source with flat fields (``anemoi-dataset``)"""


class ComephoreSettings(Settings):
    """Keys of ``comephore``."""

    path: Paths
    """a tar, a frame (``.gtif``), a folder of either, a glob, or a list"""
    kinds: Annotated[
        tuple[Literal["RR", "ERR", "QUALIF"], ...], BeforeValidator(listed), Field(strict=False, min_length=1)
    ] = ("RR",)
    """of ``RR`` (variable ``rain``), ``ERR`` (``rain_error``), ``QUALIF`` (``rain_quality``, per cent)"""
    crop: dict[str, int | float] | None = Field(
        default=None,
        json_schema_extra={
            "rule": "{row, col, height, width} in pixels, or {west, south, east, north} in degrees, or null"
        },
    )
    """the part to read; null: all"""
    missing_files: Literal["error", "nan"] = "error"
    """``nan``: hours that are not there or cannot be read are missing, with a warning"""
    min_quality: Annotated[float, Field(ge=0, le=100)] | None = None
    """pixels with a lower QUALIF are missing. QUALIF is 0 everywhere in the early years (before about 2007): with this
    key they are all missing"""


class RainSettings(Settings):
    """Keys of ``rain``."""

    path: Paths
    """a NetCDF or GRIB file, a Zarr folder, an anemoi dataset, a pattern, or a list of these, which make one record"""
    variable: Name | None = None
    """name of the rain in the files, where its name or standard name does not tell; in the dataset it is ``rain``"""
    units: Name | None = None
    """unit of files that give none"""
    time_label: Label | None = None
    """where the times of files without bounds lie in their intervals"""
    accumulated: Accumulated | None = None
    """over what amounts are summed in files that do not tell"""
