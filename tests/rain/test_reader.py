"""Anemoi datasets, and what all records share."""

import json
import shutil

import numpy as np
import pytest
from anemoi.datasets import open_dataset

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.hours import HOUR
from anemoi_scaleadapt.rain.from_anemoi import read_static
from anemoi_scaleadapt.rain.reader import open_rain
from anemoi_scaleadapt.rain.record import nominal


def test_members_of_netcdf_and_zarr(write, shower):
    fields = np.stack([shower(4, 10, seed) for seed in range(3)])
    for name in ("a.nc", "a.zarr"):
        rain = open_rain(write(name, fields))
        assert rain.shape == (10, 10) and len(rain.times) == 4
        assert rain.times[0] == np.datetime64("2018-05-18T01:00:00")
        assert rain.at(rain.times[1:3]) == pytest.approx(fields[:, 1:3])
        assert rain.pixel_km == 1


def test_a_missing_time_is_named_with_the_period(write, shower):
    rain = open_rain(write("a.nc", shower(4, 10)))
    assert rain.at(np.array(["2018-05-18T02:00"], "datetime64[s]")).shape[0] == 1
    with pytest.raises(ScaleAdaptError, match=r"no rain at 2019.*2018-05-18T01:00:00Z to 2018-05-18T04"):
        rain.at(np.array(["2019-01-01"], "datetime64[s]"))
    assert rain.has(rain.times) and not rain.has(rain.times + HOUR)


def test_an_anemoi_dataset(pair):
    lr, hr = pair(space=5, hours=60, cells=8, missing=True)
    fine, coarse = open_rain(hr), open_rain(lr)
    assert fine.shape == (40, 40) and coarse.shape == (8, 8) and fine.interval == HOUR
    assert fine.understood["units"] == "mm h-1"
    values = fine.at(fine.times[:2])
    assert values.shape == (1, 2, 40, 40) and np.isnan(values[0, 0, :5, :5]).all()
    blocks = values.reshape(2, 8, 5, 8, 5).mean(axis=(2, 4))
    assert coarse.at(fine.times[:2])[0] == pytest.approx(blocks, nan_ok=True, abs=1e-5)


def test_a_date_that_a_dataset_lacks_is_missing_and_its_neighbours_are_there(pair, tmp_path):
    whole = open_rain(pair(space=5, hours=60, cells=8)[0])
    path = tmp_path / "gap.zarr"
    shutil.copytree(whole.path, path)
    attributes = json.loads((path / ".zattrs").read_text())
    (path / ".zattrs").write_text(json.dumps(attributes | {"missing_dates": ["2020-01-01T02:00:00"]}))
    with pytest.raises(Exception, match="is missing"):  # what anemoi makes of it
        open_dataset(str(path))[2]
    rain = open_rain(path)
    assert rain.has(whole.times)
    got, expected = rain.at(rain.times[:4])[0], whole.at(whole.times[:4])[0]
    assert np.isnan(got[2]).all()
    np.testing.assert_array_equal(np.delete(got, 2, 0), np.delete(expected, 2, 0))


@pytest.fixture
def changed(pair, tmp_path):
    """``changed(units, name)``: an anemoi dataset whose rain has other units (None: none) or another name."""

    def make(units, name="rain"):
        path = tmp_path / f"{name}.zarr"
        shutil.copytree(pair(space=5, hours=60, cells=8)[0], path)
        attributes = json.loads((path / ".zattrs").read_text())
        told = attributes["variables_metadata"].pop("rain")
        told.pop("units"), told["mars"].pop("units")
        attributes["variables_metadata"][name] = told | ({"units": units} if units else {})
        attributes["variables"] = [name]
        (path / ".zattrs").write_text(json.dumps(attributes))
        return str(path)

    return make


@pytest.mark.parametrize(("units", "factor"), [("mm d-1", 1 / 24), ("kg m-2", 1), ("mm/h", 1), (None, 1)])
def test_units_of_an_anemoi_dataset(pair, changed, units, factor):
    right = open_rain(pair(space=5, hours=60, cells=8)[0])
    rain = open_rain(changed(units))
    some = right.times[20:24]
    assert rain.at(some) == pytest.approx(
        np.where(right.at(some) * factor > 1000, np.nan, right.at(some) * factor), nan_ok=True
    )


def test_an_anemoi_dataset_without_units_needs_the_name_rain_or_the_user(changed):
    path = changed(None, "tp")
    with pytest.raises(ScaleAdaptError, match=r"tp\.zarr: tp has no units.*--units"):
        open_rain(path)
    assert open_rain(path, units="mm h-1").understood["variable"] == "tp"
    with pytest.raises(ScaleAdaptError, match="'K' is no unit of rain"):
        open_rain(changed("K", "precip"))


def test_a_static_field_keeps_its_unit_and_lies_as_the_rain(pair):
    _, hr = pair(space=5, cells=8, hours=60, statics=True)
    hill = read_static(hr, "orography")
    assert hill[0, 0] == 0 and hill[-1, -1] == pytest.approx(100 * np.hypot(0.39, 0.39), rel=1e-5)
    with pytest.raises(ScaleAdaptError, match="no variable 'lake'"):
        read_static(hr, "lake")


def test_nominal_spacing():
    assert [nominal(v) for v in (0.86, 1.07, 2.4, 1.4)] == [1, 1, 2.5, 1.4]
