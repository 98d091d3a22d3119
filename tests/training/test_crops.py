"""Crops fall where it rains, and their weights undo that."""

import pytest
import torch

from anemoi_scaleadapt.training.crops import RunningMean, cut, draw_origins, turn, wettest_square


def test_dry_crops_are_not_drawn_and_weights_are_known_on_average():
    now = torch.zeros(2, 6, 6)
    now[1, :3, :3] = 1.0
    origins, weights, wet = draw_origins(now, 3, 2000)
    assert (origins[:, 0] == 1).all()
    # 16 places in each frame, and 9 of the second hold some of the wet square: (3 + 2 + 1)^2 / 9 in all
    assert wet == pytest.approx(4 / 32) and weights.mean() == pytest.approx(4 / 32, rel=0.1)
    assert (origins[:, 1:] <= 2).all()


def test_frames_with_less_rain_weigh_less():
    torch.manual_seed(0)
    wet = (torch.rand(2, 20, 20) < torch.tensor([0.8, 0.1])[:, None, None]).float()
    much, little = (draw_origins(frame[None], 4, 500)[1].mean() for frame in wet)
    assert much / little == pytest.approx(float(wet[0].mean() / wet[1].mean()), rel=0.25)


def test_a_running_mean_is_the_mean_at_first_and_then_follows():
    mean = RunningMean()
    assert [float(mean(torch.tensor(v))) for v in (1.0, 3.0, 5.0)] == pytest.approx([1, 2, 3])
    for _ in range(400):
        mean(torch.tensor(7.0))
    assert float(mean.mean) == pytest.approx(7, abs=0.01)
    assert float(RunningMean()(torch.tensor(0.0))) > 0 and not mean.state_dict()


def test_weights_undo_the_choice():
    # the weighted mean over drawn crops of a quantity is its mean over all wet cells
    torch.manual_seed(0)
    now = torch.rand(1, 12, 12) * (torch.rand(1, 12, 12) > 0.6)
    values = torch.rand(12, 12)
    origins, weights, _ = draw_origins(now, 2, 40000)
    total = torch.zeros(2)
    for (_, i, j), w in zip(origins.tolist(), weights.tolist(), strict=True):
        wet = now[0, i : i + 2, j : j + 2] > 0
        # the loss is the mean over the crop's wet cells, weighted
        total += w * torch.tensor([float(values[i : i + 2, j : j + 2][wet].mean()), 1.0])
    share = torch.nn.functional.avg_pool2d((now > 0).float(), 2, 1)[0]
    every = torch.stack(
        [values[i : i + 2, j : j + 2][now[0, i : i + 2, j : j + 2] > 0].mean() * share[i, j]
         for i in range(11) for j in range(11) if share[i, j] > 0]
    )  # fmt: skip
    assert total[0] / total[1] == pytest.approx(float(every.sum() / share.sum()), rel=0.02)


def test_all_dry_still_draws():
    origins, weights, _ = draw_origins(torch.zeros(1, 4, 4), 2, 5)
    assert origins.shape == (5, 3) and torch.isfinite(weights).all()


def test_cut_takes_the_same_place_at_both_resolutions():
    fine = torch.arange(2 * 36.0).view(2, 1, 6, 6)
    coarse = torch.nn.functional.avg_pool2d(fine, 3)
    origins = torch.tensor([[1, 0, 1], [0, 1, 0]])
    got = torch.nn.functional.avg_pool2d(cut(fine, origins, 1, 3), 3)
    torch.testing.assert_close(got, cut(coarse, origins, 1, 1))


def test_the_eight_symmetries_differ_and_commute_with_coarsening():
    x = torch.rand(1, 1, 4, 4).expand(8, 1, 4, 4)
    turned = turn(x, torch.arange(8))
    assert len({tuple(t.flatten().tolist()) for t in turned}) == 8
    pool = torch.nn.functional.avg_pool2d
    torch.testing.assert_close(pool(turned, 2), turn(pool(x, 2), torch.arange(8)))


def test_a_wide_domain_is_cut_to_its_wettest_square():
    now = torch.zeros(6, 9)
    now[4, 7], now[0, 0] = 3, torch.nan
    wetness, (rows, columns), fine = wettest_square(now, 5, 12)
    assert wetness == 0.75
    assert rows.stop - rows.start == columns.stop - columns.start == 2
    assert rows.start <= 4 < rows.stop and columns.start <= 7 < columns.stop
    assert fine == (slice(5 * rows.start, 5 * rows.stop), slice(5 * columns.start, 5 * columns.stop))
