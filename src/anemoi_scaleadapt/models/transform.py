"""The space in which the networks work: rain rates made less skewed and of unit size."""

from typing import Annotated, Literal

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.settings import Settings

Space = Literal["sqrt", "linear"]


class RainTransform(Settings):
    """A monotone map between rain in mm h-1 and the networks' variable z.

    ``sqrt`` is z = sqrt(P / unit) with the unit the mean rain rate, so that z has mean square one;
    ``linear`` is z = P / unit with the unit the standard deviation, as the paper's min-max scaling up to a
    constant.
    """

    name: Space
    """``sqrt`` or ``linear`` (config key ``model.model.transform``)"""
    unit: Annotated[float, Field(gt=0)]
    """rain rate in mm h-1 that becomes z = 1"""

    @classmethod
    def from_statistics(cls, name: Space, mean: float, stdev: float) -> "RainTransform":
        """Choose the unit from a dataset's mean and standard deviation, both in mm h-1.

        Raises
        ------
        ScaleAdaptError
            If there is no rain in them.
        """
        unit = float(mean if name == "sqrt" else stdev)
        if not 0 < unit < float("inf"):
            raise ScaleAdaptError(
                f"The training statistics give a rain unit of {unit} mm h-1: the HR dataset holds no rain in "
                "its statistics period. Build it with `statistics: {start, end}` over the training period."
            )
        return cls(name=name, unit=unit)

    def forward(self, rain: Float[Tensor, "*s"]) -> Float[Tensor, "*s"]:
        """Map rain in mm h-1 (negative counts as zero) to z."""
        z = rain.clamp(min=0) / self.unit
        return torch.sqrt(z) if self.name == "sqrt" else z

    def inverse(self, z: Float[Tensor, "*s"]) -> Float[Tensor, "*s"]:
        """Map z to rain in mm h-1; negative z is no rain."""
        z = z.clamp(min=0)
        return self.unit * (z.square() if self.name == "sqrt" else z)
