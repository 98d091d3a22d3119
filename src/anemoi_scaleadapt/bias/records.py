"""A record of rain without its bias: a record again, corrected when it is read."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from anemoi_scaleadapt.bias.fit import KEPT, record_quantiles
from anemoi_scaleadapt.bias.mapping import Mapping
from anemoi_scaleadapt.rain.reader import Rain
from anemoi_scaleadapt.regrid.records import cells_of, hours_of

Correct = Callable[[np.ndarray, np.ndarray], np.ndarray]


def correction(rain: Rain, mapping: Mapping, keep_change: bool = False) -> Correct:
    """What takes the bias out of frames of a record: a function of rain (..., T, Y, X) and their places in it (T,).

    Parameters
    ----------
    rain : Rain
        Intervals and cells like those of the fit; any grid, as the mapping is pooled in space.
    mapping : Mapping
        From :func:`anemoi_scaleadapt.bias.fit.fit`.
    keep_change : bool
        Whether an amount has the rank that it has in this record (quantile delta mapping: the record is read twice), or
        the one that it had in the fit.

    Raises
    ------
    ScaleAdaptError
        If the mapping was fitted to other intervals or cells.
    """
    mapping.check(hours_of(rain), cells_of(rain).km, rain.path)
    quantiles = record_quantiles(mapping, *_sample(rain)) if keep_change else None
    return lambda frames, index: mapping.apply(frames, rain.times[index], quantiles, rain.lead_hours(index))


def corrected(rain: Rain, mapping: Mapping, keep_change: bool = False) -> Rain:
    """A record without its bias; arguments and errors as in :func:`correction`."""
    correct, frames = correction(rain, mapping, keep_change), rain.frames
    return replace(rain, frames=lambda index: correct(frames(index), index))


def _sample(rain: Rain, piece: int = 64) -> tuple[Iterator[tuple[np.ndarray, np.ndarray, np.ndarray | None]], int]:
    """Frames evenly over a record, piece by piece, and how many values they have."""
    cells = rain.shape[0] * rain.shape[1] * rain.frames(np.arange(1)).shape[0]
    index = np.arange(0, len(rain.times), max(1, len(rain.times) * cells // KEPT))
    pieces = (index[k : k + piece] for k in range(0, len(index), piece))
    return ((rain.times[i], rain.frames(i), rain.lead_hours(i)) for i in pieces), len(index) * cells
