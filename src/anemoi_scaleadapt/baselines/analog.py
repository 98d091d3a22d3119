"""Climatological analogs: the fine pattern that rain of the past took under a similar coarse value.

The method of fragments (Svanidze 1980; k nearest neighbours as Pui et al. 2012, doi
10.1016/j.jhydrol.2012.09.041) in space and time: each coarse cell is compared with all coarse cells of an
archive by the square root of its 3 x 3 neighbourhood and of the frames before and after; the patterns (fine
rain over coarse rain) of the nearest become its members. Totals are exact by construction.
"""

import numpy as np
from scipy.spatial import cKDTree

from anemoi_scaleadapt.baselines.fields import coarsened, filled
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.hours import HOUR
from anemoi_scaleadapt.rain.record import Rain


def features(before: np.ndarray, now: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Describe each coarse cell by sqrt of 3 x 3 cells now and one cell before and after, (Y X, 11)."""
    root = [np.sqrt(filled(f).clip(min=0)) for f in (before, now, after)]
    padded = np.pad(root[1], 1, mode="edge")
    ny, nx = now.shape
    around = [padded[dy : dy + ny, dx : dx + nx] for dy in range(3) for dx in range(3)]
    around[4] = 2 * around[4]  # the cell itself counts most
    return np.stack([*around, root[0], root[2]], axis=-1).reshape(-1, 11)


class Analogs:
    """An archive of fragments and the search in it.

    Parameters
    ----------
    archive : Rain
        Fine hourly rain of other days, on any grid whose sides are multiples of s (the rest is cut off).
    s, t : int
        Factor pair.
    without : ndarray of datetime64
        Hours that are verified: the archive must not hold them, nor the day around them.
    most : int
        Largest number of fragments kept (drawn at random beyond it).
    seed : int
        For that draw.
    """

    def __init__(self, archive: Rain, s: int, t: int, without: np.ndarray, most: int = 100_000, seed: int = 0):
        """Read the archive window by window and keep its wet cells."""
        self.s, self.t = s, t
        margin = 24 * HOUR
        times = archive.times[(archive.times < without.min() - margin) | (archive.times > without.max() + margin)]
        starts = [i for i in range(0, len(times) - t + 1, t) if times[i + t - 1] - times[i] == (t - 1) * HOUR]
        ny, nx = (n // s * s for n in archive.shape)
        draw = np.random.default_rng(seed)
        described: list[np.ndarray] = []
        fragments: list[np.ndarray] = []
        frames: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        for i in starts:
            window = times[i : i + t]
            fine = archive.at(window)[0][:, :ny, :nx]
            frames.append((window, fine, coarsened(fine, s).mean(axis=0)))
            if len(frames) == 3:
                self._keep(frames, described, fragments)
                frames.pop(0)
            if sum(len(some) for some in fragments) > 2 * most:
                described, fragments = _thin(described, fragments, most, draw)
        if not fragments:
            raise ScaleAdaptError(
                f"{archive.path}: no three consecutive windows of {t} h with rain lie more than a day away from "
                "the verified period; an analog needs an archive of other days."
            )
        described, fragments = _thin(described, fragments, most, draw)
        self.fragments = fragments[0]
        self.tree = cKDTree(described[0])

    def _keep(self, frames: list, described: list[np.ndarray], fragments: list[np.ndarray]) -> None:
        (before, _, a), (window, fine, now), (after, _, c) = frames
        gap = self.t * HOUR
        if window[0] - before[0] != gap or after[0] - window[0] != gap:
            return
        ny, nx = now.shape
        s, t = self.s, self.t
        cells = fine.reshape(t, ny, s, nx, s).transpose(1, 3, 0, 2, 4).reshape(-1, t * s * s)
        wet = np.nan_to_num(now).ravel() > 0.01
        if wet.any():
            described.append(features(a, now, c)[wet].astype("float32"))
            fragments.append((cells[wet] / now.ravel()[wet, None]).astype("float32"))

    def __call__(self, before: np.ndarray, now: np.ndarray, after: np.ndarray, members: int) -> np.ndarray:
        """Members (member, t, y, x) of one window from its coarse frames (Y, X): the nearest first."""
        s, t = self.s, self.t
        ny, nx = now.shape
        wet = np.nan_to_num(now).ravel() > 0
        out = np.zeros((members, ny * nx, t * s * s), dtype="float64")
        if wet.any():
            known = min(members, len(self.fragments))
            _, index = self.tree.query(features(before, now, after)[wet], k=[*range(1, known + 1)])
            chosen = np.resize(index.T, (members, index.shape[0]))
            patterns = self.fragments[chosen].astype("float64")
            patterns /= patterns.mean(axis=-1, keepdims=True)
            out[:, wet] = patterns * now.ravel()[wet, None]
        out[:, np.isnan(now).ravel()] = np.nan
        fields = out.reshape(members, ny, nx, t, s, s).transpose(0, 3, 1, 4, 2, 5)
        return fields.reshape(members, t, ny * s, nx * s)


def _thin(
    described: list[np.ndarray], fragments: list[np.ndarray], most: int, draw: np.random.Generator
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Both as lists of one array, of ``most`` rows at most."""
    keep = np.arange(sum(len(some) for some in described))
    if len(keep) > most:
        keep = np.sort(draw.choice(len(keep), most, replace=False))
    return [np.concatenate(described)[keep]], [np.concatenate(fragments)[keep]]
