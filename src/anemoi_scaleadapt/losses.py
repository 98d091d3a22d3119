"""The loss of both networks: mean square error where there is something to learn."""

import torch
from anemoi.training.losses.base import BaseLoss
from torch import Tensor


class MaskedMSE(BaseLoss):
    """Mean square error of each sample over its known values, then the weighted mean over samples.

    Values whose target is NaN (missing rain, or cells that the coarse totals already decide) take no part. A
    sample without any known value counts for nothing.
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
        count = known.sum(over)
        each = error.sum(over) / count.clamp(min=1)
        share = (count > 0) * (1.0 if weights is None else weights.view(-1, *[1] * (count.ndim - 1)))
        return (each * share).sum(0) / share.sum(0).clamp(min=1e-9)
