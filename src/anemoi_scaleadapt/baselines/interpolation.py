"""Interpolation in time of means over frames that keeps those means.

The rate within a frame is two straight lines, from the rate at its beginning to one at its middle to the rate at its
end. Neighbouring frames share the rate at their border, the middle follows from the mean: the rate is continuous,
never negative and has the frame's total. (The idea is the one that IMPROVER of the Met Office proposes for periods of
rain; this closed form is our own.)
"""

import numpy as np


def piecewise_linear(before: np.ndarray, now: np.ndarray, after: np.ndarray, t: int) -> np.ndarray:
    """Hourly means of a piecewise linear rate whose mean over the t hours is ``now``.

    Parameters
    ----------
    before, now, after : ndarray, shape (...)
        Mean rates of three frames of t hours, mm h-1, not negative.
    t : int
        Hours of a frame.

    Returns
    -------
    ndarray, shape (t, ...)
        mm h-1. The rate at a border is the mean of its two frames, but at most twice the smaller: with that the rate
        in the middle, ``2 now - (begin + end) / 2``, cannot be negative.
    """
    begin, end = (np.minimum((a + b) / 2, 2 * np.minimum(a, b)) for a, b in ((before, now), (now, after)))
    middle = 2 * now - (begin + end) / 2
    u = (np.arange(t + 1) / t).reshape(-1, *np.ones(np.ndim(now), int))
    first = begin * u + (middle - begin) * u**2  # the integral from 0 to u <= 1/2
    second = (begin + middle) / 4 + middle * (u - 0.5) + (end - middle) * (u - 0.5) ** 2
    return np.diff(np.where(u <= 0.5, first, second), axis=0) * t
