"""What a config may say about the networks."""

from dataclasses import dataclass
from typing import Any

from anemoi_scaleadapt.scale.check import integer, real
from anemoi_scaleadapt.settings import Settings, require


@dataclass(frozen=True)
class NetworkSettings(Settings):
    """Size of the two networks.

    Parameters
    ----------
    patch : int
        Pixels folded into channels at the entry, each way.
    mean_channels, residual_channels : tuple of int
        Channels at patch resolution and at half of it.
    frame_channels : int
        Channels of a context frame's features.
    blocks : int
        Blocks each way at each level.
    heads, window : int
        Attention heads; width of the neighbourhood of the spatial attention (0: none).
    hours : int
        How many hours the attention over hours sees each way (0: none).
    averages : tuple of int
        Widths in patches, odd, of the squares over which the residual network also sees its noisy input averaged.
    """

    patch: int = 4
    mean_channels: tuple[int, int] = (48, 64)
    residual_channels: tuple[int, int] = (64, 96)
    frame_channels: int = 16
    blocks: int = 2
    heads: int = 4
    window: int = 5
    hours: int = 5
    averages: tuple[int, ...] = (1, 3, 7, 15)

    def check(self, where: str) -> None:
        """See the base class."""
        whole = {"patch": self.patch, "blocks": self.blocks, "heads": self.heads, "frame_channels": self.frame_channels}
        for key, value in whole.items():
            integer(f"{where}.{key}", value, 1, 4096, "it")
        odd = isinstance(self.window, int) and (self.window == 0 or self.window % 2 == 1)
        require(odd, f"{where}.window", self.window, "must be an odd number of pixels, or 0 for no spatial attention")
        for key, value in {"mean_channels": self.mean_channels, "residual_channels": self.residual_channels}.items():
            require(len(value) == 2, f"{where}.{key}", value, "must be two numbers")
        integer(f"{where}.hours", self.hours, 0, 48, "it")
        for width in self.averages:
            odd = isinstance(width, int) and not isinstance(width, bool) and 1 <= width <= 63 and width % 2 == 1
            require(odd, f"{where}.averages", self.averages, "must be odd numbers of patches, 1 to 63")
        for key, channels in {
            "mean_channels": self.mean_channels,
            "residual_channels": self.residual_channels[1:],
        }.items():
            even = all(n % self.heads == 0 for n in channels)  # the residual network attends at its coarse level alone
            require(even, f"{where}.{key}", getattr(self, key), f"must be multiples of heads = {self.heads}")


def check_amplitude(value: Any) -> float:
    """Return ``model.model.amplitude`` if it is an exponent in [0, 2), else raise ScaleAdaptError."""
    return real("model.model.amplitude", value, 0, 2, "the exponent of the coarse rain's z", low_included=True)
