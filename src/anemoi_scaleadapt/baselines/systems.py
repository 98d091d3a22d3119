"""The classical systems by name, each a function of one window's coarse rain.

    forecast = build("steps", setup)
    members = forecast(window, number)      # (member, t, y, x), mm h-1

Call a system in the order of time: noise remembers its last hour. All but ``nearest`` see the coarse frames before and
after, and all have the exact totals of every coarse cell.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from anemoi_scaleadapt.baselines import BASELINES
from anemoi_scaleadapt.baselines.analog import Analogs
from anemoi_scaleadapt.baselines.fields import exact, held, refined
from anemoi_scaleadapt.baselines.interpolation import piecewise_linear
from anemoi_scaleadapt.baselines.noisy import Noisy, hours_of
from anemoi_scaleadapt.baselines.rainfarm import rainfarm
from anemoi_scaleadapt.baselines.settings import FittedNoise, NoiseSettings
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.hours import HOUR
from anemoi_scaleadapt.rain.record import Rain
from anemoi_scaleadapt.rain.windows import Coarse

#: members (member, t, y, x) in mm h-1 from (the hours of a window, its number)
System = Callable[[np.ndarray, int], np.ndarray]


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
    noise : FittedNoise, optional
        Of ``rainfarm_ar1`` and ``steps``; by default the usual one of the pair.
    """

    coarse: Coarse
    s: int
    t: int
    members: int = 8
    seed: int = 0
    archive: Rain | None = None
    windows: np.ndarray | None = None
    noise: FittedNoise | None = None


def build(name: str, setup: Setup) -> System | None:
    """Return the forecast function of a baseline; None where the factor pair leaves it undefined."""
    coarse, s, t = setup.coarse, setup.s, setup.t
    if name not in BASELINES:
        raise ScaleAdaptError(f"there is no baseline {name!r}; choose among {', '.join(BASELINES)}.")
    if name == "rainfarm" and s == 1:
        return None
    if name == "analog":
        return _analog(setup)
    if name in ("rainfarm_ar1", "steps"):
        settings: NoiseSettings = getattr(setup.noise, name) if setup.noise else NoiseSettings()
        noisy = Noisy(coarse, s, setup.members, setup.seed, settings, advect=name == "steps")
        return lambda window, number: noisy(window)
    simple: dict[str, System] = {
        "nearest": lambda window, number: held(coarse.frame(window), t, s),
        "bicubic": lambda window, number: exact(refined(coarse.in_time(window), s), coarse.frame(window)),
        "piecewise_linear": lambda window, number: _piecewise_linear(coarse, window, s),
        "advection": lambda window, number: exact(hours_of(coarse, window, s, True)[0], coarse.frame(window)),
        "rainfarm": lambda window, number: rainfarm(
            coarse.in_time(window), coarse.frame(window), s, setup.members, _seed(setup.seed, window)
        ),
    }
    one = simple[name]
    return one if name == "rainfarm" else lambda window, number: one(window, number)[None]


def _piecewise_linear(coarse: Coarse, window: np.ndarray, s: int) -> np.ndarray:
    before, after = coarse.neighbours(window)
    now = coarse.frame(window)
    return exact(refined(piecewise_linear(before, now, after, coarse.t), s), now)


def _seed(seed: int, window: np.ndarray) -> tuple[int, int]:
    """Seed of a window whatever was drawn before it."""
    return seed % 2**32, int((window[0] - np.datetime64(0, "s")) / HOUR) % 2**32


def _analog(setup: Setup) -> System:
    if setup.archive is None:
        raise ScaleAdaptError("the baseline 'analog' needs fine rain of other days: give --archive.")
    if setup.windows is None or not len(setup.windows):
        raise ScaleAdaptError(
            "the baseline 'analog' must know the windows that it is to forecast, to keep them out of its archive: "
            "Setup(windows=...) holds none."
        )
    coarse = setup.coarse
    analogs = Analogs(setup.archive, setup.s, setup.t, setup.windows, seed=setup.seed)

    def analog(window: np.ndarray, number: int) -> np.ndarray:
        before, after = coarse.neighbours(window)
        return analogs(before, coarse.frame(window), after, setup.members)

    return analog
