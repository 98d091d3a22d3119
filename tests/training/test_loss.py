"""The masked loss."""

import pytest
import torch

from anemoi_scaleadapt.training.loss import MaskedMSE


def shaped(*values):
    return torch.tensor(values).view(len(values), 1, 1, -1, 1)


def test_by_hand():
    # errors 1 and 3, then one known error of 2: (1 + 9 + 4) / 3 over all; samples have means 5 and 4
    pred = shaped([1.0, 3.0], [2.0, 99.0])
    target = shaped([0.0, 0.0], [0.0, float("nan")])
    assert MaskedMSE()(pred, target) == pytest.approx(14 / 3)
    assert MaskedMSE()(pred, target, weights=torch.tensor([3.0, 0.5])) == pytest.approx((3 * 5 + 0.5 * 4) / 2)
    assert MaskedMSE()(pred, target, squash=False).shape == (1,)
    assert MaskedMSE()(pred, target, squash=False, weights=torch.ones(2)).shape == (1,)


def test_nothing_known_gives_zero_and_a_finite_gradient():
    pred = shaped([1.0, 2.0]).requires_grad_()
    loss = MaskedMSE()(pred, torch.full_like(pred, torch.nan))
    loss.backward()
    assert loss == 0 and torch.isfinite(pred.grad).all()


def test_missing_values_get_no_gradient():
    pred = shaped([1.0, 2.0]).requires_grad_()
    MaskedMSE()(pred, shaped([0.0, float("nan")])).backward()
    assert pred.grad.flatten().tolist() == [2.0, 0.0]
