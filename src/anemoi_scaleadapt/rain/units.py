"""Units of rain: depths and rates in whatever way they are written, as a factor to mm or mm h-1."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from anemoi_scaleadapt.errors import ScaleAdaptError

#: What people write where there is no unit.
NO_UNITS = ("", "1", "-", "--", "~", "?", "none", "null", "unknown", "undefined", "unitless", "dimensionless", "n/a",
            "na")  # fmt: skip
_TIME = r"(?:h|hr|hrs|hours?|min|mins|minutes?|s|sec|seconds?|d|days?)"
#: What pint does not read: pattern and replacement, applied in this order to lower-case text.
_WRITTEN = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"of (liquid )?water( equivalent)?|(liquid )?water equivalent|w\.?e\.?(?![a-z])|\blwe\b", ""),
        (r"(?<=[a-z0-9)])\.(?=[a-z(])", " "),  # kg.m-2.s-1
        (r"/\s*(\d+)\s*(" + _TIME + r")\b", r"/(\1 \2)"),  # mm/3h
        (r"\s(\d+)\s*(" + _TIME + r")\s*(?:\^|\*\*)?\s*-1\b", r" (\1 \2)**-1"),  # mm 3h-1
        (
            r"(?<=[a-z)])(?<!\de)(?:\s*(?:\^|\*\*)\s*)?(?:\(([-+]?\d+)\)|([-+]?\d+))(?![\d.a-z])",
            r"**\1\2",
        ),  # m-2, m^(-2)
        (r"\bdy\b", "day"),
        (r"\bper\b", "/"),
    )
)
_SIGNS = str.maketrans({"²": "2", "³": "3", "¹": "1", "⁻": "-", "−": "-", "·": " ", "⋅": " ", "×": "*", "_": " "})


@dataclass(frozen=True)
class Unit:
    """A unit of rain.

    Parameters
    ----------
    kind : {"rate", "amount"}
        Depth per time, or depth.
    factor : float
        What a value is multiplied by to be in mm h-1 (rate) or mm (amount); 1 kg m-2 of water is 1 mm.
    text : str
        As it is written in the file.
    """

    kind: Literal["rate", "amount"]
    factor: float
    text: str


def parse(text: str | None, where: str) -> Unit | None:
    """Read a unit.

    Parameters
    ----------
    text : str or None
        ``mm h-1``, ``kg m**-2 s**-1``, ``mm/3h``, ``m of water equivalent``, ``l/m²``, ``in/hr`` ...
    where : str
        File and variable, for messages.

    Returns
    -------
    Unit or None
        None where no unit is given.

    Raises
    ------
    ScaleAdaptError
        If it is no unit of rain.
    """
    text = " ".join(str(text if text is not None else "").split())
    if text.lower() in NO_UNITS:
        return None
    if text in ("mm h-1", "mm/h"):
        return Unit("rate", 1.0, text)
    words = text.translate(_SIGNS).lower()
    for pattern, replacement in _WRITTEN:
        words = pattern.sub(replacement, words)
    found = _quantity(words)
    if found is None:
        raise ScaleAdaptError(
            f"{where}: {text!r} is no unit of rain. Rain comes in mm, m, inch or kg m-2, with or without per second, "
            "hour or day; name another variable, or correct its attribute units."
        )
    return Unit(found[0], found[1], text)


def needed(text: str | None, where: str) -> Unit:
    """Read a unit that must be there; arguments, result and errors as those of :func:`parse`."""
    unit = parse(text, where)
    if unit is None:
        raise ScaleAdaptError(
            f"{where} has no units: say what its numbers are with --units, such as 'mm h-1' or 'kg m-2'."
        )
    return unit


def _quantity(words: str) -> tuple[Literal["rate", "amount"], float] | None:
    """Kind and factor of text that pint reads; None where it is no unit of rain."""
    registry = _registry()
    try:
        quantity = 1 * registry.parse_expression(words)
        kinds: tuple[tuple[Literal["rate", "amount"], str], ...] = (("rate", "mm/hour"), ("amount", "mm"))
        for kind, unit in kinds:
            for density in (1, registry.Quantity(1000, "kg/m**3")):
                if (quantity / density).check(registry.Quantity(1, unit).dimensionality):
                    return kind, float((quantity / density).to(unit).magnitude)
    except Exception:  # whatever pint makes of words that are no unit
        return None
    return None


@lru_cache(maxsize=1)
def _registry() -> Any:
    import pint

    return pint.UnitRegistry()
