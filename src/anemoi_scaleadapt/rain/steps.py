"""Records with longer steps: means over the frames that fill an hour, or any other length."""

from dataclasses import replace

import numpy as np

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.hours import HOUR
from anemoi_scaleadapt.rain.record import Rain


def averaged(rain: Rain, length: np.timedelta64 = HOUR) -> Rain:
    """Return rain whose frames stand for `length`: as it is, or means over its shorter ones.

    Parameters
    ----------
    rain : Rain
        With frames of `length`, or of a whole part of it. A single frame that does not tell is taken to be one.
    length : timedelta64
        An hour by default; the new frames end at whole multiples of it after 00 UTC.

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
    if step > length or length % step != np.timedelta64(0, "s"):
        raise ScaleAdaptError(
            f"the frames of {rain.path} stand for {step / HOUR:g} h; {length / HOUR:g} h are needed, or whole parts."
        )
    number = int(length / step)
    whole = rain.times[(rain.times - rain.times.astype("datetime64[D]")) % length == np.timedelta64(0, "s")]
    parts = whole[:, None] - np.arange(number)[::-1] * step
    there = np.isin(parts, rain.times).all(axis=1)
    if not there.any():
        raise ScaleAdaptError(f"{rain.path}: its frames of {step / HOUR:g} h fill no interval of {length / HOUR:g} h.")
    times, places = whole[there], np.searchsorted(rain.times, parts[there])
    frames = rain.frames

    def means(index: np.ndarray) -> np.ndarray:
        values = np.asarray(frames(places[index].ravel()))
        return values.reshape(values.shape[0], len(index), number, *values.shape[2:]).mean(axis=2)

    return replace(
        rain, times=times, frames=means, lengths=np.full(len(times), length),
        seconds=None if rain.seconds is None else rain.seconds[places[:, -1]],
    )  # fmt: skip
