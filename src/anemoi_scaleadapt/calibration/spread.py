"""Where drawing begins, and how much fresh noise it takes, so that a trained network's ensemble has the lowest CRPS."""

import math
from collections.abc import Callable
from dataclasses import dataclass

#: sigma_max is tried in steps of this factor, noise_factor in steps of this much
FACTOR, STEP = 2.0, 0.1
#: smallest values that are tried (below the residual's own deviation of 1 the noise hides nothing), and largest factor
LEAST, FACTORS = 2.0, (0.5, 1.6)
#: most measurements, and by how much a measurement must be better to be followed
MOST, BETTER = 16, 0.001
#: trials whose CRPS is within this share of the lowest one count as equal: then spread and texture decide, if their
#: ratios to the truth are off by more than these factors
EQUAL, HONEST, TRUE = 0.02, 1.1, 1.25


@dataclass(frozen=True)
class Point:
    """What an ensemble scores that is drawn with given settings.

    Parameters
    ----------
    sigma_max
        Largest noise level.
    noise_factor
        Factor of the fresh noise.
    ssr
        Spread-skill ratio, sqrt((M + 1) / M mean variance / mean squared error of the mean).
    crps
        Fair CRPS, mm h-1.
    power
        Power below 8 km of the members over that of the truth.
    """

    sigma_max: float
    noise_factor: float
    ssr: float
    crps: float
    power: float


@dataclass(frozen=True)
class Spread:
    """What was measured and what is proposed.

    Parameters
    ----------
    points
        All measurements, in their order; the same windows, members and noise in each.
    before
        The one with the checkpoint's own settings.
    chosen
        That with the lowest CRPS; of those with nearly the lowest one, the one whose spread and power are nearest to
        the truth's.
    """

    points: tuple[Point, ...]
    before: Point
    chosen: Point

    @property
    def reason(self) -> str:
        """Return the proposal in words."""
        new, old = self.chosen, self.before
        if new == old:
            return f"as it is: CRPS {new.crps:.4f} mm/h, spread-skill ratio {new.ssr:.2f}, power {new.power:.2f}"
        return (
            f"CRPS {new.crps:.4f} mm/h, spread-skill ratio {new.ssr:.2f}, power below 8 km {new.power:.2f}; with "
            f"{old.sigma_max:.3g} and {old.noise_factor:.3g}, as it is, {old.crps:.4f}, {old.ssr:.2f} and "
            f"{old.power:.2f}"
        )


def find(measure: Callable[[float, float], Point], own: tuple[float, float], top: float) -> Spread:
    """Find the settings with the lowest CRPS, one after the other, from the checkpoint's own.

    CRPS is a proper score: it falls until the spread is as honest as these settings can make it. Its floor is flat, and
    it hardly sees texture: among trials that are nearly as good the spread-skill ratio and the power of short waves
    decide.

    Parameters
    ----------
    measure : callable
        Scores of a sigma_max and a noise_factor.
    own : tuple of float
        The checkpoint's.
    top : float
        Largest level that the network was trained on.
    """
    known: dict[tuple[float, float], Point] = {}

    def at(sigma_max: float, noise_factor: float) -> Point | None:
        key = round(min(sigma_max, top), 4), round(noise_factor, 2)
        allowed = key[0] >= min(LEAST, top) and FACTORS[0] <= key[1] <= FACTORS[1]
        if key not in known and (not allowed or len(known) >= MOST):
            return None
        return known[key] if key in known else known.setdefault(key, measure(*key))

    before = best = measure(min(own[0], top), own[1])
    known[round(before.sigma_max, 4), round(before.noise_factor, 2)] = before
    moved = True
    while moved:
        moved = False
        for factor, step in ((1.0, STEP), (1.0, -STEP), (1 / FACTOR, 0.0), (FACTOR, 0.0)):
            while True:
                trial = at(best.sigma_max * factor, best.noise_factor + step)
                if trial is None or trial.crps >= best.crps * (1 - BETTER):
                    break
                best, moved = trial, True
    good = [point for point in known.values() if point.crps <= best.crps * (1 + EQUAL)]
    chosen = min(good, key=lambda point: (untrue(point), point.crps))
    return Spread(tuple(known.values()), before, chosen)


def untrue(point: Point) -> float:
    """By how much (in their logarithms) spread and power are off, beyond what is allowed."""

    def off(ratio: float, allowed: float) -> float:
        return max(0.0, abs(math.log(max(ratio, 1e-6))) - math.log(allowed))

    return round(off(point.ssr, HONEST) + off(point.power, TRUE), 2)
