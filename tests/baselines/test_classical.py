"""The floors: exact totals, numbers by hand, the floors measured before on real rain."""

import numpy as np
import pytest

from anemoi_scaleadapt.baselines import classical as b


def means(fine, s):
    *lead, t, ny, nx = fine.shape
    return fine.reshape(*lead, t, ny // s, s, nx // s, s).mean(axis=(-5, -3, -1))


def test_conserve_by_hand():
    fine = np.array([[1.0, 3.0], [0.0, 0.0]])[None]  # one hour, mean 1
    assert b.conserve(fine, np.array([[2.0]]))[0].tolist() == [[2, 6], [0, 0]]


def test_conserve_spreads_what_falls_on_a_dry_cell():
    assert b.conserve(np.zeros((3, 2, 2)), np.array([[0.6]])) == pytest.approx(0.6)


def test_conserve_empties_dry_and_keeps_missing_cells():
    fine = np.ones((1, 2, 4))
    out = b.conserve(fine, np.array([[0.0, np.nan]]))
    assert (out[..., :2] == 0).all() and np.isnan(out[..., 2:]).all()


@pytest.mark.parametrize("name", ["bicubic", "rainfarm"])
def test_totals_are_exact(name, shower):
    coarse = shower(3, 12).astype(float)
    frames, now = coarse, coarse[1]
    out = b.bicubic(frames, now, 5) if name == "bicubic" else b.rainfarm(frames, now, 5, 3, 0)
    assert (out >= 0).all()
    assert means(out, 5) == pytest.approx(np.broadcast_to(now, (len(out), 12, 12)), rel=1e-9)


def test_bicubic_keeps_constants_and_slopes():
    assert b.bicubic(np.full((2, 6, 6), 3.0), np.full((6, 6), 3.0), 4) == pytest.approx(3)
    now = np.broadcast_to(np.arange(10.0) + 1, (10, 10)).copy()
    row = b.bicubic(now[None], now, 4)[0, 0, 20, 12:28]
    assert (np.diff(row) > 0.15).all() and np.diff(row).mean() == pytest.approx(0.25, abs=0.01)


def test_nearest_repeats():
    out = b.nearest(np.array([[1.0, 2.0]]), 3, 2)
    assert out.shape == (1, 3, 2, 4)
    assert out[0, 2].tolist() == [[1, 1, 2, 2]] * 2


def test_rainfarm_repeats_by_seed_and_leaves_the_global_generator(shower):
    coarse = shower(1, 10).astype(float)
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    one, again, other = (b.rainfarm(coarse, coarse[0], 4, 2, seed) for seed in (1, 1, 2))
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002
    assert (one == again).all() and (one != other).any() and (one[0] != one[1]).any()


def test_rainfarm_needs_finer_space():
    assert b.rainfarm(np.ones((3, 4, 4)), np.ones((4, 4)), 1, 8, 0) is None


def test_gaps_are_filled_from_the_nearest_cell():
    assert b.filled(np.array([[[1.0, np.nan, np.nan, 4.0]]])).tolist() == [[[1, 1, 4, 4]]]


def test_missing_cells_stay_missing_and_spoil_no_other(shower):
    now = shower(1, 10)[0].astype(float)
    now[3, 4] = np.nan
    for out in (b.bicubic(now[None], now, 4), b.rainfarm(now[None], now, 4, 2, 0)):
        gap = np.isnan(out[0, 0])
        assert gap[12:16, 16:20].all() and gap.sum() == 16
