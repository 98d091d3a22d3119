"""How a trained network draws best, for every pair: measured at some pairs, smooth between them."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from anemoi_scaleadapt.diffusion.settings import Tuned
from anemoi_scaleadapt.models.spread import KNOTS, LONGEST, knot_weights

#: how far in log s and in t a measured pair is felt
FELT = (0.5, 0.35)
Pair = tuple[int, int]


class Calibrated(nn.Module):
    """What is chosen of the sampler over s and t; nothing at the start of a training.

    A table at knots in log s for every t, part of the weights. A ``sigma_max`` of zero stands for "not measured".
    """

    table: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("table", torch.zeros(len(Tuned._fields), LONGEST, len(KNOTS)))

    def forward(self, space: int, time: int) -> Tuned | None:
        """Return what was chosen for a pair, or None if nothing was measured."""
        values = self.table[:, time - 1]
        if not bool((values[0] > 0).all()):
            return None
        weights = knot_weights(space, values.device)
        levels = (values[:2].log() * weights).sum(-1).exp().tolist()
        return Tuned(*levels, *(values[2:] * weights).sum(-1).tolist())

    @torch.no_grad()
    def fill(self, measured: Mapping[Pair, Tuned]) -> None:
        """Set the table.

        Parameters
        ----------
        measured : Mapping
            By pair (s, t). Every place of the table becomes the mean of all of them, weighted by their nearness in
            log s and t; of ``sigma_max`` and ``noise_factor`` the geometric mean.
        """
        values = {pair: (*map(math.log, tuned[:2]), *tuned[2:]) for pair, tuned in measured.items()}
        for t in range(1, LONGEST + 1):
            for k, knot in enumerate(KNOTS):
                far = {
                    pair: (math.log(pair[0] / knot) / FELT[0]) ** 2 + ((pair[1] - t) / FELT[1]) ** 2
                    for pair in measured
                }
                nearest = min(far.values())
                weights = {pair: math.exp((nearest - square) / 2) for pair, square in far.items()}
                total = sum(weights.values())
                means = [
                    sum(w * values[pair][i] for pair, w in weights.items()) / total for i in range(len(Tuned._fields))
                ]
                self.table[:, t - 1, k] = torch.tensor((*map(math.exp, means[:2]), *means[2:]))
