"""Rain times noise: exact totals for any pair, restart after gaps, missing cells, local spread, dry pixels."""

import numpy as np
import pytest

from anemoi_scaleadapt.baselines.fields import coarsened
from anemoi_scaleadapt.baselines.noisy import Noisy, around, multiplied, variability
from anemoi_scaleadapt.baselines.settings import NoiseSettings

BOTH = pytest.mark.parametrize("advect", [False, True])


@BOTH
@pytest.mark.parametrize(("s", "t"), [(1, 1), (4, 1), (1, 3), (4, 3)])
def test_totals_are_exact_for_any_pair(s, t, advect, record, window, shower):
    coarse = record(shower(5 * t, 9), t)
    out = Noisy(coarse, s, 3, 0, NoiseSettings(dry=0.2, local=0.3), advect)(window(2 * t, t))
    assert out.shape == (3, t, 9 * s, 9 * s) and out.min() >= 0
    now = coarse.frame(window(2 * t, t))
    assert coarsened(out.mean(axis=1), s) == pytest.approx(np.stack([now] * 3), rel=1e-9)
    if s * t > 1:
        assert np.abs(out[0] - out[1]).mean() > 0.01


@BOTH
def test_after_a_gap_noise_begins_anew(advect, record, window, shower):
    rain = shower(12, 8) + 0.2
    settings = NoiseSettings(memory=100.0, spread=1.0)
    whole = Noisy(record(rain), 2, 2, 5, settings, advect)
    for hour in (1, 2, 3):
        whole(window(hour, 1))
    after_gap = whole(window(8, 1))  # hours 4 to 7 were left out
    fresh = Noisy(record(rain), 2, 2, 5, settings, advect)
    assert fresh(window(8, 1)) == pytest.approx(after_gap, abs=1e-12)
    for hour in (4, 5, 6, 7):
        fresh(window(hour, 1))
    assert np.abs(fresh(window(8, 1)) - after_gap).mean() > 0.01  # without one it remembers


def test_motion_is_not_seen_across_a_gap(record, window, shower):
    rain = shower(12, 8)
    frames, place = around(record(rain, without=(3, 8)), window(5, 1))
    assert place == 1 and len(frames) == 4
    assert frames[0] == pytest.approx(rain[4]) and frames[-1] == pytest.approx(rain[7])


@BOTH
def test_missing_cells_stay_missing_and_spoil_no_other(advect, record, window, shower):
    rain = shower(9, 8)
    rain[4, 3, 4] = np.nan
    out = Noisy(record(rain, 3), 2, 2, 0, NoiseSettings(local=0.3), advect)(window(3, 3))
    gap = np.isnan(out)
    assert gap[:, :, 6:8, 8:10].all() and gap.sum() == 2 * 3 * 4


@BOTH
def test_a_frame_without_any_rain_or_value(advect, record, window):
    rain = np.zeros((3, 4, 4), "float32")
    rain[2] = np.nan
    noisy = Noisy(record(rain), 3, 2, 0, NoiseSettings(), advect)
    assert (noisy(window(1, 1)) == 0).all()
    assert np.isnan(noisy(window(2, 1))).all()


def test_the_same_seed_gives_the_same_member(record, window, shower):
    coarse = record(shower(9, 6), 3)
    sizes = ((2, 1), (4, 1), (2, 2))
    few, many, other = (Noisy(coarse, 3, *size, NoiseSettings(), True)(window(3, 3)) for size in sizes)
    assert many[:2] == pytest.approx(few, abs=1e-12) and np.abs(other - few).mean() > 0.01


def test_what_is_taken_off_makes_pixels_dry_by_hand():
    noise = np.log(np.array([[0.5, 1.5], [1.0, 3.0]]))[None, None]  # factors less 1: 0, .5, 0, 2
    out = multiplied(np.ones((1, 2, 2)), noise, np.array([[1.25]]), NoiseSettings(spread=1.0, dry=1.0))
    assert out[0, 0] == pytest.approx(np.array([[0, 1], [0, 4]]), abs=1e-12)


def test_variability_by_hand():
    even = variability(np.full((5, 5), 2.0), 1)
    assert even == pytest.approx(0.1 / 0.8)  # none, held to the lower bound
    assert variability(np.zeros((5, 5)), 3) == pytest.approx(1)  # unknown: the usual one
    lone = np.zeros((3, 3))
    lone[1, 1] = 9  # of 9 cells one has 9: mean 1, standard deviation sqrt(8)
    assert variability(lone, 5)[7, 7] == pytest.approx(np.sqrt(8) / 0.8, rel=0.2)


def test_the_spread_is_larger_where_rain_varies(record, window):
    rain = np.ones((1, 6, 12), "float32")
    rain[:, :, 6:] = np.random.default_rng(0).gamma(0.5, 2, (6, 6))
    out = Noisy(record(rain), 4, 16, 0, NoiseSettings(local=0.5), False)(window(0, 1))[:, 0]
    relative = out.std(axis=0) / (out.mean(axis=0) + 1e-6)
    assert relative[:, 32:].mean() > 1.5 * relative[:, :16].mean()
