"""What noise drawing takes, so that an ensemble has nearly the lowest CRPS and looks like rain."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from anemoi_scaleadapt.diffusion.settings import Tuned

#: eta and noise_memory are tried in steps of this much
STEP, REMEMBERED = 0.2, 0.2
#: and within these ranges
ETAS, MEMORIES = (0.0, 1.0), (0.0, 1.0)
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
    sigma_max, eta, noise_memory : float
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
    eta: float
    noise_memory: float
    ssr: float
    crps: float
    power: float
    lag: float

    @property
    def tuned(self) -> Tuned:
        """The settings."""
        return Tuned(self.sigma_max, self.eta, self.noise_memory)

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
        return Tuned(own.sigma_max, round(tuned.eta, 2), round(tuned.noise_memory, 2))

    def at(tuned: Tuned) -> Point | None:
        key = rounded(tuned)
        allowed = all(low <= value <= high for value, (low, high) in zip(key[1:], (ETAS, MEMORIES), strict=True))
        if key not in known and (not allowed or len(known) >= MOST):
            return None
        return known[key] if key in known else known.setdefault(key, measure(key))

    before = measure(own)
    known[rounded(before.tuned)] = before

    def steps(now: Point) -> list[tuple[float, float]]:
        """What is added to eta and to noise_memory."""
        return [(STEP, 0.0), (-STEP, 0.0), (0.0, REMEMBERED if now.lag < 1 else -REMEMBERED)]

    def follow(now: Point, around: Callable[[Point], list[tuple[float, float]]]) -> Point:
        """Go on as long as a step in one of the settings pays."""
        moved = True
        while moved:
            moved = False
            for fresh, memory in around(now):
                while (
                    trial := at(Tuned(own.sigma_max, now.eta + fresh, now.noise_memory + memory))
                ) and trial.cost < now.cost - BETTER:
                    now, moved = trial, True
        return now

    now = follow(before, steps)
    # texture hangs on the fresh noise most of all
    now = follow(now, lambda _: [(STEP / 2, 0.0), (-STEP / 2, 0.0)])
    return Spread(tuple(known.values()), before, now)
