"""Structure, amplitude and location of rain objects: SAL.

Own code because the one in pysteps takes eleven seconds for two fields of 900 x 900 pixels and finds the truth's
objects again for each member; this one takes less than a hundredth of its time
(``benchmarks/verification_libraries.py``). Objects are the connected areas (8 neighbours) above
1/15 of the 95th percentile of the wet pixels (Wernli et al. 2009).

References
----------
Wernli et al. 2008, https://doi.org/10.1175/2008MWR2415.1.
"""

from typing import NamedTuple

import numpy as np
from scipy.ndimage import label

from anemoi_scaleadapt.verification.settings import Scores, Settings, Sums, ratio
from anemoi_scaleadapt.verification.window import Forecast, Window

#: share of the domain that must be wet in both fields for SAL to be computed
LEAST_WET = 0.005


class Described(NamedTuple):
    """Mean rain, (y, x) of the centre of mass, scatter of the objects round it in pixels, their scaled volume."""

    mean: float
    centre: np.ndarray
    scatter: float
    volume: float


def describe(field: np.ndarray, wet: float = 0.1) -> Described | None:
    """Describe a field (y, x) in mm h-1, no NaN; None where hardly any pixel has ``wet`` mm h-1."""
    rainy = field[field >= wet]
    if rainy.size < LEAST_WET * field.size:
        return None
    labels, number = label(field >= np.percentile(rainy, 95) / 15, structure=np.ones((3, 3)))
    y, x = np.nonzero(labels)
    of, rain = labels[y, x] - 1, field[y, x].astype("float64")
    total = np.bincount(of, rain)
    centres = np.stack([np.bincount(of, rain * axis) / total for axis in (y, x)], axis=1)
    peak = np.zeros(number)
    np.maximum.at(peak, of, rain)
    along = [field.sum(axis=axis, dtype="float64") for axis in (1, 0)]
    centre = np.array([np.arange(len(line)) @ line for line in along]) / along[0].sum()
    scatter = (total * np.hypot(*(centres - centre).T)).sum() / total.sum()
    return Described(along[0].sum() / field.size, centre, scatter, (total**2 / peak).sum() / total.sum())


def sal(predicted: Described, observed: Described, shape: tuple[int, int]) -> tuple[float, float, float]:
    """S, A and L of two described fields; each is 0 at best, S and A within -2..2, L within 0..2."""
    diagonal = max(np.hypot(*shape), 1.0)
    structure, amplitude = (
        2 * (one - other) / (one + other)
        for one, other in ((predicted.volume, observed.volume), (predicted.mean, observed.mean))
    )
    distance = float(np.hypot(*(predicted.centre - observed.centre)))
    return structure, amplitude, (distance + 2 * abs(predicted.scatter - observed.scatter)) / diagonal


def tally(forecast: Forecast, settings: Settings) -> Sums:
    """Sums over hours and members: (n, S, A, L, abs S, abs A), each hour weighing one."""
    out = np.zeros(6)
    observed = forecast.window.once(_of_truth)
    for hour, truth in zip(forecast.filled.swapaxes(0, 1), observed, strict=True):
        for member in hour if truth is not None else ():
            if (described := describe(member, settings.wet)) is not None:
                s, a, location = sal(described, truth, settings.shape)
                out += np.array([1, s, a, location, abs(s), abs(a)]) / len(hour)
    return {"sal": out}


def _of_truth(window: Window) -> list[Described | None]:
    return [describe(field, window.settings.wet) for field in window.truth]


def score(sums: Sums, settings: Settings) -> Scores:
    """Means over hours and members, and of the absolute values."""
    names = ("sal_s", "sal_a", "sal_l", "sal_abs_s", "sal_abs_a")
    return {name: ratio(sums["sal"][..., k], sums["sal"][..., 0]) for k, name in enumerate(names, start=1)}
