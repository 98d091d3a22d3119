"""The weights f(P) of the conservation, free of units: rain and threshold come as parts of a maximum.

Rain is divided by a maximum first, so that powers neither overflow nor vanish, whatever the unit. It
changes nothing else: a common factor of f cancels in f(P) / mean(f(P)).
"""

import torch
from torch import Tensor

from anemoi_scaleadapt.scale import Conservation

#: Parts of the maximum below this count as dry for the roots, whose slope at zero is infinite.
TINY = 1e-12


def _power(part: Tensor, power: float) -> Tensor:
    dry = part <= TINY
    return torch.where(dry, torch.zeros_like(part), torch.where(dry, torch.ones_like(part), part) ** power)


def weights(part: Tensor, threshold: Tensor, settings: Conservation) -> Tensor:
    """Return f of `part` = P / max(P) in [0, 1], with `threshold` = threshold / max(P).

    ``identity`` x; ``power`` x^power; ``threshold`` max(x - threshold, 0); ``threshold_sqrt``
    max(sqrt(x) - sqrt(threshold), 0), the paper's f at (10, 1) and (1, 3); ``tapered`` x (it bounds the
    gain, not f).
    """
    if settings.function == "power":
        return _power(part, settings.power)
    if settings.function == "threshold":
        return (part - threshold).clamp_min(0)
    if settings.function == "threshold_sqrt":
        return (_power(part, 0.5) - threshold.sqrt()).clamp_min(0)
    return part
