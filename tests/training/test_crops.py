"""Crops fall where it rains, and their weights undo that."""

import pytest
import torch

from anemoi_scaleadapt.training.crops import box_mean, crop_cells, cut, draw_crops, draw_places, turn, wettest


def test_dry_crops_are_not_drawn_and_weights_are_known_on_average():
    now = torch.zeros(2, 1, 6, 6)
    now[1, :, :3, :3] = 1.0
    drawn = draw_crops(now, 3, 2000)
    assert (drawn.origins[:, 0] == 1).all() and (drawn.origins[:, 1:] <= 2).all()
    # 16 places in each frame, and 9 of the second hold some of the wet square: (3 + 2 + 1)^2 / 9 in all
    assert drawn.wet == pytest.approx(4) and drawn.places == 32
    assert drawn.weights.mean() == pytest.approx(4 / 32, rel=0.1)


def test_all_frames_of_a_window_count():
    now = torch.zeros(1, 4, 3, 3)
    now[0, 2] = 2.0
    drawn = draw_crops(now, 3, 5)
    assert drawn.wet == pytest.approx(1 / 4) and drawn.weights.tolist() == pytest.approx([1 / 4] * 5)


def test_fields_with_less_rain_weigh_less():
    torch.manual_seed(0)
    wet = (torch.rand(2, 20, 20) < torch.tensor([0.8, 0.1])[:, None, None]).float()
    much, little = (draw_crops(frame[None, None], 4, 500).weights.mean() for frame in wet)
    assert much / little == pytest.approx(float(wet[0].mean() / wet[1].mean()), rel=0.25)


def test_weights_undo_the_choice():
    # the weighted mean over drawn crops of a quantity is its mean over all wet cells
    torch.manual_seed(0)
    now = torch.rand(1, 1, 12, 12) * (torch.rand(1, 1, 12, 12) > 0.6)
    values, wet = torch.rand(12, 12), now[0, 0] > 0
    drawn = draw_crops(now, 2, 40000)

    def inside(i, j):
        """Mean over a crop's wet cells, as the loss takes it, and their share."""
        here = wet[i : i + 2, j : j + 2]
        return float((values[i : i + 2, j : j + 2] * here).sum() / here.sum().clamp(min=1)), float(here.float().mean())

    table = torch.tensor([[inside(i, j)[0] for j in range(11)] for i in range(11)])
    share = torch.tensor([[inside(i, j)[1] for j in range(11)] for i in range(11)])
    found = table[drawn.origins[:, 1], drawn.origins[:, 2]]
    got = (found * drawn.weights).sum() / drawn.weights.sum()
    assert got == pytest.approx(float((table * share).sum() / share.sum()), rel=0.02)


def test_all_dry_still_draws_and_missing_places_are_counted():
    dry = draw_crops(torch.zeros(1, 2, 4, 4), 2, 5)
    assert dry.origins.shape == (5, 3) and dry.weights.tolist() == [0] * 5 and dry.places == 9
    missing = torch.full((1, 2, 4, 4), -1.0)
    missing[0, 0, 0, 0] = torch.nan
    nothing = draw_crops(missing, 2, 5)
    assert nothing.places == 0 and torch.isfinite(nothing.weights).all()


def test_more_places_than_multinomial_takes():
    # it ends at 2^24: s = 1 over a few national fields
    chance = torch.zeros(2**24 + 10, dtype=torch.float64)
    chance[-3:] = torch.tensor([1.0, 0, 3])
    with pytest.raises(RuntimeError, match="2\\^24"):
        torch.multinomial(chance, 1)
    places = draw_places(chance, 2000) - 2**24
    assert set(places.tolist()) == {7, 9} and (places == 9).double().mean() == pytest.approx(0.75, abs=0.05)


def test_box_means_by_hand_and_exact_on_large_fields():
    x = torch.arange(12.0).view(1, 3, 4)
    assert box_mean(x, 2)[0].tolist() == [[2.5, 3.5, 4.5], [6.5, 7.5, 8.5]]
    wet = (torch.rand(1, 900, 900) > 0.5).float()
    assert torch.equal(box_mean(wet, 1)[0], wet[0].double())


@pytest.mark.parametrize(("space", "cells"), [(1, 100), (10, 10), (13, 7), (16, 6), (17, 6), (25, 6)])
def test_a_crop_has_whole_cells_and_at_least_six(space, cells):
    assert crop_cells(100, space, (200, 200)) == cells
    assert crop_cells(100, space, (5, 200)) == min(cells, 5)


def test_cut_takes_the_same_place_at_both_resolutions():
    fine = torch.arange(2 * 2 * 36.0).view(2, 2, 6, 6)
    coarse = torch.nn.functional.avg_pool2d(fine, 3)
    origins = torch.tensor([[1, 0, 1], [0, 1, 0]])
    got = cut(fine, origins, 1, 3)
    assert torch.equal(got[0], fine[1, :, :3, 3:]) and torch.equal(got[1], fine[0, :, 3:, :3])
    torch.testing.assert_close(torch.nn.functional.avg_pool2d(got, 3), cut(coarse, origins, 1, 1))


def test_the_eight_symmetries_differ_and_commute_with_coarsening():
    x = torch.rand(1, 1, 4, 4).expand(8, 1, 4, 4)
    turned = turn(x, torch.arange(8))
    assert len({tuple(t.flatten().tolist()) for t in turned}) == 8
    pool = torch.nn.functional.avg_pool2d
    torch.testing.assert_close(pool(turned, 2), turn(pool(x, 2), torch.arange(8)))


def test_the_wettest_square_of_each_window():
    now = torch.zeros(2, 2, 6, 9)
    now[0, 1, 4, 7], now[0, 0, 0, 0], now[1] = 3, torch.nan, -1
    origins, wetness = wettest(now, 2)
    assert wetness.tolist() == pytest.approx([3 / 2 / 4, 0])
    assert origins[:, 0].tolist() == [0, 1] and 3 <= origins[0, 1] <= 4 and 6 <= origins[0, 2] <= 7
