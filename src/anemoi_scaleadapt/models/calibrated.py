"""How a trained network draws best, for every pair: measured at some pairs, smooth between them."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from anemoi_scaleadapt.models.spread import KNOTS, LONGEST, knot_weights

#: how far in log s and in t a measured pair is felt
FELT = (0.8, 1.0)
Pair = tuple[int, int]


class Calibrated(nn.Module):
    """The sampler's ``sigma_max`` and ``noise_factor`` over s and t; nothing at the start of a training.

    A table at knots in log s for every t, part of the weights. Zeros stand for "not measured".
    """

    table: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("table", torch.zeros(2, LONGEST, len(KNOTS)))

    def forward(self, space: int, time: int) -> tuple[float, float] | None:
        """Return sigma_max and noise_factor of a pair, or None if nothing was measured."""
        values = self.table[:, time - 1]
        if not bool((values > 0).all()):
            return None
        weights = knot_weights(space, values.device)
        sigma_max, noise_factor = (values.log() * weights).sum(-1).exp().tolist()
        return sigma_max, noise_factor

    @torch.no_grad()
    def fill(self, measured: Mapping[Pair, tuple[float, float]]) -> None:
        """Set the table.

        Parameters
        ----------
        measured : Mapping
            (s, t) -> (sigma_max, noise_factor). Every place of the table becomes the geometric mean of all of them,
            weighted by their nearness in log s and t.
        """
        for t in range(1, LONGEST + 1):
            for k, knot in enumerate(KNOTS):
                far = {
                    pair: (math.log(pair[0] / knot) / FELT[0]) ** 2 + ((pair[1] - t) / FELT[1]) ** 2
                    for pair in measured
                }
                nearest = min(far.values())
                weights = {pair: math.exp((nearest - square) / 2) for pair, square in far.items()}
                for i in range(2):
                    total = sum(weights[pair] * math.log(measured[pair][i]) for pair in measured)
                    self.table[i, t - 1, k] = math.exp(total / sum(weights.values()))
