"""Advection between frames: trajectories, a moving blob, totals, the edges."""

import numpy as np
import pytest
import torch

from anemoi_scaleadapt.conservation import block_mean
from anemoi_scaleadapt.motion.advection import advected, moved, trajectories


def uniform(shape, y, x):
    return torch.tensor([float(y), float(x)]).view(1, 2, 1, 1).repeat(1, 1, *shape)


def test_trajectories_of_a_uniform_flow_by_hand():
    ago = trajectories(uniform((4, 6), -1, 2), 1)
    assert ago[0, :, 2, 3].tolist() == [3, 1]  # it came from one row below, two columns to the left
    assert trajectories(uniform((4, 6), -1, 2), -1)[0, :, 2, 3].tolist() == [1, 5]


def test_trajectories_bend_with_the_flow():
    # a rotation by 0.1 radians an hour about the middle: after an hour a pixel was 0.1 radians back
    rows, columns = torch.meshgrid(torch.arange(41.0) - 20, torch.arange(41.0) - 20, indexing="ij")
    ago = trajectories(0.1 * torch.stack([columns, -rows])[None], 1)[0, :, 20, 30] - 20
    assert ago.tolist() == pytest.approx([-10 * np.sin(0.1), 10 * np.cos(0.1)], abs=0.01)


def test_a_field_moves_and_its_edge_is_held():
    field = torch.arange(12.0).view(1, 1, 3, 4)
    out = moved(field, trajectories(uniform((3, 4), 0, 1), 1))
    assert torch.allclose(out[..., 1:], field[..., :-1], atol=1e-5)
    assert torch.allclose(out[..., 0], field[..., 0], atol=1e-5)


def blob(hours, speed, size=60):
    y, x = np.mgrid[:size, :size]
    hours = [5 * np.exp(-((y - 30) ** 2 + (x - 6 - speed * h) ** 2) / 20) for h in range(hours)]
    return torch.from_numpy(np.stack(hours))


def test_a_moving_blob_is_found_again_hour_by_hour():
    truth = blob(9, 6.0)
    frames = truth.unflatten(0, (3, 3)).mean(1)
    out = advected(frames[None], uniform((60, 60), 0, 6).double(), 3)[0]
    held = (frames[1] - truth[3:6]).abs().mean()
    assert (out - truth[3:6]).abs().mean() < 0.4 * held
    middles = [np.average(np.arange(60), weights=hour.sum(0)) for hour in out.numpy()]
    assert np.diff(middles) == pytest.approx(6, abs=1.3)


@pytest.mark.parametrize(("s", "t"), [(1, 1), (4, 1), (1, 4), (4, 3)])
def test_totals_are_exact_for_any_pair(s, t, shower):
    frames = torch.from_numpy(shower(3, 10)).double()
    out = advected(frames[None], uniform((10 * s, 10 * s), -2, 1.5).double(), t)[0]
    assert out.shape == (t, 10 * s, 10 * s) and out.min() >= 0
    assert torch.allclose(block_mean(out.mean(0), s), frames[1], rtol=1e-9)


def test_one_motion_expanded_is_one_motion():
    flow = torch.tensor([3.0, -2.0]).view(1, 2, 1, 1).expand(1, 2, 8, 9)
    assert torch.equal(trajectories(flow, 2), trajectories(flow.contiguous(), 2))
