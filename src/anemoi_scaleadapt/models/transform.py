"""The space in which the networks work: rain rates made less skewed and of unit size."""

from dataclasses import dataclass

import torch
from torch import Tensor

from anemoi_scaleadapt.errors import ScaleAdaptError

TRANSFORMS = ("sqrt", "linear")


@dataclass(frozen=True)
class RainTransform:
    """A monotone map between rain in mm h-1 and the networks' variable z.

    ``sqrt`` is z = sqrt(P / unit) with the unit the mean rain rate, so that z has mean square one;
    ``linear`` is z = P / unit with the unit the standard deviation, as the paper's min-max scaling up to a
    constant.

    Parameters
    ----------
    name : str
        ``sqrt`` or ``linear`` (config key ``model.model.transform``).
    unit : float
        Rain rate in mm h-1 that becomes z = 1.

    Raises
    ------
    ScaleAdaptError
        If the name is unknown or the unit is not a positive number.
    """

    name: str
    unit: float

    def __post_init__(self) -> None:
        if self.name not in TRANSFORMS:
            raise ScaleAdaptError(f"model.model.transform = {self.name!r}: choose one of {', '.join(TRANSFORMS)}.")
        if not 0 < self.unit < float("inf"):
            raise ScaleAdaptError(
                f"The training statistics give a rain unit of {self.unit} mm h-1: the HR dataset holds no rain in "
                "its statistics period. Build it with `statistics: {start, end}` over the training period."
            )

    @classmethod
    def from_statistics(cls, name: str, mean: float, stdev: float) -> "RainTransform":
        """Choose the unit from a dataset's mean and standard deviation, both in mm h-1."""
        return cls(name, float(mean if name == "sqrt" else stdev))

    def forward(self, rain: Tensor) -> Tensor:
        """Map rain in mm h-1 (negative counts as zero) to z."""
        z = rain.clamp(min=0) / self.unit
        return torch.sqrt(z) if self.name == "sqrt" else z

    def inverse(self, z: Tensor) -> Tensor:
        """Map z to rain in mm h-1; negative z is no rain."""
        z = z.clamp(min=0)
        return self.unit * (z.square() if self.name == "sqrt" else z)
