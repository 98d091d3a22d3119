"""The annotated shapes are checked in the tests: what does not fit them fails at the call."""

import jaxtyping
import pytest
import torch

from anemoi_scaleadapt.conservation import nearest
from anemoi_scaleadapt.diffusion.schedule import denoised
from anemoi_scaleadapt.layers.hours import HourMix
from anemoi_scaleadapt.models.context import Context


@pytest.mark.parametrize(
    "call",
    [
        lambda: HourMix(4)(torch.zeros(6, 4, 2, 2), torch.zeros(3, 4, 2, 2), 3),
        lambda: denoised(torch.zeros(2, 3), torch.ones(()), torch.zeros(3, 2)),
        lambda: nearest(torch.zeros(4), 2),
        lambda: Context(*(torch.zeros(2, 3, 4, 4) for _ in range(3)), torch.zeros(2, 1, 13)),
    ],
)
def test_what_does_not_fit_its_shape_fails(call):
    with pytest.raises(jaxtyping.TypeCheckError):
        call()
