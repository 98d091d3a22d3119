"""The masked loss."""

import pytest
import torch

from anemoi_scaleadapt.losses import MaskedMSE


def shaped(*values):
    return torch.tensor(values).view(len(values), 1, 1, -1, 1)


def test_by_hand():
    # sample 0: errors 1 and 3 -> 5; sample 1: one known error of 2 -> 4; mean 4.5
    pred = shaped([1.0, 3.0], [2.0, 99.0])
    target = shaped([0.0, 0.0], [0.0, float("nan")])
    assert MaskedMSE()(pred, target) == pytest.approx(4.5)
    assert MaskedMSE()(pred, target, weights=torch.tensor([3.0, 1.0])) == pytest.approx((3 * 5 + 4) / 4)
    assert MaskedMSE()(pred, target, squash=False).shape == (1,)


def test_nothing_known_gives_zero_and_a_finite_gradient():
    pred = shaped([1.0, 2.0]).requires_grad_()
    loss = MaskedMSE()(pred, torch.full_like(pred, torch.nan))
    loss.backward()
    assert loss == 0 and torch.isfinite(pred.grad).all()


def test_missing_values_get_no_gradient():
    pred = shaped([1.0, 2.0]).requires_grad_()
    MaskedMSE()(pred, shaped([0.0, float("nan")])).backward()
    assert pred.grad.flatten().tolist() == [2.0, 0.0]
