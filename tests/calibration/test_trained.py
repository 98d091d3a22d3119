"""A trained (tiny) network on days of invented rain: same draws as at inference, same scores as by hand."""

import datetime
import itertools
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from anemoi_scaleadapt.calibration import trained
from anemoi_scaleadapt.diffusion.settings import Tuned
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.hours import HOUR
from anemoi_scaleadapt.inference.trained import open_checkpoint
from anemoi_scaleadapt.rain.reader import open_rain
from anemoi_scaleadapt.rain.record import Rain
from anemoi_scaleadapt.rain.windows import Coarse
from anemoi_scaleadapt.scale import resolve
from anemoi_scaleadapt.training.scores import ensemble_scores
from anemoi_scaleadapt.verification.lags import correlation, moments

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


def test_stretches_are_halves_of_the_day_in_whole_frames(opened):
    interface, lr, hr = opened
    every = trained.read_stretches(interface.model, SCALE, lr, hr, [DAY], 99)
    assert [str(s.start) for s in every] == ["2020-01-02T00:00:00", "2020-01-02T12:00:00"]
    assert [s.truth.shape for s in every] == [(1, 12, 40, 40)] * 2
    (last,) = trained.read_stretches(interface.model, SCALE, lr, hr, [DAY, "2020-01-03"], 1)
    assert last.start == every[0].start
    for s in every:
        block = s.truth.unflatten(1, (-1, 2)).mean(2).unflatten(-1, (8, 5)).unflatten(-3, (8, 5)).mean((-1, -3))
        torch.testing.assert_close(interface.model.downscaler.current(s.axis)[:, ::2], block, rtol=1e-4, atol=1e-5)


def test_a_gap_ends_a_stretch():
    times = np.datetime64("2020-01-01T00", "s") + np.arange(1, 31) * HOUR
    gappy = np.delete(times, 9)
    rain = Rain("r", gappy, (1, 1), None, None, lambda index: np.ones((1, len(index), 1, 1)))
    found = trained.frames_of(Coarse(rain, 4), rain, times[0], times[-1])
    assert [len(hours) for hours in found] == [8, 12, 4]
    assert [str(hours[0])[8:13] for hours in found] == ["01T01", "01T13", "02T01"]
    found = trained.frames_of(Coarse(rain, 5), rain, times[0], times[-1])
    assert [len(hours) for hours in found] == [5, 10, 10]


def test_members_are_those_of_inference(opened, monkeypatch):
    interface, lr, hr = opened
    window = trained.read_stretches(interface.model, SCALE, lr, hr, [DAY], 1)[0]
    drawn, sample = [], interface.model.downscaler.sample
    monkeypatch.setattr(interface.model.downscaler, "sample", lambda *a: drawn.append(sample(*a)) or drawn[-1])
    point = trained.measure(interface.model.downscaler, SCALE, [window], Tuned(5.0, 1.1, 0.3, 0.7), 3)
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
        sampler=Tuned(5.0, 1.1, 0.3, 0.7)._asdict(),
    )["hr"]
    torch.testing.assert_close(drawn[0].flatten(3), want[..., 0], rtol=1e-4, atol=1e-5)
    scores = ensemble_scores(drawn[0], window.truth)
    assert point.ssr == pytest.approx(scores["ssr"].item(), rel=1e-4)
    assert point.crps == pytest.approx(scores["crps"].item(), rel=1e-4)
    roots = ensemble_scores(drawn[0].sqrt(), window.truth.sqrt())
    assert point.power == pytest.approx(roots["spectra_ratio_high"].item(), rel=1e-4)
    assert point.tuned == (5.0, 1.1, 0.3, 0.7)
    ours, true = (
        np.sum([moments(a, b, np.ones(a.shape[-2:], bool)) for a, b in itertools.pairwise(hours)], axis=0)
        for hours in (drawn[0][0].numpy(), window.truth[0][:, None].numpy())
    )
    assert point.lag == pytest.approx(correlation(ours) / correlation(true), rel=1e-4)


def test_other_samplers_have_nothing_to_choose(opened):
    net = SimpleNamespace(sampler=opened[0].model.downscaler.sampler)
    trained.check_sampler(net, "a.ckpt")
    for name in ("ancestral", "heun"):
        net.sampler = net.sampler.model_copy(update={"name": name})
        with pytest.raises(ScaleAdaptError, match=rf"a\.ckpt draws with the sampler {name}"):
            trained.check_sampler(net, "a.ckpt")


def test_more_noise_gives_more_spread_and_missing_truth_is_left_out(opened):
    interface, lr, hr = opened
    net, windows = interface.model.downscaler, trained.read_stretches(interface.model, SCALE, lr, hr, [DAY], 2)
    wide, narrow = (trained.measure(net, SCALE, windows, Tuned(top), 4).ssr for top in (20.0, 0.2))
    assert wide > narrow
    before = trained.measure(net, SCALE, windows[:1], Tuned(5.0), 4)
    windows[1].truth[:] = torch.nan
    assert trained.measure(net, SCALE, windows, Tuned(5.0), 4) == before


def test_a_day_without_rain_or_data_is_one_clear_error(opened):
    interface, lr, hr = opened
    with pytest.raises(ScaleAdaptError, match="--days 2031-01-01: no window of 2 h with rain"):
        trained.read_stretches(interface.model, SCALE, lr, hr, ["2031-01-01"])
