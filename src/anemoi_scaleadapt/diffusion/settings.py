"""What a config may say about the sampler."""

from typing import Annotated, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from anemoi_scaleadapt.settings import Settings, refuse


class Tuned(NamedTuple):
    """What a calibration chooses of a sampler; by default what weights draw with that were not calibrated."""

    sigma_max: float
    noise_factor: float = 1.0
    noise_memory: float = 0.0
    eta: float = 1.0


class SamplerSettings(Settings):
    """How members are drawn."""

    name: Literal["dpmpp_2m_sde", "dpmpp_2m", "heun", "ancestral"] = "dpmpp_2m_sde"
    """``dpmpp_2m_sde`` draws fresh noise at every step, as much as ``eta`` says; ``dpmpp_2m`` and ``heun`` follow
    the ODE; ``ancestral`` is the paper's own, 1000 steps"""
    steps: Annotated[int, Field(ge=1, le=1000)] = 12
    """noise levels; either DPM++2M needs one network evaluation each. Not for ``ancestral``"""
    sigma_min: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """smallest noise level"""
    sigma_max: Annotated[float, Field(le=1e9)] | None = Field(
        default=None, json_schema_extra={"rule": "a number above sigma_min to 1e+09, or null"}
    )
    """largest noise level, where drawing begins: lower narrows the members' differences over large areas. Null: as
    calibrated, else the largest that beta trains, at most 160"""
    eta: Annotated[float, Field(ge=0, le=1)] | None = Field(
        default=None, json_schema_extra={"rule": "a number from 0 to 1, or null"}
    )
    """how much of a member is drawn again at every step, for ``dpmpp_2m_sde``: 1 as the reverse SDE, 0 nothing. Less
    makes members rougher. Null: as calibrated, else 1"""
    noise_factor: Annotated[float, Field(gt=0, le=4)] | None = Field(
        default=None, json_schema_extra={"rule": "a number above 0 to 4, or null"}
    )
    """factor of the noise down to level 2, for ``dpmpp_2m_sde``: above 1 makes members wider, and a little rougher.
    Null: as calibrated, else 1"""
    noise_memory: Annotated[float, Field(ge=0, le=1)] | None = Field(
        default=None, json_schema_extra={"rule": "a number from 0 to 1, or null"}
    )
    """how much an hour's noise holds of the noise of the hour before: above 0 makes an hour of a member more like the
    next. Null: as calibrated, else 0"""
    rho: Annotated[float, Field(ge=1, le=100)] = 5.0
    """exponent of the Karras schedule; 1 spaces the levels evenly"""
    conserve_below: Annotated[float, Field(ge=0, le=1e9)] = 1.5
    """noise level from which on the denoised estimates keep the coarse totals, if that is done inside the sampler"""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.sigma_max is not None and self.sigma_max <= self.sigma_min:
            refuse(self, "sigma_max")
        for key in ("eta", "noise_factor"):
            if getattr(self, key) is not None and self.name != "dpmpp_2m_sde":
                refuse(self, key, f"null for {self.name}, which draws no noise of its own")
        return self
