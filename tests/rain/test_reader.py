"""Reading: every form that is accepted, every error that stops."""

import numpy as np
import pytest

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.rain.reader import nominal, open_rain


def test_members_from_netcdf_and_zarr(write, shower):
    fields = np.stack([shower(4, 10, seed) for seed in range(3)])
    for name in ("a.nc", "a.zarr"):
        rain = open_rain(write(name, fields))
        assert rain.shape == (10, 10) and len(rain.times) == 4
        assert rain.times[0] == np.datetime64("2018-05-18T01:00:00")
        assert rain.at(rain.times[1:3]) == pytest.approx(fields[:, 1:3])
        assert rain.pixel_km == 1


def test_other_axes_names_and_orders(write, shower):
    fields = np.stack([shower(4, 10, seed) for seed in range(3)])
    rain = open_rain(write("a.nc", np.moveaxis(fields, 0, 1), dims=("time", "realization", "y", "x"), variable="pr"))
    assert rain.at(rain.times) == pytest.approx(fields)


def test_a_single_member_needs_no_axis(write, shower):
    assert open_rain(write("a.nc", shower(4, 10))).at(np.array(["2018-05-18T02:00"], "datetime64[s]")).shape[0] == 1


@pytest.mark.parametrize(("units", "factor"), [("kg m-2 s-1", 3600), ("mm/h", 1), ("mm", 1), ("m s-1", 3.6e6)])
def test_units_become_mm_per_hour(write, shower, units, factor):
    fields = shower(4, 10)
    rain = open_rain(write("a.nc", fields / factor, units=units))
    assert rain.at(rain.times)[0] == pytest.approx(fields, rel=1e-5)


@pytest.mark.parametrize("units", [None, "K", "mm d-1"])
def test_unknown_units_stop(write, shower, units):
    with pytest.raises(ScaleAdaptError, match="mm h-1"):
        open_rain(write("a.nc", shower(4, 10), units=units))


def test_errors_name_the_file(write, shower, tmp_path):
    with pytest.raises(ScaleAdaptError, match=r"nowhere\.nc is not there"):
        open_rain(str(tmp_path / "nowhere.nc"))
    (tmp_path / "text.nc").write_text("no rain")
    with pytest.raises(ScaleAdaptError, match=r"text\.nc cannot be read"):
        open_rain(str(tmp_path / "text.nc"))
    path = write("a.nc", shower(4, 10))
    with pytest.raises(ScaleAdaptError, match="no variable 'snow', only rain"):
        open_rain(path, "snow")
    with pytest.raises(ScaleAdaptError, match="no rain at 2019"):
        open_rain(path).at(np.array(["2019-01-01"], "datetime64[s]"))


def test_two_fields_that_could_be_rain_are_not_guessed(write, shower):
    more = {"tp": (("time", "y", "x"), shower(4, 10), {"units": "mm h-1"})}
    path = write("a.nc", shower(4, 10), variable="pr", more=more)
    with pytest.raises(ScaleAdaptError, match="--variable"):
        open_rain(path)
    assert open_rain(path, "tp").shape == (10, 10)


def test_times_must_increase(write, shower):
    with pytest.raises(ScaleAdaptError, match="do not increase"):
        open_rain(write("a.nc", shower(4, 10), step=-1))


def test_an_anemoi_dataset(pair):
    lr, hr = pair(space=5, hours=60, cells=8, missing=True)
    fine, coarse = open_rain(hr), open_rain(lr)
    assert fine.shape == (40, 40) and coarse.shape == (8, 8)
    values = fine.at(fine.times[:2])
    assert values.shape == (1, 2, 40, 40) and np.isnan(values[0, 0, :5, :5]).all()
    blocks = values.reshape(2, 8, 5, 8, 5).mean(axis=(2, 4))
    assert coarse.at(fine.times[:2])[0] == pytest.approx(blocks, nan_ok=True, abs=1e-5)


def test_nominal_spacing():
    assert [nominal(v) for v in (0.86, 1.07, 2.4, 1.4)] == [1, 1, 2.5, 1.4]
