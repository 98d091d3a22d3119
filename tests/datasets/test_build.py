"""The built Zarrs: a pair from recipes, over the turn of a month, and its attributes."""

import numpy as np
import pytest

from anemoi_scaleadapt.datasets import recipes
from anemoi_scaleadapt.datasets.comephore.grid import PROJ_STRING
from anemoi_scaleadapt.hours import ONE_HOUR


def pair(build, tmp_path, rain, area, dates, factor, **keys):
    made = []
    for s in (1, factor):
        recipe = recipes.recipe(rain, s, area, dates, dates, **keys)
        path = tmp_path / f"{recipe['name']}.zarr"
        more = {k: recipe[k] for k in ("build", "output", "statistics")}
        hours = [dates[0] + k * ONE_HOUR for k in range(int((dates[1] - dates[0]) / ONE_HOUR) + 1)]
        made.append(build(recipe["input"], hours, path, **more))
    return made


def test_the_pair_agrees_with_the_archive_and_with_itself(build, months, start, tmp_path):
    folder, rain = months
    source = recipes.Origin("comephore", {"comephore": {"path": f"{folder}/*.tar"}}, "", "")
    dates = (start, start + 23 * ONE_HOUR)
    area = recipes.Area(0, 0, 40, 60)
    (fine, high), (coarse, low) = pair(build, tmp_path, source, area, dates, 20)
    np.testing.assert_allclose(high, rain, atol=1e-6)
    mean = rain.reshape(24, 2, 20, 3, 20).mean(axis=(2, 4))
    np.testing.assert_array_equal(np.isnan(low), np.isnan(mean))
    assert np.nanmax(np.abs(low - mean)) < 1e-6
    assert np.isnan(mean[:, 0, 0]).all()  # the hole of the invented frames
    assert str(fine["dates"][0]) == "2019-01-31T13:00:00" and (fine["dates"][:] == coarse["dates"][:]).all()
    assert (fine.attrs["resolution"], coarse.attrs["resolution"]) == ("1km", "20km")
    assert fine.attrs["proj_string"] == coarse.attrs["proj_string"] == PROJ_STRING
    assert (fine.attrs["field_shape"], coarse.attrs["field_shape"]) == ([40, 60], [2, 3])
    assert fine.attrs["variables_metadata"]["rain"]["units"] == "mm h-1"
    assert fine["mean"][0] == pytest.approx(np.nanmean(rain), rel=1e-5)
    # A block lies in the middle of its pixels.
    lat = fine["latitudes"][:].reshape(40, 60)
    assert coarse["latitudes"][0] == pytest.approx(lat[9:11, 9:11].mean(), abs=1e-3)


def test_any_other_rain_gives_a_pair_by_the_same_filter(build, tmp_path, start):
    """RADKLIM's layout: a NetCDF with 2-D positions, cropped by the filter as its source cannot."""
    from anemoi_scaleadapt.datasets.radklim import describe, write

    values = np.random.default_rng(0).gamma(0.2, 3, (24, 13, 12)).astype(np.float32)
    ends = np.array([np.datetime64(start) + np.timedelta64(k, "h") for k in range(24)])
    lat, lon = np.meshgrid(np.linspace(50, 50.1, 13), np.linspace(8, 8.2, 12), indexing="ij")
    write(describe(values, ends.astype("M8[ns]"), lat, lon, 0), tmp_path / "radar.nc")
    source = recipes.Origin("radar", {"rain": {"path": str(tmp_path / "radar.nc")}}, "", "")
    dates = (start, start + 23 * ONE_HOUR)
    area = recipes.Area(0, 0, 13, 12).fit([4])
    (_, high), (_, low) = pair(build, tmp_path, source, area, dates, 4)
    np.testing.assert_array_equal(high, values[:, ::-1][:, :12])
    assert np.abs(low - high.astype(float).reshape(24, 3, 4, 3, 4).mean(axis=(2, 4))).max() < 1e-6
