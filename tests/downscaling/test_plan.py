"""Inputs in the shapes that services have, understood and brought to the blocks of a fine grid."""

import numpy as np
import pyproj
import pytest
import xarray as xr

from anemoi_scaleadapt.bias.fit import fit
from anemoi_scaleadapt.downscaling.plan import frame_hours, make_plan
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.rain.reader import open_rain
from anemoi_scaleadapt.regrid.cells import of_grid
from anemoi_scaleadapt.regrid.grid import edges
from anemoi_scaleadapt.regrid.named import find_grid
from anemoi_scaleadapt.regrid.records import grid_of
from anemoi_scaleadapt.regrid.weights import make_weights

LAT, LON = np.arange(49.0, 44.9, -0.25), np.arange(-0.5, 5.1, 0.25)
GRID = find_grid("EPSG:2154", 1000, (600_000, 6_600_000, 700_000, 6_700_000))


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def era5(path, hours=12, step=1, members=None):
    """Total precipitation in metres over each hour, as ERA5 has it, rain in the middle only."""
    shape = (hours, len(LAT), len(LON)) if members is None else (hours, members, len(LAT), len(LON))
    rain = np.random.default_rng(0).gamma(0.5, 1e-3, shape)
    rain[..., :4, :] = rain[..., -4:, :] = rain[..., :, :5] = rain[..., :, -6:] = 0
    times = np.datetime64("2020-01-01T00", "ns") + step * np.arange(1, hours + 1) * np.timedelta64(1, "h")
    dims = ("time", "latitude", "longitude") if members is None else ("time", "number", "latitude", "longitude")
    coordinates = {"time": times, "latitude": LAT, "longitude": LON}
    if members is not None:
        coordinates["number"] = np.arange(members)
    data = xr.Dataset({"tp": (dims, rain, {"units": "m", "long_name": "Total precipitation"})}, coordinates)
    data.latitude.attrs["units"], data.longitude.attrs["units"] = "degrees_north", "degrees_east"
    data.to_netcdf(path)
    return str(path), rain


def test_era5_becomes_blocks_of_25_km_and_keeps_its_water(tmp_path):
    path, rain = era5(tmp_path / "e.nc")
    plan = make_plan(open_rain(path), GRID)
    plane = pyproj.Proj("+proj=cea +ellps=WGS84")
    assert (plan.s, plan.t, plan.blocks.shape, plan.realizations) == (25, 1, (4, 4), 1)
    (stretch,) = plan.stretches()
    assert stretch.coarse.shape == (12, 4, 4) and str(stretch.times[0]) == "2020-01-01T01:00:00"
    x, _ = plane(edges(LON), 0 * edges(LON))
    _, y = plane(0 * edges(LAT), edges(LAT))
    area = np.abs(np.diff(y))[:, None] * np.diff(x) / 1e6
    wide = find_grid("EPSG:2154", 1000, (450_000, 6_450_000, 850_000, 6_850_000))
    around = make_plan(open_rain(path), wide, space=25)
    (whole,) = around.stretches()
    weights = make_weights(of_grid(grid_of(open_rain(path))), around.blocks)
    water = (whole.coarse * weights.area).sum((1, 2))
    np.testing.assert_allclose(water, (1000 * rain * area).sum((1, 2)), rtol=2e-6)  # float32


def test_the_table_says_what_was_understood(tmp_path):
    path, _ = era5(tmp_path / "e.nc", members=2)
    table = make_plan(open_rain(path), GRID).table()
    told = (
        "tp",
        "means over 1 h",
        "2020-01-01T01:00:00Z",
        "s = 25",
        "squares of 22.9 km",
        "t = 1",
        "4 x 4",
        "100.0%",
        "not taken out",
    )
    assert [words for words in told if words not in table] == []


def test_a_part_of_its_time(tmp_path):
    """Hours, and halves of them: the half that ends at 02:30 is part of the hour that ends at 03:00."""
    path, _ = era5(tmp_path / "e.nc")
    period = [np.datetime64(f"2020-01-01T{hour}", "s") for hour in ("03", "05")]
    whole, part = make_plan(open_rain(path), GRID), make_plan(open_rain(path), GRID, start=period[0], end=period[1])
    (stretch,) = part.stretches()
    assert [str(time)[11:13] for time in stretch.times] == ["03", "04", "05"]
    np.testing.assert_array_equal(stretch.coarse, whole.coarse.at(whole.raw.times[2:5])[0])
    assert part.digest() != whole.digest() == make_plan(open_rain(path), GRID).digest()
    data = (
        xr.open_dataset(path)
        .load()
        .assign_coords(time=np.datetime64("2020-01-01T00:30", "ns") + np.arange(12) * np.timedelta64(30, "m"))
    )
    data.to_netcdf(tmp_path / "h.nc")
    halves = make_plan(open_rain(str(tmp_path / "h.nc")), GRID, start=period[0], end=period[1])
    assert [str(time)[11:13] for time in halves.raw.times] == ["03", "04", "05"]
    with pytest.raises(ScaleAdaptError, match="none of its intervals ends from 2021-01-01T00:00:00Z to 2020-01-01T12"):
        make_plan(open_rain(path), GRID, start=np.datetime64("2021-01-01", "s"))


def test_members_are_kept_apart_and_gaps_cut_stretches(tmp_path):
    path, _ = era5(tmp_path / "e.nc", members=2)
    data = xr.open_dataset(path).isel(time=[0, 1, 2, 6, 7]).load()
    data["time_bnds"] = (("time", "n"), np.stack([data.time.values - np.timedelta64(1, "h"), data.time.values], 1))
    data.time.attrs["bounds"] = "time_bnds"
    data.to_netcdf(tmp_path / "g.nc")
    stretches = list(make_plan(open_rain(str(tmp_path / "g.nc")), GRID).stretches())
    assert [(s.realization, len(s.times)) for s in stretches] == [(0, 3), (1, 3), (0, 2), (1, 2)]
    assert not np.allclose(stretches[0].coarse, stretches[1].coarse)


def test_finer_than_an_hour_is_averaged_and_six_hours_stay(tmp_path):
    path, _ = era5(tmp_path / "e.nc", hours=4, step=6)
    plan = make_plan(open_rain(path), GRID)
    assert plan.t == 6 and len(plan.raw.times) == 4
    hourly, _ = era5(tmp_path / "h.nc", hours=4)
    np.testing.assert_allclose(
        next(plan.stretches()).coarse * 6, next(make_plan(open_rain(hourly), GRID).stretches()).coarse, rtol=1e-5
    )
    assert frame_hours(0.5, "x") == 1 and frame_hours(3, "x") == 3
    for hours, words in ((24, "showers"), (1.5, "whole number")):
        with pytest.raises(ScaleAdaptError, match=words):
            frame_hours(hours, "x")


def test_bias_is_taken_out_on_the_blocks_and_the_raw_rain_is_there(tmp_path, numpy_quantiles):
    path, _ = era5(tmp_path / "e.nc", hours=120)
    plan = make_plan(open_rain(path), GRID)
    blocks = next(plan.stretches())
    mapping = fit(blocks.coarse, 0.5 * blocks.coarse, blocks.times, hours=1, km=25)
    fair = next(make_plan(open_rain(path), GRID, mapping=mapping).stretches())
    np.testing.assert_allclose(fair.coarse, 0.5 * blocks.coarse, rtol=1e-3, atol=1e-3)
    np.testing.assert_array_equal(fair.raw, blocks.coarse)


def test_rain_as_fine_as_the_grid_is_refused(tmp_path):
    path, _ = era5(tmp_path / "e.nc")
    with pytest.raises(ScaleAdaptError, match="nothing to super-resolve"):
        make_plan(open_rain(path), find_grid("EPSG:4326", 0.25, (1, 46, 3, 48)))


def test_a_forecast_on_a_reduced_gaussian_grid_goes_straight_to_blocks(tmp_path):
    """Members of total precipitation from the start of the forecast in metres, as IFS and AIFS write them."""
    import eccodes

    path = tmp_path / "ens.grib2"
    with open(path, "wb") as file:
        for member in (1, 2):
            for step in (6, 12):
                handle = eccodes.codes_grib_new_from_samples("reduced_gg_pl_32_grib2")
                keys = {
                    "productDefinitionTemplateNumber": 11, "typeOfFirstFixedSurface": 1, "paramId": 228,
                    "stepType": "accum", "dataDate": 20200101, "dataTime": 0, "startStep": 0, "endStep": step,
                    "number": member, "numberOfForecastsInEnsemble": 2, "bitsPerValue": 24,
                }  # fmt: skip
                for key, value in keys.items():
                    eccodes.codes_set(handle, key, value)
                # 6 mm in the first 6 hours, 12 mm in the next, times the member's number
                size = eccodes.codes_get_size(handle, "values")
                eccodes.codes_set_values(handle, np.full(size, member * (0.006 if step == 6 else 0.018)))
                eccodes.codes_write(handle, file)
                eccodes.codes_release(handle)
    plan = make_plan(open_rain(str(path)), GRID)
    assert (plan.s, plan.t, plan.realizations) == (25, 6, 2) and "smoother" in plan.table()
    first, second = plan.stretches()
    np.testing.assert_allclose(first.coarse[:, 0, 0], [1, 2], rtol=1e-4)  # mm h-1
    np.testing.assert_allclose(second.coarse[:, -1, -1], [2, 4], rtol=1e-4)
