"""What each value of a record stands for: from when to when, in whole seconds.

A record has a label for each value and, if its file is a good one, bounds. Values may be accumulated over the step
between two labels, or from one moment on (the start of a forecast, midnight), with bounds that grow; then the rain of a
step is the difference of two values.
"""

import re
from dataclasses import dataclass

import numpy as np

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.rain.told import Accumulated, Label, Leads

DAY = 86400
#: Share of gaps in a record up to which a longer step is a gap.
GAPS = 0.2

_WHAT = r"(?:interval|period|hour|step|accumulat\w*|averag\w*|mean|bin|window|time step|day|\d+ ?(?:h|min)\w*)"
_WORDS: dict[Label, tuple[str, ...]] = {
    "end": (
        rf"\bend(?:s|ing)?\b.{{0,40}}\b{_WHAT}",
        rf"\b{_WHAT}[- ](?:end(?:s|ing)?)\b",
        rf"\b(?:preceding|previous|past|last)\b.{{0,12}}\b{_WHAT}",
    ),
    "middle": (
        rf"\b(?:mid(?:dle|point)?|mid-point|cent(?:er|re))\b.{{0,40}}\b{_WHAT}",
        rf"\b{_WHAT}[- ](?:mid(?:dle|point)|cent(?:er|re))\b",
    ),
    "start": (
        rf"\b(?:start|begin(?:ning|s)?)\b.{{0,40}}\b{_WHAT}",
        rf"\b{_WHAT}[- ](?:start(?:s|ing)?|begin(?:s|ning)?)\b",
        rf"\b(?:following|next|subsequent)\b.{{0,12}}\b{_WHAT}",
    ),
}


@dataclass(frozen=True)
class Plan:
    """How the rain of each interval comes from the values of a record.

    Parameters
    ----------
    order : ndarray of int, shape (T,)
        Place of the value in the record.
    less : ndarray of int, shape (T,)
        Place of the value that is subtracted, or -1.
    start, end : ndarray of int64, shape (T,)
        The interval that remains, in seconds; ascending ends.
    resets : bool
        Whether a value may have begun anew without a word: then it is taken whole where it falls.
    """

    order: np.ndarray
    less: np.ndarray
    start: np.ndarray
    end: np.ndarray
    resets: bool = False

    def __len__(self) -> int:
        return len(self.order)

    def part(self, keep: np.ndarray) -> "Plan":
        """Some of the intervals, by a mask (T,)."""
        return Plan(self.order[keep], self.less[keep], self.start[keep], self.end[keep], self.resets)


def label_in(*texts: str | None) -> Label | None:
    """What the words of a file say about its labels ("end of the hour", "preceding hour"); None if nothing or both."""
    found: set[Label] = set()
    for text in texts:
        words = re.sub(r"since (?:the )?\w*\s?(?:start|beginning)", "", str(text or "").lower())
        found |= {label for label, patterns in _WORDS.items() for p in patterns if re.search(p, words)}
    return found.pop() if len(found) == 1 else None


def common_step(ends: np.ndarray, path: str) -> int | None:
    """The step of ascending labels in seconds; None for a single one.

    Raises
    ------
    ScaleAdaptError
        If there is no one step: longer ones that are more than gaps, or a shorter one.
    """
    if len(ends) < 2:
        return None
    steps, number = np.unique(np.diff(ends), return_counts=True)
    step = int(steps[np.argmax(number)])
    if (steps < step).any() and number[steps < step].sum() <= 0.5 * number.max():
        where = int(np.flatnonzero(np.diff(ends) < step)[0])
        raise ScaleAdaptError(
            f"{path}: its times come every {step / 3600:g} h but for {_date(ends[where])}Z and the next: "
            "without time bounds it is not known what each value stands for."
        )
    return int(steps.min())


def change_of_step(ends: np.ndarray, step: int) -> int | None:
    """Place of the label from which on a longer step is the rule and no gap: three of one length in a row."""
    steps = np.diff(ends)
    runs = np.flatnonzero(_three(steps, steps > step))
    return int(runs[0]) if len(runs) else None


def _three(steps: np.ndarray, longer: np.ndarray) -> np.ndarray:
    same = steps[1:] == steps[:-1]
    if len(steps) < 3:
        return np.zeros(0, bool)
    return longer[:-2] & same[:-1] & same[1:]


def half_way(labels: np.ndarray, step: int | None) -> bool:
    """Whether all labels lie half a step after a whole one, such as 00:30 hourly or 12:00 daily."""
    if step is None or step % 120 or (step > 3 * 3600 and step != DAY):
        return False
    return bool((labels % step == step // 2).all()) and (step == DAY or (step // 2) % 3600 != 0)


def by_label(labels: np.ndarray, label: Label, step: int | None, path: str) -> tuple[np.ndarray, np.ndarray]:
    """Starts and ends of intervals of one step, from labels at their start, middle or end."""
    if step is None:
        if label != "end":
            raise ScaleAdaptError(
                f"{path} has one time, labelled at the {label} of an interval whose length is unknown."
            )
        return labels, labels
    ends = labels + {"end": 0, "middle": step // 2, "start": step}[label]
    return ends - step, ends


def in_order(end: np.ndarray, path: str) -> np.ndarray:
    """Places of the ends in ascending order; an end that comes twice is an error."""
    order = np.argsort(end, kind="stable")
    twice = np.flatnonzero(np.diff(end[order]) == 0)
    if len(twice):
        raise ScaleAdaptError(
            f"{path} has {_date(end[order][twice[0]])}Z twice ({len(twice)} doubled times in all): several forecasts, "
            "files that overlap, or copies. Keep one of each, or take lead times that do not overlap (--leads 0-24 of "
            "forecasts that begin every 24 h)."
        )
    return order


def by_bounds(start: np.ndarray, end: np.ndarray, path: str, runs: np.ndarray | None = None) -> Plan:
    """Plan from known intervals: the rain of a value less that of the longest value that began with it before.

    Empty intervals (the first step of a forecast) are left out.

    Parameters
    ----------
    start, end : ndarray
        Of each value, in the record's order.
    path : str
        For messages.
    runs : ndarray, optional
        Start of each value's forecast, where forecasts may overlap: each is taken apart by itself.
    """
    keep = np.flatnonzero(end > start)
    keep = keep[in_order(end[keep], path) if runs is None else np.argsort(end[keep], kind="stable")]
    last: dict[tuple[int, int], int] = {}
    less, begin = np.full(len(keep), -1), start[keep].copy()
    for n, place in enumerate(keep):
        began = int(start[place]), 0 if runs is None else int(runs[place])
        before = last.get(began)
        if before is not None:
            less[n], begin[n] = before, end[before]
        last[began] = int(place)
    return Plan(keep, less, begin, end[keep])


def since(
    end: np.ndarray,
    kind: Accumulated,
    step: int | None,
    reference: np.ndarray | None,
    path: str,
    runs: np.ndarray | None = None,
) -> Plan:
    """Plan for values accumulated from a moment on, of which only the ends are known.

    Parameters
    ----------
    end : ndarray
        Ends, in the record's order.
    kind : {"since-start", "since-midnight"}
        From the start of the forecast (`reference`; where there is none, from an unknown moment, which may come again),
        or from 00 UTC before the end.
    step : int or None
        Common step, seconds.
    reference : ndarray, optional
        Start of the forecast of each value.
    path : str
        For messages.
    runs : ndarray, optional
        As for :func:`by_bounds`.
    """
    if kind == "since-midnight":
        return by_bounds((end - 1) // DAY * DAY, end, path, runs)
    if reference is not None:
        return by_bounds(reference, end, path, runs)
    order = in_order(end, path)
    if step is None:
        raise ScaleAdaptError(f"{path} has one time: since when its rain is accumulated is unknown.")
    ends = end[order]
    less = np.concatenate([[-1], order[:-1]])
    return Plan(order, less, np.concatenate([[ends[0] - step], ends[:-1]]), ends, resets=True)


def within(lead: np.ndarray, leads: Leads) -> np.ndarray:
    """Whether lead times, in hours, lie within some of them."""
    return np.asarray((lead > leads[0]) & (lead <= leads[1]))


def of_leads(plan: Plan, reference: np.ndarray, leads: Leads, path: str) -> Plan:
    """The intervals of some lead times of forecasts that may overlap.

    Raises
    ------
    ScaleAdaptError
        If there are none, or those of two forecasts end at one time.
    """
    lead = (plan.end - reference[plan.order]) / 3600
    keep = within(lead, leads)
    if not keep.any():
        raise ScaleAdaptError(
            f"{path} has lead times from {lead.min():g} to {lead.max():g} h, none of {leads[0]:g} to {leads[1]:g} h."
        )
    plan = plan.part(keep)
    in_order(plan.end, path)
    return plan


def without_gaps(plan: Plan) -> tuple[Plan, int]:
    """Leave out the few intervals that are longer than the common one because a value is missing; say how many."""
    length = plan.end - plan.start
    lengths, number = np.unique(length, return_counts=True)
    common = lengths[np.argmax(number)]
    off = length > common
    if len(lengths) == 1 or off.mean() > GAPS or _three(length, off).any():
        return plan, 0
    keep = ~off
    return plan.part(keep), int(off.sum())


def _date(seconds: int) -> str:
    return str(np.datetime64(int(seconds), "s"))
