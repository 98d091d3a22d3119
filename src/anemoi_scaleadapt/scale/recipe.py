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


def length_rule(space: int, time: int) -> int:
    """Return L."""
    return max(1, math.floor(horizon_rule(space, time) / time + 0.5))
