"""Tiles cover a domain once, and what is cut comes back in place."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from anemoi_scaleadapt.layers.tiling import pad_to, plan, run_tiled


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 40), st.integers(0, 30))
def test_every_pixel_once(rows, columns, size, halo):
    height, width = 8 * rows, 8 * columns
    seen = torch.zeros(height, width)
    for tile in plan(height, width, size, halo, 8):
        y0, y1, x0, x1 = tile.inner
        seen[y0:y1, x0:x1] += 1
        assert tile.outer[0] <= max(0, y0 - halo) and tile.outer[3] >= min(width, x1 + halo)
        assert all(edge % 8 == 0 for edge in (*tile.inner, *tile.outer))
    assert (seen == 1).all()


def test_a_local_function_is_the_same_in_tiles():
    x = torch.randn(2, 3, 32, 48)
    coarse = torch.nn.functional.avg_pool2d(x, 4)
    kernel = torch.randn(3, 3, 3, 3)

    def function(fine, told):
        return torch.nn.functional.conv2d(fine, kernel, padding=1) + told.repeat_interleave(4, -1).repeat_interleave(
            4, -2
        )

    tiles = list(plan(32, 48, 16, 1, 8))
    assert len(tiles) == 6
    got = run_tiled(function, (x, coarse), (1, 4), tiles, torch.empty_like(x))
    torch.testing.assert_close(got, function(x, coarse))


def test_unwanted_tiles_keep_what_was_there():
    out = run_tiled(
        torch.ones_like, (torch.zeros(16, 16),), (1,), list(plan(16, 16, 8, 0, 8)), torch.zeros(16, 16),
        wanted=lambda tile: tile.inner[0] == 8,
    )  # fmt: skip
    assert out[:8].sum() == 0 and out[8:].sum() == 128


def test_padding():
    assert pad_to(torch.ones(1, 9, 16), 8).shape == (1, 16, 16)
    assert pad_to(torch.ones(1, 8, 16), 8).shape == (1, 8, 16)
