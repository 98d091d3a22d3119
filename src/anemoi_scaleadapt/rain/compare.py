"""Coarse rain of a verification beside the block means of the truth, on its wettest hours."""

import numpy as np

from anemoi_scaleadapt.hours import HOUR
from anemoi_scaleadapt.rain.agree import Agreement, agreement
from anemoi_scaleadapt.rain.blocks import block_mean
from anemoi_scaleadapt.rain.record import Rain
from anemoi_scaleadapt.rain.windows import Coarse

#: windows looked at to find wet ones; stretches compared, and their frames
PROBES, STRETCHES, FRAMES = 24, 3, 14


def compare(truth: Rain, coarse: Coarse, windows: np.ndarray, space: int) -> Agreement:
    """Hold block means of the truth against the coarse rain, in stretches round the wettest of some windows.

    Parameters
    ----------
    truth : Rain
        Hourly, on the fine grid.
    coarse : Coarse
        Coarse rain on its blocks.
    windows : ndarray of datetime64, shape (n, t)
        Hours that are verified; hours round them are read too, where both records have them.
    space : int
        s.

    Returns
    -------
    Agreement
        Of at most three stretches of fourteen frames of the coarse rain (hours, where it is finer).
    """
    step, whole = coarse.step, np.timedelta64(0, "s")
    length = step if step % HOUR == whole else HOUR if HOUR % step == whole else coarse.t * HOUR
    frames = Coarse(coarse.rain, int(length / HOUR))
    probes = windows[np.unique(np.linspace(0, len(windows) - 1, PROBES).astype(int))]
    there = [window for window in probes if coarse.has(window)]
    there.sort(key=lambda window: float(np.nansum(coarse.frame(window))), reverse=True)
    shape = (max(min(len(there), STRETCHES), 1), FRAMES, *coarse.rain.shape)
    fine, given = np.full(shape, np.nan), np.full(shape, np.nan)
    for n, window in enumerate(there[:STRETCHES]):
        for k in range(FRAMES):
            end = window[-1] + (k - FRAMES // 2) * length
            hours = end - np.arange(frames.t)[::-1] * HOUR
            if truth.has(hours) and frames.has(hours):
                fine[n, k] = block_mean(truth.at(hours)[0].mean(axis=0, dtype="float64"), space)
                given[n, k] = frames.frame(hours)
    return agreement(fine, given)
