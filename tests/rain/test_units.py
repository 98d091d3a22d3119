"""Units: a line an instance, the factor by hand."""

import pytest

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.rain.units import needed, parse

RATES = {
    **dict.fromkeys(("mm h-1", "mm/h", "mm/hr", "mm hour^-1", "mm h**-1", "mm h⁻¹", "MM/HR", "mm per hour"), 1),
    **dict.fromkeys(("kg m-2 h-1", "kg/m2/h", "kg/(m^2 h)", "l m-2 h-1", "l/m²/h", "1e-3 m3 m-2 h-1", "mm (h)-1"), 1),
    **dict.fromkeys(("kg m-2 s-1", "kg m**-2 s**-1", "Kg M-2 S-1", "kg.m-2.s-1", "mm/s", "kg m^-2 s^-1"), 3600),
    **dict.fromkeys(("mm d-1", "mm/day", "kg m-2 day-1", "mm/dy"), 1 / 24),
    **dict.fromkeys(("mm/3h", "mm/(3 h)", "mm (3h)-1", "mm 3h-1", "mm / 3 hours", "kg m-2 (3 h)-1"), 1 / 3),
    **dict.fromkeys(("m s-1", "m/s", "m of water equivalent s-1"), 3.6e6),
    **dict.fromkeys(("in/hr", "inch h-1", "inches/hour"), 25.4),
    **dict.fromkeys(("mm/30min", "mm / 30 min"), 2),
    "mm min-1": 60, "0.1 mm h-1": 0.1, "m h-1": 1000, "cm/h": 10, "g cm-2 h-1": 10, "mm w.e. h-1": 1,
}  # fmt: skip
AMOUNTS = {
    **dict.fromkeys(("mm", "kg m-2", "kg m**-2", "kg/m^2", "l m-2", "L/m2", "mm of water", "kg m^(-2)"), 1),
    **dict.fromkeys(("m", "m of water equivalent", "metre", "t m-2"), 1000),
    **dict.fromkeys(("in", "inch", "inches"), 25.4),
    "0.1 mm": 0.1, "1e-3 m": 1, "cm": 10,
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "kind", "factor"),
    [(t, "rate", f) for t, f in RATES.items()] + [(t, "amount", f) for t, f in AMOUNTS.items()],
)
def test_units_that_are_understood(text, kind, factor):
    unit = needed(text, "a.nc")
    assert unit.kind == kind and unit.factor == pytest.approx(factor)


@pytest.mark.parametrize(
    "text", ["K", "dBZ", "%", "m2", "hPa", "W m-2", "m s-2", "kg", "mm accumulated", "mm h", "kg m-3"]
)
def test_units_that_are_not(text):
    with pytest.raises(ScaleAdaptError, match=r"a\.nc.* is no unit of rain"):
        parse(text, "a.nc")


@pytest.mark.parametrize("text", [None, "", "1", "-", "unknown", " "])
def test_no_units_need_the_user(text):
    assert parse(text, "a.nc") is None
    with pytest.raises(ScaleAdaptError, match=r"a\.nc has no units.*--units"):
        needed(text, "a.nc")
