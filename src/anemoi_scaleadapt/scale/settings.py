"""The typed settings of one factor pair: `Scale`, and in it `Conservation`.

They are read from YAML once, at the edge, and checked there: every error names the key and the allowed range.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.scale import check

#: Elementwise weights f that `conservation.conserve` knows.
FUNCTIONS = ("identity", "power", "threshold", "threshold_sqrt", "tapered")
#: Where the total is kept: in every coarse cell, or only over the whole window (the paper's code).
SCOPES = ("cell", "window")
#: First value of the linear DDPM schedule and its length (paper).
BETA_MIN, STEPS = 1e-4, 1000


@dataclass(frozen=True)
class Conservation:
    """How the coarse totals are given back: P' = f(P) LR / blockmean(f(P)).

    Parameters
    ----------
    function
        f: ``identity`` x; ``power`` x**power; ``threshold`` max(x - threshold, 0);
        ``threshold_sqrt`` max(sqrt(x) - sqrt(threshold), 0); ``tapered`` x, but no value is multiplied
        by more than `max_gain`: what is then missing is spread evenly over the block.
    threshold
        Rain (mm h-1) at and below which ``threshold`` and ``threshold_sqrt`` give zero.
    power
        Exponent of ``power``; below 1 it flattens, above 1 it sharpens.
    max_gain
        Largest factor of ``tapered``.
    scope
        ``cell``: every block of t x s x s values has the mean of its coarse cell; ``window``: only the
        mean over all cells and hours of the window is kept.
    smooth
        Spread the correction over cell borders before the exact step (no visible squares).
    inside_sampler
        Apply it to every denoised estimate as well as to the final field.
    """

    function: str = "identity"
    threshold: float = 0.0
    power: float = 1.0
    max_gain: float = 4.0
    scope: str = "cell"
    smooth: bool = False
    inside_sampler: bool = True

    def __post_init__(self) -> None:
        """Check every value; the errors name the YAML keys."""
        key = "scale.conservation.{}".format
        check.choice(key("function"), self.function, FUNCTIONS)
        check.real(key("threshold"), self.threshold, 0, 50, "the threshold (mm/h)", low_included=True)
        check.real(key("power"), self.power, 0, 10, "the power")
        check.real(key("max_gain"), self.max_gain, 1, 1e6, "the largest gain", low_included=True)
        check.choice(key("scope"), self.scope, SCOPES)
        check.switch(key("smooth"), self.smooth)
        check.switch(key("inside_sampler"), self.inside_sampler)
        if self.smooth and self.scope == "window":
            raise ScaleAdaptError(
                "scale.conservation.smooth = true: only scope: cell has cell borders to smooth; "
                "with scope: window set smooth: false."
            )

    @classmethod
    def from_config(cls, mapping: Mapping[str, Any] | None, default: "Conservation | None" = None) -> "Conservation":
        """Read the mapping ``scale.conservation``; a missing or null key keeps `default`."""
        default = default or cls()
        if mapping is None:
            return default
        given = check.known_keys("scale.conservation", mapping, tuple(f.name for f in fields(cls)))
        return cls(**{**asdict(default), **{k: v for k, v in given.items() if v is not None}})


@dataclass(frozen=True)
class Scale:
    """One factor pair and its three hyperparameters.

    Parameters
    ----------
    space, time
        s (1..25) and t (1..6): one coarse value stands for t x s x s fine ones.
    beta
        Last value of the linear DDPM noise schedule (first 1e-4, 1000 steps).
    context_length
        L: coarse frames of t hours that the networks see, the current one among them.
    lookahead
        How many of the L frames lie after the current one (0: causal, as in the paper).
    conservation
        f and where it acts.
    """

    space: int
    time: int
    beta: float
    context_length: int
    lookahead: int = 0
    conservation: Conservation = field(default_factory=Conservation)

    def __post_init__(self) -> None:
        """Check every value; the errors name the YAML keys."""
        check_pair(self.space, self.time)
        check.real("scale.beta", self.beta, BETA_MIN, 1, "beta, the last value of the noise schedule,")
        check.integer("scale.context_length", self.context_length, 1, 48, "L, the number of coarse frames,")
        check.integer(
            "scale.lookahead",
            self.lookahead,
            0,
            self.context_length - 1,
            f"the number of future frames among the L = {self.context_length}",
        )

    def as_dict(self) -> dict[str, Any]:
        """Return plain numbers, text and dicts: what :func:`~anemoi_scaleadapt.scale.recipe.resolve` reads back."""
        return asdict(self)

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


def check_pair(space: Any, time: Any) -> None:
    """Raise unless (space, time) is a factor pair the package knows."""
    check.integer("scale.space", space, 1, 25, "the factor in space")
    check.integer("scale.time", time, 1, 6, "the factor in time")
