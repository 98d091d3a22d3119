"""The weights f(P) of the conservation, free of units: rain and threshold are given as parts of the block's maximum.

Dividing by the maximum first keeps every sum between 1/n and 1, whatever the size of the rain, and changes nothing:
a common factor of f cancels in f(P) / mean(f(P)).
"""

import torch
from torch import Tensor

from anemoi_scaleadapt.scale import Conservation

#: Parts of the block's maximum below this count as dry for the roots (their slope at zero is infinite).
TINY = 1e-12


def _power(part: Tensor, power: float) -> Tensor:
    wet = part > TINY
    return torch.where(wet, torch.where(wet, part, 1.0) ** power, 0.0)


def weights(part: Tensor, threshold: Tensor, settings: Conservation) -> Tensor:
    """Return f of `part` = P / max(P) in [0, 1], with `threshold` = threshold / max(P)."""
    if settings.function == "power":
        return _power(part, settings.power)
    if settings.function == "threshold":
        return (part - threshold).clamp_min(0)
    if settings.function == "threshold_sqrt":
        return (_power(part, 0.5) - threshold.sqrt()).clamp_min(0)
    return part  # identity; tapered bounds the gain, not f
