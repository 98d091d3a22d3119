"""What people's files do to rain: one line an instance. Every file holds RAIN; the reader gives it back.

RAIN is (8 hours, 6 rows from the north, 8 columns from the west), mm h-1, at the ends of the hours; no flip, turn or
shift of it looks like itself.
"""

import netCDF4
import numpy as np
import pytest
import xarray as xr

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.hours import HOUR
from anemoi_scaleadapt.rain.reader import open_rain
from anemoi_scaleadapt.rain.steps import averaged
from rain.files import AXES, ENDS, LAT, LON, RAIN, SINCE, SUMS, N, base, bounded, curved, hours, save

POLE = {
    "grid_mapping_name": "rotated_latitude_longitude",
    "grid_north_pole_latitude": 90.0,
    "grid_north_pole_longitude": 180.0,
}

COORDINATES = {
    "north first": lambda: base(),
    "south first": lambda: base(RAIN[:, ::-1], lat=LAT[::-1]),
    "east first": lambda: base(RAIN[:, :, ::-1], lon=LON[::-1]),
    "time, lon, lat": lambda: base(RAIN.swapaxes(1, 2), dims=("time", "lon", "lat")),
    "lon, south first, time last": lambda: base(
        RAIN[:, ::-1].transpose(2, 1, 0), lat=LAT[::-1], dims=("lon", "lat", "time")
    ),
    "0..360": lambda: base(lon=LON + 360),
    "2-D": lambda: curved(),
    "2-D south first": lambda: curved(LAT[::-1], rain=RAIN[:, ::-1]),
    "2-D, 0..360": lambda: curved(lon=LON + 360),
    "2-D, axes x, y": lambda: curved(rain=RAIN).transpose("time", "x", "y"),
    "2-D, axes that lie": lambda: curved(dims=("x", "y")),
    "2-D on i, j": lambda: curved(dims=("j", "i")),
    "2-D on axes without meaning": lambda: curved(dims=("a", "b")).transpose("time", "b", "a"),
    "2-D on easting, northing": lambda: curved(dims=("northing", "easting")).transpose("time", "easting", "northing"),
    "radians": lambda: base(lat=np.radians(LAT), lon=np.radians(LON)).assign_coords(
        lat=("lat", np.radians(LAT), {"units": "radian", "standard_name": "latitude"}),
        lon=("lon", np.radians(LON), {"units": "radian", "standard_name": "longitude"}),
    ),
    "WRF": lambda: curved(LAT[::-1], rain=RAIN[:, ::-1], dims=("south_north", "west_east"))
    .assign_coords(XLAT=(("time", "south_north", "west_east"), np.broadcast_to(
        np.meshgrid(LAT[::-1], LON, indexing="ij")[0], RAIN.shape), {"units": "degree_north"}))
    .assign_coords(XLONG=(("time", "south_north", "west_east"), np.broadcast_to(
        np.meshgrid(LAT[::-1], LON, indexing="ij")[1], RAIN.shape), {"units": "degree_east"}))
    .drop_vars(["latitude", "longitude"]),
    "edges with bounds": lambda: base(lat=LAT - 0.05, lon=LON - 0.05).assign(
        lat_bnds=(("lat", "nv"), np.stack([LAT - 0.05, LAT + 0.05], 1)),
        lon_bnds=(("lon", "nv"), np.stack([LON - 0.05, LON + 0.05], 1)),
    ).assign_coords(
        lat=("lat", LAT - 0.05, {"units": "degrees_north", "bounds": "lat_bnds"}),
        lon=("lon", LON - 0.05, {"units": "degrees_east", "bounds": "lon_bnds"}),
    ),
    "corners": lambda: curved().drop_vars(["latitude", "longitude"]).assign(
        latitude=(("yc", "xc"), np.tile(50.05 - 0.1 * np.arange(7)[:, None], 9), {"units": "degrees_north"}),
        longitude=(("yc", "xc"), np.tile(4.95 + 0.1 * np.arange(9), (7, 1)), {"units": "degrees_east"}),
    ),
    "a height of one": lambda: base().expand_dims(height=[2.0], axis=1),
    "rotated pole": lambda: base(RAIN[:, ::-1], lat=LAT[::-1], dims=("time", "rlat", "rlon"), grid_mapping="pole")
    .drop_vars(["lat", "lon"])
    .assign_coords(
        rlat=("rlat", LAT[::-1], {"units": "degrees", "standard_name": "grid_latitude"}),
        rlon=("rlon", LON, {"units": "degrees", "standard_name": "grid_longitude"}),
        pole=((), 0, POLE),
    ),
}  # fmt: skip

TIMES = {
    "ends": lambda: base(),
    "float hours that miss": lambda: hours(base(), N - 1e-6),
    "float32 days since 1950": lambda: hours(
        base(), ((ENDS - np.datetime64("1950-01-01", "ns")) / np.timedelta64(1, "D")).astype("f4"),
        "days since 1950-01-01",
    ),
    "an offset": lambda: hours(base(), N + 2, f"hours since {SINCE} 00:00:00 +02:00"),
    "bounds, label at the start": lambda: bounded(hours(base(), N - 1), N - 1, N),
    "bounds, label in the middle": lambda: bounded(hours(base(), N - 0.5), N - 1, N),
    "bounds that nobody names": lambda: bounded(hours(base(), N - 1), N - 1, N).assign_coords(
        time=("time", N - 1, {"units": f"hours since {SINCE}"})
    ),
    "words for the start": lambda: hours(base(), N - 1, long_name="start of the accumulation interval"),
    "words for the middle": lambda: hours(base(), N - 0.5, long_name="midpoint of the averaging interval"),
    "a label on the left": lambda: hours(base(), N - 1, label="left"),
    "words for the end": lambda: base(long_name="mean rain over the preceding hour"),
    "in no order": lambda: base().isel(time=[3, 0, 1, 2, 7, 6, 5, 4]),
    "valid_time": lambda: base().rename(time="valid_time"),
    "time without a coordinate of its name": lambda: base()
    .drop_vars("time").rename_dims(time="t").assign_coords(when=("t", N, {"units": f"hours since {SINCE}"})),
    "WRF XTIME": lambda: base().drop_vars("time").rename_dims(time="Time").assign_coords(
        XTIME=("Time", 60.0 * N, {"units": f"minutes since {SINCE} 00:00:00"})
    ),
    "WRF XTIME, described": lambda: base().drop_vars("time").rename_dims(time="Time").assign_coords(
        XTIME=("Time", 60.0 * N, {"units": "", "description": "minutes since simulation start"})
    ).assign_attrs(SIMULATION_START_DATE=f"{SINCE}_00:00:00"),
    "cfgrib: step and valid_time": lambda: base(dims=("step", "lat", "lon")).drop_vars("time").assign_coords(
        time=((), 0, {"units": f"hours since {SINCE}", "standard_name": "time"}),
        step=("step", N, {"units": "hours", "standard_name": "forecast_period"}),
        valid_time=("step", N, {"units": f"hours since {SINCE}", "standard_name": "time"}),
    ),
    "cfgrib without valid_time": lambda: base(dims=("step", "lat", "lon")).drop_vars("time").assign_coords(
        time=((), 0, {"units": f"hours since {SINCE}", "standard_name": "time"}), step=("step", N, {"units": "hours"}),
    ),
    "base date and lead time": lambda: base(RAIN[None], dims=("init_time", "lead_time", "lat", "lon"))
    .drop_vars("time").assign_coords(
        init_time=("init_time", [0], {"units": f"hours since {SINCE}"}),
        lead_time=("lead_time", N / 24, {"units": "days"}),
    ),
    "two runs of four hours": lambda: base(RAIN.reshape(2, 4, 6, 8), dims=("time", "step", "lat", "lon"), times={
        "time": ("time", [0, 4], {"units": f"hours since {SINCE}", "standard_name": "forecast_reference_time"}),
        "step": ("step", N[:4], {"units": "hours"}),
    }),
    "lead time before the start": lambda: base(
        RAIN.reshape(2, 4, 6, 8).swapaxes(0, 1), dims=("step", "time", "lat", "lon"),
        times={"time": ("time", [0, 4], {"units": f"hours since {SINCE}"}), "step": ("step", N[:4], {"units": "hours"}),
               "valid_time": (("time", "step"), np.add.outer([0, 4], N[:4]), {"units": f"hours since {SINCE}"})}),
    "a date beside its lead time": lambda: base().assign_coords(
        forecast_reference_time=((), 0, {"units": f"hours since {SINCE}"}),
        forecast_period=("time", N, {"units": "hours"}),
    ),
    "noleap": lambda: hours(base(), N, calendar="noleap"),
    "julian": lambda: hours(base(), N, calendar="julian"),
}  # fmt: skip

AMOUNTS = {
    "hourly mm": lambda: (base(units="mm"), {}),
    "hourly kg m-2, summed": lambda: (base(units="kg m-2", cell_methods="time: sum"), {}),
    "hourly m by bounds": lambda: (bounded(hours(base(RAIN / 1000, units="m"), N - 1), N - 1, N), {}),
    "growing bounds": lambda: (bounded(hours(base(SUMS, units="mm", cell_methods="time: sum"), N), 0 * N, N), {}),
    "growing bounds from midnight twice": lambda: (
        bounded(
            hours(base(np.concatenate([SUMS[:4], SUMS[4:] - SUMS[3]]), units="mm"), N),
            np.repeat([0, 4], 4), N,
        ), {},
    ),
    "means since the start by bounds": lambda: (bounded(hours(base(SUMS / N[:, None, None]), N), 0 * N, N), {}),
    "since the start, said by the user": lambda: (base(SUMS, units="mm"), {"accumulated": "since-start"}),
    "since the start, in words": lambda: (
        base(SUMS, units="mm", long_name="rain accumulated since start of forecast"), {},
    ),
    "total precipitation since the start": lambda: (
        base(SUMS, units="mm", long_name="Total precipitation since the start of the forecast"), {},
    ),
    "GRIB_stepType accum, growing": lambda: (base(SUMS / 1000, units="m", GRIB_stepType="accum"), {}),
    "GRIB_stepType accum of each hour": lambda: (base(RAIN / 1000, units="m", GRIB_stepType="accum"), {}),
    "begun anew": lambda: (
        base(np.concatenate([SUMS[:4], SUMS[4:] - SUMS[3]]), units="mm"), {"accumulated": "since-start"},
    ),
    "lead times, since the start": lambda: (
        base(np.concatenate([0 * SUMS[:1], SUMS]), times=np.arange(9), units="mm", dims=("step", "lat", "lon"),
             GRIB_stepType="accum").drop_vars("time").assign_coords(
            time=((), 0, {"units": f"hours since {SINCE}", "standard_name": "time"}),
            step=("step", np.arange(9), {"units": "hours"})), {},
    ),
    "no unit, said by the user": lambda: (base(RAIN / 3600, units=None), {"units": "kg m-2 s-1"}),
    "label said by the user": lambda: (hours(base(), N - 1), {"time_label": "start"}),
    "middle said by the user": lambda: (hours(base(), N - 0.5), {"time_label": "middle"}),
}  # fmt: skip

NAMES = {
    **{
        name: lambda name=name: base(name=name)
        for name in ("tp", "pr", "precip", "precipitation", "TOT_PREC", "RR", "prec")
    },
    "a standard name": lambda: base(name="v1", standard_name="lwe_precipitation_rate").assign(
        t2m=(AXES, RAIN, {"units": "K"})
    ),
    "a GRIB name": lambda: base(name="var228", GRIB_shortName="tp").assign(t2m=(AXES, RAIN, {"units": "K"})),
    "a paramId": lambda: base(name="p", GRIB_paramId=228).assign(t2m=(AXES, RAIN, {"units": "K"})),
    "rain beside its mean": lambda: base().assign(rain_mean=(AXES, RAIN * 0, {"units": "mm h-1"})),
    "the only field": lambda: base(name="Band1"),
    "convective rain beside it": lambda: base(name="pr").assign(
        cp=(AXES, RAIN, {"standard_name": "convective_precipitation_flux"})
    ),
}  # fmt: skip


def expect(rain, times=ENDS, abs=2e-3):
    assert rain.times.tolist() == times.astype("datetime64[s]").tolist()
    assert rain.interval == HOUR
    assert rain.latitude == pytest.approx(np.broadcast_to(LAT[:, None], (6, 8)), abs=1e-5)
    assert rain.longitude == pytest.approx(np.broadcast_to(LON, (6, 8)), abs=1e-5)
    assert rain.at(rain.times)[0] == pytest.approx(RAIN, abs=abs)
    assert rain.at(rain.times[[5]])[0, 0] == pytest.approx(RAIN[5], abs=abs)
    assert rain.frames(np.array([2])).dtype == np.float32


@pytest.mark.parametrize("case", [*COORDINATES])
def test_coordinates_decide(case, tmp_path):
    expect(open_rain(save(COORDINATES[case](), tmp_path / "a.nc")))


@pytest.mark.parametrize("case", [*TIMES])
def test_times(case, tmp_path):
    expect(open_rain(save(TIMES[case](), tmp_path / "a.nc")))


def test_dates_as_characters(tmp_path):
    """WRF's Times(Time, DateStrLen)."""
    path = save(base().drop_vars("time").rename_dims(time="Time"), tmp_path / "a.nc")
    with netCDF4.Dataset(path, "a") as file:
        file.createDimension("DateStrLen", 19)
        text = file.createVariable("Times", "S1", ("Time", "DateStrLen"))
        text[:] = np.array([list(str(t)[:19].replace("T", "_")) for t in ENDS], "S1")
    expect(open_rain(path))


@pytest.mark.parametrize("case", [*AMOUNTS])
def test_amounts_and_flags(case, tmp_path):
    data, told = AMOUNTS[case]()
    expect(open_rain(save(data, tmp_path / "a.nc"), **told))


def test_sums_since_midnight(tmp_path):
    """Four values before and four after 00 UTC; the first one stands for all of its day so far and is left out."""
    times = ENDS - np.timedelta64(4, "h")
    sums = np.concatenate([SUMS[:4], SUMS[4:] - SUMS[3]])
    rain = open_rain(save(base(sums, times=times, units="mm"), tmp_path / "a.nc"), accumulated="since-midnight")
    assert rain.times.tolist() == times[1:].astype("datetime64[s]").tolist() and rain.interval == HOUR
    assert rain.at(rain.times)[0] == pytest.approx(RAIN[1:], abs=2e-3)


@pytest.mark.parametrize("case", [*NAMES])
def test_names_of_rain(case, tmp_path):
    expect(open_rain(save(NAMES[case](), tmp_path / "a.nc")))


# ---------------------------------------------------------------------------------------------------------------------
# forms: NetCDF 3, Zarr, groups, packed numbers, series of files, members


def test_netcdf3_and_zarr(tmp_path):
    path = tmp_path / "a.nc"
    hours(base(), N).to_netcdf(path, engine="scipy", format="NETCDF3_64BIT")
    expect(open_rain(path))
    base().to_zarr(tmp_path / "a.zarr")
    expect(open_rain(str(tmp_path / "a.zarr") + "/"))


def test_a_zarr_whose_chunks_were_never_written_is_dry(tmp_path):
    dry = base(np.where(RAIN > 1, RAIN, 0))
    dry.to_zarr(tmp_path / "a.zarr", encoding={"rain": {"_FillValue": 0.0}})
    rain = open_rain(tmp_path / "a.zarr")
    assert rain.at(rain.times)[0] == pytest.approx(np.where(RAIN > 1, RAIN, 0))


def test_a_group_of_its_own(tmp_path):
    """IMERG: the group Grid, (time, lon, lat), seconds in the calendar julian."""
    path = tmp_path / "a.nc"
    data = hours(base(RAIN.swapaxes(1, 2), name="precipitation", dims=("time", "lon", "lat"), units="mm/hr"), N * 3600,
                 f"seconds since {SINCE} 00:00:00 UTC", "julian")  # fmt: skip
    data.to_netcdf(path, engine="netcdf4", group="Grid")
    expect(open_rain(path))


PACKED = {
    "declared": ("i2", {"scale_factor": 0.01, "_FillValue": -999}, -999),
    "missing_value of another type": ("i2", {"scale_factor": 0.01, "missing_value": -999.0}, -999),
    "the default of NetCDF, not declared": ("i2", {"scale_factor": 0.01}, -32767),
    "unsigned, not declared": ("u2", {"scale_factor": 0.01}, 65535),
    "above valid_max": ("i2", {"scale_factor": 0.01, "valid_max": np.int16(20000)}, 20001),
    "a byte, not declared": ("u1", {"scale_factor": 0.1}, 255),
    "the least of 16 bits, not declared": ("i2", {"scale_factor": 0.01}, -32768),
    "an offset": ("i2", {"scale_factor": 0.01, "add_offset": 300.0, "_FillValue": -32768}, -32768),
    "another attribute": ("f4", {"CodeMissingValue": "-9999.9"}, -9999.9),
    "floats, not declared": ("f4", {}, -9999.0),
    "NetCDF's default, not declared": ("f4", {}, 9.969209968386869e36),
    "infinite": ("f4", {}, np.inf),
    "655.35": ("f4", {}, 655.35),
}


@pytest.mark.parametrize("case", [*PACKED])
def test_codes_are_missing(case, tmp_path):
    kind, attributes, code = PACKED[case]
    scale, offset = attributes.get("scale_factor", 1), attributes.get("add_offset", 0)
    with netCDF4.Dataset(tmp_path / "a.nc", "w") as file:
        for name, values, units in (("time", N, f"hours since {SINCE}"), ("lat", LAT, "degrees_north"),
                                    ("lon", LON, "degrees_east")):  # fmt: skip
            file.createDimension(name, len(values))
            file.createVariable(name, "f8", (name,))[:] = values
            file[name].units = units
        rain = file.createVariable("rain", kind, AXES, fill_value=attributes.get("_FillValue"))
        rain.set_auto_maskandscale(False)
        rain.setncatts({"units": "mm h-1", **{k: v for k, v in attributes.items() if k != "_FillValue"}})
        values = (RAIN - offset) / scale
        values = (np.round(values) if kind != "f4" else values).astype(kind)
        values[:, 2, 3] = code
        rain[:] = values
    rain = open_rain(tmp_path / "a.nc")
    found = rain.at(rain.times)[0]
    assert np.isnan(found[:, 2, 3]).all() and np.isnan(found).sum() == 8
    right = RAIN.copy()
    right[:, 2, 3] = np.nan
    assert found == pytest.approx(right, abs=scale if kind == "u1" else 2e-3, nan_ok=True)
    declared = kind != "f4" or attributes
    assert rain.counts == ({} if declared else {"codes": 8}) or case == "NetCDF's default, not declared"


def test_a_trace_below_zero_is_dry_and_more_is_an_error(tmp_path):
    rain = open_rain(save(base(np.where(RAIN < 0.1, np.float32(-1e-6), RAIN)), tmp_path / "a.nc"))
    assert rain.at(rain.times)[0] == pytest.approx(np.where(RAIN < 0.1, 0, RAIN))
    wrong = open_rain(save(base(np.where(RAIN < 0.1, np.float32(-0.3), RAIN)), tmp_path / "b.nc"))
    with pytest.raises(ScaleAdaptError, match=r"b\.nc: \d+ of 384 cells have negative rain, down to -0.3"):
        wrong.at(wrong.times)


def test_zero_declared_as_missing_is_dry(tmp_path):
    rain = open_rain(save(base(_FillValue=np.float32(0)), tmp_path / "a.nc"))
    assert rain.at(rain.times)[0] == pytest.approx(RAIN)


def test_a_series_is_ordered_by_its_times(tmp_path):
    for number, hour in zip((1, 10, 11, 2, 3, 4, 5, 6), range(8), strict=True):
        save(base().isel(time=[hour]), tmp_path / f"rain_{number}.nc")
    expect(open_rain(f"{tmp_path}/rain_*.nc"))
    expect(open_rain(sorted(tmp_path.glob("rain_*.nc"), reverse=True)))


def test_parts_that_lie_otherwise(tmp_path):
    """One file north first, the other south first and x before y."""
    one = save(base().isel(time=slice(4)), tmp_path / "a.nc")
    two = save(
        base(RAIN[:, ::-1].swapaxes(1, 2), lat=LAT[::-1], dims=("time", "lon", "lat")).isel(time=slice(4, 8)),
        tmp_path / "b.nc",
    )
    expect(open_rain([two, one]))


MEMBERS = ("realization", "number", "ens_number", "member_id", "ensemble_member", "ensemble", "Member")


@pytest.mark.parametrize("name", MEMBERS)
def test_members(name, tmp_path):
    three = np.stack([RAIN, 2 * RAIN, 3 * RAIN], axis=-1)
    rain = open_rain(save(base(three, dims=(*AXES, name)), tmp_path / "a.nc"))
    found = rain.at(rain.times)
    assert found.shape == (3, 8, 6, 8) and found[2] == pytest.approx(3 * RAIN, rel=1e-5)


def test_two_versions_of_era5(tmp_path):
    """expver 1 and 5: where one is missing the other is there."""
    both = np.stack(
        [np.where(N[:, None, None] < 5, RAIN, np.nan), np.where(N[:, None, None] < 5, np.nan, RAIN)], axis=1
    )
    expect(open_rain(save(base(both, dims=("time", "expver", "lat", "lon")), tmp_path / "a.nc")))


def test_a_projection_gives_latitude_and_longitude(tmp_path):
    """Lambert 93 round Paris, y from the south, in km."""
    y, x = 6862.0 + 2 * np.arange(6), 652.0 + 2 * np.arange(8)
    data = xr.Dataset(
        {"rain": (("time", "y", "x"), RAIN[:, ::-1], {"units": "mm h-1", "grid_mapping": "crs"})},
        {
            "time": ENDS,
            "y": ("y", y, {"units": "km"}),
            "x": ("x", x, {"units": "km"}),
            "crs": ((), 0, {"spatial_ref": "EPSG:2154"}),
        },
    )
    rain = open_rain(save(data, tmp_path / "a.nc"))
    assert rain.at(rain.times)[0] == pytest.approx(RAIN)
    assert rain.y.tolist() == (1000 * y[::-1]).tolist() and rain.x.tolist() == (1000 * x).tolist()
    assert rain.latitude[-1, 0] == pytest.approx(48.857, abs=0.01) and rain.longitude[-1, 0] == pytest.approx(
        2.346, abs=0.01
    )
    assert "Lambert" in rain.crs and rain.pixel_km == pytest.approx(2, abs=0.01)


def test_a_calendar_of_360_days_keeps_order_and_names(tmp_path):
    data = hours(base(), 24 * 58 + 12 + N, "hours since 2001-01-01", "360_day")  # the night to the 30th of February
    rain = open_rain(save(data, tmp_path / "a.nc"))
    assert (np.diff(rain.times) == HOUR).all() and rain.at(rain.times)[0] == pytest.approx(RAIN)
    assert [str(d)[:13] for d in rain.dates()[[0, -1]]] == ["2001-02-29 13", "2001-02-29 20"]


def test_steps_of_30_minutes_become_hours(tmp_path):
    half = base(np.repeat(RAIN, 2, axis=0) * np.tile([0.5, 1.5], 8)[:, None, None].astype("f4"),
                times=ENDS[0] + (np.arange(16) - 1) * np.timedelta64(30, "m"))  # fmt: skip
    rain = open_rain(save(half, tmp_path / "a.nc"))
    assert rain.interval == HOUR / 2
    expect(averaged(rain))
    three = averaged(rain, 3 * HOUR)
    assert three.at(three.times)[0, 0] == pytest.approx(RAIN[:3].mean(axis=0), abs=1e-3)
    with pytest.raises(ScaleAdaptError, match=r"stand for 0\.5 h"):
        averaged(rain, np.timedelta64(2700, "s"))
