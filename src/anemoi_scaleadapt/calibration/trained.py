"""A trained network on validation days: stretches of them, and the scores of the ensembles that it draws."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from anemoi_scaleadapt.calibration.sample import consecutive, evenly
from anemoi_scaleadapt.calibration.spread import Point
from anemoi_scaleadapt.diffusion.noise import draws
from anemoi_scaleadapt.diffusion.settings import Tuned
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.hours import HOUR
from anemoi_scaleadapt.inference.trained import context_axis, static_fields
from anemoi_scaleadapt.models.anemoi import RainModel
from anemoi_scaleadapt.models.downscaler import Prepared
from anemoi_scaleadapt.rain.record import Rain
from anemoi_scaleadapt.rain.windows import Coarse
from anemoi_scaleadapt.scale import Scale
from anemoi_scaleadapt.training.crops import wettest
from anemoi_scaleadapt.training.scores import high_power
from anemoi_scaleadapt.verification.crps import fair_crps
from anemoi_scaleadapt.verification.lags import correlation, moments

#: a stretch is wet where a coarse cell has this much, mm h-1
WET = 0.1
#: hours of a stretch, about: long enough that it is no choice of the wettest hour, whose members spread more
LONG = 12


@dataclass(frozen=True)
class Stretch:
    """Some hours of a square, and the mean network's estimate for it, on the network's device.

    Attributes
    ----------
    start : datetime64
        Start of its first hour.
    axis : Tensor
        Coarse rain on the hourly axis, (1, axis, y / s, x / s), mm h-1; NaN is missing.
    truth : Tensor
        (1, hours, y, x), mm h-1; NaN is missing.
    statics : Tensor or None
        (1, c, y, x).
    prepared : Prepared
        What the mean network says, and what the residual network is told: no sampler changes it.
    """

    start: np.datetime64
    axis: Tensor
    truth: Tensor
    statics: Tensor | None
    prepared: Prepared


def check_sampler(net: Any, path: str) -> None:
    """Raise ScaleAdaptError where the sampler of the checkpoint `path` has nothing to choose."""
    if net.sampler.name != "dpmpp_2m_sde":
        raise ScaleAdaptError(
            f"{path} draws with the sampler {net.sampler.name}: settings are chosen for dpmpp_2m_sde "
            "alone. Train with model.model.sampler.name: dpmpp_2m_sde."
        )


def hours_of(days: list[str], times: np.ndarray) -> tuple[np.datetime64, np.datetime64]:
    """Return the ends of the first and last hour of some days, of a record whose hours need not end at minute 0.

    Parameters
    ----------
    days : list of str
        FIRST and LAST, one or two dates, YYYY-MM-DD.
    times : ndarray of datetime64
        Ends of the record's hours.
    """
    try:
        first, last = (np.datetime64(day, "D") for day in (days[0], days[-1]))
    except ValueError as error:
        raise ScaleAdaptError(f"--days {' '.join(days)}: give dates such as 2018-05-17.") from error
    if len(days) > 2 or last < first:
        raise ScaleAdaptError(f"--days {' '.join(days)}: give one day, or the first and the last.")
    past = (times[0] - times[0].astype("M8[h]")).astype("m8[s]")
    late = past - HOUR if past else past
    return first.astype("M8[s]") + HOUR + late, (last + 1).astype("M8[s]") + late


def frames_of(coarse: Coarse, hr: Rain, first: np.datetime64, last: np.datetime64) -> list[np.ndarray]:
    """Stretches of whole frames that are in both records, each the ends of its hours, LONG hours at most or a frame."""
    step = coarse.t * HOUR
    ends: np.ndarray = np.arange(first + (coarse.t - 1) * HOUR, last + HOUR, step)
    windows = ends[:, None] - np.arange(coarse.t)[::-1] * HOUR
    there = [coarse.has(window) and hr.has(window) for window in windows]
    return consecutive(windows[there].ravel(), max(1, round(LONG / coarse.t)) * coarse.t)


def read_stretches(
    model: RainModel,
    scale: Scale,
    lr: Rain,
    hr: Rain,
    days: list[str],
    number: int = 16,
    edge: int = 150,
    progress: Callable[[Iterable], Iterable] = iter,
) -> list[Stretch]:
    """Read wet stretches of some days, `number` at most, spread evenly; wide domains by their wettest square.

    Parameters
    ----------
    model : RainModel
        The trained network.
    scale : Scale
        Factor pair.
    lr, hr : Rain
        Coarse and fine rain.
    days : list of str
        First and last day; none of them should have been trained on.
    number, edge : int
        Stretches at most, and the widest square that is drawn, in fine pixels.
    progress : callable
        Wraps the list of stretches to read.

    Raises
    ------
    ScaleAdaptError
        If no wet window of these days is in both datasets.
    """
    net = model.downscaler
    coarse = Coarse(lr, scale.time)
    found = []
    for hours in frames_of(coarse, hr, *hours_of(days, hr.times)):
        frames = np.stack([coarse.frame(window) for window in hours.reshape(-1, scale.time)])
        if np.nan_to_num(frames).max() >= WET:
            found.append((hours, torch.from_numpy(np.nan_to_num(frames).mean(0))))
    if not found:
        raise ScaleAdaptError(
            f"--days {' '.join(days)}: no window of {scale.time} h with rain of {WET:g} mm/h or more is in both "
            f"{lr.path} ({lr.times[0]}Z to {lr.times[-1]}Z) and {hr.path} ({hr.times[0]}Z to {hr.times[-1]}Z)."
        )
    device = next(net.parameters()).device
    stretches = []
    for hours, mean in progress(evenly(found, number)):
        size = min(max(1, edge // scale.space), *mean.shape)
        row, column = wettest(mean[None, None], size)[0][0, 1:].tolist()
        place = slice(row, row + size), slice(column, column + size)
        y, x = (slice(part.start * scale.space, part.stop * scale.space) for part in place)
        axis = context_axis(coarse, hours, scale)[(..., *place)].to(device)
        truth = torch.from_numpy(hr.at(hours)[0, :, y, x])[None].to(device)
        statics = static_fields(model, hr)
        if statics is not None:
            statics = statics[..., y, x]
        with torch.inference_mode():
            prepared = net.prepare(axis, scale, statics)
        stretches.append(Stretch(hours[0] - HOUR, axis, truth, statics, prepared))
    return stretches


def measure(
    net: Any,
    scale: Scale,
    stretches: list[Stretch],
    tuned: Tuned,
    members: int,
    progress: Callable[[Iterable], Iterable] = iter,
) -> Point:
    """Draw an ensemble for every stretch and score them together.

    Parameters
    ----------
    net : Downscaler
        Of the checkpoint.
    scale : Scale
        Factor pair.
    stretches : list of Stretch
        From :func:`read_stretches`.
    tuned : Tuned
        Settings of the sampler.
    members : int
        Members of each stretch, at least 2; their noise is that of inference with seed 0, the same for all settings.
    progress : callable
        Wraps the list of stretches.

    Returns
    -------
    Point
        Scores pooled over all known pixels and hours as in the scorecard, but power is that of the square root.
    """
    sampler = net.sampler.model_copy(update=tuned._asdict())
    sums, lags, truths = np.zeros(6), np.zeros(6), np.zeros(6)
    for w in progress(stretches):
        noise = draws(0, range(members), [w.start.astype("M8[s]").item()], w.truth)
        with torch.inference_mode():
            rain = net.sample(w.axis, scale, noise, w.statics, sampler, w.prepared)
            known = ~(w.truth.isnan() | rain.isnan().any(dim=2))
            error = (rain.mean(dim=2) - w.truth).square()
            each = (fair_crps(rain.movedim(2, 0), w.truth), error, rain.var(dim=2))
            # of the square root: of rain itself a single storm would decide
            roots = (torch.where(known[:, :, None], rain, 0).sqrt(), torch.where(known, w.truth, 0).sqrt())
            sums += [
                float(known.sum()),
                *(float(x[known].sum()) for x in each),
                *(float(high_power(x)) for x in roots),
            ]
            hours = zip(rain[0], rain[0, 1:], w.truth[0], w.truth[0, 1:], known[0, 1:] & known[0, :-1], strict=False)
            for one, other, was, then, both in (tuple(x.cpu().numpy() for x in each) for each in hours):
                lags += moments(one, other, both)
                truths += moments(was[None], then[None], both)
    count, crps, error, variance, power, wanted = sums
    ssr = np.sqrt((members + 1) / members * variance / max(error, 1e-12))
    lag = float(correlation(lags) / correlation(truths))
    return Point(
        *tuned,
        ssr=float(ssr),
        crps=float(crps / max(count, 1)),
        power=float(power / max(wanted, 1e-12)),
        lag=lag if np.isfinite(lag) else 1.0,  # a single hour, or one without rain, has none
    )
