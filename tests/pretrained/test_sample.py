"""The sample of real rain: what ships, and what made it."""

import runpy
import warnings
from pathlib import Path

import numpy as np
import pytest

from anemoi_scaleadapt.datasets import radklim
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.hours import HOUR
from anemoi_scaleadapt.pretrained.sample import HOURS, PATH, ROUND, load_sample

made = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "sample.py"))
make, wettest = made["make"], made["wettest"]


def test_what_ships_is_small_real_and_attributed():
    assert PATH.stat().st_size <= 400_000
    sample = load_sample()
    assert sample.rain.shape == (36, 170, 170) and set(np.diff(sample.times)) == {HOUR}
    assert sample.rain[ROUND : ROUND + HOURS].mean() > 2 * sample.rain[:ROUND].mean() > 0
    assert "CC BY 4.0" in sample.attributes["licence"]
    assert "Deutscher Wetterdienst" in sample.attributes["attribution"]


@pytest.mark.parametrize(("pair", "counts"), [((10, 3), (4, 4, 4)), ((25, 6), (2, 2, 2)), ((7, 5), (2, 2, 2))])
def test_frames_are_means_over_whole_cells_and_hours(pair, counts):
    (space, time), (early, drawn, late) = pair, counts
    sample = load_sample().cut(space)
    frames, before, after = sample.frames(space, time)
    assert (before, len(frames) - before - after, after) == (early, drawn, late)
    first = ROUND  # the first frame that is drawn begins there
    want = sample.rain[first : first + time, :space, :space].mean(dtype="f8")
    assert frames[before, 0, 0] == pytest.approx(want, rel=1e-6)


def test_the_wettest_window_keeps_its_distance_from_the_ends():
    rain = np.zeros(48)
    rain[[2, 20, 21, 22, 46]] = [9, 1, 2, 1, 9]
    assert wettest(rain) == 12 and rain[12:24].sum() == 4


@pytest.fixture
def month(tmp_path):
    """A file like that of `rain radklim`, 20 x 30 pixels, wettest from 19 May 15:00 to 18:00."""
    random = np.random.default_rng(0)
    rain = np.round(random.gamma(0.2, 1, (264, 20, 30)), 2).astype("f4")
    ends = np.datetime64("2018-05-10T01:00", "ns") + np.arange(264) * np.timedelta64(3600, "s")
    rain[np.flatnonzero(ends == np.datetime64("2018-05-19T16:00"))[0] + np.arange(3)] += np.float32(5)
    rain = np.round(rain, 2)
    y, x = np.mgrid[:20, :30] * 0.01
    path = tmp_path / "radklim.nc"
    radklim.write(radklim.describe(rain, ends, 50 + y, 5 + x, 0), path)
    return path, rain[:, ::-1], ends  # describe puts north at the top


def test_making_it_loses_nothing(month, tmp_path):
    path, rain, ends = month
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make(path, tmp_path / "sample.nc")
    sample = load_sample(tmp_path / "sample.nc")
    first = int(np.flatnonzero(ends == sample.times[0])[0])
    assert len(sample.times) == HOURS + 2 * ROUND
    assert sample.times[ROUND] <= np.datetime64("2018-05-19T16:00") < sample.times[ROUND + HOURS]
    np.testing.assert_array_equal(sample.rain, rain[first : first + 36])
    np.testing.assert_allclose(sample.longitude, np.broadcast_to(5 + np.arange(30) * 0.01, (20, 30)), atol=5e-5)
    assert sample.latitude[0, 0] > sample.latitude[-1, 0]


def test_a_wrong_source_is_named_and_leaves_no_file(tmp_path, month):
    import xarray as xr

    text, short = tmp_path / "text.nc", tmp_path / "short.nc"
    text.write_text("rain")
    with xr.open_dataset(month[0], engine="netcdf4") as data:
        data.isel(time=slice(0, 100)).to_netcdf(short, engine="netcdf4")
    for source, message in ((text, "cannot be read"), (short, "has 0 hours"), (tmp_path / "none.nc", "cannot be read")):
        with pytest.raises(ScaleAdaptError, match=f"{source.name} {message}"):
            make(source, tmp_path / "sample.nc")
    assert not list(tmp_path.glob("*sample*"))
