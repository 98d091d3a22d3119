import datetime as dt

import pytest

from anemoi_scaleadapt.datasets.period import bounds, months, period
from anemoi_scaleadapt.errors import ScaleAdaptError


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2023", "2023-01-01T01", "2024-01-01T00"),
        ("2023-12", "2023-12-01T01", "2024-01-01T00"),
        ("2024-02", "2024-02-01T01", "2024-03-01T00"),
        ("2024-02-29", "2024-02-29T01", "2024-03-01T00"),
        ("2024-02-29T06", "2024-02-29T06", "2024-02-29T06"),
        ("2024-02-29T06:00:00", "2024-02-29T06", "2024-02-29T06"),
    ],
)
def test_a_period_runs_from_01_to_the_00_that_ends_it(text, first, last):
    assert bounds(text, "--start") == (dt.datetime.fromisoformat(first), dt.datetime.fromisoformat(last))


@pytest.mark.parametrize("text", ["", "23", "2023-13", "2023-02-30", "yesterday"])
def test_what_is_no_date_is_named_with_its_option(text):
    with pytest.raises(ScaleAdaptError, match="--start"):
        bounds(text, "--start")


def test_the_end_must_not_come_before_the_start():
    with pytest.raises(ScaleAdaptError, match="--end: 2022 comes before --start 2023"):
        period("2023", "2022")


def test_a_year_needs_its_twelve_tars_and_a_first_midnight_the_month_before():
    assert months(*period("2023", "2023")) == [f"2023{m:02d}" for m in range(1, 13)]
    midnight = dt.datetime(2023, 1, 1)
    assert months(midnight, midnight) == ["202212"]
    assert months(midnight, dt.datetime(2023, 1, 1, 1)) == ["202212", "202301"]
