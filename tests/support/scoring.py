"""Score one window of arrays, as a run does."""

import numpy as np
import pytest

from anemoi_scaleadapt.verification.scores import add, score, tally
from anemoi_scaleadapt.verification.settings import Settings
from anemoi_scaleadapt.verification.window import Forecast, Memory, Window


def forecast_of(members, truth, coarse=None, settings=None):
    """One window: members (member, t, y, x), truth (t, y, x), NaN where missing in either."""
    members, truth = np.asarray(members, "float32"), np.asarray(truth, "float32")
    known = ~np.isnan(truth) & ~np.isnan(members).any(axis=0)
    coarse = truth.mean(axis=0) if coarse is None else np.asarray(coarse)
    filled = np.where(known, truth, np.float32(0))
    window = Window(filled, known, coarse, settings or Settings(truth.shape[-2:]))
    out = Forecast(window, members)
    window.blocks = [
        np.where(mask[0], block[0], np.nan)
        for block, mask in zip(
            *(Memory(window.settings).follow(field[None], False)[1] for field in (filled, known)), strict=True
        )
    ]
    out.blocks = Memory(window.settings).follow(out.filled, False)[1]
    return out


def sums_of(members, truth, coarse=None, **settings):
    """Sums of one window."""
    forecast = forecast_of(members, truth, coarse, Settings(np.shape(truth)[-2:], **settings))
    return add(None, tally(forecast, forecast.window.settings))


def scores_of(members, truth, coarse=None, **settings):
    """Scores of one window."""
    return score(sums_of(members, truth, coarse, **settings), Settings(np.shape(truth)[-2:], **settings))


def single(members, truth):
    """Members and truth of one pixel and hour as fields."""
    return np.reshape(members, (-1, 1, 1, 1)).astype(float), np.reshape(truth, (1, 1, 1)).astype(float)


@pytest.fixture(scope="session")
def ensemble(shower):
    """Five members (5, 12, 40, 40) that are moved and too variable, and their truth (12, 40, 40)."""
    draw = np.random.default_rng(1)
    truth = shower(12, 40)
    return (np.roll(truth, 2, axis=2)[None] * draw.gamma(3, 1 / 3, (5, *truth.shape))).astype("float32"), truth
