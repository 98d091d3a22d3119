"""Scores of the validation loop against numbers worked by hand and a second library."""

import numpy as np
import pytest
import torch

from anemoi_scaleadapt.training.scores import ensemble_scores, fair_crps, high_power, quantile


def test_fair_crps_by_hand():
    # members 1 and 3, truth 2: mean distance 1, pair distance 2 -> 1 - 2 / 2 = 0
    members = torch.tensor([1.0, 3.0]).view(1, 1, 2, 1, 1)
    assert fair_crps(members, torch.tensor([[[[2.0]]]])).item() == 0
    # members 0 and 1, truth 3: mean distance 2.5, minus 1 / 2
    assert fair_crps(torch.tensor([0.0, 1.0]).view(1, 1, 2, 1, 1), torch.tensor([[[[3.0]]]])).item() == 2.0


def test_fair_crps_against_scores():
    xr = pytest.importorskip("xarray")
    from scores.probability import crps_for_ensemble

    torch.manual_seed(0)
    members, truth = torch.rand(2, 3, 6, 4, 5), torch.rand(2, 3, 4, 5)
    axes = ("b", "t", "member", "y", "x")
    want = crps_for_ensemble(
        xr.DataArray(members.numpy(), dims=axes),
        xr.DataArray(truth.numpy(), dims=("b", "t", "y", "x")),
        "member",
        method="fair",
    )
    assert fair_crps(members, truth).mean().item() == pytest.approx(float(want), rel=1e-5)


def test_an_ensemble_drawn_like_the_truth_is_calibrated():
    torch.manual_seed(1)
    drawn = torch.distributions.Exponential(1.0).sample((1, 4, 9, 64, 64))
    got = ensemble_scores(drawn[:, :, :8], drawn[:, :, 8])
    for name in ("ssr", "wet_fraction_ratio", "q999_ratio", "spectra_ratio_high"):
        assert got[name].item() == pytest.approx(1, abs=0.08), name


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
