"""Whether two records of the same rain agree, and if not, what the likely cause is: unit, place, hour, product.

Block means of fine rain should look like the coarse rain of the same hours. Where they do not, each common mistake
(another unit, times of the start, rows from south to north, a shifted cut) leaves a trace: the rain fits after it is
undone.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from anemoi_scaleadapt.rain.blocks import block_mean

#: What a ratio of amounts may come from; checked to a tenth.
RATIOS = {
    3600.0: "a rate per second read as one per hour, or the other way round",
    1000.0: "metres read as millimetres, or the other way round",
    86400.0: "a rate per second against an amount per day",
    3.6e6: "m s-1 against mm h-1",
    25.4: "inches against millimetres",
    24.0: "an amount per day against a rate per hour",
    12.0: "an amount over 12 hours against a rate per hour, or over 5 minutes",
    6.0: "an amount over 6 hours against a rate per hour, or over 10 minutes",
    4.0: "an amount over 15 minutes against a rate per hour",
    3.0: "an amount over 3 hours against a rate per hour",
    2.0: "an amount over 2 hours against a rate per hour, or over 30 minutes",
    10.0: "tenths of a millimetre read as millimetres, or the other way round",
    100.0: "hundredths of a millimetre read as millimetres, or the other way round",
}
#: Rain of the same thing correlates better than this; below it the two are different products.
ALIKE = 0.4
#: Records that correlate like this are the same rain.
CERTAIN = 0.98
#: A mistake is named where undoing it takes away at least this share of what is missing to a correlation of 1.
CLEARER = 0.5
#: cells on a side beyond which both are averaged before they are compared
LARGEST = 256


@dataclass(frozen=True)
class Agreement:
    """How two records of rain agree.

    Parameters
    ----------
    correlation : float
        Of all cells and hours where both are known; NaN where either has no rain.
    ratio : float
        Total of the coarse rain over that of the fine.
    error : float
        Mean absolute difference over the mean of the fine rain.
    kinds : tuple of str
        What is wrong: of ``dry`` (nothing to compare), ``turned``, ``hours``, ``place``, ``unit``, ``product``;
        empty where the two agree.
    cause : str
        The same as a sentence for a user; empty where the two agree.
    undone : float
        Correlation after the mistakes are undone; that of the records as they are where there is none.
    """

    correlation: float
    ratio: float
    error: float
    kinds: tuple[str, ...] = ()
    cause: str = ""
    undone: float = float("nan")

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return not self.kinds

    @property
    def certain(self) -> bool:
        """Whether a mistake explains all of what differs: undone, the two are one."""
        return not self.good and self.undone >= CERTAIN


def agreement(fine: np.ndarray, coarse: np.ndarray, cells: int = 3, hours: int = 6) -> Agreement:
    """Compare block means of fine rain with coarse rain and name the likely cause of what differs.

    Parameters
    ----------
    fine : ndarray
        (hours, Y, X) or (stretches, hours, Y, X), mm h-1: means of the fine rain over the coarse cells, of one stretch
        of consecutive hours (or frames) or several. NaN is missing. Wet ones; at least twice `hours` of them, so that
        the hours can be shifted.
    coarse : ndarray
        The coarse rain of the same hours, same shape.
    cells, hours : int
        Largest shifts in place and in time that are tried.

    Returns
    -------
    Agreement
        Of a fine record with itself: correlation and ratio 1, error 0, good.

    Raises
    ------
    ValueError
        If the two have different shapes.
    """
    if fine.shape != coarse.shape or fine.ndim not in (3, 4):
        raise ValueError(f"two records of one shape (.., hours, Y, X) are needed, not {fine.shape} and {coarse.shape}.")
    more = -(-max(fine.shape[-2:]) // LARGEST)
    if more > 1:
        rows, columns = (n - n % more for n in fine.shape[-2:])
        fine, coarse = (block_mean(a[..., :rows, :columns], more) for a in (fine, coarse))
    fine, coarse = (np.asarray(a, "float64").reshape(-1, *a.shape[-3:]) for a in (fine, coarse))
    here, ratio, error = _match(fine, coarse)
    if np.isnan(here):
        empty = "fine" if not np.nansum(fine) > 0 else "coarse" if not np.nansum(coarse) > 0 else ""
        words = f"the {empty} rain is dry there" if empty else "no cell is known in both"
        return Agreement(here, ratio, error, ("dry",), f"{words}: nothing can be compared")
    kinds: list[str] = []
    causes: list[str] = []
    best, kind, words, undone = here, "", "", ratio
    if here < 0.999:
        enough = 0.25 * np.nansum(np.where(np.isfinite(coarse), fine, 0))
        for tried, text, undo in _mistakes(fine.shape, cells, hours):
            a, b = undo(fine, coarse)
            r, other, _ = _match(a, b)
            if r > best + 1e-6 and np.nansum(a) >= enough:
                best, kind, words, undone = r, tried, text, other
    if kind and best >= ALIKE and 1 - best <= CLEARER * (1 - here):
        kinds.append(kind)
        causes.append(f"it fits {words} (correlation {best:.2f} instead of {here:.2f})")
    else:
        best, undone = here, ratio
    if best < ALIKE:
        kinds.append("product")
        causes.append(f"the two hardly correlate ({best:.2f}): another product, period or place?")
    factor = undone if undone >= 1 else 1 / undone
    if factor > (1.8 if best >= ALIKE else 9):
        kinds.append("unit")
        side = "larger" if undone > 1 else "smaller"
        known = "; or ".join(text for number, text in RATIOS.items() if abs(factor / number - 1) < 0.1)
        causes.append(f"it is {factor:.4g} times {side}: {known or 'another unit'}?")
    cause = "; ".join(causes)
    return Agreement(here, ratio, error, tuple(kinds), f"the coarse rain differs: {cause}" if cause else "", best)


def _match(fine: np.ndarray, coarse: np.ndarray) -> tuple[float, float, float]:
    """Correlation, ratio of totals and relative error over what is known in both; NaN where either is dry."""
    known = np.isfinite(fine) & np.isfinite(coarse)
    a, b = fine[known], coarse[known]
    if a.size < 2 or not a.sum() > 0 or not b.sum() > 0:
        return np.nan, np.nan, np.nan
    spread = a.std() * b.std()
    correlation = float(((a - a.mean()) * (b - b.mean())).mean() / spread) if spread > 0 else float(np.allclose(a, b))
    return correlation, float(b.sum() / a.sum()), float(np.abs(b - a).mean() / a.mean())


Undo = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def _mistakes(shape: tuple[int, ...], cells: int, hours: int) -> Iterator[tuple[str, str, Undo]]:
    """Common mistakes: kind, words after "it fits", and what undoes it on (fine, coarse)."""
    turns: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "when flipped upside down": lambda c: c[..., ::-1, :],
        "when mirrored from east to west": lambda c: c[..., ::-1],
        "when turned by 180 degrees": lambda c: c[..., ::-1, ::-1],
    }
    if shape[-1] == shape[-2]:
        turns |= {
            "with rows and columns exchanged": lambda c: c.swapaxes(-1, -2),
            "with rows and columns exchanged and flipped": lambda c: c.swapaxes(-1, -2)[..., ::-1, :],
            "with rows and columns exchanged and mirrored": lambda c: c.swapaxes(-1, -2)[..., ::-1],
            "with rows and columns exchanged and turned": lambda c: c.swapaxes(-1, -2)[..., ::-1, ::-1],
        }
    for words, turn in turns.items():
        yield "turned", words, partial(_turned, turn=turn)
    for k in (k for n in range(1, min(hours, shape[1] // 2) + 1) for k in (n, -n)):
        text = f"when shifted by {_many(abs(k), 'frame')} {'earlier' if k > 0 else 'later'}"
        yield "hours", text, partial(_moved, by=(k, 0, 0))
    reach = [min(cells, n // 2) for n in shape[-2:]]
    for j in range(-reach[0], reach[0] + 1):
        for i in range(-reach[1], reach[1] + 1):
            if j or i:
                way = [_many(abs(j), "cell") + (" up" if j > 0 else " down")] if j else []
                way += [_many(abs(i), "cell") + (" left" if i > 0 else " right")] if i else []
                yield "place", f"when moved by {' and '.join(way)}", partial(_moved, by=(0, j, i))


def _turned(
    fine: np.ndarray, coarse: np.ndarray, turn: Callable[[np.ndarray], np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    return fine, turn(coarse)


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number > 1 else ''}"


def _moved(fine: np.ndarray, coarse: np.ndarray, by: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The parts of both that lie on one another when the coarse rain goes back by so many hours, rows and columns."""
    one: list[slice] = [slice(None)]
    two: list[slice] = [slice(None)]
    for k, n in zip(by, fine.shape[1:], strict=True):
        one.append(slice(max(-k, 0), n - max(k, 0)))
        two.append(slice(max(k, 0), n - max(-k, 0)))
    return fine[tuple(one)], coarse[tuple(two)]
