"""The weights f(P) of the conservation, free of units: rain and threshold come as parts of a maximum.

Rain is divided by a maximum first, so that roots do not vanish, whatever the unit. It
changes nothing else: a common factor of f cancels in f(P) / mean(f(P)).
"""

import torch
from jaxtyping import Float
from torch import Tensor

from anemoi_scaleadapt.scale import Conservation

#: Parts of the maximum below this count as dry for the root, whose slope at zero is infinite.
TINY = 1e-12


def _root(part: Tensor) -> Tensor:
    dry = part <= TINY
    return torch.where(dry, torch.zeros_like(part), torch.where(dry, torch.ones_like(part), part).sqrt())


def weights(part: Float[Tensor, "*s"], threshold: Float[Tensor, "..."], settings: Conservation) -> Float[Tensor, "*s"]:
    """Return f of `part` = P / max(P) in [0, 1], with `threshold` = threshold / max(P).

    ``identity`` x; ``threshold`` max(x - threshold, 0); ``threshold_sqrt`` max(sqrt(x) - sqrt(threshold), 0), the
    paper's f at (10, 1) and (1, 3).
    """
    if settings.function == "threshold":
        return (part - threshold).clamp_min(0)
    if settings.function == "threshold_sqrt":
        return (_root(part) - threshold.sqrt()).clamp_min(0)
    return part
