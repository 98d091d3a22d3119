"""The run through the windows: the same pixels for all systems, and nothing lacking without a word."""

import numpy as np
import pytest

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.rain.record import Rain
from anemoi_scaleadapt.rain.windows import Coarse
from anemoi_scaleadapt.verification.days import combine
from anemoi_scaleadapt.verification.run import count
from anemoi_scaleadapt.verification.scorecard import facts, scorecard
from anemoi_scaleadapt.verification.scores import score
from anemoi_scaleadapt.verification.settings import Settings

TIMES = np.datetime64("2018-05-18T19:00:00") + np.arange(12) * np.timedelta64(3600, "s")
SETTINGS = Settings((20, 20))


def rain(fields):
    fields = np.asarray(fields, "float32")
    return Rain("a file", TIMES, fields.shape[-2:], None, None, lambda index: fields[:, index])


@pytest.fixture(scope="module")
def record(shower):
    truth = shower(12, 20)
    draw = np.random.default_rng(3)
    members = truth[None] * draw.gamma(4, 0.25, (4, *truth.shape)).astype("f4")
    return truth, members, truth.reshape(12, 4, 5, 4, 5).mean(axis=(2, 4)).astype("f4")


def run(truth, members, coarse, **options):
    """Score the members as ``ours`` beside the repeated coarse rain as ``flat``."""
    windows, frames = TIMES.reshape(-1, 3), Coarse(rain(coarse[None]), 3)
    ours = rain(members)

    def flat(window, number):
        frame = frames.frame(window).repeat(5, axis=0).repeat(5, axis=1)
        return np.broadcast_to(frame, (1, 3, 20, 20))

    systems = {"ours": lambda window, number: ours.at(window), "flat": flat}
    return count(systems, rain(truth[None]), frames, windows, SETTINGS, **options)


def scores(tallies):
    return {name: score(combine(sums), SETTINGS) for name, sums in tallies.sums.items()}


def holes_where_it_rains(truth, members, coarse):
    return truth, np.where(truth > 1, np.nan, members), coarse


def one_pixel(truth, members, coarse):
    members = members.copy()
    members[2, 5].flat[truth[5].argmax()] = np.nan
    return truth, members, coarse


def half_of_the_coarse_rain(truth, members, coarse):
    coarse = coarse.copy()
    coarse[:, :2] = np.nan
    return truth, members, coarse


def all_of_one_window(truth, members, coarse):
    members = members.copy()
    members[:, 3:6] = np.nan
    return truth, members, coarse


#: what is missing -> the system that the error names, and a word of its cause
LACKING = [
    (holes_where_it_rains, "ours: no value at", "--allow-missing"),
    (one_pixel, "ours: no value at 1 of", "window that ends at 2018-05-19T00:00:00Z"),
    (half_of_the_coarse_rain, "flat: no value at", "the coarse rain (--lr) is missing"),
    (all_of_one_window, "ours: no value at", "2018-05-19T00:00:00Z"),
]


@pytest.mark.parametrize(("spoil", "who", "why"), LACKING, ids=lambda x: getattr(x, "__name__", None))
def test_rain_that_a_system_lacks_is_an_error_unless_allowed_and_then_nobody_is_scored_there(record, spoil, who, why):
    truth, members, coarse = spoil(*record)
    with pytest.raises(ScaleAdaptError) as error:
        run(truth, members, coarse)
    assert str(error.value).startswith(who) and why in str(error.value)
    tallies = run(truth, members, coarse, allow_missing=True)
    # what all have: as if the truth were missing where one system is
    gone = np.isnan(members).any(axis=0) | np.isnan(coarse).repeat(5, axis=1).repeat(5, axis=2)
    fair = scores(run(np.where(gone, np.nan, truth), *record[1:]))
    for name, values in scores(tallies).items():
        for key in ("crps", "rmse", "q99_ratio", "fss_1mm_5km", "crps_mean_5km", "variogram_2km", "lag1", "pixel_bias"):
            if key in values:
                assert values[key] == pytest.approx(fair[name][key], rel=1e-6), (name, key)
    pixels = tallies.pixels
    assert pixels.scored == (~gone).sum() and pixels.truth == gone.size
    assert pixels.scored_wet == (~gone & (truth > 0.1)).sum() and pixels.truth_wet == (truth > 0.1).sum()
    assert pixels.lacking[who.split(":")[0]] == (gone & (truth > 0.1)).sum()
    card = scorecard(tallies, "ours", (5, 3), ("flat",), samples=0)
    assert card["pixels"]["share"] == pytest.approx(1 - gone.mean())
    assert "Scored: " in facts(card)


def test_what_nobody_can_know_is_no_error(record):
    """A coarse cell that is missing for all, dry holes, missing truth."""
    truth, members, coarse = (a.copy() for a in record)
    coarse[:, 0, 0] = members[..., :5, :5] = np.nan
    members[:, truth == 0] = np.nan
    truth[:, 19] = np.nan
    tallies = run(truth, members, coarse)
    known = ~np.isnan(truth) & ~np.isnan(members).any(axis=0)
    assert tallies.pixels.scored == known.sum() and not any(tallies.pixels.lacking.values())


def test_bias_of_the_periods_mean_by_hand(record):
    truth, _, coarse = record
    error = np.zeros((20, 20), "f4")
    error[3, 4], error[7, 7] = 2, -1
    # members one above and one below by as much: their mean is off by `error` in every hour
    members = truth + error + np.array([1, -1], "f4").reshape(2, 1, 1, 1)
    assert run(truth, members, coarse).pixel_bias["ours"] == pytest.approx(np.sqrt((4 + 1) / 400), rel=1e-4)


def test_days_are_those_in_which_windows_begin_and_members_are_counted(record):
    tallies = run(*record)
    assert tallies.days == ["2018-05-18", "2018-05-19"] and tallies.members == {"ours": 4, "flat": 1}
    assert [sums["count"] for sums in tallies.sums["ours"]] == [6 * 400, 6 * 400]


def test_lags_and_blocks_reach_across_windows(record):
    members = record[1]
    found = scores(run(*record))["ours"]
    assert found["lag1"] == pytest.approx(np.corrcoef(members[:, :-1].ravel(), members[:, 1:].ravel())[0, 1], rel=1e-5)
    assert found["spectra_ratio_time"] > 0
