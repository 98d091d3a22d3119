"""The filter `coarsen` behind sources that are not ours: a GRIB file, and a Zarr that is built already."""

import datetime as dt

import numpy as np
import pytest

from anemoi_scaleadapt.hours import ONE_HOUR

NY, NX, HOURS, S = 15, 20, 6, 5
#: Ends of hours, over the turn of a month.
DATES = [dt.datetime(2020, 2, 29, 22) + k * ONE_HOUR for k in range(HOURS)]
#: Steps of 2**-20 kg m-2 s-1 are exact in GRIB's packing.
STEP = 2.0**-20


@pytest.fixture(scope="module")
def rate():
    """Rain in kg m-2 s-1 (time, y, x), float64, with two missing pixels in one hour."""
    values = np.random.default_rng(3).gamma(0.3, 900, (HOURS, NY, NX)).round().clip(max=9000) * STEP
    values[1, 7, 6:8] = np.nan
    return values


@pytest.fixture(scope="module")
def grib(rate, tmp_path_factory):
    """GRIB 2, `tprate` on a regular longitude-latitude grid, one forecast with hourly steps."""
    import eccodes

    path = tmp_path_factory.mktemp("grib") / "rain.grib2"
    base = DATES[0] - ONE_HOUR
    with open(path, "wb") as file:
        for step, field in enumerate(rate, 1):
            message = eccodes.codes_grib_new_from_samples("regular_ll_sfc_grib2")
            keys = {
                "Ni": NX, "Nj": NY,
                "latitudeOfFirstGridPointInDegrees": 50.0, "latitudeOfLastGridPointInDegrees": 50.0 - (NY - 1) / 10,
                "longitudeOfFirstGridPointInDegrees": 2.0, "longitudeOfLastGridPointInDegrees": 2.0 + (NX - 1) / 10,
                "iDirectionIncrementInDegrees": 0.1, "jDirectionIncrementInDegrees": 0.1,
                "dataDate": int(f"{base:%Y%m%d}"), "dataTime": int(f"{base:%H%M}"), "step": step,
                "shortName": "tprate", "bitsPerValue": 24, "bitmapPresent": 1, "missingValue": -1.0,
            }  # fmt: skip
            for key, value in keys.items():
                eccodes.codes_set(message, key, value)
            eccodes.codes_set_values(message, np.nan_to_num(field, nan=-1.0).ravel())
            eccodes.codes_write(message, file)
            eccodes.codes_release(message)
    return path


def block_mean(rain):
    return rain.reshape(HOURS, NY // S, S, NX // S, S).mean(axis=(2, 4))


def check(found, rain):
    expected = block_mean(rain)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    assert np.isnan(expected).sum() == 1
    assert np.nanmax(np.abs(found - expected)) < 1e-6


def test_a_grib_file_in_other_units_gives_its_block_means(build, grib, rate, tmp_path):
    pipe = [
        {"grib": {"path": str(grib), "param": "tprate"}},
        {"rename": {"param": {"tprate": "rain"}}},
        {"rescale": {"param": "rain", "scale": 3600, "offset": 0}},
        {"coarsen": {"factor": S}},
    ]
    group, found = build({"pipe": pipe}, DATES, tmp_path / "coarse.zarr")
    assert group.attrs["field_shape"] == [NY // S, NX // S]
    assert group.attrs["variables"] == ["rain"]
    check(found, rate * 3600)
    # The first block lies in the middle of rows 0 .. 4 and columns 0 .. 4.
    assert group["latitudes"][0] == pytest.approx(49.8, abs=1e-3)
    assert group["longitudes"][0] == pytest.approx(2.2, abs=1e-6)


def test_a_built_zarr_gives_its_block_means_when_told_its_rows_and_columns(build, grib, rate, tmp_path):
    fine = tmp_path / "fine.zarr"
    build({"grib": {"path": str(grib), "param": "tprate"}}, DATES, fine)
    source = {"anemoi-dataset": {"dataset": str(fine)}}
    pipe = [source, {"coarsen": {"factor": S, "shape": [NY, NX]}}]
    group, found = build({"pipe": pipe}, DATES, tmp_path / "coarse.zarr")
    assert group.attrs["field_shape"] == [NY // S, NX // S]
    check(found, rate)
    assert group["latitudes"][0] == pytest.approx(49.8, abs=1e-3)
