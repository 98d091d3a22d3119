"""Which factor pairs a network learns, and how often each."""

import math
import random
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.scale.recipe import PAPER_PAIRS
from anemoi_scaleadapt.scale.settings import Scale, resolve
from anemoi_scaleadapt.settings import Settings, refuse

Pair = tuple[int, int]
#: largest factors
SPACE, TIME = 25, 6
SpaceFactor = Annotated[int, Field(ge=1, le=SPACE)]
TimeFactor = Annotated[int, Field(ge=1, le=TIME)]


class Pairs(Settings):
    """The factor pairs of a training: all of two ranges, or some; never (1, 1), where nothing is left to do."""

    space: Annotated[tuple[SpaceFactor, SpaceFactor], Field(strict=False)] = (1, SPACE)
    """smallest and largest s"""
    time: Annotated[tuple[TimeFactor, TimeFactor], Field(strict=False)] = (1, TIME)
    """smallest and largest t"""
    only: Annotated[
        tuple[Annotated[tuple[SpaceFactor, TimeFactor], Field(strict=False)], ...],
        Field(strict=False, json_schema_extra={"rule": "a list of pairs such as [[10, 3], [25, 6]]"}),
    ] = ()
    """these pairs instead of the ranges"""
    weights: Annotated[
        dict[str, Annotated[float, Field(ge=0, le=1e6)]],
        Field(json_schema_extra={"rule": "a mapping of pairs to numbers such as {s25t6: 4}"}),
    ] = {}
    """how much likelier than by default (s log-uniform, t uniform) a pair is drawn, by its name"""

    @model_validator(mode="after")
    def _check(self) -> Self:
        for key in ("space", "time"):
            if getattr(self, key)[0] > getattr(self, key)[1]:
                refuse(self, key, "two whole numbers, the smaller one first")
        if (1, 1) in self.only:
            refuse(self, "only", "pairs other than (1, 1), where coarse and fine rain are the same")
        for key in self.weights:
            if key not in (name(*pair) for pair in self.all):
                refuse(
                    self,
                    "weights",
                    f"a mapping with names of the trained pairs ({self})",
                )
        if not self.all or sum(self.chances) == 0:
            refuse(self, "weights", "such that a pair other than (1, 1) is left")
        return self

    @cached_property
    def all(self) -> tuple[Pair, ...]:
        """Every pair, in order."""
        if self.only:
            return self.only
        spaces, times = (range(low, high + 1) for low, high in (self.space, self.time))
        return tuple((s, t) for s in spaces for t in times if (s, t) != (1, 1))

    @cached_property
    def chances(self) -> tuple[float, ...]:
        """How likely each is, in parts of their sum: s log-uniform and t uniform, or all of `only` alike; weighted."""
        even = [1.0 if self.only else math.log((s + 1) / s) for s, _ in self.all]
        return tuple(chance * self.weights.get(name(*pair), 1.0) for chance, pair in zip(even, self.all, strict=True))

    @property
    def times(self) -> tuple[int, ...]:
        """All t, rising."""
        return tuple(sorted({t for _, t in self.all}))

    @property
    def largest(self) -> int:
        """Largest s."""
        return max(s for s, _ in self.all)

    def draw(self, seed: str) -> Pair:
        """Draw a pair; the same for the same seed, on every process."""
        return random.Random(seed).choices(self.all, self.chances)[0]

    def watched(self) -> tuple[Pair, ...]:
        """Pairs that a validation looks at: the paper's four among these, or else four spread over all of them."""
        known = tuple(pair for pair in PAPER_PAIRS if pair in self.all)
        return known or self.all[:: max(1, -(-len(self.all) // 4))]

    def check(self, space: int, time: int, allowed: str) -> None:
        """Raise ScaleAdaptError unless the pair is one of these; `allowed` says how to ask for it all the same."""
        if (space, time) == (1, 1):
            raise ScaleAdaptError("scale = (1, 1): coarse and fine rain are the same, nothing is to be drawn.")
        if (space, time) not in self.all:
            raise ScaleAdaptError(f"scale = ({space}, {time}): the networks have learnt {self}. {allowed}")

    def __str__(self) -> str:
        """The pairs in words."""
        if self.only:
            return ", ".join(map(str, self.only[:6])) + (" and more" if len(self.only) > 6 else "")
        return f"s = {self.space[0]} to {self.space[1]} with t = {self.time[0]} to {self.time[1]}"


def name(space: int, time: int) -> str:
    """Return a pair's short name, such as ``s25t6``."""
    return f"s{space}t{time}"


def trained(scale: Mapping[str, Any] | None, pairs: Mapping[str, Any] | None) -> tuple[Pairs, Scale | None]:
    """Read the groups ``scale`` and ``pairs`` of a config, of which one says what is trained.

    Returns
    -------
    tuple
        The pairs, and the settings of the one pair if `scale` names it; of others they come from the recipe.

    Raises
    ------
    ScaleAdaptError
        If both are given or neither, or for a setting outside its range.
    """
    if pairs is not None:
        if _says(scale or {}):
            raise ScaleAdaptError(
                "scale and pairs are both set: name one pair in scale, or several in pairs and leave scale empty."
            )
        return Pairs.from_config(pairs, "pairs"), None
    own = resolve(scale or {})
    if (own.space, own.time) == (1, 1):
        raise ScaleAdaptError(
            "scale.space = 1 and scale.time = 1: coarse and fine rain are the same, nothing is left to do."
        )
    return Pairs(only=((own.space, own.time),)), own


def _says(mapping: Mapping[str, Any]) -> bool:
    """Whether a mapping holds anything but nulls and values that are still to be given."""
    return any(_says(v) if isinstance(v, Mapping) else v is not None and v != "???" for v in mapping.values())
