"""Records with longer steps: means over the frames that fill an hour, or any other length."""

from dataclasses import replace

import numpy as np

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.hours import HOUR
from anemoi_scaleadapt.rain.record import Rain

NOTHING = np.timedelta64(0, "s")


def averaged(rain: Rain, length: np.timedelta64 = HOUR) -> Rain:
    """Return rain whose frames stand for `length`: as it is, or means over its shorter ones.

    Parameters
    ----------
    rain : Rain
        With frames of `length`, or of a whole part of it. A single frame that does not tell is taken to be one.
    length : timedelta64
        An hour by default. The new frames end at whole multiples of it after 00 UTC, or, in a record without such
        times, at the minute at which the record has them.

    Returns
    -------
    Rain
        Intervals of which every part is in the record; a cell with a missing part is missing.

    Raises
    ------
    ScaleAdaptError
        If the frames are longer, no whole part, or fill no interval.
    """
    step = rain.interval
    if step is None or step == length:
        return rain
    if step > length or length % step != NOTHING:
        raise ScaleAdaptError(
            f"the frames of {rain.path} stand for {step / HOUR:g} h, which do not make up {length / HOUR:g} h."
        )
    number = int(length / step)
    of_day = rain.times - rain.times.astype("datetime64[D]")
    minute = of_day % min(length, HOUR)
    phase = NOTHING if (minute == NOTHING).any() else minute.min()
    parts = rain.times[(of_day - phase) % length == NOTHING][:, None] - np.arange(number)[::-1] * step
    parts = parts[np.isin(parts, rain.times).all(axis=1)]
    if not len(parts):
        raise ScaleAdaptError(f"{rain.path}: its frames of {step / HOUR:g} h fill no interval of {length / HOUR:g} h.")
    places, frames = np.searchsorted(rain.times, parts), rain.frames

    def means(index: np.ndarray) -> np.ndarray:
        values = np.asarray(frames(places[index].ravel()))
        values = values.reshape(values.shape[0], len(index), number, *values.shape[2:])
        return np.asarray(values.mean(axis=2, dtype="float64"), "float32")

    seconds, leads = (None if known is None else known[places[:, -1]] for known in (rain.seconds, rain.leads))
    return replace(
        rain, times=parts[:, -1], frames=means, lengths=np.full(len(parts), length), seconds=seconds, leads=leads
    )
