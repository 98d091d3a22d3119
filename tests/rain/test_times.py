"""Dates as files have them: a line an instance, the date worked by hand."""

import numpy as np
import pytest

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.rain.times import Calendar, calendar_of, decode, duration

RIGHT = np.array(["2018-05-18T01", "2018-05-18T02"], "datetime64[s]")
SINCE_1950 = (RIGHT - np.datetime64("1950-01-01")) / np.timedelta64(1, "D")
SINCE_0001 = (RIGHT - np.datetime64("0001-01-01")) / np.timedelta64(1, "D")
CASES = [
    (np.array([1, 2]), "hours since 2018-05-18"),
    (np.array([1, 2], "i2"), "hours since 2018-05-18 00:00:00.0"),
    (np.array([3, 4]), "hours since 2018-05-18 00:00:00 +02:00"),
    (np.array([3, 4]), "hours since 2018-05-18 00:00:00 +2:00"),
    (np.array([3, 4]), "hours since 2018-05-18T00:00:00+0200"),
    (np.array([-4.0, -3.0]), "hours since 2018-05-18 00:00:00 -5"),
    (np.array([60, 120]), "minutes since 2018-05-18 00:00:00 UTC"),
    (np.array([1, 2]), "hr since 2018-5-18 0:0:0"),
    (np.array([1, 2]), "hours since 20180518"),
    (np.array([3600e6, 7200e6]), "microseconds since 2018-05-18T00:00:00Z"),
    (SINCE_1950.astype("f4"), "days since 1950-01-01"),  # a float32 step is 169 s
    (np.array([0.99999, 1.99999]), "hours since 2018-05-18"),
    (np.array([20180518.0416666, 20180518.0833333]), "day as %Y%m%d.%f"),
    (np.array([b"2018-05-18_01:00:00", b"2018-05-18_02:00:00"]), None),
    (np.array(["2018-05-18T03:00+02:00", "2018-05-18T02:00Z"]), None),
    (RIGHT.astype("datetime64[ns]"), None),
]


@pytest.mark.parametrize(("values", "units"), CASES)
def test_dates_that_are_understood(values, units):
    assert decode(values, units, Calendar(), "a.nc").tolist() == RIGHT.astype("int64").tolist()


@pytest.mark.parametrize(
    ("values", "units", "words"),
    [
        (np.array([1, 2]), "hours since 2018-05-18 00:00:00 CET", "offset from UTC"),
        (np.array([1, 2]), "hours since 2018-05-18 02:00 Europe/Berlin", "offset from UTC"),
        (np.array([1, 2]), "months since 2018-01-01", "no dates"),
        (np.array([1, 2]), "1", "no dates"),
        (np.array([1, 2]), None, "without units"),
        (np.array([1, 2]), "hours since yesterday", "offset from UTC"),
        (np.array([1, np.nan]), "hours since 2018-05-18", "missing dates"),
        (np.array(["now"]), None, "'now' is no date"),
    ],
)
def test_dates_that_are_not(values, units, words):
    with pytest.raises(ScaleAdaptError, match=words):
        decode(values, units, Calendar(), "a.nc: time")


def test_days_since_the_year_one_depend_on_the_calendar():
    found = [
        decode(SINCE_0001, "days since 0001-01-01", calendar_of(name, ""), "") for name in ("proleptic_gregorian", "")
    ]
    assert found[0].tolist() == RIGHT.astype("int64").tolist()
    assert (found[0] - found[1] == 2 * 86400).all()  # CF's standard calendar is Julian before 1582


@pytest.mark.parametrize(
    ("minutes", "rounded"),
    [([49.999, 110.001], [50, 110]), ([7.0, 67.0], [7, 67]), ([29.9999, 44.9999], [30, 45])],
)
def test_floats_are_rounded_to_the_minute(minutes, rounded):
    assert (decode(np.array(minutes), "minutes since 1970-01-01", Calendar(), "") / 60).tolist() == rounded


def test_whole_seconds_stay():
    assert decode(np.array([7, 3601]), "seconds since 1970-01-01", Calendar(), "").tolist() == [7, 3601]


@pytest.mark.parametrize(
    ("name", "hours", "dates"),
    [
        ("gregorian", [1, 25], ["2020-02-28T01", "2020-02-29T01"]),
        ("noleap", [1, 25], ["2020-02-28T01", "2020-03-01T01"]),
        ("julian", [1, 25], ["2020-02-28T01", "2020-02-29T01"]),
        ("360_day", [1, 25], ["2020-02-27T01", "2020-02-28T01"]),  # 57 days of 30 after the first of January
        ("all_leap", [1, 25], ["2020-02-28T01", "2020-02-29T01"]),
    ],
)
def test_calendars(name, hours, dates):
    calendar = calendar_of(name, "a.nc")
    seconds = decode(np.array(hours), "hours since 2020-02-28", calendar, "a.nc")
    assert calendar.to_datetime64(seconds).tolist() == np.array(dates, "datetime64[s]").tolist()
    assert calendar.dates(seconds)[0].isoformat()[:13] == "2020-02-28T01"


def test_an_unknown_calendar_is_named():
    with pytest.raises(ScaleAdaptError, match="'mayan'"):
        calendar_of("mayan", "a.nc")


def test_lead_times():
    assert duration(np.array([1, 2]), "hours", "").tolist() == [3600, 7200]
    assert duration(np.array([1, 2], "timedelta64[h]"), None, "").tolist() == [3600, 7200]
    assert duration(np.array([0.0416667]), "days", "").tolist() == [3600]
    with pytest.raises(ScaleAdaptError, match="lead times"):
        duration(np.array([1]), "level", "a.nc")
