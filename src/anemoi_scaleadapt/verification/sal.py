"""Structure, amplitude, location of rain objects (Wernli et al. 2008, doi 10.1175/2008MWR2415.1).

Own code because the one in pysteps needs scikit-image and pandas; objects are the connected areas (8
neighbours) above 1/15 of the 95th percentile of the wet pixels (Wernli et al. 2009). The tests hold it against
numbers worked by hand and, where scikit-image is installed, against pysteps.
"""

import math

import numpy as np
from scipy import ndimage

#: share of the domain that must be wet in both fields for SAL to be computed
LEAST_WET = 0.005


def describe(field: np.ndarray, wet: float = 0.1) -> tuple | None:
    """Amplitude, centre of mass, scatter and scaled volume of one field.

    Parameters
    ----------
    field : ndarray, shape (y, x)
        Rain, no NaN, mm h-1.
    wet : float
        Rain from which a pixel counts for the percentile, mm h-1.

    Returns
    -------
    tuple or None
        (mean rain, (y, x) of the centre of mass, scatter of the objects around it in pixels, scaled volume V);
        None for a field with hardly any rain.
    """
    rainy = field >= wet
    if rainy.mean() < LEAST_WET:
        return None
    threshold = np.percentile(field[rainy], 95) / 15
    labels, number = ndimage.label(field >= threshold, structure=np.ones((3, 3)))
    index = np.arange(1, number + 1)
    total = ndimage.sum_labels(field, labels, index)
    peak = ndimage.maximum(field, labels, index)
    centres = np.array(ndimage.center_of_mass(field, labels, index))
    centre = np.array(ndimage.center_of_mass(field))
    distance = np.hypot(*(centres - centre).T)
    scatter = float((total * distance).sum() / total.sum())
    volume = float((total * (total / peak)).sum() / total.sum())
    return float(field.mean()), centre, scatter, volume


def sal(predicted: tuple, observed: tuple, shape: tuple) -> tuple[float, float, float]:
    """S, A and L of two described fields; each is 0 at best, S and A within -2..2, L within 0..2."""
    diagonal = max(math.hypot(shape[0] - 1, shape[1] - 1), 1.0)

    def relative(one, other):
        return (one - other) / (0.5 * (one + other))

    structure = relative(predicted[3], observed[3])
    amplitude = relative(predicted[0], observed[0])
    distance = float(np.hypot(*(predicted[1] - observed[1]))) / diagonal
    return structure, amplitude, distance + 2 * abs(predicted[2] - observed[2]) / diagonal


def tally_sal(forecast: np.ndarray, truth: np.ndarray, wet: float) -> dict:
    """Sums over hours and members: (n, S, A, L, abs S, abs A), each hour weighing one.

    Parameters
    ----------
    forecast : ndarray, shape (member, t, y, x)
        mm h-1, no NaN.
    truth : ndarray, shape (t, y, x)
        mm h-1, no NaN.
    wet : float
        mm h-1.
    """
    out = np.zeros(6)
    for hour, observed in enumerate(truth):
        of_truth = describe(observed, wet)
        if of_truth is None:
            continue
        for member in forecast[:, hour]:
            of_member = describe(member, wet)
            if of_member is not None:
                s, a, location = sal(of_member, of_truth, truth.shape[-2:])
                out += np.array([1, s, a, location, abs(s), abs(a)]) / len(forecast)
    return {"sal": out}
