"""Checks of single settings: each returns the clean value or raises one error that names the YAML key."""

import math
import operator
from collections.abc import Mapping
from typing import Any

from anemoi_scaleadapt.errors import ScaleAdaptError


def integer(key: str, value: Any, low: int, high: int, what: str) -> int:
    """Return `value` as an int in [low, high]; ``2.5``, ``"3"`` and ``true`` are errors."""
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, bool) or not low <= number <= high:
        raise ScaleAdaptError(f"{key} = {value!r}: {what} must be a whole number from {low} to {high}.")
    return number


def real(key: str, value: Any, low: float, high: float, what: str, low_included: bool = False) -> float:
    """Return `value` as a float in (low, high), or [low, high); NaN, text and ``true`` are errors."""
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    if not ((low <= number if low_included else low < number) and number < high):
        bracket = "[" if low_included else "("
        raise ScaleAdaptError(f"{key} = {value!r}: {what} must lie in {bracket}{low:g}, {high:g}).")
    return float(number)


def choice(key: str, value: Any, allowed: tuple[str, ...]) -> str:
    """Return `value` if it is one of `allowed`."""
    if value not in allowed:
        raise ScaleAdaptError(f"{key} = {value!r}: choose one of {', '.join(allowed)}.")
    return value


def switch(key: str, value: Any) -> bool:
    """Return `value` if it is true or false."""
    if not isinstance(value, bool):
        raise ScaleAdaptError(f"{key} = {value!r}: must be true or false.")
    return value


def known_keys(prefix: str, mapping: Any, allowed: tuple[str, ...]) -> dict[str, Any]:
    """Return `mapping` as a plain dict whose keys are all in `allowed`."""
    if not isinstance(mapping, Mapping):
        raise ScaleAdaptError(f"{prefix} = {mapping!r}: must be a mapping with keys {', '.join(allowed)}.")
    for key in mapping:
        if key not in allowed:
            raise ScaleAdaptError(f"{prefix}.{key}: unknown key; {prefix} has the keys {', '.join(allowed)}.")
    return dict(mapping)
