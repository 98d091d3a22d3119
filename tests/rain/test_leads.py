"""Forecasts that overlap: one range of lead times is one record."""

import numpy as np
import pytest
import xarray as xr

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.hours import HOUR
from anemoi_scaleadapt.rain.reader import open_rain
from anemoi_scaleadapt.rain.told import read_leads
from rain.files import LAT, LON
from rain.test_from_grib import TP, message

#: three daily runs of 36 hours in steps of 3, mm in each step
RAIN = np.random.default_rng(0).gamma(0.5, 2, (3, 12, len(LAT), len(LON)))
DAYS = np.datetime64("2018-05-18", "ns") + np.arange(3) * np.timedelta64(1, "D")


def grib(path, grows):
    fields = RAIN.cumsum(1) if grows else RAIN
    spans = [f"{0 if grows else 3 * k}-{3 * k + 3}" for k in range(12)]
    path.write_bytes(
        b"".join(
            message(fields[run, k], {**TP, "dataDate": 20180518 + run, "stepRange": spans[k]})
            for run in range(3)
            for k in range(12)
        )
    )


def netcdf(path, grows, label="end"):
    """Sums since the start, or mean rates."""
    values, units = (RAIN.cumsum(1), "mm") if grows else (RAIN / 3, "mm h-1")
    step = 3 * np.arange(12) + {"start": 0, "end": 3}[label]
    axes = ("forecast_reference_time", "step", "lat", "lon")
    said = {"long_name": "rain accumulated since the start" if grows else f"rain, {label} of the interval"}
    xr.Dataset(
        {"rain": (axes, values, {"units": units, **said})},
        {
            "forecast_reference_time": DAYS,
            "step": ("step", step, {"units": "hours", "standard_name": "forecast_period"}),
            "lat": ("lat", LAT, {"units": "degrees_north"}),
            "lon": ("lon", LON, {"units": "degrees_east"}),
        },
    ).to_netcdf(path)


FILES = {
    "GRIB, since the start": lambda path: grib(path, True),
    "GRIB, of each step": lambda path: grib(path, False),
    "NetCDF, since the start": lambda path: netcdf(path, True),
    "NetCDF, rates": lambda path: netcdf(path, False),
    "NetCDF, rates at the start": lambda path: netcdf(path, False, "start"),
}


@pytest.mark.parametrize("name", [*FILES])
def test_a_range_of_lead_times_is_one_record(name, tmp_path):
    path = tmp_path / "a"
    FILES[name](path)
    for first, last in ((0, 24), (12, 36), (21, 24)):
        rain = open_rain(path, leads=(first, last))
        each = slice(first // 3, last // 3)
        assert rain.times[0] == DAYS[0].astype("M8[s]") + (first + 3) * HOUR and set(rain.lengths) == {3 * HOUR}
        np.testing.assert_array_equal(rain.lead_hours(), np.tile(np.arange(first + 3, last + 1, 3), 3))
        expected = RAIN[:, each].reshape(-1, *RAIN.shape[2:]) / 3
        np.testing.assert_allclose(rain.at(rain.times)[0], expected, atol=0.01)
    part = open_rain(path, leads=(12, 36)).between(None, DAYS[1].astype("M8[s]"))
    np.testing.assert_array_equal(part.lead_hours(), [15, 18, 21, 24])
    for leads, words in (
        (None, "twice"),
        ((0, 36), "twice"),
        ((36, 48), "lead times from 3 to 36 h, none of 36 to 48"),
    ):
        with pytest.raises(ScaleAdaptError, match=words):
            open_rain(path, leads=leads)


def test_records_without_a_start_and_ranges_that_are_none():
    data = xr.Dataset(
        {"rain": (("time", "lat", "lon"), RAIN[0], {"units": "mm h-1"})},
        {"time": DAYS[0] + np.arange(12) * np.timedelta64(3, "h"), "lat": LAT, "lon": LON},
    )
    data.lat.attrs["units"], data.lon.attrs["units"] = "degrees_north", "degrees_east"
    assert open_rain(data).leads is None and open_rain(data).lead_hours() is None
    with pytest.raises(ScaleAdaptError, match="does not say when its forecasts began"):
        open_rain(data, leads=(0, 24))
    assert read_leads("0-24,24-48.5") == ((0, 24), (24, 48.5))
    for text in ("24", "24-0", "0-24,12-36", "0-0", "a-b", "-6-0"):
        with pytest.raises(ScaleAdaptError, match=f"--leads {text}:"):
            read_leads(text)
