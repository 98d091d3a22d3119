"""Correlation in time, at a pixel and where the rain came from."""

import numpy as np
import pytest

from anemoi_scaleadapt.verification import lags
from anemoi_scaleadapt.verification.lags import correlation
from anemoi_scaleadapt.verification.motion import moved, origins, whole_shift
from anemoi_scaleadapt.verification.settings import Settings
from anemoi_scaleadapt.verification.window import Memory
from support.scoring import forecast_of, scores_of


def test_against_numpy(ensemble):
    forecast, truth = ensemble
    whole = forecast_of(forecast, truth)
    sums = lags.tally(whole, whole.window.settings)
    for lag in (1, 2, 3):
        expected = np.corrcoef(truth[:-lag].ravel(), truth[lag:].ravel())[0, 1]
        assert correlation(sums["lags_truth"][lag - 1]) == pytest.approx(expected, rel=1e-5)
        expected = np.corrcoef(forecast[:, :-lag].ravel(), forecast[:, lag:].ravel())[0, 1]
        assert correlation(sums["lags"][lag - 1]) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("step", [1, 3, 5])
def test_windows_one_after_another_give_what_the_whole_gives(ensemble, step):
    forecast, truth = (a[..., :11, :, :].copy() for a in ensemble)
    truth[4, 3] = np.nan
    settings = Settings(truth.shape[-2:])
    whole = lags.tally(forecast_of(forecast, truth, settings=settings), settings)
    memories = [Memory(settings) for _ in range(3)]
    total: dict = {}
    for start in range(0, len(truth), step):
        part = slice(start, start + step)
        one = forecast_of(forecast[:, part], truth[part], settings=settings)
        fields = one.filled, one.window.truth[None], one.window.known[None]
        past = [memory.follow(x, start > 0)[0] for memory, x in zip(memories, fields, strict=True)]
        one.past = past[0]
        one.window.past, one.window.past_known = ([x[0] for x in hours] for hours in past[1:])
        for key, value in lags.tally(one, settings).items():
            total[key] = total.get(key, 0) + value
    for key, value in whole.items():
        assert total[key] == pytest.approx(value, rel=1e-6), key


def test_a_gap_is_forgotten():
    memory = Memory(Settings((2, 2), lags=2, block=3))
    fields = np.arange(5.0)[None, :, None, None] * np.ones((1, 1, 2, 2))
    past, blocks = memory.follow(fields, True)
    assert past == [] and [b[0, :, 0].tolist() for b in blocks] == [[0, 1, 2]]
    past, blocks = memory.follow(fields, True)
    assert [hour[0, 0, 0] for hour in past] == [3, 4]
    assert [b[0, :, 0].tolist() for b in blocks] == [[3, 4, 0], [1, 2, 3]]
    past, blocks = memory.follow(fields, False)
    assert past == [] and [b[0, :, 0].tolist() for b in blocks] == [[0, 1, 2]]


@pytest.mark.parametrize("shift", [(0, 0), (3, -2), (-4, 1), (0, 5)])
def test_a_whole_shift_comes_back(shower, shift):
    field = shower(1, 40)[0]
    assert whole_shift(field, moved(field, shift), most=8) == shift
    assert whole_shift(field, moved(field, shift), most=0) == (0, 0)


def test_a_shift_beyond_the_field_leaves_nothing():
    for shift in ((5, 0), (0, -3)):
        assert not moved(np.ones((3, 3)), shift).any()


@pytest.mark.parametrize("size", [60, 160])
def test_rain_that_only_moves_has_a_moving_correlation_of_one(shower, size):
    field = shower(1, size)[0]
    # whole cells of 4 km, so that the means of both hours are the same
    truth = np.stack([moved(field, (8 * k, -4 * k)) for k in range(3)])
    found = scores_of(truth[None], truth)
    assert found["lag1_moving"] > 0.99 > 0.7 > found["lag1"]
    assert found["lag1_moving_ratio"] == pytest.approx(1)
    # a system is followed by its own motion: one whose rain moves another way, or stands still, is as good in this
    for y, x in ((-4, 0), (0, 0)):
        other = np.stack([moved(field, (y * k, x * k)) for k in range(3)])
        assert scores_of(other[None], truth)["lag1_moving_ratio"] == pytest.approx(1, abs=0.01)
    # one whose rain is another one at every hour is not
    assert scores_of(shower(3, size)[None], truth)["lag1_moving_ratio"] < 0.9


def test_parts_that_move_apart_are_followed(shower):
    """One half moves up, the other down: no shift of the whole can follow."""
    field = shower(1, 160)[0]
    truth = np.stack([np.concatenate([moved(field, (d * k, 0)) for d in (8, -8)], axis=1) for k in range(2)])
    found = scores_of(truth[None], truth)
    assert found["lag1_moving"] > found["lag1"] + 0.2


def test_what_comes_from_outside_or_unknown_pixels_is_left_out(shower):
    field = shower(1, 40)[0]
    truth = np.stack([field, moved(field, (8, 0))])
    truth[0, 20, 20] = np.nan
    index, there = origins(np.nan_to_num(truth[0]), truth[1], Settings((40, 40)))
    assert not there[: 8 * 40].any() and there[8 * 40 :].all() and index[20 * 40 + 5] == 12 * 40 + 5
    number = lags.tally(forecast_of(truth[None], truth), Settings((40, 40)))["moving"][0]
    assert number == 32 * 40 - 1  # the pixel that comes from an unknown one is not counted


def test_dry_hours_have_no_motion_and_no_correlation():
    assert np.isnan(scores_of(np.zeros((2, 3, 30, 30)), np.zeros((3, 30, 30)))["lag1_moving"])
