"""The sample of real rain: what ships, and the function that made it."""

import warnings

import numpy as np
import pytest

from anemoi_scaleadapt.datasets import radklim
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.pretrained.sample import PATH, load_sample, make, wettest
from anemoi_scaleadapt.scale import resolve


def blocks(rain):
    *lead, y, x = rain.shape
    return rain.astype("f8").reshape(*lead, y // 10, 10, x // 10, 10).mean(axis=(-3, -1))


def test_what_ships_is_small_real_and_attributed():
    assert PATH.stat().st_size <= 300_000
    sample = load_sample()
    assert [str(t) for t in sample.window] == [f"2018-05-20T0{h}:00:00" for h in (2, 3, 4)]
    assert sample.truth.shape == (3, 170, 170) and sample.coarse.shape == (48, 17, 17)
    assert sample.truth.mean() == pytest.approx(0.6832, abs=1e-4) and sample.truth.max() == np.float32(7.81)
    assert "CC BY 4.0" in sample.attributes["licence"]
    assert "Deutscher Wetterdienst" in sample.attributes["attribution"]
    there = np.isin(sample.times, sample.window)
    np.testing.assert_allclose(sample.coarse[there], blocks(sample.truth), atol=1e-6)


def test_frames_are_three_hour_means_in_order_missing_beyond_the_record():
    sample = load_sample()
    now = int(np.flatnonzero(sample.times == sample.window[0])[0])
    scale = resolve({"space": 10, "time": 3, "context_length": 12, "lookahead": 1})
    frames = sample.frames(scale)
    assert frames.shape == (12, 17, 17) and frames.dtype == np.float32
    for place, frame in zip(range(-10, 2), frames, strict=True):
        first = now + 3 * place
        want = sample.coarse[first : first + 3].mean(axis=0) if first >= 0 else np.full((17, 17), np.nan)
        np.testing.assert_array_equal(frame, want.astype("f4"))
    assert np.isnan(frames[0]).all() and not np.isnan(frames[2:]).any()


def test_another_pair_is_refused():
    with pytest.raises(ScaleAdaptError, match=r"\(10, 3\), the model for \(5, 3\)"):
        load_sample().frames(resolve({"space": 5, "time": 3}))


def test_the_wettest_window_keeps_its_distance_from_the_ends():
    rain = np.zeros(48)
    rain[[2, 11, 20, 21, 22, 46]] = [9, 9, 1, 2, 1, 9]
    assert wettest(rain) == 20


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
    first = int(np.flatnonzero(ends == np.datetime64("2018-05-19T16:00"))[0])
    assert str(sample.window[0]) == "2018-05-19T16:00:00" and len(sample.window) == 3
    np.testing.assert_array_equal(sample.truth, rain[first : first + 3])
    np.testing.assert_allclose(sample.coarse, blocks(rain[-48:]), atol=1e-6)
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
