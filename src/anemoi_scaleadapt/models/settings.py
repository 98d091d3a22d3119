"""What a config may say about the networks and the sampler, read once and checked."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Self

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.scale.check import choice, integer, real, switch

SAMPLERS = ("dpmpp_2m", "heun", "dpmpp_2m_sde", "ancestral")


@dataclass(frozen=True)
class Settings:
    """Base of settings that are read from a mapping; unknown keys are errors."""

    @classmethod
    def from_config(cls, mapping: Mapping[str, Any], where: str) -> Self:
        """Read settings.

        Parameters
        ----------
        mapping : Mapping
            Keys as in YAML; a null value means the default.
        where : str
            Its place in the config, for error messages.

        Raises
        ------
        ScaleAdaptError
            For an unknown key or a value outside its range.
        """
        return cls().updated(mapping, where)

    def updated(self, mapping: Mapping[str, Any], where: str) -> Self:
        """These settings with the keys of a mapping changed; arguments and errors as in :meth:`from_config`."""
        known = {field.name: field for field in fields(self)}
        for key in mapping:
            if key not in known:
                raise ScaleAdaptError(f"{where}.{key} is not a setting; known are {', '.join(known)}.")
        given = {
            k: tuple(v) if not isinstance(v, str | int | float) else v for k, v in mapping.items() if v is not None
        }
        settings = replace(self, **given)
        settings.check(where)
        return settings

    def check(self, where: str) -> None:
        """Raise ScaleAdaptError for a value outside its range."""


def _require(good: bool, where: str, value: Any, rule: str) -> None:
    if not good:
        raise ScaleAdaptError(f"{where} = {value!r}: {rule}.")


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
    frames : str
        How the L frames are mixed: by ``attention`` over time, or by a convolution over all of them (``stack``).
    gain : bool
        Whether the residual network puts out gains on its noisy input and on its averages beside a bias.
    averages : tuple of int
        Widths in patches, odd, of the squares over which the residual network also sees its noisy input averaged;
        empty for none.
    channels_last : bool
        Layout in memory; changes speed and nothing else.
    """

    patch: int = 4
    mean_channels: tuple[int, int] = (64, 96)
    residual_channels: tuple[int, int] = (96, 128)
    frame_channels: int = 32
    blocks: int = 2
    heads: int = 4
    window: int = 5
    frames: str = "attention"
    gain: bool = True
    averages: tuple[int, ...] = (1, 3, 7, 15)
    channels_last: bool = True

    def check(self, where: str) -> None:
        """See the base class."""
        whole = {"patch": self.patch, "blocks": self.blocks, "heads": self.heads, "frame_channels": self.frame_channels}
        for key, value in whole.items():
            integer(f"{where}.{key}", value, 1, 4096, "it")
        odd = isinstance(self.window, int) and (self.window == 0 or self.window % 2 == 1)
        _require(odd, f"{where}.window", self.window, "must be an odd number of pixels, or 0 for no spatial attention")
        for key, value in {"mean_channels": self.mean_channels, "residual_channels": self.residual_channels}.items():
            _require(len(value) == 2, f"{where}.{key}", value, "must be two numbers")
        choice(f"{where}.frames", self.frames, ("attention", "stack"))
        switch(f"{where}.gain", self.gain)
        for width in self.averages:
            odd = isinstance(width, int) and not isinstance(width, bool) and 1 <= width <= 63 and width % 2 == 1
            _require(odd, f"{where}.averages", self.averages, "must be odd numbers of patches, 1 to 63")
        switch(f"{where}.channels_last", self.channels_last)
        for key, value in {"mean_channels": self.mean_channels[1], "frame_channels": self.frame_channels}.items():
            _require(value % self.heads == 0, f"{where}.{key}", value, f"must be a multiple of heads = {self.heads}")


@dataclass(frozen=True)
class SamplerSettings(Settings):
    """How members are drawn.

    Parameters
    ----------
    name : str
        ``dpmpp_2m_sde`` (default) draws fresh noise at every step; ``dpmpp_2m`` and ``heun``, from anemoi-models,
        follow the ODE; ``ancestral`` is the paper's own.
    steps : int
        Noise levels; either DPM++2M needs one network evaluation each.
    sigma_min, rho : float
        Smallest level and exponent of the Karras schedule.
    sigma_max : float, optional
        Largest level, the knob of the ensemble's spread; 0 stands for the largest level that beta trains, at most 80.
    conserve_below : float
        Noise level from which on denoised estimates keep the coarse totals, if conservation is inside the sampler.
    """

    name: str = "dpmpp_2m_sde"
    steps: int = 8
    sigma_min: float = 0.03
    sigma_max: float = 0.0
    rho: float = 7.0
    conserve_below: float = 1.0

    def check(self, where: str) -> None:
        """See the base class."""
        real(f"{where}.conserve_below", self.conserve_below, 0, 1e9, "a noise level", low_included=True)
        choice(f"{where}.name", self.name, SAMPLERS)
        integer(f"{where}.steps", self.steps, 1, 1000, "the number of noise levels")
        real(f"{where}.sigma_min", self.sigma_min, 0, 1, "the smallest noise level")
        good = self.sigma_max == 0 or self.sigma_max > self.sigma_min
        _require(good, f"{where}.sigma_max", self.sigma_max, "must exceed sigma_min (or be null)")


def check_amplitude(value: Any) -> float:
    """Return ``model.model.amplitude`` if it is an exponent in [0, 2), else raise ScaleAdaptError."""
    return real("model.model.amplitude", value, 0, 2, "the exponent of the coarse rain's z", low_included=True)
