"""How members are drawn, so that an ensemble has nearly the lowest CRPS and looks like rain."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from anemoi_scaleadapt.diffusion.settings import Tuned

#: noise_factor, noise_memory and eta are tried in steps of this much
STEP, REMEMBERED, REDRAWN = 0.1, 0.2, 0.2
#: and within these ranges
RANGES = (0.5, 1.6), (0.0, 1.0), (0.0, 1.0)
#: most measurements, and by how much a measurement must be better to be followed
MOST, BETTER = 24, 0.001
#: by what factor spread, power and the likeness of neighbouring hours may be off for 1 % of CRPS. The last two are as
#: wide as half days differ: with the same settings six and twelve of them gave 1.53 and 1.27, 0.72 and 0.84
SPREAD, POWER, LAG, WORTH = 1.1, 1.25, 1.25, 0.01


def off(ratio: float, by: float) -> float:
    """By how much a ratio is off, in units of a factor, squared: 1 at `by` and at 1 / `by`."""
    return (math.log(max(ratio, 1e-6)) / math.log(by)) ** 2


@dataclass(frozen=True)
class Point:
    """What an ensemble scores that is drawn with given settings.

    Attributes
    ----------
    sigma_max, noise_factor, noise_memory, eta : float
        The settings.
    ssr : float
        Spread-skill ratio, sqrt((M + 1) / M mean variance / mean squared error of the mean).
    crps : float
        Fair CRPS, mm h-1.
    power : float
        Power below 8 pixels of the square root of the members' rain over that of the truth.
    lag : float
        Correlation of neighbouring hours of the members over that of the truth.
    """

    sigma_max: float
    noise_factor: float
    noise_memory: float
    eta: float
    ssr: float
    crps: float
    power: float
    lag: float

    @property
    def tuned(self) -> Tuned:
        """The settings."""
        return Tuned(self.sigma_max, self.noise_factor, self.noise_memory, self.eta)

    @property
    def cost(self) -> float:
        """The logarithm of CRPS, and what spread, power and lag that are off are worth beside it."""
        return math.log(max(self.crps, 1e-12)) + WORTH * (
            off(self.ssr, SPREAD) + off(self.power, POWER) + off(self.lag, LAG)
        )

    def __str__(self) -> str:
        """The scores in words."""
        return (
            f"CRPS {self.crps:.4f} mm/h, spread-skill ratio {self.ssr:.2f}, power below 8 pixels {self.power:.2f}, "
            f"lag {self.lag:.2f}"
        )


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
        The one of lowest cost, but for gains below BETTER: nearly the lowest CRPS, with spread, power and lag like the
        truth's.
    """

    points: tuple[Point, ...]
    before: Point
    chosen: Point

    @property
    def reason(self) -> str:
        """Return the proposal in words."""
        if self.chosen == self.before:
            return f"as it is: {self.chosen}"
        return f"{self.chosen}; with {words(self.before.tuned)}, as it is, {self.before}"


def words(tuned: Tuned) -> str:
    """Settings in words."""
    return ", ".join(f"{name} {value:.3g}" for name, value in tuned._asdict().items())


def find(measure: Callable[[Tuned], Point], own: Tuned) -> Spread:
    """Find settings with nearly the lowest CRPS and members like the truth, from the checkpoint's own.

    CRPS is a proper score: it falls until the spread is as honest as these settings can make it. But its floor is flat,
    and it hardly sees texture or flicker: so these count as well, each little where it is nearly true and much where it
    is not (:attr:`Point.cost`). One setting after the other is changed as long as that pays. Not `sigma_max`: it must
    hide the largest patterns of a residual, and even 48 half days cannot tell 80 from 160.

    Parameters
    ----------
    measure : callable
        Scores of settings.
    own : Tuned
        The checkpoint's.
    """
    known: dict[Tuned, Point] = {}

    def rounded(tuned: Tuned) -> Tuned:
        return Tuned(own.sigma_max, *(round(value, 2) for value in tuned[1:]))

    def at(tuned: Tuned) -> Point | None:
        key = rounded(tuned)
        allowed = all(low <= value <= high for value, (low, high) in zip(key[1:], RANGES, strict=True))
        if key not in known and (not allowed or len(known) >= MOST):
            return None
        return known[key] if key in known else known.setdefault(key, measure(key))

    before = measure(own)
    known[rounded(before.tuned)] = before

    def steps(now: Point) -> list[tuple[float, ...]]:
        """What is added to noise_factor, noise_memory and eta."""
        memory = REMEMBERED if now.lag < 1 else -REMEMBERED
        return [(STEP, 0, 0), (-STEP, 0, 0), (0, 0, -REDRAWN), (0, 0, REDRAWN), (0, memory, 0)]

    def follow(now: Point, around: Callable[[Point], list[tuple[float, ...]]]) -> Point:
        """Go on as long as a step in one of the settings pays."""
        moved = True
        while moved:
            moved = False
            for step in around(now):
                while (
                    trial := at(Tuned(own.sigma_max, *(x + more for x, more in zip(now.tuned[1:], step, strict=True))))
                ) and trial.cost < now.cost - BETTER:
                    now, moved = trial, True
        return now

    now = follow(before, steps)
    now = follow(now, lambda _: [(STEP / 2, 0, 0), (-STEP / 2, 0, 0)])
    return Spread(tuple(known.values()), before, now)
