"""Motion of frames: pixels h-1, frames further away, parts of a domain, what may be seen."""

import pytest
import torch

from anemoi_scaleadapt.motion.flow import everywhere, flow


@pytest.fixture
def blob(shower):
    field = torch.zeros(20, 20)
    field[8:11, 6:9] = torch.from_numpy(shower(1, 3)[0]) + 1
    return field


def of(frames, place, s, t, usable=None):
    frames = torch.stack(frames)[None]
    usable = torch.ones(1, 1, frames.shape[1], dtype=torch.bool) if usable is None else torch.tensor([[usable]])
    return flow(frames, usable, [place], s, t)[0, 0]


def test_frames_further_away_help_and_the_pixels_are_fine(blob):
    frames = [blob.roll((k, 2 * k), (0, 1)) for k in range(-2, 3)]
    frames[2] = torch.zeros(20, 20)  # dry: only the pairs beside it tell
    out = of(frames, 2, s=10, t=2)
    assert out.shape == (3, 1, 1)
    assert out[:2].flatten().tolist() == pytest.approx([10 / 2, 2 * 10 / 2], abs=1)
    assert 0.4 < out[2] < 0.6  # half of the rain has nothing to be like


def test_frames_that_may_not_be_seen_tell_nothing(blob):
    frames = [blob, blob.roll(2, 0), blob.roll((2, 4), (0, 1))]
    past = of(frames, 1, s=1, t=1, usable=[True, True, False])
    assert torch.allclose(past, of(frames[:2], 1, s=1, t=1), atol=1e-4)
    assert (of(frames, 1, 1, 1, usable=[False, True, False]) == 0).all()


def test_at_full_resolution_cells_of_five_pixels_are_followed(blob):
    fine = [torch.kron(blob.roll(k, 1), torch.ones(5, 5)) for k in (0, 1)]
    assert of(fine, 0, s=1, t=1)[1].item() == pytest.approx(5, abs=1)


def test_large_domains_have_parts_with_a_motion_of_their_own():
    draw = torch.Generator().manual_seed(0)
    before = torch.rand(25, 100, generator=draw).pow(6).repeat_interleave(2, 0).repeat_interleave(2, 1)
    after = torch.cat([before.roll(3, 0)[:, :100], before.roll(-3, 0)[:, 100:]], 1)
    out = of([before, after], 0, s=10, t=1)  # 500 x 2000 pixels
    assert out.shape == (3, 2, 8)
    fine = everywhere(out[None, :2], (500, 2000))[0]
    assert fine[0, 250, 100].item() == pytest.approx(30, abs=3)
    assert fine[0, 250, 1900].item() == pytest.approx(-30, abs=3)


def test_a_lone_frame_and_a_lone_cell_do_not_move():
    assert (of([torch.ones(3, 4)], 0, 5, 3) == 0).all()
    assert of([torch.ones(1, 1)] * 3, 1, 2, 1).shape == (3, 1, 1)
