"""Hours between coarse frames by advection: rain that keeps moving, with the totals of every frame.

Frames that are held for their t hours have the right totals and the wrong motion. Moved along with the rain, the hours
before and after an hour should look like it. So the mean of an hour and its moved neighbours takes its place, then
every frame gets its totals back, a few times over: projections in turn on what moves steadily and on what has the
totals. It sharpens rain that a mean over t hours had smeared along its way.
"""

import numpy as np
from scipy.ndimage import map_coordinates

from anemoi_scaleadapt.baselines.fields import exact, refined

#: how often the neighbours are heard, and the weight of what an hour was itself
REPEATS, KEPT = 5, 0.3


def trajectories(flow: np.ndarray, hours: float) -> np.ndarray:
    """Where the rain of each pixel was ``hours`` ago, (2, y, x) rows and columns, by pysteps' semi-Lagrangian scheme.

    Parameters
    ----------
    flow : ndarray, shape (2, y, x)
        Pixels h-1 along x and y.
    hours : float
        Negative for where it will be.
    """
    from anemoi_scaleadapt.baselines.pysteps import extrapolate

    shape = flow.shape[1:]
    _, moved = extrapolate(None, np.sign(hours) * flow, [abs(hours)], return_displacement=True)
    return np.indices(shape) + moved[::-1]


def moved(field: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Take a field (y, x) from ``places`` (2, y, x), linear between pixels; beyond the edge its last pixel is held."""
    return map_coordinates(field, places, order=1, mode="nearest")


def advected(frames: np.ndarray, flow: np.ndarray, s: int, t: int) -> np.ndarray:
    """Hourly rain of the middle one of three frames, (t, y, x), mm h-1.

    Parameters
    ----------
    frames : ndarray, shape (3, Y, X)
        Mean rain of the frame and those before and after, mm h-1, no gaps.
    flow : ndarray, shape (2, y, x)
        From :func:`motion.flow`.
    s, t : int
        Factor pair. For t = 1 nothing lies between frames and this is the refined frame.
    """
    if t == 1:
        return exact(refined(frames[1:2], s), frames[1])
    rain = exact(np.repeat(refined(frames, s)[:, None], t, axis=1), frames)
    ago, ahead = trajectories(flow, 1), trajectories(flow, -1)
    for _ in range(REPEATS):
        hours = rain.reshape(-1, *rain.shape[2:])
        from_before = np.stack([hours[0], *(moved(hour, ago) for hour in hours[:-1])])
        from_after = np.stack([*(moved(hour, ahead) for hour in hours[1:]), hours[-1]])
        hours = KEPT * hours + (1 - KEPT) / 2 * (from_before + from_after)
        rain = exact(hours.reshape(rain.shape), frames)
    return rain[1]
