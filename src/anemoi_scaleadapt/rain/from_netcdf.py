"""NetCDF files and Zarr folders as xarray opens them, without its decoding of dates and with more codes."""

import logging
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from anemoi_scaleadapt.errors import ScaleAdaptError, explained
from anemoi_scaleadapt.rain import axes, dates, names
from anemoi_scaleadapt.rain.part import Part

LOG = logging.getLogger(__name__)
CANNOT = "{} cannot be read as NetCDF or Zarr, or is cut off or damaged"

#: What a file may call its code for missing, beside _FillValue and missing_value.
_FILLS = ("fill_value", "fillvalue", "nodata", "nodata_value", "no_data", "nodatavals", "codemissingvalue", "missing")


def read_netcdf(path: str, variable: str | None = None) -> Part:
    """Open a NetCDF file (3 or 4) or a Zarr folder (version 2).

    Parameters
    ----------
    path : str
        File or folder.
    variable : str, optional
        Name of the rain.

    Raises
    ------
    ScaleAdaptError
        If it cannot be read, or its rain, dates or grid are not found.
    """
    return read_dataset(open_raw(path), path, variable)


def from_memory(data: Any, variable: str | None = None) -> Part:
    """Open an xarray dataset as a file of it would be, without writing one."""
    import xarray as xr

    with explained(CANNOT.format("the dataset")):
        variables, attributes = xr.conventions.cf_encoder(dict(data.drop_encoding().variables), data.attrs)
    return read_dataset(xr.Dataset(variables, attrs=attributes), "the dataset", variable)


def read_dataset(data: Any, path: str, variable: str | None = None) -> Part:
    """Find the rain of a dataset that is as its file has it: nothing decoded.

    Parameters
    ----------
    data : xarray.Dataset
        Opened with ``decode_cf=False``.
    path : str
        Its name for messages.
    variable : str, optional
        Name of the rain.
    """
    name = _choose(data, variable, path)
    rain = data[name]
    if rain.dtype.kind not in "fiu":
        raise ScaleAdaptError(f"{path}: {name} holds {rain.dtype}, no numbers.")
    member = axes.member_axis(data, rain)
    clock = dates.find(data, rain, path)
    rest = [d for d in rain.dims if d != member and d not in clock.dims]
    merged = [d for d in rest if str(d).lower() == "expver"]  # ERA5 beside its preliminary: one of them is missing
    rest = axes.two(data, rain, [d for d in rest if d not in merged], member, path)
    grid = axes.grid(data, rain, rest, path)
    dropped = {d: 0 for d in rain.dims if d not in (member, *clock.dims, *merged, *rest)}
    decoded, most = _decoded(data, name, path)
    wanted = [*([member] if member is not None else []), *merged, *clock.dims, *rest]

    def read(index: np.ndarray) -> np.ndarray:
        with explained(CANNOT.format(path)):
            field = decoded.isel(dropped)
            if len(clock.dims) == 1:
                values = field.isel({clock.dims[0]: index}).transpose(*wanted).values
            elif clock.dims:
                values = _cells(field, clock.dims, np.unravel_index(index, clock.sizes), wanted)
            else:
                values = np.expand_dims(field.transpose(*wanted).values, -3)
        if merged:
            values = np.fmax.reduce(values, axis=1 if member is not None else 0)
        if most is not None:
            values = np.where(values > most, np.nan, values)
        return values if member is not None else values[None]

    return Part(
        path, name, _units(rain.attrs), clock.labels, grid, rain.sizes[member] if member is not None else 1, read,
        clock.bounds, clock.reference, clock.calendar, clock.label, clock.since, clock.method, clock.length,
        dict(data.attrs),
    )  # fmt: skip


def _units(attributes: dict[str, Any]) -> str | None:
    """The unit, under whatever name."""
    return next(
        (str(attributes[key]) for key in ("units", "unit", "Units", "UNITS", "GRIB_units") if attributes.get(key)), None
    )


def _cells(field: Any, dims: tuple[Any, ...], places: tuple[np.ndarray, ...], wanted: list[Any]) -> np.ndarray:
    """Fields at places (start, lead time) of a file with two axes of time, on one axis."""
    order = [d for d in wanted if d != dims[1]]
    parts = [field.isel({dims[0]: [i], dims[1]: j}).transpose(*order).values for i, j in zip(*places, strict=True)]
    return np.concatenate(parts, axis=-3)


def open_raw(path: str) -> Any:
    """A NetCDF file or Zarr as xarray opens it, with nothing decoded."""
    import pyproj  # noqa: F401  (before eccodes, which xarray's other engines import: the other order crashes)
    import xarray as xr

    folder = Path(path).is_dir()
    with explained(CANNOT.format(path)), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if not folder:
            _check_length(path)
        if folder:
            data = xr.open_zarr(path, decode_cf=False, chunks=None)
        else:
            data = xr.open_dataset(path, engine="netcdf4", decode_cf=False)
        if data.data_vars or folder:
            return data
        import netCDF4

        with netCDF4.Dataset(path) as file:
            groups = [name for name, group in file.groups.items() if group.variables]
        if len(groups) == 1:
            return xr.open_dataset(path, engine="netcdf4", decode_cf=False, group=groups[0])
        return data


def _check_length(path: str) -> None:
    """Raise for a classic NetCDF whose end is missing: the NetCDF library would read zeros there."""
    with open(path, "rb") as file:
        classic = file.read(4) in (b"CDF\1", b"CDF\2")
    if classic:
        from scipy.io import netcdf_file

        netcdf_file(path, "r", mmap=True).close()  # maps every variable and reads none


def _choose(data: Any, variable: str | None, path: str) -> str:
    fields = {
        name: var.attrs
        for name, var in data.variables.items()
        if var.ndim >= 2 and var.dtype.kind in "fiu" and name not in data.dims and not axes.is_place(name, var)
        and not str(name).lower().endswith(("_bnds", "_bounds", "_vertices"))
    }  # fmt: skip
    deep = {name: attributes for name, attributes in fields.items() if data[name].ndim >= 3}
    return names.choose(fields if variable is not None or not deep else deep, variable, path, data.variables)


def _decoded(data: Any, name: str, path: str) -> tuple[Any, float | None]:
    """The rain, unpacked and with NaN for declared codes when it is read; and its largest valid value."""
    import xarray as xr

    raw = data[name].variable
    attributes = dict(raw.attrs)
    packed = raw.dtype
    codes = [
        attributes.pop(key) for key in [*attributes] if str(key).lower() in (*_FILLS, "_fillvalue", "missing_value")
    ]
    scale, offset = (float(attributes.get(key, d)) for key, d in (("scale_factor", 1), ("add_offset", 0)))
    codes = [code for value in codes for code in np.atleast_1d(value).tolist()]
    valid = []
    for code in codes:
        try:
            number = float(code)
        except (TypeError, ValueError):
            continue
        whole = packed.kind in "iu"
        if whole and (number != number or number != round(number) or not _fits(number, packed)):
            continue
        if number * scale + offset == 0:  # Zarr's own default for chunks that were never written, or a mistake
            if not Path(path).is_dir():
                LOG.warning("%s: %s declares 0 as missing; it is taken as dry.", path, name)
            continue
        valid.append(number)
    if not valid and not Path(path).is_dir() and packed.itemsize > 1:
        import netCDF4

        valid = [float(netCDF4.default_fillvals[packed.str[1:]])] if packed.str[1:] in netCDF4.default_fillvals else []
    if packed.kind in "iu" and not codes:  # the ends of what a packed number can be are no rain
        valid += [float(np.iinfo(packed).max), *([float(np.iinfo(packed).min)] if packed.kind == "i" else [])]
    if valid:
        attributes["_FillValue"] = np.array(valid[0], packed)[()]
        if len(set(valid)) > 1:
            attributes["missing_value"] = np.array(valid[1:], packed)
    most = attributes.get("valid_max", np.atleast_1d(attributes.get("valid_range", [np.nan]))[-1])
    most = float(most) * scale + offset if np.asarray(most).dtype == packed and packed.kind in "iu" else float(most)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        only = xr.Dataset({name: (raw.dims, raw._data, attributes)})
        return xr.decode_cf(only, decode_times=False, decode_coords=False)[name], most if most > 0 else None


def _fits(number: float, dtype: np.dtype) -> bool:
    info = np.iinfo(dtype)
    return bool(info.min <= number <= info.max)
