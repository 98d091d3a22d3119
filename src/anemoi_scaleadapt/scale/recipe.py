"""The rule that gives beta, L and f for any factor pair.

The paper gives four pairs and no rule. One number orders them, the under-determination u = t + log10 s: along
it both beta and the attention horizon L t grow. So the rule reads two tables along u, linearly between
the paper's points and on in the first slope below them:

=========  =====  ======  ====
pair       u      beta    L t
=========  =====  ======  ====
(10, 1)    2      0.010   10 h
(1, 3)     3      0.015   12 h
(10, 3)    4      0.020   15 h
(25, 6)    7.398  0.035   18 h
=========  =====  ======  ====

It returns the paper's values at its pairs, and beta grows with s and with t as the paper argues (larger
factors leave more open). The first three points are beta = 0.005 u; the last lies 5 % below that line.
"""

import math
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.scale import check
from anemoi_scaleadapt.scale.settings import Conservation, Scale, check_pair

#: (s, t) -> (beta, L) as in the paper's runs.
PAPER_PAIRS = {(10, 1): (0.010, 10), (1, 3): (0.015, 4), (10, 3): (0.020, 5), (25, 6): (0.035, 3)}


def under_determination(space: int, time: int) -> float:
    """Return u = t + log10 s."""
    return time + math.log10(space)


def _along(u: float, points: list[tuple[float, float]]) -> float:
    """Interpolate linearly through `points`; outside them go on in the nearest slope."""
    left = max((i for i, (x, _) in enumerate(points[:-1]) if x <= u), default=0)
    (x0, y0), (x1, y1) = points[left : left + 2]
    weight = (u - x0) / (x1 - x0)
    return y0 * (1 - weight) + y1 * weight


def beta_rule(space: int, time: int) -> float:
    """Return beta, rounded to 1e-4."""
    points = [(under_determination(*pair), beta) for pair, (beta, _) in PAPER_PAIRS.items()]
    return round(_along(under_determination(space, time), points), 4)


def horizon_rule(space: int, time: int) -> float:
    """Return the wanted attention horizon in hours; L is the whole number of frames next to it."""
    points = [(under_determination(s, t), float(length * t)) for (s, t), (_, length) in PAPER_PAIRS.items()]
    return _along(under_determination(space, time), points)


def recipe(space: int, time: int) -> Scale:
    """Return the recommended settings for the factors `space` (1..25) and `time` (1..6).

    f is the identity in every coarse cell; one of the L frames lies ahead of the current one.
    """
    check_pair(space, time)
    length = max(1, math.floor(horizon_rule(space, time) / time + 0.5))
    return Scale(
        space=space,
        time=time,
        beta=beta_rule(space, time),
        context_length=length,
        lookahead=1 if length >= 2 else 0,
    )


def resolve(mapping: Mapping[str, Any]) -> Scale:
    """Read the mapping ``scale`` of a configuration; what is null or missing comes from the recipe."""
    if hasattr(mapping, "_metadata"):  # an OmegaConf node: resolve its interpolations
        from omegaconf import OmegaConf

        mapping = OmegaConf.to_container(mapping, resolve=True)
    given = check.known_keys("scale", mapping, tuple(f.name for f in fields(Scale)))
    given = {key: value for key, value in given.items() if value is not None and value != "???"}
    for key in ("space", "time"):
        if key not in given:
            raise ScaleAdaptError(f"scale.{key} is missing: set the factor, for example scale.{key}=3.")
    default = recipe(given["space"], given["time"])
    length = given.get("context_length", default.context_length)
    values = {
        "beta": default.beta,
        "context_length": length,
        "lookahead": 1 if isinstance(length, int) and length >= 2 else 0,
        **given,
        "conservation": Conservation.from_config(given.get("conservation"), default.conservation),
    }
    return Scale(**values)
