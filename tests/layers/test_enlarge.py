"""Coarse fields on fine pixels."""

import pytest
import torch
import torch.nn.functional as F

from anemoi_scaleadapt.layers.enlarge import enlarge, shares

CPU = torch.device("cpu")


@pytest.mark.parametrize("mode", ["nearest", "bilinear", "bicubic"])
@pytest.mark.parametrize("space", [1, 2, 3, 10, 25])
def test_it_is_torchs_interpolation(space, mode):
    x = torch.rand(2, 3, 7, 4, dtype=torch.float64)
    rows, columns = torch.arange(7 * space), torch.arange(4 * space)
    torch.testing.assert_close(enlarge(x, space, mode, rows, columns), F.interpolate(x, scale_factor=space, mode=mode))


@pytest.mark.parametrize("mode", ["nearest", "bilinear", "bicubic"])
def test_a_part_has_the_bits_of_the_whole(mode):
    x = torch.rand(1, 3, 90, 70)
    whole = enlarge(x, 7, mode, torch.arange(630), torch.arange(490))
    part = enlarge(x, 7, mode, torch.arange(301, 622), torch.arange(13, 488))
    assert torch.equal(part, whole[..., 301:622, 13:488])


def test_what_a_pixel_takes_by_hand():
    # two pixels a cell: centres a quarter of a cell from that of their own
    assert shares(2, "bilinear", CPU, torch.float64).tolist() == [[0.25, 0], [0.75, 0.75], [0, 0.25]]
    torch.testing.assert_close(shares(10, "bicubic", CPU, torch.float64).sum(0), torch.ones(10, dtype=torch.float64))


def test_shares_that_inference_asked_for_first_serve_training():
    shares.cache_clear()
    x, pixels = torch.rand(1, 1, 2, 2, requires_grad=True), torch.arange(6)
    with torch.inference_mode():
        enlarge(torch.rand(1, 1, 2, 2), 3, "bicubic", pixels, pixels)
    enlarge(x, 3, "bicubic", pixels, pixels).sum().backward()
    assert x.grad is not None and x.grad.isfinite().all()
