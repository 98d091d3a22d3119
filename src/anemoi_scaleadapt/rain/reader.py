"""The one reader of rain: any file, any unit, any row order -> mean rates in mm h-1 over known intervals.

NetCDF 3 and 4, Zarr 2, GRIB 1 and 2, anemoi datasets, alone or as a series of files. Whatever the file, :class:`Rain`
gives frames (member, time, y, x) in mm h-1, rows from the north and columns from the west, at the end of the interval
that each stands for, and reads only the frames asked for. What the file does not tell is asked for, never guessed.
"""

import glob
import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from anemoi_scaleadapt.errors import ScaleAdaptError, explained
from anemoi_scaleadapt.rain import series
from anemoi_scaleadapt.rain.codes import MOST
from anemoi_scaleadapt.rain.part import Part
from anemoi_scaleadapt.rain.record import Rain, nominal
from anemoi_scaleadapt.rain.told import Accumulated, Label, Leads

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Rain", "nominal", "open_rain"]

_TIFF, _HDF = (b"II*\0", b"MM\0*", b"II+\0"), b"\x89HDF\r\n\x1a\n"


def open_rain(
    source: "str | Path | Iterable[str | Path] | xr.Dataset",
    variable: str | None = None,
    *,
    units: str | None = None,
    time_label: Label | None = None,
    accumulated: Accumulated | None = None,
    leads: Leads | None = None,
    most: float = MOST,
) -> Rain:
    """Open rain.

    Parameters
    ----------
    source : path, or several, or an xarray dataset
        A NetCDF or GRIB file, a Zarr folder, an anemoi dataset; a pattern (``rain_*.nc``) or a list of files makes one
        record, ordered by its times.
    variable : str, optional
        Name of the rain: a variable, a GRIB shortName or paramId. By default ``rain``, or the only one that is rain by
        its name, standard name or paramId.
    units : str, optional
        Unit of files that give none.
    time_label : {"start", "middle", "end"}, optional
        Where the times of a file without bounds and words lie in their intervals; by default at the end.
    accumulated : {"step", "since-start", "since-midnight"}, optional
        Over what amounts are summed in a file that does not tell.
    leads : tuple of float, optional
        Hours of lead time to take: later than the first, up to the second. Without it forecasts may not overlap.
    most : float
        Rates above it are missing, mm h-1.

    Returns
    -------
    Rain
        What `units`, `time_label` and `accumulated` say is used where the file does not tell; ``understood`` says what
        was made of it.

    Raises
    ------
    ScaleAdaptError
        One line that names the file and what to do: it is not there or cannot be read; its rain, dates, grid or unit
        are not found, ambiguous or contradictory; a date comes twice; amounts grow and nothing says since when.
    """
    for name, value, choices in (("time label", time_label, Label), ("accumulated", accumulated, Accumulated)):
        if value is not None and value not in get_args(choices):
            raise ScaleAdaptError(f"{name} {value!r} is none of {', '.join(get_args(choices))}.")
    parts: Iterable[Part]
    if isinstance(source, str | Path) or not hasattr(source, "data_vars"):
        paths, shown = files(source)
        parts = (open_part(path, variable) for path in paths)
    else:
        from anemoi_scaleadapt.rain.from_netcdf import from_memory

        parts, shown = [from_memory(source, variable)], "the dataset"
    return series.assemble(parts, shown, units=units, label=time_label, accumulated=accumulated, leads=leads, most=most)


def files(source: str | Path | Iterable[str | Path]) -> tuple[list[str], str]:
    """Files of a source, and its name for messages."""
    if not isinstance(source, str | Path):
        found = [path for one in source for path in files(one)[0]]
        if not found:
            raise ScaleAdaptError("a list of no files: give at least one.")
        return found, found[0] if len(found) == 1 else f"{found[0]} ... {found[-1]} ({len(found)} files)"
    path = str(source)
    if Path(path).exists():
        return [path], path
    if glob.has_magic(path):
        found = sorted(glob.glob(path))
        if not found:
            raise ScaleAdaptError(f"{path} matches no file.")
        return found, f"{path} ({len(found)} files)" if len(found) > 1 else found[0]
    raise ScaleAdaptError(f"{path} is not there: give an existing NetCDF or GRIB file, Zarr folder, or a pattern.")


def open_part(path: str, variable: str | None) -> Part:
    """Open one file by what it holds, whatever it is called."""
    from anemoi_scaleadapt.rain.from_grib import read_grib
    from anemoi_scaleadapt.rain.from_netcdf import read_netcdf

    if Path(path).is_dir():
        return _open_folder(Path(path), path, variable)
    try:
        with open(path, "rb") as file:
            head = file.read(512)
    except OSError as error:
        raise ScaleAdaptError(f"{path} cannot be read: {error.strerror}.") from error
    if not head:
        raise ScaleAdaptError(f"{path} is empty.")
    if b"GRIB" in head and not head.startswith((b"CDF", _HDF)):
        return read_grib(path, variable)
    if head.startswith((b"CDF\1", b"CDF\2", b"CDF\5", _HDF)):
        return read_netcdf(path, variable)
    kinds = {
        _TIFF: "a GeoTIFF",
        (b"PK",): "a ZIP archive, to be unpacked",
        (b"\x1f\x8b", b"BZh"): "packed; unpack it first",
    }
    kind = next((text for starts, text in kinds.items() if head.startswith(starts)), "no rain file")
    raise ScaleAdaptError(f"{path} cannot be read: it is {kind}. NetCDF, Zarr, GRIB and anemoi datasets are read.")


def _open_folder(folder: Path, path: str, variable: str | None) -> Part:
    from anemoi_scaleadapt.rain.from_anemoi import read_anemoi
    from anemoi_scaleadapt.rain.from_netcdf import read_netcdf

    if (folder / "zarr.json").exists():
        raise ScaleAdaptError(
            f"{path} is a Zarr of version 3, which the Zarr library that anemoi-datasets asks for (2) cannot read: "
            "write it again with zarr_format=2, or as NetCDF."
        )
    if not any((folder / name).exists() for name in (".zgroup", ".zmetadata", ".zattrs")):
        raise ScaleAdaptError(
            f"{path} is a folder but no Zarr: for the files in it give a pattern, such as {path}/*.nc."
        )
    return read_anemoi(path, variable) if is_anemoi(folder) else read_netcdf(path, variable)


def is_anemoi(folder: Path) -> bool:
    """Whether a Zarr is a dataset of anemoi-datasets."""
    attributes = folder / ".zattrs"
    with explained(f"{attributes} cannot be read"):
        return attributes.exists() and "variables_metadata" in json.loads(attributes.read_text() or "{}")
