"""Numbers that are followed over many batches, the same on every process."""

import torch
from torch import Tensor, nn

from anemoi_scaleadapt.models.spread import FORGET, all_sum
from anemoi_scaleadapt.scale.pairs import SPACE, TIME


class UsualWet(nn.Module):
    """Wet share of the crops' places over the batches so far, for every pair, the last fifty or so counting most.

    Divided by it, the weights of crops have a mean of about one over many batches of a pair, so that pairs weigh alike,
    and each batch keeps its own weight among them.
    """

    mean: Tensor
    seen: Tensor

    def __init__(self) -> None:
        super().__init__()
        for name in ("mean", "seen"):
            self.register_buffer(name, torch.zeros(SPACE + 1, TIME + 1))

    @torch.no_grad()
    def forward(self, wet: Tensor, places: Tensor, space: int, time: int) -> Tensor:
        """Take a batch's sum of wet shares over its places into the pair's mean, and return that, at least 1e-6.

        Batches of several processes count as one; without a place that has data nothing changes.
        """
        wet, places = all_sum(torch.stack([wet, places.to(wet)])).to(self.mean)
        mean, seen = self.mean[space, time], self.seen[space, time]
        known = places > 0
        rate = torch.clamp(1 / (seen + 1), min=FORGET) * known
        mean.lerp_(wet / places.clamp(min=1), rate)
        seen += known
        return mean.clamp(min=1e-6)


class Means:
    """Weighted means of named numbers over a validation and over all processes.

    Parameters
    ----------
    names : sequence of str
        All names, in one order on every process, whatever each of them has seen.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.sums: dict[str, Tensor] = {}

    def add(self, name: str, value: Tensor, weight: Tensor | float = 1.0) -> None:
        """Take a number in; without weight, or if it is no number, it takes no part."""
        weight = torch.where(value.isfinite(), torch.as_tensor(weight, device=value.device).double(), 0.0)
        found = torch.stack([torch.nan_to_num(value.double(), posinf=0.0, neginf=0.0) * weight, weight])
        self.sums[name] = self.sums[name] + found if name in self.sums else found

    def take(self, device: torch.device) -> dict[str, Tensor]:
        """Return the means of what anybody has seen, and begin anew."""
        none = torch.zeros(2, dtype=torch.float64, device=device)
        total = all_sum(torch.stack([self.sums.get(name, none) for name in self.names]))
        self.sums = {}
        return {name: (s / w).float() for name, (s, w) in zip(self.names, total, strict=True) if w > 0}
