"""GRIB as services send it, made by ecCodes: one line an instance; the rain comes back in mm h-1."""

import numpy as np
import pytest

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.hours import HOUR
from anemoi_scaleadapt.rain.reader import open_rain
from rain.files import ENDS, LAT, LON, RAIN, SUMS

GRID = {
    "Ni": 8, "Nj": 6, "latitudeOfFirstGridPointInDegrees": 50, "latitudeOfLastGridPointInDegrees": 49.5,
    "longitudeOfFirstGridPointInDegrees": 5, "longitudeOfLastGridPointInDegrees": 5.7,
    "iDirectionIncrementInDegrees": 0.1, "jDirectionIncrementInDegrees": 0.1, "dataDate": 20180518, "dataTime": 0,
    "bitsPerValue": 24,
}  # fmt: skip
SOUTH = {"jScansPositively": 1, "latitudeOfFirstGridPointInDegrees": 49.5, "latitudeOfLastGridPointInDegrees": 50}
WEST = {"iScansNegatively": 1, "longitudeOfFirstGridPointInDegrees": 5.7, "longitudeOfLastGridPointInDegrees": 5}
TP = {"productDefinitionTemplateNumber": 8, "paramId": 228228}  # kg m-2, GRIB 2
ENSEMBLE = {"productDefinitionTemplateNumber": 11, "paramId": 228228}


def message(values, keys, sample="regular_ll_sfc_grib2"):
    import eccodes

    handle = eccodes.codes_grib_new_from_samples(sample)
    for key, value in {**GRID, **keys}.items():
        eccodes.codes_set(handle, key, value)
    if np.isnan(values).any():
        eccodes.codes_set(handle, "bitmapPresent", 1)
        eccodes.codes_set(handle, "missingValue", 9999)
    eccodes.codes_set_values(handle, np.nan_to_num(np.asarray(values, "f8"), nan=9999.0).ravel())
    out = eccodes.codes_get_message(handle)
    eccodes.codes_release(handle)
    return out


def steps(fields, spans, keys, **more):
    """Messages of fields with their step ranges."""
    return b"".join(message(f, {**keys, "stepRange": span}, **more) for f, span in zip(fields, spans, strict=True))


HOURLY = [f"{h}-{h + 1}" for h in range(8)]
GROWING = [f"0-{h + 1}" for h in range(8)]
AT = [str(h + 1) for h in range(8)]
G1 = {"indicatorOfParameter": 228, "table2Version": 128, "stepType": "accum"}

CASES = {
    "kg m-2 of each hour": lambda: steps(RAIN, HOURLY, TP),
    "kg m-2 since the start": lambda: steps(SUMS, GROWING, TP),
    "since the start, with the first step": lambda: steps([RAIN[0] * 0, *SUMS], ["0-0", *GROWING], TP),
    "m, GRIB 1, since the start": lambda: steps(SUMS / 1000, GROWING, G1, sample="regular_ll_sfc_grib1"),
    "m, GRIB 1, of each hour": lambda: steps(RAIN / 1000, HOURLY, G1, sample="regular_ll_sfc_grib1"),
    "south first": lambda: steps(RAIN[:, ::-1], HOURLY, {**TP, **SOUTH}),
    "east first": lambda: steps(RAIN[:, :, ::-1], HOURLY, {**TP, **WEST}),
    "columns first": lambda: steps(RAIN.swapaxes(1, 2), HOURLY, {**TP, "jPointsAreConsecutive": 1}),
    "0..360": lambda: steps(RAIN, HOURLY, TP),
    "mean rate of each hour": lambda: steps(
        RAIN / 3600, HOURLY, {"productDefinitionTemplateNumber": 8, "paramId": 235055}
    ),
    "mean rate since the start": lambda: steps(
        SUMS / np.arange(1, 9)[:, None, None] / 3600, GROWING, {"productDefinitionTemplateNumber": 8, "paramId": 235055}
    ),
    "rate of a moment": lambda: steps(RAIN / 3600, AT, {"paramId": 260048}),
    "two forecasts after one another": lambda: steps(RAIN[:4], HOURLY[:4], TP)
    + steps(RAIN[4:], HOURLY[:4], {**TP, "dataTime": 400}),
    "in no order": lambda: steps(SUMS[[3, 0, 7, 1, 2, 6, 5, 4]], [GROWING[i] for i in (3, 0, 7, 1, 2, 6, 5, 4)], TP),
    "beside temperature": lambda: message(RAIN[0] + 280, {"shortName": "2t"}) + steps(RAIN, HOURLY, TP),
}  # fmt: skip


@pytest.mark.parametrize("case", [*CASES])
def test_grib(case, tmp_path):
    path = tmp_path / "a.grib"
    path.write_bytes(CASES[case]())
    rain = open_rain(path)
    assert rain.times.tolist() == ENDS.astype("datetime64[s]").tolist() and rain.interval == HOUR
    assert rain.latitude == pytest.approx(np.broadcast_to(LAT[:, None], (6, 8)), abs=1e-5)
    assert rain.longitude == pytest.approx(np.broadcast_to(LON, (6, 8)), abs=1e-5)
    assert rain.at(rain.times)[0] == pytest.approx(RAIN, abs=0.01)


def test_members_missing_values_and_minutes(tmp_path):
    holes = np.where(RAIN > 2, np.nan, RAIN)
    path = tmp_path / "a.grib"
    path.write_bytes(b"".join(
        message(holes[h] * (m + 1), {**ENSEMBLE, "number": m, "stepUnits": "m", "stepRange": f"{30 * h}-{30 * h + 30}"})
        for m in range(2) for h in range(4) if (m, h) != (1, 3)
    ))  # fmt: skip
    rain = open_rain(path)
    assert rain.interval == HOUR / 2 and rain.times[0] == np.datetime64("2018-05-18T00:30")
    found = rain.at(rain.times)
    assert found.shape == (2, 4, 6, 8) and np.isnan(found[1, 3]).all()
    assert found[:, :3] == pytest.approx(np.stack([2 * holes[:3], 4 * holes[:3]]), abs=0.01, nan_ok=True)


def test_steps_that_grow_longer_are_told(tmp_path):
    path = tmp_path / "a.grib"
    path.write_bytes(steps(SUMS[:5], ["0-1", "0-2", "0-3", "0-6", "0-9"], TP))
    rain = open_rain(path)
    assert (rain.lengths / HOUR).tolist() == [1, 1, 1, 3, 3]
    with pytest.raises(ScaleAdaptError, match=r"1 h until 2018-05-18T03:00:00Z and for 3 h after it"):
        assert rain.interval
    assert rain.between(np.datetime64("2018-05-18T04"), np.datetime64("2018-05-19")).interval == 3 * HOUR


WRONG = {
    "cut off": (lambda: steps(RAIN, HOURLY, TP)[:-30], "message 8 is cut off"),
    "no rain in it": (
        lambda: message(RAIN[0], {"shortName": "2t"}) + message(RAIN[0], {"shortName": "sp"}), "none that is rain",
    ),
    "a message twice": (lambda: steps(RAIN[:1], HOURLY[:1], TP) * 2, "1 messages of tp come twice"),
    "two accumulations to one time": (
        lambda: steps(SUMS[1:2], ["0-2"], TP) + steps(RAIN[1:2], ["1-2"], TP), "T02:00:00Z twice",
    ),
    "a maximum": (
        lambda: steps(RAIN[:1], HOURLY[:1], {**TP, "stepType": "max"}),
        "maximum|none that is rain",
    ),
    "two grids": (
        lambda: steps(RAIN[:1], HOURLY[:1], TP)
        + steps(RAIN[1:2], HOURLY[1:2], {**TP, "longitudeOfFirstGridPointInDegrees": 4.9}),
        "several grids",
    ),
    "two units": (
        lambda: steps(RAIN[:1], HOURLY[:1], TP) + steps(RAIN[1:2], HOURLY[1:2], G1, sample="regular_ll_sfc_grib1"),
        "several units",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", [*WRONG])
def test_refused(case, tmp_path):
    made, words = WRONG[case]
    path = tmp_path / "a.grib"
    path.write_bytes(made())
    with pytest.raises(ScaleAdaptError, match=words) as caught:
        open_rain(path)
    assert "a.grib" in str(caught.value) and "\n" not in str(caught.value)


def test_a_reduced_grid_is_one_row_of_cells(tmp_path):
    import eccodes

    handle = eccodes.codes_grib_new_from_samples("reduced_gg_sfc_grib2")
    eccodes.codes_set(handle, "paramId", 260048)
    path = tmp_path / "a.grib"
    path.write_bytes(eccodes.codes_get_message(handle))
    rain = open_rain(path)
    assert rain.shape == (1, 6114) and rain.latitude.shape == (1, 6114) and rain.latitude[0, 0] > 85
    assert rain.frames(np.arange(1)).shape == (1, 1, 1, 6114)
