"""The sampler's largest noise level that makes a trained network's spread honest, without training again."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

#: |SSR - 1| that is near enough, and most measurements between the ends
NEAR, REFINEMENTS = 0.02, 6
#: smallest level that is tried; below the residual's own deviation of 1 the noise hides nothing
LEAST = 2.0


@dataclass(frozen=True)
class Point:
    """One sigma_max and what an ensemble drawn from it scores.

    Parameters
    ----------
    sigma_max
        Largest noise level.
    ssr
        Spread-skill ratio, sqrt((M + 1) / M mean variance / mean squared error of the mean).
    crps
        Fair CRPS, mm h-1.
    """

    sigma_max: float
    ssr: float
    crps: float


@dataclass(frozen=True)
class Spread:
    """What was measured and what is proposed.

    Parameters
    ----------
    points
        All measurements, by sigma_max; the same windows, members and noise in each.
    before
        The one at the checkpoint's own sigma_max.
    chosen
        The measurement whose spread-skill ratio is nearest to 1.
    bracketed
        Whether ratios below and above 1 (or 1 itself) were found.
    """

    points: tuple[Point, ...]
    before: Point
    chosen: Point
    bracketed: bool

    @property
    def reason(self) -> str:
        """Return the proposal in words."""
        new, old = self.chosen, self.before
        if not self.bracketed:
            low, high = self.points[0], self.points[-1]
            return (
                f"no sigma_max from {low.sigma_max:.3g} to {high.sigma_max:.3g} makes the spread-skill ratio 1: it is "
                f"{low.ssr:.2f} and {high.ssr:.2f} there; nearest is {new.ssr:.2f} (CRPS {new.crps:.4f} mm/h; "
                f"{old.ssr:.2f} and {old.crps:.4f} with the checkpoint's {old.sigma_max:.3g})"
            )
        return (
            f"spread-skill ratio {new.ssr:.2f}, CRPS {new.crps:.4f} mm/h; with the checkpoint's {old.sigma_max:.3g} "
            f"{old.ssr:.2f} and {old.crps:.4f}"
        )


def find(measure: Callable[[float], Point], own: float, top: float) -> Spread:
    """Find the sigma_max whose spread-skill ratio is 1, in as few measurements as that takes.

    The checkpoint's own value comes first; then the end at which a wider (or narrower) ensemble is to be expected, and
    if 1 does not lie between, halfway to it, should the ratio not be monotone; then places interpolated in
    log sigma_max.

    Parameters
    ----------
    measure : callable
        Scores of a sigma_max.
    own : float
        The checkpoint's.
    top : float
        Largest level that the network was trained on.
    """
    own = min(own, top)
    ends = (min(LEAST, own), top)
    before = measure(own)
    points, bracket = [before], None
    if abs(before.ssr - 1) > NEAR:
        end = ends[0] if before.ssr > 1 else ends[1]
        for place in () if np.isclose(end, own) else (end, float(np.sqrt(own * end))):
            points.append(measure(place))
            if (points[-1].ssr - 1) * (before.ssr - 1) <= 0:
                bracket = (before, points[-1])
                break
            if abs(points[-1].ssr - 1) <= NEAR:
                break
    replaced: list[int] = []
    while bracket and len(replaced) < REFINEMENTS and min(abs(p.ssr - 1) for p in points) > NEAR:
        a, b = bracket
        stuck = len(replaced) > 1 and replaced[-1] == replaced[-2]  # one end stayed twice: halve
        place = 0.5 if stuck else float(np.clip((1 - a.ssr) / (b.ssr - a.ssr), 0.1, 0.9))
        points.append(measure(float(np.exp(np.log(a.sigma_max) + place * np.log(b.sigma_max / a.sigma_max)))))
        replaced.append(0 if (points[-1].ssr - 1) * (a.ssr - 1) > 0 else 1)
        bracket = (points[-1], b) if replaced[-1] == 0 else (a, points[-1])
    chosen = min(points, key=lambda p: abs(p.ssr - 1))
    in_order = tuple(sorted(points, key=lambda p: p.sigma_max))
    return Spread(in_order, before, chosen, bool(bracket) or abs(chosen.ssr - 1) <= NEAR)
