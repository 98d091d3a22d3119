"""Ensembles in space and time: smooth hourly rain, multiplied with noise that moves with it, with exact totals.

``rainfarm_ar1``
    RainFARM (Rebora et al. 2006, doi 10.1175/JHM517.1) with noise that lives in time too: coarse frames interpolated
    linearly in time and by cubic convolution in space, noise with one memory for all scales.
``steps``
    The rain of :mod:`anemoi_scaleadapt.motion.advection`, noise as in STEPS (Bowler et al. 2006, doi
    10.1256/qj.04.100): scales with memories of their own, a spread that follows the local variability of the coarse
    rain, and dry pixels within wet cells.
"""

import numpy as np
import torch
from scipy.ndimage import uniform_filter

from anemoi_scaleadapt.baselines.fields import exact, filled, refined
from anemoi_scaleadapt.baselines.noise import MovingNoise
from anemoi_scaleadapt.baselines.settings import NoiseSettings
from anemoi_scaleadapt.hours import HOUR
from anemoi_scaleadapt.motion.advection import advected, trajectories
from anemoi_scaleadapt.motion.flow import REACH, everywhere, flow
from anemoi_scaleadapt.rain.windows import Coarse

#: local variability at which the spread is that of the settings, and the bounds it is held to
USUAL, BOUNDS = 0.8, (0.1, 3.0)
#: width of the surroundings in which it is measured: pixels, and least cells
AROUND, CELLS = 15, 3


def around(coarse: Coarse, window: np.ndarray) -> tuple[list[np.ndarray], int]:
    """Frames up to ``REACH`` before and after a window, as far as the record has no gap, and the window's place."""
    span = coarse.t * HOUR
    sides: list[list[np.ndarray]] = []
    for sign in (-1, 1):
        side: list[np.ndarray] = []
        while len(side) < REACH and coarse.has(other := window + sign * (len(side) + 1) * span):
            side.append(coarse.frame(other))
        sides.append(side)
    return [*sides[0][::-1], coarse.frame(window), *sides[1]], len(sides[0])


def variability(coarse: np.ndarray, s: int) -> np.ndarray:
    """Relative standard deviation among the cells around, over the usual one: (Y, X) without gaps to (y, x)."""
    width = max(CELLS, round(AROUND / s))
    mean = uniform_filter(coarse, width, mode="nearest")
    deviation = np.sqrt((uniform_filter(coarse**2, width, mode="nearest") - mean**2).clip(min=0))
    relative = np.divide(deviation, mean, out=np.full_like(mean, USUAL), where=mean > 0)
    return refined(relative[None], s)[0].clip(*BOUNDS) / USUAL


def motion_of(frames: list[np.ndarray], place: int, s: int, t: int) -> torch.Tensor:
    """Motion of the rain in frame `place` of several in a row (Y, X), pixels h-1 along y and x, (1, 2, y, x)."""
    row = torch.from_numpy(np.stack(frames).astype("float64"))[None]
    found = flow(row, torch.ones(1, 1, len(frames), dtype=torch.bool), [place], s, t)
    return everywhere(found[:, 0, :2], (row.shape[-2] * s, row.shape[-1] * s))


def hours_of(coarse: Coarse, window: np.ndarray, s: int, advect: bool) -> tuple[np.ndarray, np.ndarray]:
    """Smooth hourly rain of a window (t, y, x), mm h-1, with its totals.

    Also where the rain of each pixel was an hour before, rows and columns, (2, y, x).
    """
    frames, place = around(coarse, window)
    motion = motion_of(frames, place, s, coarse.t)
    places = trajectories(motion, 1)[0].numpy()
    now = filled(coarse.frame(window))
    if not advect:
        return exact(refined(coarse.in_time(window), s), now), places
    before, after = coarse.neighbours(window)
    three = torch.from_numpy(filled(np.stack([before, now, after])))[None]
    return advected(three, motion, coarse.t)[0].numpy(), places


def multiplied(smooth: np.ndarray, noise: np.ndarray, now: np.ndarray, settings: NoiseSettings) -> np.ndarray:
    """Members (member, t, y, x) of smooth rain (t, y, x) and noise (member, t, y, x), with the totals of now (Y, X)."""
    spread: float | np.ndarray = settings.spread
    if settings.local:
        spread = spread * variability(filled(now), smooth.shape[-1] // now.shape[-1]) ** settings.local
    return exact(smooth * (np.exp(spread * noise) - settings.dry).clip(min=0), now)


class Noisy:
    """Members of window after window, called in the order of time; after a gap the noise begins anew.

    Parameters
    ----------
    coarse : Coarse
        Frames.
    s, members, seed : int
        Space factor, ensemble size, seed: a member depends on seed, its number and the hours since the last gap.
    settings : NoiseSettings
        Of the noise.
    advect : bool
        Whether hours come from advection; else from interpolation in time.
    """

    def __init__(self, coarse: Coarse, s: int, members: int, seed: int, settings: NoiseSettings, advect: bool) -> None:
        """Remember; the first window draws the first hour."""
        self.coarse, self.s, self.settings, self.advect = coarse, s, settings, advect
        ny, nx = coarse.rain.shape
        self.noise = MovingNoise((ny * s, nx * s), members, settings, seed)
        self.last: np.datetime64 | None = None

    def __call__(self, window: np.ndarray) -> np.ndarray:
        """Return (member, t, y, x), mm h-1."""
        if self.last is None or window[0] - self.last != HOUR:
            self.noise.restart()
        self.last = window[-1]
        smooth, places = hours_of(self.coarse, window, self.s, self.advect)
        noise = np.stack([self.noise.hour(time, places) for time in window], axis=1)
        return multiplied(smooth, noise, self.coarse.frame(window), self.settings)
