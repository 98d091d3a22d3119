"""The classical systems by name, each a function of one window's coarse rain.

    forecast = build("rainfarm_ar1", setup)
    members = forecast(window, number)      # (member, t, y, x), mm h-1, exact coarse totals

Call a system in the order of time: ``rainfarm_ar1`` remembers its last hour.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from anemoi_scaleadapt.baselines import classical
from anemoi_scaleadapt.baselines.spacetime import NoiseSettings, SpacetimeRainfarm
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.rain.record import Rain
from anemoi_scaleadapt.rain.windows import Coarse

#: name -> (one line, whether it is an ensemble)
BASELINES = {
    "nearest": ("the coarse value, repeated in space and time", False),
    "bicubic": ("linear in time, bicubic in space, exact coarse totals", False),
    "rainfarm": ("RainFARM on frames interpolated in time, exact coarse totals", True),
    "rainfarm_ar1": ("RainFARM with noise that remembers the last hour (AR(1)), exact coarse totals", True),
    "analog": ("fine patterns of the most similar coarse cells of an archive, exact coarse totals", True),
}


@dataclass
class Setup:
    """What the baselines are built from.

    Parameters
    ----------
    coarse : Coarse
        Frames of each window.
    s, t : int
        Factor pair.
    members, seed : int
        Ensemble size and seed.
    archive : Rain, optional
        Fine rain of other days, for ``analog``.
    windows : ndarray, optional
        Windows to be forecast, (n, t): kept out of the archive.
    noise : NoiseSettings, optional
        Of ``rainfarm_ar1``.
    """

    coarse: Coarse
    s: int
    t: int
    members: int = 8
    seed: int = 0
    archive: Rain | None = None
    windows: np.ndarray | None = None
    noise: NoiseSettings | None = None


def build(name: str, setup: Setup) -> Callable | None:
    """Return the forecast function of a baseline; None where the factor pair leaves it undefined."""
    coarse, s, t = setup.coarse, setup.s, setup.t
    if name not in BASELINES:
        raise ScaleAdaptError(f"there is no baseline {name!r}; choose among {', '.join(BASELINES)}.")
    if name == "nearest":
        return lambda window, number: classical.nearest(coarse.frame(window), t, s)
    if name == "bicubic":
        return lambda window, number: classical.bicubic(coarse.in_time(window), coarse.frame(window), s)
    if name == "rainfarm":
        if s == 1:
            return None
        return lambda window, number: classical.rainfarm(
            coarse.in_time(window), coarse.frame(window), s, setup.members, setup.seed + number
        )
    if name == "rainfarm_ar1":
        if s == t == 1:
            return None
        shape = tuple(n * s for n in coarse.rain.shape)
        rainfarm = SpacetimeRainfarm(shape, s, setup.members, setup.seed, setup.noise)
        return lambda window, number: rainfarm(coarse.in_time(window), coarse.frame(window))
    if setup.archive is None:
        raise ScaleAdaptError("the baseline 'analog' needs fine rain of other days: give --archive.")
    from anemoi_scaleadapt.baselines.analog import Analogs

    analogs = Analogs(setup.archive, s, t, setup.windows, seed=setup.seed)

    def analog(window, number):
        before, after = coarse.neighbours(window)
        return analogs(before, coarse.frame(window), after, setup.members)

    return analog
