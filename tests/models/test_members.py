"""A member is a function of its noise and its window alone: bit for bit on a CPU, whatever is drawn beside it."""

import datetime

import pytest
import torch

from anemoi_scaleadapt.diffusion.noise import ensemble_noise
from anemoi_scaleadapt.models import downscaler as module

START = datetime.datetime(2020, 1, 2)
RULES = [
    {},
    {"function": "threshold", "threshold": 0.1, "smooth": True},
    {"scope": "window", "inside_sampler": False},
]


def draw(net, lr, members, statics=None):
    """The members of a range, with noise as in a run."""
    shape = tuple(net.scale.space * n for n in lr.shape[-2:])

    def noise(k):
        drawn = ensemble_noise(7, members, START, net.scale.time, shape, k).to(lr)
        return drawn.expand(len(lr), *drawn.shape)

    return net.sample(lr, noise, statics)


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_one_three_or_eight_at_a_time_give_the_same_bits(downscaler, rain, rule):
    net = downscaler(5, 3, tile=24, conservation=rule)
    lr = rain(1, net.scale.context_length, 5, 6)
    eight = draw(net, lr, range(8))
    for at_once in (1, 3):
        parts = [draw(net, lr, range(first, min(first + at_once, 8))) for first in range(0, 8, at_once)]
        assert torch.equal(torch.cat(parts, dim=2), eight)
    assert eight.std(2).max() > 0.1


@pytest.mark.parametrize("name", ["dpmpp_2m", "heun", "ancestral"])
def test_so_they_do_with_every_sampler(downscaler, rain, name, monkeypatch):
    levels = module.schedule.noise_levels(0.3, 20)  # a schedule of 20 steps, for speed
    monkeypatch.setattr(module.schedule, "noise_levels", lambda beta: levels)
    betas = module.schedule.betas
    monkeypatch.setattr(module.schedule, "betas", lambda beta: betas(0.3, 20))
    net = downscaler(5, 2, sampler={"name": name})
    lr = rain(1, net.scale.context_length, 5, 7)
    assert torch.equal(draw(net, lr, range(2, 3)), draw(net, lr, range(4))[:, :, 2:3])


def test_a_window_is_the_same_alone_and_in_a_batch(downscaler, rain):
    net = downscaler(5, 3, statics=1, conservation={"smooth": True})
    lr, statics = rain(3, net.scale.context_length, 7, 5), torch.rand(3, 1, 35, 25)
    lr[0] = 0  # a dry window leaves nothing out for its neighbours
    whole, mean = draw(net, lr, range(2), statics), net.mean_rain(lr, statics)
    for i in range(3):
        assert torch.equal(draw(net, lr[i : i + 1], range(2), statics[i : i + 1]), whole[i : i + 1])
        assert torch.equal(net.mean_rain(lr[i : i + 1], statics[i : i + 1]), mean[i : i + 1])


def test_all_at_once_as_on_a_gpu_differs_by_rounding_only(downscaler, rain, monkeypatch):
    net = downscaler(5, 3)
    lr = rain(2, net.scale.context_length, 7, 9)
    alone, mean = draw(net, lr, range(3)), net.mean_rain(lr)
    monkeypatch.setattr(module, "alone", lambda function: function)
    torch.testing.assert_close(draw(net, lr, range(3)), alone, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(net.mean_rain(lr), mean, rtol=1e-4, atol=1e-5)


def test_the_number_of_threads_changes_rounding_only(downscaler, rain):
    # on small domains torch convolves in another way with one thread than with two
    net = downscaler(5, 2, sampler={"steps": 2})
    lr, before = rain(1, net.scale.context_length, 3, 4), torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        two = draw(net, lr, range(2))
        assert torch.equal(draw(net, lr, range(1, 2)), two[:, :, 1:])
        torch.set_num_threads(1)
        torch.testing.assert_close(draw(net, lr, range(2)), two, rtol=1e-3, atol=1e-4)
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("rule", [{"smooth": True}, {"scope": "window"}], ids=str)
def test_dry_tiles_are_left_out_only_where_nothing_depends_on_them(downscaler, rain, rule):
    # smoothing and a total over the window carry what is predicted in dry cells to others
    whole, tiled = (downscaler(5, 2, tile=tile, conservation=rule).double() for tile in (512, 16))
    lr = rain(1, whole.scale.context_length, 14, 8).double()
    lr[:, :, 5:12] = 0
    one, two = (draw(net, lr, range(1)) for net in (whole, tiled))
    torch.testing.assert_close(two, one, rtol=1e-9, atol=1e-9)
