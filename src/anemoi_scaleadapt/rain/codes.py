"""Numbers that are no rain: codes for missing, infinities, impossible rates, and negatives from packing.

Rain is never negative and never rains a metre an hour. What claims to is missing (and counted), or, where it is a
trace below zero that packing or a difference of sums leaves, dry.
"""

import logging
from collections import Counter

import numpy as np

from anemoi_scaleadapt.errors import ScaleAdaptError

LOG = logging.getLogger(__name__)

#: mm h-1: above the first rain is impossible, and what lies between the second and zero is dry. The wettest hour ever
#: measured on the ground had 305 mm; packing to 16 bits and differences of sums leave some thousandths below zero.
MOST, LEAST = 1000.0, -0.01
#: Ends of packed whole numbers, and rows of nines, in the steps in which rain is packed. Only numbers that no hour on
#: the ground has reached: 25.5 may be rain.
LARGE = 305
_ENDS = (32766, 32767, 32768, 65534, 65535, 9999)
CODES = (*(end * step for end in _ENDS for step in (1.0, 0.1, 0.01) if end * step > LARGE), 999.0, 999.9, 999.99)


def codes_to_nan(values: np.ndarray, sums: bool = False) -> tuple[np.ndarray, int]:
    """Replace undeclared codes of missing by NaN; do this before units are converted.

    Codes are infinities, numbers beyond 1e15, :data:`CODES`, and below zero: whole numbers, rows of nines and ends of
    packed numbers, where they are the only numbers below -0.01 (rain that is negative for another reason differs from
    cell to cell; :func:`clean` refuses it).

    Parameters
    ----------
    values : ndarray
        Any shape, in the unit of its file; not changed.
    sums : bool
        Whether the values grow over days: then :data:`CODES` may be rain, and stay.

    Returns
    -------
    tuple of ndarray and int
        The values with NaN, float32 or wider, and how many there were.
    """
    values = np.asarray(values)
    values = values.astype("float32") if values.dtype.kind != "f" or values.dtype.itemsize < 4 else values
    if _within(values, -0.5, LARGE):
        return values, 0
    with np.errstate(invalid="ignore"):
        suspect = ~(np.abs(values) < LARGE) & ~np.isnan(values)  # infinite, huge, or an end of packed numbers
        negative = values < min(LEAST, -0.5)
    found = np.zeros(values.shape, bool)
    if suspect.any():
        there = values[suspect].astype("float64")
        huge = ~(np.abs(there) < 1e15)
        found[suspect] = huge if sums else huge | _close(there, CODES)
    if negative.any():
        kinds = np.unique(values[negative & ~found])
        if 0 < len(kinds) <= 3 and all(_is_code(float(kind)) for kind in kinds):
            found |= negative
        else:
            found |= negative & (values <= -9999)
    number = int(found.sum())
    return (np.where(found, np.nan, values) if number else values), number


def _within(values: np.ndarray, least: float, most: float) -> bool:
    """Whether all values lie between two numbers or are NaN."""
    return bool(np.fmin.reduce(values, axis=None, initial=0) >= least) and bool(
        np.fmax.reduce(values, axis=None, initial=0) < most
    )


def _close(values: np.ndarray, codes: tuple[float, ...]) -> np.ndarray:
    """Whether each value is one of the codes, to the precision of float32."""
    return np.isclose(values[:, None], np.array(codes), rtol=3e-7, atol=0).any(axis=1)


def _is_code(value: float) -> bool:
    """Whether a negative number looks like a code: whole, nines, or an end of packed numbers."""
    nines = {-float(f"{'9' * n}.{'9' * m}") for n in range(1, 7) for m in range(1, 5)}
    ends = {-end * step for end in (128, 255, *_ENDS) for step in (1.0, 0.1, 0.01, 0.001)}
    return value == round(value) or bool(_close(np.array([value]), (*nines, *ends))[0])


def clean(
    rain: np.ndarray, where: str = "rain", most: float = MOST, least: float = LEAST, coded: bool = True
) -> tuple[np.ndarray, Counter[str]]:
    """Rain without codes, impossible rates and negatives.

    Parameters
    ----------
    rain : ndarray
        Any shape, mm h-1; NaN is missing. Not changed.
    where : str
        Its file, dataset or key, for messages.
    most : float
        Rates above it are missing, mm h-1.
    least : float
        Rates between it and zero are zero, mm h-1.
    coded : bool
        Whether there may be codes; else :func:`codes_to_nan` has taken them out already.

    Returns
    -------
    tuple of ndarray and Counter
        Rain of the same shape, float32 or wider, and the number of cells by what was found: ``codes`` and
        ``impossible`` (now missing), ``negative`` (now zero); cells that were right or missing are not counted.

    Raises
    ------
    ScaleAdaptError
        If rain is more negative than `least` and not by a code.
    """
    out, codes = codes_to_nan(rain) if coded else (rain, 0)
    if not codes and _within(out, 0, most):
        return out, Counter()
    with np.errstate(invalid="ignore"):
        below, impossible = out < 0, out > most
        if below.any():
            wrong = int((out < least).sum())
            if wrong:
                raise ScaleAdaptError(
                    f"{where}: {wrong} of {out.size} cells have negative rain, down to {np.nanmin(out):.3g} mm h-1. "
                    f"Rain from {least:g} to 0 is taken as dry; below it is a code for missing that is not declared "
                    "(give it as _FillValue), or a sum that was not turned into amounts (--accumulated)."
                )
            out = np.where(below, out.dtype.type(0), out)
        if impossible.any():
            out = np.where(impossible, out.dtype.type(np.nan), out)
    counts = {"codes": codes, "impossible": int(impossible.sum()), "negative": int(below.sum())}
    return out, Counter({name: number for name, number in counts.items() if number})


class Cleaner:
    """:func:`clean` for what is read of one source, piece by piece: counts all of it and warns once.

    Where most wet cells are impossible the unit is another one, and that is an error.

    Parameters
    ----------
    where : str
        The source, for messages.
    most, least : float
        As in :func:`clean`.

    Attributes
    ----------
    counts : Counter
        Cells found so far, by the keys of :func:`clean`.
    """

    def __init__(self, where: str, most: float = MOST, least: float = LEAST) -> None:
        self.where, self.most, self.least = where, most, least
        self.counts: Counter[str] = Counter()
        self._warned = False

    def __call__(self, rain: np.ndarray, codes: int | None = None) -> np.ndarray:
        """Clean a piece (mm h-1); in one that :func:`codes_to_nan` has seen it has made `codes` cells missing."""
        out, found = clean(rain, self.where, self.most, self.least, codes is None)
        self._check_unit(rain, out, found["impossible"])
        if codes:
            found["codes"] += codes
        self.counts += found
        bad = found["codes"] + found["impossible"]
        if bad and not self._warned:
            self._warned = True
            LOG.warning(
                "%s: %d of %d cells are no rain (%d undeclared codes or infinite, %d above %g mm h-1) and count as "
                "missing; further ones are counted without a word.",
                self.where, bad, out.size, found["codes"], found["impossible"], self.most,
            )  # fmt: skip
        return out

    def _check_unit(self, rain: np.ndarray, left: np.ndarray, impossible: int) -> None:
        """Refuse rain most of which is impossible, in different values: another unit, not a few bad cells."""
        if impossible < 10 or impossible < (possible := int((left > 0.1).sum())):
            return
        wrong = rain[rain > self.most]
        if len(np.unique(wrong)) > 3:
            raise ScaleAdaptError(
                f"{self.where}: {impossible} of {impossible + possible} wet cells have more than {self.most:g} mm h-1 "
                f"(up to {wrong.max():.4g}): is its unit another one?"
            )
