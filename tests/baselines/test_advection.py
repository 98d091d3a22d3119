"""Advection between frames: trajectories, a moving blob, totals, the edges."""

import numpy as np
import pytest

from anemoi_scaleadapt.baselines.advection import advected, moved, trajectories
from anemoi_scaleadapt.baselines.fields import coarsened


def uniform(shape, x, y):
    return np.stack([np.full(shape, float(x)), np.full(shape, float(y))])


def test_trajectories_of_a_uniform_flow_by_hand():
    ago = trajectories(uniform((4, 6), 2, -1), 1)
    assert ago[:, 2, 3] == pytest.approx((3, 1))  # it came from one row below, two columns to the left
    assert trajectories(uniform((4, 6), 2, -1), -1)[:, 2, 3] == pytest.approx((1, 5))


def test_a_field_moves_and_its_edge_is_held():
    field = np.arange(12.0).reshape(3, 4)
    out = moved(field, trajectories(uniform((3, 4), 1, 0), 1))
    assert out[:, 1:] == pytest.approx(field[:, :-1]) and out[:, 0] == pytest.approx(field[:, 0])


def blob(hours, speed, size=60):
    y, x = np.mgrid[:size, :size]
    return np.stack([5 * np.exp(-((y - 30) ** 2 + (x - 6 - speed * h) ** 2) / 20) for h in range(hours)])


def test_a_moving_blob_is_found_again_hour_by_hour():
    truth = blob(9, 6.0)
    frames = truth.reshape(3, 3, 60, 60).mean(axis=1)
    out = advected(frames, uniform((60, 60), 6, 0), 1, 3)
    held = np.abs(frames[1] - truth[3:6]).mean()
    assert np.abs(out - truth[3:6]).mean() < 0.3 * held
    middles = [np.average(np.arange(60), weights=hour.sum(axis=0)) for hour in out]
    assert np.diff(middles) == pytest.approx(6, abs=0.7)


@pytest.mark.parametrize(("s", "t"), [(1, 1), (4, 1), (1, 4), (4, 3)])
def test_totals_are_exact_for_any_pair(s, t, shower):
    frames = shower(3, 10).astype(float)
    out = advected(frames, uniform((10 * s, 10 * s), 1.5, -2), s, t)
    assert out.shape == (t, 10 * s, 10 * s) and out.min() >= 0
    assert coarsened(out.mean(axis=0), s) == pytest.approx(frames[1], rel=1e-9)
