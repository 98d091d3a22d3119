"""What of a batch is known."""

import pytest
import torch

from anemoi_scaleadapt.rain.average import average_hours
from anemoi_scaleadapt.rain.marks import mark_missing

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("given", "becomes"),
    [
        (0.0, 0.0),
        (2.5, 2.5),
        (305.0, 305.0),
        (-1e-7, 0.0),  # packing leaves it where it is dry
        (-0.01, 0.0),
        (-0.02, -1.0),
        (-1.0, -1.0),  # what anemoi's imputer writes
        (-9999.0, -1.0),
        (9.97e36, -1.0),
        (1000.5, -1.0),
        (INF, -1.0),
        (-INF, -1.0),
        (NAN, -1.0),
    ],
)
def test_only_what_is_no_rain_is_missing(given, becomes):
    assert mark_missing(torch.tensor([given])).item() == becomes


def test_a_trace_below_zero_keeps_its_dry_pixel_among_those_learnt_from():
    rain = torch.tensor([[0.0, -1e-7, -1e-7, 3.0]])
    assert (mark_missing(rain) >= 0).all()
    assert average_hours(rain, 2).tolist() == [[0.0, 1.5]]


def test_an_infinite_hour_costs_its_own_window_only():
    assert average_hours(torch.tensor([[INF, 1.0, 1.0, 2.0]]), 2).tolist() == [[-1.0, 1.5]]
