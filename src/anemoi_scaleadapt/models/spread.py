"""How large residuals are, for every pair and hour: a table that follows the training."""

from functools import cache

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn

#: knots in s between which the table is read, linearly in log s
KNOTS = (1, 2, 3, 5, 8, 12, 18, 25)
#: longest coarse frame, t
LONGEST = 6
#: how fast an entry forgets, a batch, once it has seen many
FORGET = 0.02


def all_sum(x: Tensor) -> Tensor:
    """Sum over all processes, in place."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.all_reduce(x)
    return x


@cache  # a GPU would wait for every one
@torch.inference_mode(False)
def knot_weights(space: int, device: torch.device) -> Float[Tensor, " k"]:
    """Weights of the knots by which a table is read for a factor s, linearly in log s, (knots,)."""
    knots = torch.tensor(KNOTS, dtype=torch.float32).log()
    at = torch.tensor(float(space)).log().clamp(knots[0], knots[-1])
    right = int(torch.searchsorted(knots, at).clamp(1, len(KNOTS) - 1))
    share = (at - knots[right - 1]) / (knots[right] - knots[right - 1])
    weights = torch.zeros_like(knots)
    weights[right - 1], weights[right] = 1 - share, share
    return weights.to(device)


class ResidualSpread(nn.Module):
    """Standard deviation of the residual over s, t and the hour within its coarse frame.

    Entries are variances at knots in s; a batch moves the two knots beside its s, by their weights in log s. So pairs
    that were never drawn have a deviation too. Batches of several processes count as one.
    """

    variance: Tensor
    seen: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("variance", torch.ones(LONGEST, LONGEST, len(KNOTS)))
        self.register_buffer("seen", torch.zeros(LONGEST, LONGEST, len(KNOTS)))

    def forward(self, space: int, time: int, hours: int) -> Float[Tensor, " {hours}"]:
        """Standard deviation of every hour of a window, (hours,); knots that no batch has moved take no part."""
        weights = knot_weights(space, self.variance.device) * (self.seen[time - 1, :time] > 0)
        total = weights.sum(-1)
        known = (weights * self.variance[time - 1, :time].sqrt()).sum(-1) / total.clamp(min=1e-6)
        std = torch.where(total > 1e-6, known, torch.ones_like(known))
        return std[torch.arange(hours, device=std.device) % time]

    @torch.no_grad()
    def update(self, ratio_square: Float[Tensor, " h"], count: Shaped[Tensor, " h"], space: int, time: int) -> None:
        """Follow a batch.

        Parameters
        ----------
        ratio_square : Tensor
            Sum over known values of the squared residual by its present deviation, for every hour, (hours,).
        count : Tensor
            Known values, (hours,); an hour without any changes nothing.
        """
        sums = all_sum(torch.stack([ratio_square, count.to(ratio_square)]).unflatten(1, (-1, time)).sum(1))
        known = sums[1] > 0
        now = self(space, time, time).square()
        measured = torch.where(known, sums[0] / sums[1].clamp(min=1) * now, now).clamp(min=1e-6)
        weights = knot_weights(space, self.variance.device) * known[:, None]
        seen = self.seen[time - 1, :time]
        rate = weights * torch.maximum(1 / (seen + weights).clamp(min=1e-6), torch.full_like(weights, FORGET)).clamp(
            max=1
        )
        rate = torch.where(seen == 0, (weights > 0).to(rate), rate)
        self.variance[time - 1, :time].lerp_(measured[:, None].expand_as(rate), rate)
        seen.add_(weights)
