"""A member is a function of its noise and its hours alone: bit for bit on a CPU, whatever is drawn beside it."""

import datetime

import pytest
import torch

from anemoi_scaleadapt.diffusion.noise import draws
from anemoi_scaleadapt.models import downscaler as module

START = datetime.datetime(2020, 1, 2)
RULES = [{}, {"smooth": True}, {"scope": "window", "inside_sampler": False}]


def members(net, axis, scale, which, statics=None):
    """The members of a range, with noise as in a run, the same for every sample."""
    like = axis.new_empty(1, axis.shape[1] - 12, *(n * scale.space for n in axis.shape[-2:]))
    noise = draws(7, which, [START], like)
    return net.sample(axis, scale, lambda k: noise(k).expand(len(axis), -1, -1, -1, -1), statics)


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_one_three_or_eight_at_a_time_give_the_same_bits(downscaler, rain, pair, rule):
    net, scale = downscaler(tile=24), pair(5, 3, conservation=rule)
    axis = rain(1, 3, 3, 5, 6)
    eight = members(net, axis, scale, range(8))
    for at_once in (1, 3):
        parts = [members(net, axis, scale, range(k, min(k + at_once, 8))) for k in range(0, 8, at_once)]
        assert torch.equal(torch.cat(parts, dim=2), eight)
    assert eight.std(2).max() > 0.1


@pytest.mark.parametrize("name", ["dpmpp_2m", "heun", "ancestral"])
def test_so_they_do_with_every_sampler(downscaler, rain, pair, name, monkeypatch):
    levels = module.schedule.noise_levels(0.3, 20)  # a schedule of 20 steps, for speed
    monkeypatch.setattr(module.schedule, "noise_levels", lambda beta: levels)
    betas = module.schedule.betas
    monkeypatch.setattr(module.schedule, "betas", lambda beta: betas(0.3, 20))
    net, axis, scale = downscaler(sampler={"name": name}), rain(1, 2, 2, 3, 4), pair(5, 2)
    assert torch.equal(members(net, axis, scale, range(2, 3)), members(net, axis, scale, range(4))[:, :, 2:3])


def test_a_window_is_the_same_alone_and_in_a_batch(downscaler, rain, pair):
    net, scale = downscaler(statics=1), pair(5, 3, conservation={"smooth": True})
    axis, statics = rain(3, 3, 3, 4, 5), torch.rand(3, 1, 20, 25)
    axis[0] = 0  # a dry window leaves nothing out for its neighbours
    whole, mean = members(net, axis, scale, range(2), statics), net.mean_rain(axis, scale, statics)
    for i in range(3):
        assert torch.equal(members(net, axis[i : i + 1], scale, range(2), statics[i : i + 1]), whole[i : i + 1])
        assert torch.equal(net.mean_rain(axis[i : i + 1], scale, statics[i : i + 1]), mean[i : i + 1])


def test_all_at_once_as_on_a_gpu_differs_by_rounding_only(downscaler, rain, pair, monkeypatch):
    net, scale, axis = downscaler(), pair(5, 3), rain(2, 3, 3, 4, 5)
    alone, mean = members(net, axis, scale, range(3)), net.mean_rain(axis, scale)
    monkeypatch.setattr(module, "alone", lambda function: function)
    torch.testing.assert_close(members(net, axis, scale, range(3)), alone, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(net.mean_rain(axis, scale), mean, rtol=1e-4, atol=1e-5)


def test_the_number_of_threads_changes_rounding_only(downscaler, rain, pair):
    # on small domains torch convolves in another way with one thread than with two
    net, scale, axis, before = (
        downscaler(sampler={"steps": 2}),
        pair(5, 2),
        rain(1, 2, 2, 3, 4),
        torch.get_num_threads(),
    )
    try:
        torch.set_num_threads(2)
        two = members(net, axis, scale, range(2))
        assert torch.equal(members(net, axis, scale, range(1, 2)), two[:, :, 1:])
        torch.set_num_threads(1)
        torch.testing.assert_close(members(net, axis, scale, range(2)), two, rtol=1e-3, atol=1e-4)
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("rule", [{"smooth": True}, {"scope": "window"}], ids=str)
def test_dry_tiles_are_left_out_only_where_nothing_depends_on_them(downscaler, rain, pair, rule):
    # smoothing and a total over the window carry what is predicted in dry cells to others
    whole, tiled = (downscaler(tile=tile).double() for tile in (512, 16))
    axis = rain(1, 2, 2, 14, 8).double()
    axis[:, :, 5:12] = 0
    one, two = (members(net, axis, pair(5, 2, conservation=rule), range(1)) for net in (whole, tiled))
    torch.testing.assert_close(two, one, rtol=1e-9, atol=1e-9)


def test_what_members_share_is_computed_once(downscaler, rain, pair):
    net, scale = downscaler(), pair(5, 2)
    axis = rain(2, 4, 2, 6, 6) + 0.1
    prepared = net.prepare(axis, scale)
    assert torch.equal(prepared.mean, net.predict_mean(axis, scale))
    assert torch.equal(net.mean_rain(axis, scale, prepared=prepared), net.mean_rain(axis, scale))
    noise = torch.randn(2, 5, 1, 30, 30)
    anew, once = (net.sample(axis, scale, lambda _: noise, prepared=given) for given in (None, prepared))
    assert torch.equal(anew, once) and once.std() > 0
