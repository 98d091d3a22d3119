"""Tiles cover a domain once, and what is cut comes back in place."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from anemoi_scaleadapt.layers.tiling import fewest, pad_to, parts_of, plan


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 4), st.integers(1, 11), st.integers(0, 30))
def test_every_pixel_once(rows, columns, down, across, halo):
    height, width = 8 * rows, 8 * columns
    seen = torch.zeros(height, width)
    for tile in plan(height, width, (down, across), halo, 8):
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

    tiles = list(plan(32, 48, (2, 3), 1, 8))
    assert len(tiles) == 6
    got = torch.empty_like(x)
    for tile in tiles:
        tile.put(got, function(tile.read(x), tile.read(coarse, 4)))
    torch.testing.assert_close(got, function(x, coarse))


def test_a_tile_is_at_most_a_quarter_wider_than_asked():
    assert (
        parts_of((1050, 1220), 512) == (2, 2)
        and parts_of((640, 641), 512) == (1, 2)
        and parts_of((8, 8), 512) == (1, 1)
    )


@pytest.mark.parametrize(
    ("most", "parts"),
    [
        (1050 * 1220, (1, 1)),
        (1050 * 1220 - 1, (1, 2)),  # strips share one edge only
        (1050 * (610 + 92), (1, 2)),
        (1050 * (407 + 184), (1, 3)),
        ((525 + 92) * (610 + 92), (2, 2)),
    ],
)
def test_the_fewest_tiles_that_fit(most, parts):
    assert fewest((1050, 1220), 92, most) == parts


def test_where_nothing_fits_tiles_are_small():
    down, across = fewest((1050, 1220), 92, 0)
    assert (down, across) == (11, 13) and fewest((40, 40), 92, 0) == (1, 1)


def test_padding():
    assert pad_to(torch.ones(1, 9, 16), 8).shape == (1, 16, 16)
    assert pad_to(torch.ones(1, 8, 16), 8).shape == (1, 8, 16)
