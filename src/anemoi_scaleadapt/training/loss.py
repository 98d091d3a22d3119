"""The loss of both networks: mean square error where there is something to learn."""

import torch
from anemoi.training.losses.base import BaseLoss
from torch import Tensor


class MaskedMSE(BaseLoss):
    """Mean square error over all known values of a batch; or of each sample, weighted.

    Values whose target is NaN (missing rain, or cells that the coarse totals already decide) take no part. With
    weights it is the mean over samples of weight times the sample's mean over its known values, zero if it has none:
    weights decide how much a batch counts beside others.
    """

    def forward(
        self, pred: Tensor, target: Tensor, squash: bool = True, *, weights: Tensor | None = None, **_: object
    ) -> Tensor:
        """Compute the loss.

        Parameters
        ----------
        pred, target : Tensor
            (batch, time, ensemble, grid, variables), any one unit; NaN in `target` is missing.
        squash : bool, optional
            Whether to average over variables; otherwise one value each.
        weights : Tensor, optional
            Of the samples, (batch,).

        Returns
        -------
        Tensor
            Scalar, or (variables,).
        """
        known = ~torch.isnan(target)
        error = torch.where(known, pred.float() - torch.where(known, target, 0).float(), 0).square()
        over = tuple(range(1, pred.ndim - (0 if squash else 1)))
        error, count = error.sum(over), known.sum(over)
        if weights is None:
            return error.sum(0) / count.sum(0).clamp(min=1)
        each = error / count.clamp(min=1)
        return (each * weights.view(-1, *[1] * (each.ndim - 1))).mean(0)
