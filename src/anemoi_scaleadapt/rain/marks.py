"""Missing rain in tensors: anemoi accepts no NaN in a batch, so -1 marks what is missing."""

import torch
from torch import Tensor

from anemoi_scaleadapt.rain.codes import LEAST, MOST

MISSING = -1.0


def mark_missing(rain: Tensor) -> Tensor:
    """Rain as networks may read it: not negative where it is known, -1 where it is missing.

    The one place that decides what of a batch is known. NaN, -1, infinities, codes and impossible rates are missing;
    traces from -0.01 to 0 mm h-1, which packing leaves, are dry, not missing.

    Parameters
    ----------
    rain : Tensor
        Any shape, mm h-1, as it comes from a dataset or from anemoi's imputer.

    Returns
    -------
    Tensor
        Same shape; nothing else is changed.
    """
    known = (rain >= LEAST) & (rain <= MOST)
    return torch.where(known, rain.clamp(min=0), MISSING)
