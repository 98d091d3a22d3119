"""Displacement of coarse rain: known shifts, missing cells, several pairs."""

import math

import pytest
import torch

from anemoi_scaleadapt.motion.displacement import displacement


@pytest.fixture
def blob(shower):
    """Rain (20, 20) with one blob that fits wherever it is moved to."""
    field = torch.zeros(20, 20)
    field[8:11, 6:9] = torch.from_numpy(shower(1, 3)[0]) + 1
    return field


def found(*frames, usual=20.0, weights=None):
    weights = torch.ones(1, 1, len(frames) - 1) if weights is None else torch.tensor([[weights]])
    return displacement(torch.stack(frames)[None].float(), weights.float(), usual)[0, 0]


def test_a_shift_is_found_and_counts_as_much_as_it_is_usual(blob):
    # the two share 18 of 20 rows and 16 of 20 columns
    for usual in (20, 5):
        out = found(blob, blob.roll((2, 4), (0, 1)), usual=usual)
        counts = (0.9 * 0.8) ** 0.25 * math.exp(-(2**2 + 4**2) / usual**2)
        assert out[:2].tolist() == pytest.approx([2, 4], abs=0.4) and out[2] == pytest.approx(counts, rel=0.03)


def test_dry_even_or_unknown_rain_tells_nothing(blob):
    for value in (0.0, 3.0, torch.nan):
        assert found(blob, torch.full((20, 20), value)).tolist() == [0, 0, 0]


def test_rain_that_leaves_the_field_still_tells_where_to(shower):
    # a field that is wet to its edges and moves on: a plain correlation sees the overlap shrink and prefers zero
    wide = torch.from_numpy(shower(1, 40, seed=4)[0]) + 0.1
    assert found(wide[10:30, 10:30], wide[10:30, 5:25])[:2].tolist() == pytest.approx([0, 5], abs=0.3)


def test_a_missing_part_does_not_hold_the_rain_back(shower):
    wide = torch.from_numpy(shower(1, 40, seed=4)[0])
    before, after = wide[10:30, 10:30].clone(), wide[10:30, 6:26].clone()
    before[:, :6] = after[:, :6] = torch.nan  # outside the radars' reach, at the same place in both
    assert found(before, after)[:2].tolist() == pytest.approx([0, 4], abs=0.3)


def test_pairs_count_by_their_weights(blob):
    frames = blob, blob.roll(3, 0), blob.roll((3, 5), (0, 1))
    assert found(*frames, weights=[1.0, 0.0])[:2].tolist() == pytest.approx([3, 0], abs=0.3)
    assert found(*frames, weights=[0.0, 1.0])[:2].tolist() == pytest.approx([0, 5], abs=0.3)
    assert found(*frames, weights=[0.0, 0.0]).tolist() == [0, 0, 0]


def test_the_unit_of_rain_and_the_samples_beside_do_not_matter(blob):
    frames = torch.stack([blob, blob.roll((2, 4), (0, 1))])
    both = displacement(torch.stack([frames, 1e-3 * frames]), torch.ones(2, 1, 1), 20)
    assert torch.allclose(both[0], both[1], atol=1e-3)
