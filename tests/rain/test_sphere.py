"""Middles of blocks and distances, whatever the date line and the poles do."""

import numpy as np
import pytest

from anemoi_scaleadapt.rain.sphere import block_middles, degrees, spacing, vectors


def test_the_middle_of_a_block_across_the_date_line_is_on_it():
    lat, lon = degrees(block_middles(vectors(np.full((1, 2), 10.0), np.array([[179.0, -179.0]])), 1))
    np.testing.assert_allclose(lon, [[179, -179]])
    lat, lon = degrees(block_middles(vectors(np.full((2, 2), 10.0), np.tile([179.0, -179.0], (2, 1))), 2))
    assert abs(lon[0, 0]) == pytest.approx(180)
    assert lat[0, 0] > 10  # the middle of a chord along a parallel lies nearer the pole


def test_the_middle_of_a_block_around_the_pole_is_the_pole():
    lat, _ = degrees(block_middles(vectors(np.full((2, 2), 89.0), np.array([[0.0, 90.0], [-90.0, 180.0]])), 2))
    assert lat[0, 0] == pytest.approx(90)


def test_a_degree_of_latitude_has_111_km_and_one_cell_has_no_neighbour():
    y, x = spacing(np.array([[0.0], [1.0]]), np.zeros((2, 1)))
    assert y == pytest.approx(111.19, abs=0.01) and np.isnan(x)
