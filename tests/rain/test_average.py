"""Coarse frames are exact block means."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from anemoi_scaleadapt.rain.average import coarse_frames


def test_by_hand():
    hourly = torch.arange(16.0).view(1, 4, 2, 2)
    assert coarse_frames(hourly, 2, 2).flatten().tolist() == [3.5, 11.5]
    assert coarse_frames(hourly, 1, 4).flatten().tolist() == [6, 7, 8, 9]
    assert torch.equal(coarse_frames(hourly, 1, 1), hourly)


def test_one_missing_value_makes_its_block_missing_and_no_other():
    hourly = torch.ones(1, 4, 4, 4)
    hourly[0, 1, 3, 3], hourly[0, 2, 0, 0] = torch.nan, -1
    frames = coarse_frames(hourly, 2, 2)
    assert (frames == -1).nonzero().tolist() == [[0, 0, 1, 1], [0, 1, 0, 0]] and (frames == 1).sum() == 6


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 5), st.integers(1, 4), st.integers(0, 1000))
def test_totals_are_kept(space, time, seed):
    hourly = torch.rand(2, 2 * time, 3 * space, 2 * space, generator=torch.Generator().manual_seed(seed))
    frames = coarse_frames(hourly, space, time)
    assert frames.shape == (2, 2, 3, 2)
    torch.testing.assert_close(frames.double().mean(), hourly.double().mean(), rtol=1e-6, atol=0)
