"""A trained (tiny) network on days of invented rain: same draws as at inference, same scores as by hand."""

import datetime
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from anemoi_scaleadapt.calibration import trained
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.inference.trained import open_checkpoint
from anemoi_scaleadapt.rain.reader import open_rain
from anemoi_scaleadapt.scale import resolve
from anemoi_scaleadapt.training.scores import ensemble_scores

DAY = "2020-01-02"
SCALE = resolve({"space": 5, "time": 2})


@pytest.fixture
def opened(static_checkpoint):
    path, lr, hr = static_checkpoint
    interface = open_checkpoint(path, "cpu")
    return interface, open_rain(lr), open_rain(hr)


FULL = np.array(["2020-01-01T01"], "M8[s]")


def test_the_hours_of_days_end_at_midnight():
    assert [str(hour) for hour in trained.hours_of([DAY], FULL)] == ["2020-01-02T01:00:00", "2020-01-03T00:00:00"]
    assert str(trained.hours_of([DAY, "2020-01-04"], FULL)[1]) == "2020-01-05T00:00:00"
    for bad in (["May"], ["2020-01-03", "2020-01-02"], [DAY, DAY, DAY]):
        with pytest.raises(ScaleAdaptError, match="--days"):
            trained.hours_of(bad, FULL)


def test_hours_that_end_at_minute_50_are_found_too():
    ends = trained.hours_of([DAY], np.array(["2019-06-01T00:50"], "M8[s]"))
    assert [str(hour) for hour in ends] == ["2020-01-02T00:50:00", "2020-01-02T23:50:00"]


def test_windows_are_those_of_the_day_and_spread_evenly(opened):
    interface, lr, hr = opened
    every = trained.read_windows(interface.model, SCALE, lr, hr, [DAY], 99)
    assert len(every) > 4 and {w.start.astype("M8[D]") for w in every} == {np.datetime64(DAY)}
    assert {(w.start - np.datetime64(DAY)) // np.timedelta64(1, "h") % 2 for w in every} == {0}
    few = trained.read_windows(interface.model, SCALE, lr, hr, [DAY], 3)
    assert [w.start for w in few] == [every[0].start, every[round((len(every) - 1) / 2)].start, every[-1].start]
    w = every[0]
    block = w.truth.mean(1).unflatten(-1, (8, 5)).unflatten(-3, (8, 5)).mean((-1, -3))
    torch.testing.assert_close(interface.model.downscaler.current(w.axis)[:, 0], block, rtol=1e-4, atol=1e-5)


def test_members_are_those_of_inference(opened, monkeypatch):
    interface, lr, hr = opened
    window = trained.read_windows(interface.model, SCALE, lr, hr, [DAY], 1)[0]
    drawn, sample = [], interface.model.downscaler.sample
    monkeypatch.setattr(interface.model.downscaler, "sample", lambda *a: drawn.append(sample(*a)) or drawn[-1])
    point = trained.measure(interface.model.downscaler, SCALE, [window], 5.0, 1.1, 3)
    from anemoi.datasets import open_dataset

    fine = open_dataset(hr.path)
    orography = torch.from_numpy(fine[0][fine.name_to_index["orography"], 0]).float()[None, None, :, None]
    frames = window.axis.flatten(2)[..., None]
    start = window.start.astype("M8[s]").item()
    assert isinstance(start, datetime.datetime)
    want = interface.predict_step(
        {"lr": frames, "hr": orography},
        shape=(8, 8),
        date=start,
        members=3,
        sampler={"sigma_max": 5.0, "noise_factor": 1.1},
    )["hr"]
    torch.testing.assert_close(drawn[0].flatten(3), want[..., 0], rtol=1e-4, atol=1e-5)
    scores = ensemble_scores(drawn[0], window.truth)
    assert point.ssr == pytest.approx(scores["ssr"].item(), rel=1e-4)
    assert point.crps == pytest.approx(scores["crps"].item(), rel=1e-4)
    assert point.power == pytest.approx(scores["spectra_ratio_high"].item(), rel=1e-4)
    assert (point.sigma_max, point.noise_factor) == (5.0, 1.1)


def test_other_samplers_have_nothing_to_choose(opened):
    net = SimpleNamespace(sampler=opened[0].model.downscaler.sampler)
    trained.check_sampler(net, "a.ckpt")
    for name in ("ancestral", "heun"):
        net.sampler = net.sampler.model_copy(update={"name": name})
        with pytest.raises(ScaleAdaptError, match=rf"a\.ckpt draws with the sampler {name}"):
            trained.check_sampler(net, "a.ckpt")


def test_more_noise_gives_more_spread_and_missing_truth_is_left_out(opened):
    interface, lr, hr = opened
    net, windows = interface.model.downscaler, trained.read_windows(interface.model, SCALE, lr, hr, [DAY], 2)
    assert (
        trained.measure(net, SCALE, windows, 20.0, 1.0, 4).ssr > trained.measure(net, SCALE, windows, 0.1, 1.0, 4).ssr
    )
    before = trained.measure(net, SCALE, windows[:1], 5.0, 1.0, 4)
    windows[1].truth[:] = torch.nan
    assert trained.measure(net, SCALE, windows, 5.0, 1.0, 4) == before


def test_a_day_without_rain_or_data_is_one_clear_error(opened):
    interface, lr, hr = opened
    with pytest.raises(ScaleAdaptError, match="--days 2031-01-01: no window of 2 h with rain"):
        trained.read_windows(interface.model, SCALE, lr, hr, ["2031-01-01"])
