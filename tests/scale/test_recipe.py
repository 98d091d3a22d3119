import itertools

import pytest

from anemoi_scaleadapt.scale import PAPER_PAIRS, Conservation, recipe, resolve
from anemoi_scaleadapt.scale.recipe import under_determination

SPACES, TIMES = range(1, 26), range(1, 7)
EVERY = list(itertools.product(SPACES, TIMES))


def test_the_papers_pairs_by_hand():
    assert {pair: (r.beta, r.context_length) for pair in PAPER_PAIRS for r in [recipe(*pair)]} == {
        (10, 1): (0.010, 10),
        (1, 3): (0.015, 4),
        (10, 3): (0.020, 5),
        (25, 6): (0.035, 3),
    }


def test_a_pair_between_by_hand():
    # u = 2 + log10 7 = 2.845: beta = .005 u = .0142; horizon 10 + 2 * .845 = 11.69 h, 5.8 frames of 2 h
    assert under_determination(7, 2) == pytest.approx(2.845, abs=1e-3)
    assert (recipe(7, 2).beta, recipe(7, 2).context_length) == (0.0142, 6)


def test_beta_grows_with_each_factor():
    for s, t in EVERY:
        if s < 25:
            assert recipe(s + 1, t).beta >= recipe(s, t).beta
        if t < 6:
            assert recipe(s, t + 1).beta > recipe(s, t).beta
    for t in TIMES:
        assert recipe(25, t).beta > recipe(10, t).beta > recipe(1, t).beta


def test_more_space_needs_no_less_context_and_slower_frames_no_more_of_them():
    for s, t in EVERY:
        if s < 25:
            assert recipe(s + 1, t).context_length >= recipe(s, t).context_length
        if t < 6:
            assert recipe(s, t + 1).context_length <= recipe(s, t).context_length


def test_the_horizon_stays_comparable():
    horizons = [recipe(*pair).horizon_hours for pair in EVERY]
    assert min(horizons) == 8 and max(horizons) == 18  # the paper: 10 to 18 h; 8 h at (1, 1)


def test_f_is_the_identity_in_every_cell_and_half_of_the_frames_lie_ahead():
    for pair in EVERY:
        assert recipe(*pair).conservation == Conservation()
        assert recipe(*pair).lookahead == recipe(*pair).context_length // 2


def test_all_150_pairs_read_from_two_numbers():
    assert [resolve({"space": s, "time": t}) for s, t in EVERY] == [recipe(*pair) for pair in EVERY]
    assert len(EVERY) == 150
