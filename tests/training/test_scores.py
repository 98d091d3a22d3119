"""Scores of the validation loop against numbers worked by hand."""

import numpy as np
import pytest
import torch

from anemoi_scaleadapt.training.scores import ensemble_scores, high_power, quantile


def test_an_ensemble_drawn_like_the_truth_is_calibrated():
    torch.manual_seed(1)
    drawn = torch.distributions.Exponential(1.0).sample((1, 4, 9, 64, 64))
    got = ensemble_scores(drawn[:, :, :8], drawn[:, :, 8])
    for name in ("ssr", "wet_fraction_ratio", "q999_ratio", "spectra_ratio_high"):
        assert got[name].item() == pytest.approx(1, abs=0.08), name


def test_crps_by_hand():
    # members 0, 2, 6 along their own axis, truth 1: mean error 7/3, half the mean of the pairs 2
    members = torch.tensor([0.0, 2.0, 6.0]).view(1, 1, 3, 1, 1).expand(2, 3, 3, 8, 8)
    assert ensemble_scores(members, torch.ones(2, 3, 8, 8))["crps"].item() == pytest.approx(1 / 3)


def test_missing_truth_leaves_the_scores():
    members, truth = torch.rand(1, 1, 4, 8, 8), torch.rand(1, 1, 8, 8)
    whole = ensemble_scores(members[..., :4], truth[..., :4])["crps"]
    truth[..., 4:] = torch.nan
    assert ensemble_scores(members, truth)["crps"].item() == pytest.approx(whole.item())
    assert ensemble_scores(members, torch.full_like(truth, torch.nan)) == {}


def test_power_of_a_wave_counts_only_below_8_pixels():
    y = torch.arange(32.0)[:, None].expand(32, 32)
    short, long = (torch.cos(2 * np.pi * y / n)[None] for n in (4, 16))
    assert high_power(short) > 100 * high_power(long)


def test_quantile_by_rank():
    assert quantile(torch.arange(1.0, 1001.0), 0.999) == 999
