"""Do members keep what the coarse rain says?"""

import numpy as np

from anemoi_scaleadapt.verification.settings import Scores, Settings, Sums
from anemoi_scaleadapt.verification.window import Forecast

#: errors of drier cells are relative to this, mm h-1
LEAST = 1e-3


def tally(forecast: Forecast, settings: Settings) -> Sums:
    """Worst relative error of a coarse cell's total, over cells and members; a cell with a missing pixel has none."""
    coarse = forecast.window.coarse
    members, t, _, nx = forecast.members.shape
    s = nx // coarse.shape[-1]
    rows = forecast.members.reshape(members, t, coarse.shape[0], s, nx).sum(axis=(1, 3), dtype="float64")
    means = rows.reshape(members, *coarse.shape, s).sum(axis=-1) / (t * s * s)
    error = np.abs(means - coarse) / np.maximum(coarse, LEAST)
    return {"max_conservation_error": np.nanmax(error, initial=0.0)}


def score(sums: Sums, settings: Settings) -> Scores:
    """The worst error of the period."""
    return {"conservation_error": sums["max_conservation_error"]}
