"""Motion of coarse rain: known shifts, missing cells, several frames, several parts."""

import numpy as np
import pytest

from anemoi_scaleadapt.baselines.motion import displacement, flow


@pytest.fixture
def blob(shower):
    """Rain (20, 20) with one blob that fits wherever it is moved to."""
    field = np.zeros((20, 20))
    field[8:11, 6:9] = shower(1, 3)[0] + 1
    return field


def shifted(field, y, x):
    return np.roll(field, (y, x), axis=(0, 1))


def test_a_shift_is_found_and_stays_below_the_limit(blob):
    assert displacement([(blob, shifted(blob, 2, 4))], [1], 10) == pytest.approx((2, 4), abs=0.3)
    assert np.hypot(*displacement([(blob, shifted(blob, 0, 8))], [1], 3)) < 4


def test_dry_or_even_rain_tells_nothing(blob):
    for other in (np.zeros((20, 20)), np.full((20, 20), 3.0), np.full((20, 20), np.nan)):
        assert displacement([(blob, other)], [1], 10) is None


def test_rain_that_leaves_the_field_still_tells_where_to(shower):
    # a field that is wet to its edges and moves on: a plain correlation sees the overlap shrink and prefers zero
    wide = shower(1, 40, seed=4)[0] + 0.1
    assert displacement([(wide[10:30, 10:30], wide[10:30, 5:25])], [1], 10) == pytest.approx((0, 5), abs=0.3)


def test_a_missing_part_does_not_hold_the_rain_back(shower):
    wide = shower(1, 40, seed=4)[0].astype(float)
    before, after = wide[10:30, 10:30].copy(), wide[10:30, 6:26].copy()
    before[:, :6] = after[:, :6] = np.nan  # outside the radars' reach, at the same place in both
    assert displacement([(before, after)], [1], 10) == pytest.approx((0, 4), abs=0.3)


def test_frames_further_away_help_and_the_pixels_are_fine(blob):
    frames = [shifted(blob, k, 2 * k) for k in range(-2, 3)]
    frames[2] = np.zeros((20, 20))  # dry: only the pairs beside it tell
    found = flow(frames, 2, s=10, t=2)
    assert found.shape == (2, 200, 200)
    assert found[0] == pytest.approx(2 * 10 / 2, abs=1) and found[1] == pytest.approx(10 / 2, abs=1)


def test_at_full_resolution_cells_of_five_pixels_are_followed(blob):
    fine = [np.kron(shifted(blob, 0, k), np.ones((5, 5))) for k in (0, 1)]
    assert flow(fine, 0, s=1, t=1)[0] == pytest.approx(5, abs=1)


def test_large_domains_have_parts_with_a_motion_of_their_own():
    draw = np.random.default_rng(0)
    before = draw.gamma(0.3, 1, (25, 100)).repeat(2, 0).repeat(2, 1)
    after = before.copy()
    after[:, :100], after[:, 100:] = shifted(before, 3, 0)[:, :100], shifted(before, -3, 0)[:, 100:]
    found = flow([before, after], 0, s=10, t=1)  # 500 x 2000 pixels
    assert found[1, 250, 100] == pytest.approx(30, abs=3) and found[1, 250, 1900] == pytest.approx(-30, abs=3)


def test_a_lone_frame_and_a_lone_cell_do_not_move():
    assert (flow([np.ones((3, 4))], 0, 5, 3) == 0).all()
    assert flow([np.ones((1, 1))] * 3, 1, 2, 1).shape == (2, 2, 2)
