"""The typed settings of one factor pair: `Scale`, and in it `Conservation`."""

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from anemoi_scaleadapt.scale.recipe import beta_rule, length_rule
from anemoi_scaleadapt.settings import Settings, refuse

#: First value of the linear DDPM schedule and its length (paper).
BETA_MIN, STEPS = 1e-4, 1000
#: Largest beta: from 0.168 on the square of the largest noise level, which the preconditioning needs, is infinite in
#: float32 (the level itself from 0.32 on).
BETA_MAX = 0.165


class Conservation(Settings):
    """How the coarse totals are given back: P' = f(P) LR / blockmean(f(P))."""

    function: Literal["identity", "threshold", "threshold_sqrt"] = "identity"
    """f: ``identity`` x; ``threshold`` max(x - threshold, 0);
    ``threshold_sqrt`` max(sqrt(x) - sqrt(threshold), 0)"""
    threshold: Annotated[float, Field(ge=0, lt=50)] = 0.0
    """rain (mm/h) at and below which ``threshold`` and ``threshold_sqrt`` give zero"""
    scope: Literal["cell", "window"] = "cell"
    """``cell``: every block of t x s x s values has the mean of its coarse cell; ``window``: only the mean over all
    cells and hours of the window is kept, as in the paper's code"""
    smooth: bool = False
    """spread the correction over cell borders before the exact step, so that no squares are left; ``cell`` only"""
    inside_sampler: bool = True
    """on every denoised estimate as well as on the final field"""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.smooth and self.scope == "window":
            refuse(self, "smooth", "false with scope: window, which has no cell borders to smooth")
        return self


class Scale(Settings):
    """One factor pair and its three hyperparameters; what is not given follows from the pair by the recipe."""

    space: Annotated[int, Field(ge=1, le=25)]
    """s: a coarse cell is s x s fine pixels"""
    time: Annotated[int, Field(ge=1, le=6)]
    """t: a coarse frame is the mean of t hours"""
    beta: Annotated[float, Field(gt=BETA_MIN, le=BETA_MAX)] = Field(
        default_factory=lambda told: beta_rule(told["space"], told["time"])
    )
    """last value of the linear noise schedule (first 1e-4, 1000 steps); beyond the range the square of its largest
    level leaves float32"""
    context_length: Annotated[int, Field(ge=1, le=48)] = Field(
        default_factory=lambda told: length_rule(told["space"], told["time"])
    )
    """L: coarse frames of t hours that the networks see, the current one among them"""
    lookahead: Annotated[int, Field(ge=0, json_schema_extra={"rule": "a whole number from 0 to L - 1"})] = Field(
        default_factory=lambda told: told["context_length"] // 2
    )
    """how many of the L frames lie after the current one (0: causal, as in the paper). Null: half of
    them, rounded down"""
    conservation: Conservation = Conservation()

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.lookahead >= self.context_length:
            refuse(self, "lookahead", f"a whole number from 0 to L - 1 = {self.context_length - 1}")
        return self

    @property
    def horizon_hours(self) -> int:
        """Hours of coarse rain in the context, L t."""
        return self.context_length * self.time

    @property
    def sigma_max(self) -> float:
        """Largest noise level of the schedule, sqrt((1 - abar) / abar) at its last step."""
        steps = (BETA_MIN + (self.beta - BETA_MIN) * n / (STEPS - 1) for n in range(STEPS))
        log_abar = math.fsum(math.log1p(-b) for b in steps)
        return math.exp(-log_abar / 2) * math.sqrt(-math.expm1(log_abar))

    @property
    def frame_ends(self) -> tuple[int, ...]:
        """Places of the L frames in units of t hours; 0 is the window that is super-resolved."""
        return tuple(range(self.lookahead - self.context_length + 1, self.lookahead + 1))


class Wide(Scale):
    """A pair that is drawn, but that no network learns: s up to 100 (:meth:`RainModel.find_scale`)."""

    space: Annotated[int, Field(ge=1, le=100)]
    """s: a coarse cell is s x s fine pixels"""


def resolve(mapping: Mapping[str, Any]) -> Scale:
    """Read the mapping ``scale`` of a configuration; what is null or missing comes from the recipe."""
    return Scale.from_config(mapping, "scale")


def recipe(space: int, time: int) -> Scale:
    """Return the recommended settings for the factors `space` (1..25) and `time` (1..6).

    f is the identity in every coarse cell; the L frames lie round the current one.
    """
    return resolve({"space": space, "time": time})
