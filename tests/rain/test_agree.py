"""What is wrong between fine and coarse rain is named: a line a mistake."""

import numpy as np
import pytest

from anemoi_scaleadapt.rain.agree import agreement

FINE = np.stack(
    [
        [8 * np.exp(-((y - 5 - h / 2) ** 2 / 9 + (x - 9 + h) ** 2 / 4)) for h in range(14)]
        for y, x in [np.mgrid[:16, :16]]
    ]
)[0]
NOISE = np.random.default_rng(0).gamma(2, 0.5, FINE.shape)

MISTAKES = [
    # the coarse rain, kinds, a piece of the words
    (lambda f: f, (), ""),
    (lambda f: f * 1.3 * NOISE, (), ""),  # a real, biased product
    (lambda f: f / 3600, ("unit",), "3600 times smaller: a rate per second"),
    (lambda f: f / 1000, ("unit",), "1000 times smaller: metres"),
    (lambda f: f * 3, ("unit",), "3 times larger: an amount over 3 hours"),
    (lambda f: f * 24 * NOISE, ("unit",), "an amount per day against"),
    (lambda f: f * 7.5, ("unit",), "7.5 times larger: another unit"),
    (lambda f: f[:, ::-1], ("turned",), "upside down"),
    (lambda f: f[:, :, ::-1], ("turned",), "mirrored from east to west"),
    (lambda f: f.swapaxes(1, 2), ("turned",), "rows and columns exchanged"),
    (lambda f: np.roll(f, 1, 0), ("hours",), "shifted by 1 frame earlier"),
    (lambda f: np.roll(f, -3, 0), ("hours",), "shifted by 3 frames later"),
    (lambda f: np.roll(f, (1, -2), (1, 2)), ("place",), "moved by 1 cell up and 2 cells right"),
    (lambda f: f[:, ::-1] / 3600, ("turned", "unit"), "3600"),
    (lambda f: NOISE, ("product",), "hardly correlate"),
    (lambda f: f * 0, ("dry",), "coarse rain is dry"),
    (lambda f: f * np.nan, ("dry",), "dry there"),
]


@pytest.mark.parametrize(("mistake", "kinds", "words"), MISTAKES)
def test_the_cause_is_named(mistake, kinds, words):
    found = agreement(FINE, mistake(FINE))
    assert found.kinds == kinds, found.cause
    assert words in found.cause and found.good == (not kinds)


def test_numbers_by_hand():
    fine = np.zeros((2, 2, 2))
    fine[0, 0, 0], fine[1, 1, 1] = 4, 2
    found = agreement(fine, 2 * fine)
    assert (found.correlation, found.ratio, found.error) == pytest.approx((1, 2, 1))
    same = agreement(fine, fine)
    assert (same.correlation, same.ratio, same.error) == pytest.approx((1, 1, 0))


def test_stretches_are_not_shifted_into_one_another():
    late = np.stack([np.roll(FINE, 1, 0), np.roll(FINE[::-1], 1, 0)])
    assert agreement(np.stack([FINE, FINE[::-1]]), late).kinds == ("hours",)


def test_missing_cells_are_left_out():
    holes = np.where(NOISE > 1.5, np.nan, FINE)
    assert agreement(holes, FINE).good and agreement(FINE, holes).good
    assert agreement(FINE, FINE).correlation == pytest.approx(1)


def test_shapes_must_be_one():
    with pytest.raises(ValueError, match="one shape"):
        agreement(FINE, FINE[:, :4])
