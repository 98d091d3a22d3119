"""The names that people give to rain, axes, members and dates."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from anemoi_scaleadapt.errors import ScaleAdaptError

MEMBERS = (
    "member", "members", "ensemble", "ens", "number", "realization", "realisation", "sample", "samples", "ens_number",
    "member_id", "ensemble_member", "ens_member", "ensemble_id", "perturbationnumber", "realizations", "memb", "nens",
    "eps",
)  # fmt: skip
RAIN = (
    "rain", "tp", "pr", "precip", "precipitation", "tot_prec", "rr", "rainfall", "prec", "prcp", "pcp", "ppt", "apcp",
    "totprec", "tot_precip", "prate", "tprate", "avg_tprate", "mtpr", "rainrate", "rain_rate", "rainfall_rate",
    "precip_rate", "precipitation_rate", "precipitationcal", "total_precipitation", "total_precipitation_rate",
    "mean_total_precipitation_rate", "precipitation_flux", "precipitation_amount", "rainfall_amount", "rainfall_flux",
)  # fmt: skip
STANDARD_NAMES = (
    "precipitation_flux", "precipitation_amount", "lwe_precipitation_rate", "lwe_thickness_of_precipitation_amount",
    "rainfall_flux", "rainfall_amount", "rainfall_rate", "thickness_of_rainfall_amount",
)  # fmt: skip
#: What is part of the rain only, or snow.
PARTS = (
    "cp", "lsp", "crr", "lsrr", "prc", "prls", "convprec", "rainc", "rainnc", "rain_con", "rain_gsp", "sf", "sd",
    "snow", "prsn", "csf", "lsf", "snowfall", "hail", "graupel", "e", "evap", "ro",
)  # fmt: skip
#: paramId of total precipitation and its rate: tp, tp (GRIB 2), TOT_PREC, mtpr, tprate, prate, avg_tprate.
PARAM_IDS = (228, 228228, 500041, 235055, 260048, 3059, 172228, 174142)
Y = ("y", "yc", "lat", "lats", "latitude", "latitudes", "xlat", "rlat", "rlats", "row", "rows", "nrow", "nrows", "ny",
     "nlat", "j", "jj", "nj", "jm", "south_north", "northing", "northings", "north", "projection_y_coordinate",
     "grid_latitude", "y_dim", "dim_y", "ydim", "n_lat", "num_lat", "grid_y", "nav_lat")  # fmt: skip
X = ("x", "xc", "lon", "lons", "long", "longitude", "longitudes", "xlong", "rlon", "rlons", "col", "cols", "column",
     "columns", "ncol", "ncols", "nx", "nlon", "i", "ii", "ni", "im", "west_east", "easting", "eastings", "east",
     "projection_x_coordinate", "grid_longitude", "x_dim", "dim_x", "xdim", "n_lon", "num_lon", "grid_x",
     "nav_lon")  # fmt: skip
LATITUDES = ("latitude", "latitudes", "lat", "lats", "xlat", "xlat_m", "nav_lat", "lat2d", "gridlat", "g_lat")
LONGITUDES = ("longitude", "longitudes", "lon", "lons", "long", "xlong", "xlong_m", "nav_lon", "lon2d", "gridlon",
              "g_lon")  # fmt: skip
TIMES = ("time", "times", "date", "dates", "datetime", "xtime", "t", "timestamp")
VALID = ("valid_time", "verification_time", "validity_time", "validtime", "verif_time", "forecast_valid_time")
STEPS = ("step", "steps", "lead_time", "leadtime", "lead", "forecast_period", "prognosis", "forecast_hour", "fcst_hour",
         "prediction_timedelta", "fhour", "leadtimes")  # fmt: skip
REFERENCES = (
    "forecast_reference_time", "reference_time", "reftime", "init_time", "init", "initial_time", "initialization_time",
    "inittime", "analysis_time", "base_time", "basetime", "forecast_date", "run", "run_time", "cycle", "model_run",
)  # fmt: skip


class NoVariable(ScaleAdaptError):
    """The variable that was asked for is not in the file."""


def is_one(name: Any, names: tuple[str, ...]) -> bool:
    """Whether a name is one of `names`, in any case and with numbers behind it (``lat_0``, ``time1``)."""
    plain = str(name).lower()
    return plain in names or re.sub(r"[_-]?\d+$", "", plain) in names


def choose(fields: Mapping[str, Mapping[str, Any]], variable: str | None, path: str, others: Iterable[str] = ()) -> str:
    """Name of the rain among fields with their attributes.

    Parameters
    ----------
    fields : mapping
        Name -> attributes of what could be rain: fields on a grid.
    variable : str or None
        What the user says.
    path : str
        For messages.
    others : iterable of str
        Variables that are no fields, which the user may name by mistake.

    Raises
    ------
    ScaleAdaptError
        If the variable is not there, none is rain, or more than one is; their names are in the message.
    """
    known = ", ".join(map(str, fields)) or "no field at all"
    if variable is not None:
        if variable in fields:
            return variable
        if variable in others:
            raise NoVariable(f"{path}: {variable} has no rows, columns and times; its fields are {known}.")
        raise NoVariable(f"{path} has no variable {variable!r}, only {known}.")
    if "rain" in fields:
        return "rain"
    named = [name for name, attributes in fields.items() if _is_rain(name, attributes)]
    plain = [name for name in fields if "standard_name" not in fields[name] and not is_one(name, PARTS)]
    for found in (named, plain if len(fields) == 1 else []):
        if len(found) == 1:
            return found[0]
    reason = (
        f"{len(named)} that are rain by name ({', '.join(named)})" if named else f"none that is rain by name ({known})"
    )
    raise ScaleAdaptError(f"{path} has no variable 'rain' and {reason}: say which with --variable.")


def _is_rain(name: str, attributes: Mapping[str, Any]) -> bool:
    standard = str(attributes.get("standard_name", "")).lower()
    if standard in STANDARD_NAMES:
        return True
    if any(part in standard for part in ("convective", "stratiform", "large_scale", "snow", "solid", "temperature")):
        return False
    short = attributes.get("GRIB_shortName", attributes.get("GRIB_cfVarName", name))
    return is_one(name, RAIN) or is_one(short, RAIN) or attributes.get("GRIB_paramId") in PARAM_IDS
