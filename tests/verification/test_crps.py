"""The fair CRPS by hand, of numpy and torch, against two libraries."""

import numpy as np
import pytest
import torch

from anemoi_scaleadapt.verification.crps import fair_crps, total_crps
from support.scoring import scores_of, single


@pytest.mark.parametrize(
    ("members", "truth", "wanted"),
    [
        # mean error (1 + 1 + 5) / 3; pairs 2, 6, 4: half their mean is 2
        ([0, 2, 6], 1, 1 / 3),
        ([6, 0, 2], 1, 1 / 3),
        # mean distance 1, pair 2
        ([1, 3], 2, 0),
        # mean distance 2.5, pair 1
        ([0, 1], 3, 2),
        # a single field: its absolute error
        ([3], 1, 2),
        ([0.3, 0.3, 0.3], 0.3, 0),
    ],
)
def test_by_hand(members, truth, wanted):
    members, truth = np.array(members, "float32"), np.float32(truth)
    assert fair_crps(members, truth) == pytest.approx(wanted)
    assert fair_crps(torch.from_numpy(members), torch.tensor(truth)).item() == pytest.approx(wanted)


@pytest.mark.parametrize("members", [1, 2, 7, 8, 33])
def test_of_numpy_and_torch_against_scores(members):
    from scores.probability import crps_for_ensemble
    from xarray import DataArray

    draw = np.random.default_rng(members)
    forecast, truth = draw.gamma(0.5, 2, (members, 40)), draw.gamma(0.5, 2, 40)
    found = fair_crps(forecast, truth)
    assert fair_crps(torch.from_numpy(forecast), torch.from_numpy(truth)).numpy() == pytest.approx(found)
    method = "fair" if members > 1 else "ecdf"
    arrays = DataArray(forecast, dims=("member", "case")), DataArray(truth, dims="case")
    assert crps_for_ensemble(*arrays, "member", method=method, preserve_dims="case").values == pytest.approx(found)


def test_against_pysteps(ensemble):
    from pysteps.verification.probscores import CRPS

    forecast, truth = (a[..., :1, :, :] for a in ensemble)
    members = len(forecast)
    biased = np.mean([CRPS(forecast[:, h].astype(float), truth[h].astype(float)) for h in range(len(truth))])
    pairs = np.abs(forecast[:, None] - forecast[None]).mean()  # over M^2 pairs
    assert scores_of(forecast, truth)["crps"] == pytest.approx(biased - 0.5 * pairs / (members - 1), rel=1e-5)


def test_missing_truth_is_nan():
    assert np.isnan(fair_crps(np.zeros((3, 1)), np.array([np.nan]))).all()


def test_tail_by_hand():
    found = scores_of(*single([0, 2, 6], 1))
    # above 5: members 5, 5, 6, truth 5: mean error 1/3, pairs 0, 1, 1: half their mean is 1/3
    assert found["twcrps_5mm"] == pytest.approx(0, abs=1e-7)
    # above 1: members 1, 2, 6, truth 1: errors 0, 1, 5; pairs 1, 5, 4: 2 - 10 / 6
    assert found["twcrps_1mm"] == pytest.approx(1 / 3)


def test_tail_against_scores(ensemble):
    from scores.probability import tail_tw_crps_for_ensemble
    from xarray import DataArray

    forecast, truth = ensemble
    arrays = DataArray(forecast, dims=("member", "t", "y", "x")), DataArray(truth, dims=("t", "y", "x"))
    found = scores_of(forecast, truth)
    for key, threshold in (("crps", 0.0), ("twcrps_1mm", 1.0), ("twcrps_5mm", 5.0)):
        wanted = float(tail_tw_crps_for_ensemble(*arrays, "member", threshold, method="fair"))
        assert found[key] == pytest.approx(wanted, rel=1e-5)


def test_dry_cases_change_nothing():
    members, truth = np.array([[0.0, 1, 0], [0, 3, 0]]), np.array([0.0, 2, 1])
    known = np.array([True, True, False])
    assert total_crps(members, truth, known) == 0 == fair_crps(members, truth)[:2].sum()
    assert total_crps(members, truth, ~known) == pytest.approx(1)
