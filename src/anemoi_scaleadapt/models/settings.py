"""What a config may say about the model."""

from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic.config import JsonDict

from anemoi_scaleadapt.diffusion.settings import SamplerSettings
from anemoi_scaleadapt.models.transform import Space
from anemoi_scaleadapt.scale import Scale
from anemoi_scaleadapt.scale.pairs import Pairs
from anemoi_scaleadapt.settings import Name, Settings, refuse

Channels = Annotated[int, Field(ge=1, le=4096)]
Few = Annotated[int, Field(ge=1, le=64)]
ODD: JsonDict = {"rule": "a list, each an odd whole number from 1 to 63"}


class NetworkSettings(Settings):
    """Size of the two networks."""

    patch: Few = 4
    """pixels on a side of a patch, the networks' finest resolution"""
    mean_channels: Annotated[tuple[Channels, Channels], Field(strict=False)] = (48, 64)
    """channels of the mean network at patch resolution and at half of it, multiples of ``heads``"""
    residual_channels: Annotated[tuple[Channels, Channels], Field(strict=False)] = (64, 96)
    """likewise of the residual network, the second a multiple of ``heads``"""
    frame_channels: Channels = 16
    """channels of a context frame's features"""
    blocks: Few = 2
    """blocks each way at each level"""
    heads: Few = 4
    """attention heads"""
    window: Annotated[int, Field(json_schema_extra={"rule": "an odd whole number to 63, or 0"})] = 5
    """width of the neighbourhood of the spatial attention, in pixels of the coarser level; 0: none"""
    hours: Annotated[int, Field(ge=0, le=48)] = 5
    """reach in hours of the attention over hours; 0: none"""
    averages: Annotated[tuple[int, ...], Field(strict=False, min_length=1, json_schema_extra=ODD)] = (1, 3, 7, 15)
    """widths in patches of the squares over which the residual network also sees its noisy input averaged, with a gain
    each"""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not (self.window == 0 or odd(self.window)):
            refuse(self, "window")
        if not all(map(odd, self.averages)):
            refuse(self, "averages")
        if any(channels % self.heads for channels in self.mean_channels):
            refuse(self, "mean_channels", f"two multiples of heads = {self.heads}")
        if self.residual_channels[1] % self.heads:  # it attends at its coarse level alone
            refuse(self, "residual_channels", f"two values, the second a multiple of heads = {self.heads}")
        return self


def odd(width: int) -> bool:
    """Whether a width has a middle, and is not out of all proportion."""
    return 1 <= width <= 63 and width % 2 == 1


class ModelSettings(Settings):
    """Everything that ``model.model`` may say beside ``_target_``."""

    lr: Name = "lr"
    """name of the coarse dataset"""
    hr: Name = "hr"
    """name of the fine dataset"""
    variable: Name = "rain"
    """name of the rain in both"""
    scale: Scale | None = Field(default=None, json_schema_extra={"rule": "a mapping, or null"})
    """the one factor pair of a specialist; made of the group ``scale``"""
    pairs: Pairs | None = Field(default=None, json_schema_extra={"rule": "a mapping, or null"})
    """several factor pairs instead; made of the group ``pairs``"""
    unit: Annotated[float, Field(gt=0, le=1e6)] | None = Field(
        default=None, json_schema_extra={"rule": "a number above 0, or null"}
    )
    """mm/h of rain that the networks call 1. Null: the mean of the training data, or what comes with loaded weights"""
    transform: Space = "sqrt"
    """space in which the networks work; ``linear`` as in the paper"""
    detach_mean: bool = False
    """true: the residual's loss does not reach the mean network; false, as in the paper: it does"""
    amplitude: Annotated[float, Field(ge=0, lt=2)] = 0.75
    """the residual is divided by the coarse rain's z (interpolated) to this power, so that drizzle and storm look alike
    to the network; 0: by one number everywhere, as in the paper"""
    network: NetworkSettings = NetworkSettings()
    sampler: SamplerSettings = SamplerSettings()
    tile: Annotated[int, Field(ge=8, le=65536)] | None = Field(
        default=None, json_schema_extra={"rule": "a whole number from 8 to 65536, or null"}
    )
    """pixels; domains wider than this run tile by tile when members are drawn, with the same result. Null: in
    the fewest tiles that fit into the memory at hand"""
