"""What is refused, in one line that names the file and what to do: one line an instance."""

import netCDF4
import numpy as np
import pytest
import xarray as xr

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.rain.reader import open_rain
from rain.files import AXES, ENDS, LAT, LON, RAIN, SINCE, SUMS, N, base, bounded, curved, hours, save

NOTHING = {"time": ("time", N)}

REFUSED = {
    # name: dataset, options, a piece of the message
    "no unit": (lambda: base(units=None), {}, "rain has no units.*--units"),
    "a unit of something else": (lambda: base(units="K"), {}, "'K' is no unit of rain"),
    "a wrong variable": (lambda: base(), {"variable": "snow"}, "no variable 'snow', only rain"),
    "a variable that is no field": (lambda: base(), {"variable": "time"}, "time has no rows, columns and times"),
    "two that could be it": (
        lambda: base(name="tp").assign(pr=(AXES, RAIN, {"units": "mm h-1"})), {},
        r"2 that are rain by name.*tp.*pr.*--variable",
    ),
    "no rain": (lambda: base(name="a").assign(b=(AXES, RAIN)), {}, r"none that is rain by name \(a, b\).*--variable"),
    "a part of the rain alone": (lambda: base(name="cp"), {}, r"none that is rain by name \(cp\).*--variable"),
    "snow alone": (lambda: base(name="sf", standard_name="snowfall_flux"), {}, "none that is rain by name"),
    "no dates": (lambda: base(times=NOTHING), {}, "no time axis with dates|without units"),
    "no time at all": (lambda: base().isel(time=0).drop_vars("time"), {}, "no time axis with dates"),
    "lead times from nowhere": (
        lambda: base(dims=("step", "lat", "lon"), times={"step": ("step", N, {"units": "hours"})}), {},
        "no date from which they count",
    ),
    "a time zone by name": (lambda: hours(base(), N, f"hours since {SINCE} 00:00 CET"), {}, "offset from UTC"),
    "an attribute for the zone": (lambda: hours(base(), N, timezone="Europe/Berlin"), {}, "convert it to UTC"),
    "months": (lambda: hours(base(), N, "months since 2018-01-01"), {}, "no dates"),
    "a calendar nobody knows": (lambda: hours(base(), N, calendar="mayan"), {}, "calendar 'mayan'"),
    "a doubled time": (lambda: hours(base(), [1, 2, 3, 3, 4, 5, 6, 7]), {}, "2018-05-18T03:00:00Z twice"),
    "forecasts that overlap": (
        lambda: base(RAIN.reshape(2, 4, 6, 8), dims=("time", "step", "lat", "lon"), times={
            "time": ("time", [0, 2], {"units": f"hours since {SINCE}"}), "step": ("step", N[:4], {"units": "hours"}),
        }), {}, "twice.*several forecasts",
    ),
    "half past": (lambda: hours(base(), N - 0.5), {}, "--time-label start, middle or end"),
    "steps that change": (lambda: hours(base(), [1, 2, 3, 4, 7, 10, 13, 16]), {}, "its steps change at 2018-05-18T04"),
    "a growing amount": (lambda: base(SUMS, units="mm"), {}, "--accumulated since-start"),
    "a growing amount, called a sum": (lambda: base(SUMS, units="mm", cell_methods="time: sum"), {}, "--accumulated"),
    "an amount at one time": (lambda: base(units="mm").isel(time=[0]), {}, "nothing says over how long"),
    "running sums of a day": (lambda: base(units="mm", long_name="sum over 24 hours"), {}, "sums that overlap"),
    "axes without names": (
        lambda: xr.Dataset({"rain": (("time", "a", "b"), RAIN, {"units": "mm h-1"})}, {"time": ENDS}), {},
        "which of its axes runs from south to north",
    ),
    "latitudes to and fro": (lambda: base(lat=LAT[[0, 2, 1, 3, 4, 5]]), {}, "neither ascend nor descend"),
    "an axis too many": (
        lambda: base(np.stack([RAIN, RAIN]), dims=("level", *AXES)), {}, "which axis .* counts the members.*'level'",
    ),
    "a list of cells": (
        lambda: xr.Dataset({"rain": (("time", "cell"), RAIN.reshape(8, -1), {"units": "mm h-1"})}, {"time": ENDS}), {},
        "lie in one list",
    ),
    "bad options": (lambda: base(), {"time_label": "begin"}, "'begin' is none of start, middle, end"),
    "another bad option": (lambda: base(), {"accumulated": "daily"}, "'daily' is none of step"),
}  # fmt: skip


@pytest.mark.parametrize("case", [*REFUSED])
def test_refused(case, tmp_path):
    data, told, words = REFUSED[case]
    path = save(data(), tmp_path / "a.nc")
    with pytest.raises(ScaleAdaptError, match=words) as caught:
        open_rain(path, **told)
    assert "\n" not in str(caught.value)
    assert path in str(caught.value) or case.endswith("option") or case == "bad options"


def test_files_that_cannot_be_read(tmp_path):
    whole = save(base(), tmp_path / "whole.nc")
    made = {
        "text.nc": b"no rain", "empty.nc": b"", "cut.nc": open(whole, "rb").read()[:5000], "a.tif": b"II*\0rest",
        "a.zip": b"PK\3\4",
    }  # fmt: skip
    for name, content in made.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "folder").mkdir()
    (tmp_path / "three.zarr").mkdir()
    (tmp_path / "three.zarr" / "zarr.json").write_text("{}")
    for name, words in {
        "nowhere.nc": "is not there", "text.nc": "it is no rain file", "empty.nc": "is empty", "cut.nc": "cut off",
        "a.tif": "GeoTIFF", "a.zip": "ZIP", "folder": "folder but no Zarr", "three.zarr": "Zarr of version 3",
        "*.grib": "matches no file",
    }.items():  # fmt: skip
        with pytest.raises(ScaleAdaptError, match=words) as caught:
            open_rain(str(tmp_path / name))
        assert name in str(caught.value) and "\n" not in str(caught.value)
    with pytest.raises(ScaleAdaptError, match="list of no files"):
        open_rain([])


def test_a_file_that_is_cut_after_its_header_is_named_when_it_is_read(tmp_path):
    path = tmp_path / "a.nc"
    with netCDF4.Dataset(path, "w", format="NETCDF3_CLASSIC") as file:
        for name, values, units in (("time", N, f"hours since {SINCE}"), ("lat", LAT, "degrees_north"),
                                    ("lon", LON, "degrees_east")):  # fmt: skip
            file.createDimension(name, len(values))
            file.createVariable(name, "f8", (name,))[:] = values
            file[name].units = units
        rain = file.createVariable("rain", "f4", AXES)
        rain.units = "mm h-1"
        rain[:] = RAIN
    path.write_bytes(path.read_bytes()[:-700])
    with pytest.raises(ScaleAdaptError, match=r"a\.nc.*(cut off|damaged)"):
        rain = open_rain(path)
        rain.at(rain.times)


SERIES = {
    "two units": (base(units="kg m-2 s-1"), "bring them to one unit"),
    "one without a unit": (base(units=None), "has no units"),
    "another place": (base(lat=LAT - 5), "km apart"),
    "another size": (base(RAIN[:, :, :7], lon=LON[:7]), "have different grids"),
    "bounds in one": (bounded(hours(base(), N), N - 1, N), "some of its files have time bounds"),
    "another calendar": (hours(base(), N, calendar="noleap"), "calendar noleap"),
    "members": (base(np.stack([RAIN, RAIN]), dims=("member", *AXES)), "2 members"),
    "the same times": (base(), "twice"),
}


@pytest.mark.parametrize("case", [*SERIES])
def test_series_of_files_that_differ(case, tmp_path):
    other, words = SERIES[case]
    if case != "the same times":
        other = hours(other, N + 8, calendar=other.time.attrs.get("calendar")) if case != "bounds in one" else other
    paths = [save(base(), tmp_path / "a.nc"), save(other, tmp_path / "b.nc")]
    with pytest.raises(ScaleAdaptError, match=words):
        open_rain(paths)


def test_curved_grids_must_agree_too(tmp_path):
    one, two = save(curved(), tmp_path / "a.nc"), save(curved(LAT + 0.02), tmp_path / "b.nc")
    with pytest.raises(ScaleAdaptError, match=r"up to 2\.224 km apart"):
        open_rain([one, two])
