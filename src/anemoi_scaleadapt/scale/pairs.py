"""Which factor pairs a network learns, and how often each."""

import math
import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, Self

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.scale.check import integer, known_keys, real
from anemoi_scaleadapt.scale.recipe import PAPER_PAIRS, resolve
from anemoi_scaleadapt.scale.settings import Scale

Pair = tuple[int, int]
#: largest factors
SPACE, TIME = 25, 6


@dataclass(frozen=True)
class Pairs:
    """The factor pairs of a training: all of two ranges, or some. (1, 1), where nothing is left to do, is none of them.

    Parameters
    ----------
    space, time : tuple of int
        Smallest and largest s and t.
    only : tuple of pairs
        These pairs instead of the ranges.
    weights : dict
        How much likelier than by default a pair is drawn, by its name: ``{"s25t6": 4.0}``.
    """

    space: Pair = (1, SPACE)
    time: Pair = (1, TIME)
    only: tuple[Pair, ...] = ()
    weights: dict[str, float] = field(default_factory=dict)

    @classmethod
    def from_config(cls, mapping: Any, where: str = "pairs") -> Self:
        """Read the group ``pairs``; a missing or null key means the default.

        Raises
        ------
        ScaleAdaptError
            For an unknown key, a factor out of range, (1, 1), or no pair at all.
        """
        given = known_keys(where, mapping, ("space", "time", "only", "weights"))
        ranges = {}
        for key, most in (("space", SPACE), ("time", TIME)):
            low, high = _two(f"{where}.{key}", given.get(key) or (1, most))
            integer(f"{where}.{key}[1]", high, 1, most, "the largest factor")
            ranges[key] = (integer(f"{where}.{key}[0]", low, 1, high, "the smallest factor"), high)
        pairs = [_two(f"{where}.only", pair) for pair in given.get("only") or ()]
        for s, t in pairs:
            integer(f"{where}.only: s", s, 1, SPACE, "a factor in space")
            integer(f"{where}.only: t", t, 1, TIME, "a factor in time")
            if (s, t) == (1, 1):
                raise ScaleAdaptError(f"{where}.only: (1, 1) leaves nothing to do: coarse and fine rain are the same.")
        weights = given.get("weights") or {}
        if not isinstance(weights, Mapping):
            raise ScaleAdaptError(f"{where}.weights = {weights!r}: must be a mapping such as {{s25t6: 4}}.")
        made = cls(only=tuple(pairs), **ranges)
        for key, value in weights.items():
            real(f"{where}.weights.{key}", value, 0, 1e6, "how much likelier the pair is", low_included=True)
            if key not in (name(*pair) for pair in made.all):
                raise ScaleAdaptError(f"{where}.weights.{key}: names none of the pairs ({made}).")
        made = cls(only=tuple(pairs), weights={k: float(v) for k, v in weights.items()}, **ranges)
        if not made.all or sum(made.chances) == 0:
            raise ScaleAdaptError(f"{where}: no pair is left but (1, 1), or all have weight 0.")
        return made

    def as_dict(self) -> dict[str, Any]:
        """Return plain lists and numbers: what :meth:`from_config` reads back."""
        told = asdict(self)
        return {**told, "space": [*self.space], "time": [*self.time], "only": [[*pair] for pair in self.only]}

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
        return Pairs.from_config(pairs), None
    own = resolve(scale or {})
    if (own.space, own.time) == (1, 1):
        raise ScaleAdaptError(
            "scale.space = 1 and scale.time = 1: coarse and fine rain are the same, nothing is left to do."
        )
    return Pairs(only=((own.space, own.time),)), own


def _says(mapping: Mapping[str, Any]) -> bool:
    """Whether a mapping holds anything but nulls and values that are still to be given."""
    return any(_says(v) if isinstance(v, Mapping) else v is not None and v != "???" for v in mapping.values())


def _two(where: str, value: Any) -> Pair:
    """Two whole numbers; what they may be is for others to say."""
    if isinstance(value, str) or not hasattr(value, "__len__") or len(value) != 2:
        raise ScaleAdaptError(f"{where} = {value!r}: must be two whole numbers.")
    return value[0], value[1]
