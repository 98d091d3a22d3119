"""What the networks are told of the coarse rain, by hand."""

import pytest
import torch

from anemoi_scaleadapt.models.context import (
    FINE,
    REACH,
    Moving,
    build_context,
    hourly_axis,
    tile_context,
    visible,
)
from anemoi_scaleadapt.scale import resolve

SLICE = slice(REACH, -REACH)


def scale(space, time, **more):
    return resolve({"space": space, "time": time} | more)


def still(z, pair, fill=torch.zeros):
    n, axis, height, width = z.shape
    hours, s = axis - 2 * REACH, pair.space
    return Moving(fill(n, hours, height * s, width * s), fill(n, hours, height, width))


def context(z, pair, **more):
    return build_context(z, torch.ones_like(z, dtype=torch.bool), still(z, pair), pair, 2, **more)


def test_every_hour_holds_the_frame_that_covers_it():
    frames = torch.tensor([1.0, 2, 3, 4]).view(1, 4, 1, 1)  # of 4 hours; the window begins with the second
    axis = hourly_axis(frames, 4, 1, 4).flatten().tolist()
    assert axis[2:14] == [1] * 4 + [2] * 4 + [3] * 4 and axis[14:] == [4, 4]
    assert torch.tensor(axis[:2]).isnan().all()  # hours without a frame


def test_l_and_the_lookahead_say_which_frames_are_seen():
    # t = 3, L = 3, one ahead: the own frame, one before, one after, of those within six hours
    seen = visible(scale(1, 3, context_length=3, lookahead=1), 3)
    assert [row.nonzero().flatten().tolist() for row in seen] == [list(range(3, 12))] * 3
    alone = visible(scale(1, 3, context_length=1), 6)
    assert [row.nonzero().flatten().tolist() for row in alone] == [[6, 7, 8]] * 3 + [[9, 10, 11]] * 3
    far = visible(scale(1, 1, context_length=20, lookahead=10), 2)
    assert [int(row.sum()) for row in far] == [13, 13]  # the axis reaches six hours


def test_the_first_guess_is_linear_between_the_middles_of_frames():
    # hours of a frame of 3 lie 1/3 of a frame before its middle, in it, and 1/3 after it
    frames = torch.tensor([0.0, 0, 3, 9, 0, 0]).view(1, 6, 1, 1).expand(-1, -1, 4, 4)
    made = context(hourly_axis(frames, 3, 2, 6), scale(1, 3, context_length=5, lookahead=2))
    assert made.base[:, 0, 0, 0].tolist() == pytest.approx([2, 3, 5, 7, 9, 6])


def test_a_frame_that_is_not_seen_is_taken_for_the_own_one():
    frames = torch.tensor([0.0, 0, 3, 9, 0, 0]).view(1, 6, 1, 1).expand(-1, -1, 4, 4)
    made = context(hourly_axis(frames, 3, 2, 6), scale(1, 3, context_length=3, lookahead=0))
    assert made.base[:, 0, 0, 0].tolist() == pytest.approx([2, 3, 3, 7, 9, 9])
    assert made.fine[:, 5, 0, 0].tolist() == [3, 3, 3, 9, 9, 9]  # the frame after


def test_a_constant_stays_constant_and_phases_span_a_cell():
    made = context(torch.full((1, 14, 3, 3), 0.7), scale(4, 2), statics=torch.zeros(1, 2, 12, 12))
    assert made.fine.shape == (2, FINE + 2, 12, 12)
    torch.testing.assert_close(made.fine[:, [0, 2, 3, 4, 5]], torch.full((2, 5, 12, 12), 0.7))
    assert made.fine[0, 6, :5, 0].tolist() == [-0.75, -0.25, 0.25, 0.75, -0.75]
    assert made.fine[0, 7, 0, :5].tolist() == [-0.75, -0.25, 0.25, 0.75, -0.75]


def test_missing_frames_do_not_matter_whatever_they_hold():
    z, present = torch.rand(1, 18, 4, 4), torch.ones(1, 18, 4, 4, dtype=torch.bool)
    present[:, 12:15], present[:, :, 0] = False, False
    wild = torch.where(present, z, torch.nan)
    one, two = (build_context(a, present, still(z, scale(2, 3)), scale(2, 3), 2) for a in (z, wild))
    for key in ("fine", "frames", "present"):
        torch.testing.assert_close(getattr(one, key), getattr(two, key))
    assert not one.present[:, :, 0].any() and torch.isfinite(one.fine).all()


@pytest.mark.parametrize("space", [1, 3, 10])
def test_a_tile_is_a_piece_of_the_whole(space):
    z, present = torch.rand(1, 18, 48 // space + 1, 40 // space), torch.rand(1, 18, 48 // space + 1, 40 // space) > 0.1
    statics = torch.rand(1, 1, space * (48 // space + 1), space * (40 // space))
    moving = still(z, scale(space, 3), torch.rand)
    whole = build_context(z, present, moving, scale(space, 3), 2, statics)
    tile = tile_context(z, present, moving, scale(space, 3), 2, (16, 40, 8, 24), statics)
    assert torch.equal(tile.fine, whole.fine[..., 16:40, 8:24])
    assert torch.equal(tile.frames, whole.frames[..., 8:20, 4:12])


def test_a_move_by_cells_moves_the_context():
    z, pair = torch.rand(1, 18, 12, 12), scale(4, 3)
    whole, moved = context(z, pair).fine, context(z[..., 2:, 1:], pair).fine
    torch.testing.assert_close(moved[..., 12:32, 12:32], whole[..., 20:40, 16:36])


def test_what_moves_lies_on_its_pixels_and_how_sure_it_is_on_its_cells():
    z, pair = torch.zeros(1, 14, 3, 3), scale(4, 2)
    moving = Moving(torch.rand(1, 2, 12, 12), torch.rand(1, 2, 3, 3))
    made = build_context(z, z == 0, moving, pair, 2)
    torch.testing.assert_close(made.moved[:, 0, :12, :12], moving.z[0])
    torch.testing.assert_close(
        made.fine[:, 9, :12, :12], moving.likeness[0].repeat_interleave(4, 1).repeat_interleave(4, 2)
    )


def test_dry_cells_are_told_from_missing_ones():
    z, present = torch.ones(1, 14, 2, 2), torch.ones(1, 14, 2, 2, dtype=torch.bool)
    z[..., 0, 0], present[..., 1, 1] = 0, False
    wet = build_context(z, present, still(z, scale(2, 2)), scale(2, 2), 1).wet[0, 0]
    assert wet.tolist() == [[False] * 2 + [True] * 2] * 2 + [[True] * 4] * 2


def test_half_precision_leaves_the_context_alone():
    z, pair = torch.rand(1, 18, 6, 6), scale(5, 3)
    with torch.autocast("cpu", torch.bfloat16):
        low = context(z, pair)
    assert low.fine.dtype == torch.float32 and torch.equal(low.fine, context(z, pair).fine)
