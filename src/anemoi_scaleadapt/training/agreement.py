"""Whether coarse and fine rain of a few wet hours are the same rain, and whether it is rain."""

import logging
from dataclasses import replace

import numpy as np

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.rain.agree import Agreement, agreement
from anemoi_scaleadapt.rain.blocks import block_mean
from anemoi_scaleadapt.rain.codes import Cleaner
from anemoi_scaleadapt.training.opened import Opened

LOG = logging.getLogger(__name__)
#: dates looked at to find wet ones; stretches compared, and their hours
PROBES, STRETCHES, HOURS = 128, 3, 12
#: least correlation and largest relative difference of totals of coarse rain with the block means that it should be
ALIKE, SAME_TOTAL = 0.95, 0.1


def wet_stretches(opened: Opened, rain: str) -> list[list[int]]:
    """Places of the hours of the wettest stretches among evenly spread dates.

    Parameters
    ----------
    opened : Opened
        The dataset to look at.
    rain : str
        Name of the rain.

    Returns
    -------
    list of list of int
        At most three stretches of twelve hours, or of as many as there are, an hour apart each, that do not overlap;
        none where no date is wet.
    """
    count, step = len(opened.dates), opened.per_hour
    probes = np.unique(opened.known[np.linspace(0, len(opened.known) - 1, PROBES).astype(int)])
    wetness = []
    for place in probes:
        field = opened.field(rain, place)
        good = field[(field > 0) & (field < 1e4)]
        wetness.append(float(good.sum()) / field.size)
    hours = max(1, min(HOURS, count // step))
    length = (hours - 1) * step + 1
    stretches: list[list[int]] = []
    for index in np.argsort(wetness, kind="stable")[::-1]:
        if wetness[index] == 0:
            break
        place = probes[index]
        begin = int(np.clip(place - hours // 2 * step, 0, count - length))
        if all(abs(begin - other[0]) >= length for other in stretches):
            stretches.append(list(range(begin, begin + length, step)))
        if len(stretches) == STRETCHES:
            break
    return stretches


def block_means(opened: Opened, rain: str, stretches: list[list[int]], factor: int) -> np.ndarray:
    """Rain of wet stretches in coarse cells; what is no rain is counted, and said once.

    Parameters
    ----------
    opened : Opened
        The dataset.
    rain : str
        Name of the rain.
    stretches : list of list of int
        Places, from :func:`wet_stretches`.
    factor : int
        Pixels on a side of a cell.

    Returns
    -------
    ndarray
        (stretches, hours, Y, X), mm h-1, NaN where missing.

    Raises
    ------
    ScaleAdaptError
        If rain is negative and not by a code.
    """
    clean = Cleaner(opened.where)

    def frame(place: int) -> np.ndarray:
        return block_mean(clean(opened.field(rain, place)), factor)

    return np.stack([np.stack([frame(place) for place in part]) for part in stretches])


def compare(lr: Opened, hr: Opened, rain: str, space: int, stretches: list[list[int]]) -> Agreement:
    """Compare the block means of the fine rain with the coarse rain of the same hours.

    Parameters
    ----------
    lr, hr : Opened
        Coarse and fine dataset, of the same dates.
    rain : str
        Name of the rain.
    space : int
        Fine pixels on a side of a coarse cell, s.
    stretches : list of list of int
        Places of the hours.
    """
    fine, coarse = block_means(hr, rain, stretches, space), block_means(lr, rain, stretches, 1)
    found = agreement(fine, coarse)
    if found.kinds == ("dry",) and np.nansum(fine) > 0:
        return replace(found, kinds=("product",), cause="it is dry where the fine rain is wet")
    return found


def check_agreement(found: Agreement, lr: Opened, hr: Opened, when: str, same: bool) -> None:
    """Refuse coarse rain that is not the block means of the fine rain.

    Parameters
    ----------
    found : Agreement
        What :func:`compare` gave.
    lr, hr : Opened
        Coarse and fine dataset.
    when : str
        Dates that were compared, for the message.
    same : bool
        Whether they must be the same rain (``task.same_rain``); else what differs is a warning.

    Raises
    ------
    ScaleAdaptError
        With the likely cause.
    """
    if found.kinds == ("dry",):
        LOG.warning("%s and %s could not be compared round %s: %s.", lr.where, hr.where, when, found.cause)
        return
    numbers = f"correlation {found.correlation:.3f}, ratio of totals {found.ratio:.3f}"
    cause = found.cause or f"{numbers}: moved by a part of a cell, or averaged in another way?"
    if found.good and found.correlation >= ALIKE and abs(found.ratio - 1) <= SAME_TOTAL:
        LOG.info("%s against block means of %s round %s: %s.", lr.where, hr.where, when, numbers)
        return
    words = f"{lr.where} is not the block mean of {hr.where} (hours round {when}): {cause}"
    if same:
        raise ScaleAdaptError(
            f"{words}. Build both from the same rain with the recipes of `anemoi-scaleadapt datasets`; if the coarse "
            "rain is another product on purpose, say task.same_rain=False."
        )
    LOG.warning("%s.", words)


def persist(frames: np.ndarray, per_hour: int) -> float:
    """Share of rises of sub-hourly rain that are still there for the rest of the hour.

    A mean over the preceding hour that rises by d holds at least d until the wet minutes have left the hour: 1 for
    means over an hour, less for amounts or rates of the steps themselves.

    Parameters
    ----------
    frames : ndarray
        (dates, y, x), mm h-1, consecutive.
    per_hour : int
        Dates an hour.

    Returns
    -------
    float
        From 0 to 1; NaN where nothing rises by 0.1 mm h-1 or more.
    """
    rise = np.diff(frames, axis=0)[: len(frames) - per_hour]
    if not len(rise):
        return float("nan")
    later = np.stack([frames[k + 1 : k + 1 + len(rise)] for k in range(per_hour)]).min(axis=0)
    rises = rise >= 0.1
    return float((~(later < rise - 0.05))[rises].mean()) if rises.any() else float("nan")


def check_hourly(opened: Opened, rain: str, stretches: list[list[int]]) -> None:
    """Refuse values every few minutes that are no means over an hour.

    Raises
    ------
    ScaleAdaptError
        If the rain rises and falls within an hour as no mean over an hour can.
    """
    if opened.per_hour == 1:
        return
    clean = Cleaner(opened.where)
    begin, end = stretches[0][0], stretches[0][-1]
    frames = np.stack([clean(opened.field(rain, place)) for place in range(begin, end + 1)])
    share = persist(frames, opened.per_hour)
    if share < 0.99:
        minutes = 60 // opened.per_hour
        raise ScaleAdaptError(
            f"{opened.where} has a value every {minutes} minutes, but {1 - share:.0%} of its rises are gone within the "
            f"hour: these are means over {minutes} minutes, not over an hour. Build it from means over an hour (every "
            "hour, or every so many minutes)."
        )
