"""GRIB 1 and 2 through earthkit-data: one message is one frame of one member."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np

from anemoi_scaleadapt.errors import ScaleAdaptError, explained
from anemoi_scaleadapt.rain import names
from anemoi_scaleadapt.rain.grid import Grid, arrange
from anemoi_scaleadapt.rain.part import Part

#: Grids whose coordinates follow the order of the values however they are scanned; ecCodes gives those of all others
#: from the first point to the east and north, whatever the scanning mode says.
_ANY_SCAN = ("regular_ll", "regular_gg", "rotated_ll", "rotated_gg")
_KEYS = ("shortName", "paramId", "units", "number", "perturbationNumber", "stepType", "startStep", "endStep",
         "base_datetime", "gridType", "md5GridSection")  # fmt: skip
CANNOT = "{} cannot be read as GRIB, or is cut off or damaged"
_METHODS = {"accum": "sum", "avg": "mean", "instant": "point"}


def read_grib(path: str, variable: str | None = None) -> Part:
    """Open a GRIB file.

    Parameters
    ----------
    path : str
        File.
    variable : str, optional
        shortName or paramId of the rain.

    Raises
    ------
    ScaleAdaptError
        If the file is cut off, has no rain or more than one, several grids, or one without rows and columns.
    """
    import pyproj  # noqa: F401  (before eccodes: the other order crashes)

    with explained(CANNOT.format(path)):
        import earthkit.data

        fields = earthkit.data.from_source("file", path)
        told = [_keys(field, number, path) for number, field in enumerate(fields)]
    name = _choose(told, variable, path)
    chosen = [n for n, keys in enumerate(told) if name in (keys["shortName"], str(keys["paramId"]))]
    units = sorted({str(told[n]["units"]) for n in chosen})
    kinds = sorted({str(told[n]["stepType"]) for n in chosen})
    for what, found in (("units", units), ("types of step", kinds)):
        if len(found) > 1 and not (what == "types of step" and set(found) <= {"accum", "instant"}):
            raise ScaleAdaptError(f"{path}: {name} has several {what} ({', '.join(found)}): split the file.")
    if kinds[0] in ("max", "min"):
        raise ScaleAdaptError(f"{path}: {name} is the {kinds[0]}imum of an interval, no mean: name another --variable.")
    if len({told[n]["md5GridSection"] for n in chosen}) > 1:
        raise ScaleAdaptError(f"{path}: the messages of {name} lie on several grids: split the file.")
    with explained(CANNOT.format(path)):
        grid = _grid(fields[chosen[0]], path)
    members = sorted({_member(told[n]) for n in chosen})
    spans = [_span(told[n], path) for n in chosen]
    slots = sorted(set(spans))
    place = {(span, _member(told[n])): n for n, span in zip(chosen, spans, strict=True)}
    if len(place) < len(chosen):
        raise ScaleAdaptError(
            f"{path}: {len(chosen) - len(place)} messages of {name} come twice (date, step and member): keep one."
        )

    def read(index: np.ndarray) -> np.ndarray:
        out: np.ndarray | None = None
        with explained(CANNOT.format(path)):
            for k, i in enumerate(index):
                for m, member in enumerate(members):
                    if (found := place.get((slots[int(i)], member))) is None:
                        continue
                    values = np.asarray(fields[found].values, "float64").reshape(_shape(fields[found]))
                    if out is None:
                        out = np.full((len(members), len(index), *values.shape), np.nan)
                    out[m, k] = values
        if out is None:
            raise ScaleAdaptError(f"{path}: none of the messages asked for is there.")
        return out

    ends = np.array([slot[2] for slot in slots], "int64")
    starts = np.array([slot[1] for slot in slots], "int64")
    base = np.array([slot[0] for slot in slots], "int64")
    bounds = None if kinds == ["instant"] else np.stack([starts, ends], axis=1)
    return Part(
        path, name, units[0], ends, grid, len(members), read, bounds, base, method=_METHODS.get(kinds[-1]),
        since="?" if bounds is None else None,
    )  # fmt: skip


def _keys(field: Any, number: int, path: str) -> dict[str, Any]:
    try:
        keys = {key: field.metadata(key, default=None) for key in _KEYS}
    except Exception as error:
        raise ScaleAdaptError(f"{path} cannot be read as GRIB: message {number + 1} is cut off or damaged.") from error
    if keys["shortName"] is None:
        raise ScaleAdaptError(f"{path} cannot be read as GRIB: message {number + 1} is cut off or damaged.")
    return keys


def _choose(told: list[dict[str, Any]], variable: str | None, path: str) -> str:
    if not told:
        raise ScaleAdaptError(f"{path} holds no GRIB message.")
    if variable is not None and any(variable == str(keys["paramId"]) for keys in told):
        return variable
    fields = {str(keys["shortName"]): {"GRIB_paramId": keys["paramId"], "standard_name": ""} for keys in told}
    return names.choose(fields, variable, path)


def _member(keys: dict[str, Any]) -> int:
    number = keys["number"] if keys["number"] is not None else keys["perturbationNumber"]
    return int(number or 0)


def _span(keys: dict[str, Any], path: str) -> tuple[int, int, int]:
    """Start of the forecast, start and end of the interval, in seconds since 1970-01-01."""
    base = datetime.fromisoformat(str(keys["base_datetime"]))
    start, end = (base + _step(keys[key], path) for key in ("startStep", "endStep"))
    base_s, start_s, end_s = (int(np.datetime64(d, "s").astype("int64")) for d in (base, start, end))
    return base_s, start_s, end_s


def _step(step: Any, path: str) -> timedelta:
    """A step of ecCodes: hours, or a number with its unit."""
    text = str(step)
    unit = {"s": "seconds", "m": "minutes", "h": "hours", "D": "days"}.get(text[-1:], None)
    try:
        return timedelta(**{unit or "hours": float(text[:-1] if unit else text)})
    except ValueError as error:
        raise ScaleAdaptError(f"{path}: its step {text!r} is not understood: convert it to hours.") from error


def _shape(field: Any) -> tuple[int, int]:
    """Shape of the values in the order in which they are scanned; a reduced grid is one row."""
    rows, columns = field.shape if len(field.shape) == 2 else (1, *field.shape)
    return (columns, rows) if field.metadata("jPointsAreConsecutive", default=0) else (rows, columns)


def _grid(field: Any, path: str) -> Grid:
    latitude, longitude = positions(field, path)
    if len(field.shape) != 2:
        return Grid(latitude.shape, latitude, longitude)
    consecutive = field.metadata("jPointsAreConsecutive", default=0)
    return arrange(latitude.shape, path, latitude, longitude, names="xy" if consecutive else "yx")


def positions(field: Any, path: str) -> tuple[np.ndarray, np.ndarray]:
    """Latitudes and longitudes of a field of earthkit-data in the order of its values.

    Parameters
    ----------
    field : Field
        Of a GRIB file.
    path : str
        For messages.

    Returns
    -------
    tuple of ndarray
        Degrees, both (first axis, second axis) as the file scans them, or (1, n) of a reduced grid.

    Raises
    ------
    ScaleAdaptError
        If the field is scanned in an order whose coordinates ecCodes does not give, or has no rows.
    """
    kind = str(field.metadata("gridType"))
    if len(field.shape) != 2 and not kind.startswith("reduced_"):
        raise ScaleAdaptError(
            f"{path} is on the grid {kind}, which has no rows: interpolate it to a regular one first."
        )
    scan = {key: int(field.metadata(key, default=0) or 0) for key in
            ("iScansNegatively", "jScansPositively", "jPointsAreConsecutive", "alternativeRowScanning")}  # fmt: skip
    usual = scan["jScansPositively"] and not scan["iScansNegatively"] and not scan["jPointsAreConsecutive"]
    if scan["alternativeRowScanning"] or not (kind in _ANY_SCAN or kind.startswith("reduced_") or usual):
        raise ScaleAdaptError(
            f"{path} scans its {kind} grid in an order ({scan}) whose coordinates ecCodes does not give: convert it to "
            "NetCDF, or to rows from west to east that go north."
        )
    shape, points = _shape(field), field.to_latlon(flatten=True)
    latitude, longitude = (np.asarray(points[key], "float64").reshape(shape) for key in ("lat", "lon"))
    return latitude, longitude
