"""All scores: what a window adds to them, and what they are for the sums of any days.

Every score is a function of sums (or maxima) over windows: :func:`tally` counts one window, :func:`add` adds windows up
to days, :mod:`days` adds days up, and :func:`score` makes scores of the sums. Memory stays at one window however long
the period, and a bootstrap over days is a weighted sum. Each module below has the sums of one idea beside its scores.
"""

import numpy as np

from anemoi_scaleadapt.verification import (
    distribution,
    fractions,
    lags,
    neighbourhoods,
    objects,
    pointwise,
    spectra,
    totals,
    variogram,
)
from anemoi_scaleadapt.verification.settings import Scores, Settings, Sums
from anemoi_scaleadapt.verification.window import Forecast

IDEAS = (pointwise, distribution, fractions, spectra, lags, neighbourhoods, variogram, objects, totals)


def tally(forecast: Forecast, settings: Settings) -> Sums:
    """Count one window of one system.

    Parameters
    ----------
    forecast : Forecast
        Members, truth, and where both are known: the other pixels and hours leave all scores.
    settings : Settings
        What is scored.
    """
    out: Sums = {}
    for idea in IDEAS:
        out |= idea.tally(forecast, settings)
    return out


def add(total: Sums | None, new: Sums) -> Sums:
    """Add the sums of a window to those of its day."""
    if total is None:
        return {key: np.array(value, dtype="float64") for key, value in new.items()}
    return {k: np.fmax(total[k], v) if k.startswith("max_") else total[k] + v for k, v in new.items()}


def score(sums: Sums, settings: Settings) -> Scores:
    """Return all scores of one system, NaN where one is not defined (a spread without an ensemble, a lag of one hour).

    Parameters
    ----------
    sums : dict of ndarray
        Sums over the days to be scored; with a leading axis in all of them, one score for each of its entries.
    settings : Settings
        The same as for the sums.
    """
    out: Scores = {}
    for idea in IDEAS:
        out |= idea.score(sums, settings)
    return out


def curves(sums: Sums, settings: Settings) -> dict:
    """Return what figures draw of one system: arrays, NaN where undefined, with their abscissas beside them."""
    out: dict = {}
    for idea in (pointwise, spectra, distribution, fractions, lags):
        out |= idea.curves(sums, settings)
    return out
