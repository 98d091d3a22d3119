"""What baselines share: exact totals, held, filled, refined and coarsened fields."""

import numpy as np
import pytest

from anemoi_scaleadapt.baselines.fields import coarsened, exact, filled, held, refined


def test_totals_by_hand():
    fine = np.array([[1.0, 3.0], [0.0, 0.0]])[None]  # one hour, mean 1
    assert exact(fine, np.array([[2.0]]))[0].tolist() == [[2, 6], [0, 0]]


def test_rain_on_a_dry_cell_is_spread_evenly():
    assert exact(np.zeros((3, 2, 2)), np.array([[0.6]])) == pytest.approx(0.6)


def test_dry_cells_are_emptied_and_missing_ones_kept():
    out = exact(np.ones((1, 2, 4)), np.array([[0.0, np.nan]]))
    assert (out[..., :2] == 0).all() and np.isnan(out[..., 2:]).all()


def test_held_repeats():
    out = held(np.array([[1.0, 2.0]]), 3, 2)
    assert out.shape == (3, 2, 4)
    assert out[2].tolist() == [[1, 1, 2, 2]] * 2


def test_gaps_are_filled_from_the_nearest_cell_and_nothing_known_is_dry():
    assert filled(np.array([[[1.0, np.nan, np.nan, 4.0]]])).tolist() == [[[1, 1, 4, 4]]]
    assert filled(np.full((1, 2), np.nan)).tolist() == [[0, 0]]


def test_refined_keeps_constants_and_slopes():
    assert refined(np.full((2, 6, 6), 3.0), 4) == pytest.approx(3)
    slope = np.broadcast_to(np.arange(10.0), (1, 10, 10))
    row = refined(slope, 4)[0, 20, 12:28]
    assert (np.diff(row) > 0.15).all() and np.diff(row).mean() == pytest.approx(0.25, abs=0.01)


def test_coarsened_cuts_what_fills_no_cell():
    fine = np.arange(15.0).reshape(3, 5)
    assert coarsened(fine, 2).tolist() == [[3, 5]]
    fine[0, 0] = np.nan
    assert np.isnan(coarsened(fine, 2)).tolist() == [[True, False]]
