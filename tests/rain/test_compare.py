"""Coarse rain against block means of the truth: what verify says of it."""

import numpy as np
import pytest

from anemoi_scaleadapt.rain.compare import compare
from anemoi_scaleadapt.rain.reader import open_rain
from anemoi_scaleadapt.rain.windows import Coarse, windows


@pytest.fixture
def opened(write, shower):
    """``opened(change, step, **how)``: hourly truth, and its block means changed, as frames of `step` hours."""
    rain = shower(36, 40)
    means = rain.reshape(36, 8, 5, 8, 5).mean(axis=(2, 4))

    def make(change=lambda c: c, step=1, **how):
        frames = change(means).reshape(36 // step, step, 8, 8).mean(axis=1)
        truth = open_rain(write("truth.nc", rain, "2018-05-18T01:00"))
        lr = open_rain(write("lr.nc", frames, f"2018-05-18T{step:02d}:00", km=5.0, step=step, **how))
        return compare(truth, Coarse(lr, 3), windows(truth.times[12:24], 3), 5)

    return make


@pytest.mark.parametrize("step", [1, 3])
def test_block_means_agree(opened, step):
    found = opened(step=step)
    assert found.good and found.correlation > 0.999 and found.ratio == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        (lambda c: c / 3600, ("unit",)),
        (lambda c: c[:, ::-1], ("turned",)),
        (lambda c: np.roll(c, 1, axis=0), ("hours",)),
        (lambda c: np.roll(c, 2, axis=2), ("place",)),
    ],
)
def test_mistakes_are_certain_and_named(opened, change, kinds):
    found = opened(change)
    assert found.kinds == kinds and (found.certain or kinds == ("place",)), found


def test_a_real_product_is_not_a_mistake(opened):
    found = opened(lambda c: 1.2 * c * np.random.default_rng(0).gamma(4, 0.25, c.shape))
    assert found.good and not found.certain and 0.4 < found.correlation < 0.98
