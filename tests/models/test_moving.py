"""What the networks are told of motion: frames on the axis, what may be seen, gaps, a rain that moves."""

import pytest
import torch

from anemoi_scaleadapt.conservation import block_mean
from anemoi_scaleadapt.models.context import REACH, frames_round, hourly_axis, visible
from anemoi_scaleadapt.models.moving import follow, frames_of, motion_of
from anemoi_scaleadapt.models.transform import RainTransform
from anemoi_scaleadapt.scale import recipe, resolve

SQRT = RainTransform(name="sqrt", unit=1.0)


def record(hours, speed=3.0, size=60):
    """A drop that moves `speed` pixels an hour along x, mm h-1, (1, hours, y, x)."""
    y, x = torch.meshgrid(torch.arange(float(size)), torch.arange(float(size)), indexing="ij")
    at = 20 + speed * (torch.arange(float(hours)) - REACH)[:, None, None]
    return (5 * torch.exp(-((y - 30) ** 2 + (x - at) ** 2) / 30))[None]


def axis_of(fine, s, t, hours):
    """Axis of a window that begins `frames_round(t)` frames after the record."""
    frames = block_mean(fine.unflatten(1, (-1, t)).mean(2), s)
    return hourly_axis(frames, t, frames_round(t), hours)


@pytest.mark.parametrize(("t", "hours"), [(1, 4), (2, 6), (3, 6), (4, 4), (5, 5), (6, 12)])
def test_frames_of_the_axis_are_those_that_it_was_made_of(t, hours):
    n = 2 * frames_round(t) + hours // t
    frames = torch.arange(1.0, n + 1).view(1, n, 1, 1)
    axis = hourly_axis(frames, t, frames_round(t), hours)
    scale = recipe(2, t)
    found, usable = frames_of(axis, visible(scale, hours)[None], t)
    assert torch.equal(found, frames)
    back, ahead = scale.context_length - 1 - scale.lookahead, scale.lookahead
    for frame in range(hours // t):
        place = frames_round(t) + frame
        expected = [-min(back, frames_round(t)) <= k - place <= min(ahead, frames_round(t)) for k in range(n)]
        assert usable[0, frame].tolist() == expected


def test_rain_is_where_it_was_not_where_its_mean_is():
    t, hours = 3, 6
    fine = record(hours + 2 * REACH)
    axis, scale = axis_of(fine, 2, t, hours), recipe(2, t)
    moving = follow(axis, scale, SQRT)
    truth = fine[:, REACH : REACH + hours]
    held = axis[:, REACH : REACH + hours].repeat_interleave(2, -1).repeat_interleave(2, -2)
    rain = SQRT.inverse(moving.z)
    assert (rain - truth).abs().mean() < 0.6 * (held - truth).abs().mean()
    assert moving.likeness.shape == (1, hours, 30, 30) and moving.likeness.min() > 0.7
    motion = motion_of(axis, visible(scale, hours)[None], 2, t)
    assert motion[0, 0, :2].flatten().tolist() == pytest.approx([0, 3], abs=0.6)
    # the same motion, told from outside
    assert torch.equal(follow(axis, scale, SQRT, motion=motion).z, moving.z)


def test_what_may_not_be_seen_changes_nothing():
    t, hours = 3, 3
    axis = axis_of(record(hours + 2 * REACH), 2, t, hours)
    causal = resolve({**recipe(2, t).as_dict(), "context_length": 2, "lookahead": 0})
    other = axis.clone()
    other[:, REACH + hours :] = 7.0
    assert torch.allclose(follow(axis, causal, SQRT).z, follow(other, causal, SQRT).z, atol=1e-5)
    alone = resolve({**recipe(2, t).as_dict(), "context_length": 1, "lookahead": 0})
    assert (follow(axis, alone, SQRT).likeness == 0).all()


def test_an_hour_is_the_same_in_any_stretch():
    t = 3
    fine = record(24)
    scale = recipe(2, t)
    long, short = (axis_of(fine[:, a:b], 2, t, b - a - 12) for a, b in ((0, 24), (3, 18)))
    whole, part = (follow(axis, scale, SQRT) for axis in (long, short))
    assert torch.allclose(whole.z[:, 3:6], part.z[:, :3], atol=1e-5)
    assert torch.allclose(whole.likeness[:, 3:6], part.likeness[:, :3], atol=1e-5)


def test_gaps_are_neither_rain_nor_a_reason_to_move():
    axis = axis_of(record(18), 2, 3, 6)
    axis[:, :, :5] = torch.nan
    axis[:, REACH + 3 : REACH + 6] = -1.0
    moving = follow(axis, recipe(2, 3), SQRT)
    assert moving.z.isfinite().all() and (moving.z[:, 3:6] == 0).all()
    assert (moving.z[:, :3, 10:].amax((-2, -1)) > 0).all()


def test_where_frames_are_hours_nothing_moves():
    axis = axis_of(record(16), 2, 1, 4)
    moving = follow(axis, recipe(2, 1), SQRT)
    rain = SQRT.inverse(moving.z)
    assert torch.allclose(block_mean(rain, 2), axis[:, REACH:-REACH], atol=1e-5)
    assert (moving.likeness == 0).all()
