"""The two networks: what they begin with, how far they look, what moves with what."""

import pytest
import torch

from anemoi_scaleadapt.diffusion.schedule import denoised
from anemoi_scaleadapt.models.context import REACH, build_context
from anemoi_scaleadapt.models.moving import follow


@pytest.fixture
def silent():
    """Set a head to zero, and the last of its biases to given numbers."""

    def still(layer, *last):
        with torch.no_grad():
            layer.weight.zero_()
            layer.bias.zero_()
            if last:
                layer.bias[-len(last) :] = torch.tensor(last)

    return still


def output(net, x, sigma, condition, scale):
    """Output for noisy residuals."""
    return net(net.look(x, sigma), sigma, condition, scale)


def told(net, axis, scale, **more):
    moving = follow(axis, scale, net.transform)
    return build_context(*net._coarse(axis), moving, scale, net.network.patch, **more)


def test_a_zero_mean_head_gives_the_first_guess(downscaler, rain, pair, silent):
    net, scale = downscaler(), pair(4, 3)
    silent(net.mean.head)
    axis = rain(2, 6, 3, 4, 4) + 0.1
    wanted = told(net, axis, scale).base[:, 0].unflatten(0, (2, 6))
    torch.testing.assert_close(net.predict_mean(axis, scale), wanted)


def test_a_share_of_one_begins_with_the_rain_that_moves(downscaler, rain, pair, silent):
    net, scale = downscaler(), pair(4, 3)
    silent(net.mean.head)
    with torch.no_grad():
        net.mean.head.bias[net.network.patch**2 :] = 1.0
    axis = rain(2, 6, 3, 4, 4) + 0.1
    wanted = told(net, axis, scale).moved[:, 0].unflatten(0, (2, 6))
    torch.testing.assert_close(net.predict_mean(axis, scale), wanted)


def test_a_zero_residual_head_gives_the_denoiser_of_white_noise(downscaler, pair, silent):
    # F = 0 is not "residual 0": D = x / (1 + sigma^2) is the perfect denoiser of white noise of deviation 1
    net = downscaler().residual
    silent(net.head)
    x, sigma = torch.randn(3, 4, 16, 16), torch.tensor([0.03, 1.0, 20.0])
    found = output(net, x, sigma, torch.randn(3, 4, 8, 4, 4), pair(4, 2))
    level = sigma[:, None, None, None]
    torch.testing.assert_close(denoised(x, level, found), x / (1 + level**2))


def test_gains_are_factors_on_the_noisy_input(downscaler, pair, silent):
    net = downscaler().residual
    silent(net.head)
    with torch.no_grad():
        net.head.bias[:16] = 3.0
    x = torch.randn(1, 2, 16, 16)
    got = output(net, x, torch.tensor([2.0]), torch.zeros(1, 2, 8, 4, 4), pair(5, 2))
    torch.testing.assert_close(got, 3 * x / 5**0.5)


def test_averages_of_the_noisy_input_have_gains_of_their_own(downscaler, pair, silent):
    net = downscaler().residual
    silent(net.head, 0.0, 5.0)  # of single patches and of squares of three
    got = output(net, torch.ones(1, 2, 16, 16), torch.tensor([3.0]), torch.zeros(1, 2, 8, 4, 4), pair(5, 2))
    torch.testing.assert_close(got, torch.full_like(got, 5 / (1 + (3 / 12) ** 2) ** 0.5))


def test_the_reach_is_not_too_short_and_not_guessed(downscaler, pair):
    net = downscaler().double().residual
    size = 2 * 8 * (-(-net.reach() // 8)) + 8
    look = torch.zeros(1, 2, 18, size // 4, size // 4, dtype=torch.float64, requires_grad=True)
    middle = size // 2
    condition = torch.zeros(1, 2, 8, size // 4, size // 4, dtype=torch.float64)
    net(look, torch.ones(1, dtype=torch.float64), condition, pair(4, 2))[..., middle, middle].sum().backward()
    touched = look.grad.abs().sum((0, 1, 2)).nonzero()
    far = int((4 * touched - middle).abs().max())
    assert 0.5 * net.reach() < far <= net.reach()


def test_the_pair_is_an_input_of_both(downscaler, rain, pair):
    net = downscaler()
    axis, noise = rain(1, 6, 1, 4, 4) + 0.1, torch.randn(1, 6, 16, 16)
    means, outputs = [], []
    for scale in (pair(4, 1), pair(4, 3), pair(4, 6)):
        context = told(net, axis, pair(4, 1))  # the same rain told as of another pair
        means.append(net.mean(context, scale))
        condition = net.residual.condition(context, means[0])
        outputs.append(output(net.residual, noise, torch.ones(1), condition, scale))
    for one, *others in (means, outputs):
        assert all((other - one).abs().max() > 1e-3 for other in others)


def test_hours_moved_by_whole_frames_move_the_result(downscaler, rain, pair):
    # two blocks and the attention over two hours each reach some hours: those in the middle know no edge
    net, scale = downscaler().double(), pair(4, 2)
    axis = rain(1, 28, 2, 3, 3).double()
    whole, later = net.predict_mean(axis, scale), net.predict_mean(axis[:, 4:], scale)
    torch.testing.assert_close(later[:, 8:16], whole[:, 12:20], rtol=0, atol=1e-12)
    x, sigma = torch.randn(1, 28, 16, 16).double(), torch.ones(1).double()
    condition = torch.randn(1, 28, 8, 4, 4).double()
    whole = output(net.residual, x, sigma, condition, scale)
    later = output(net.residual, x[:, 4:], sigma, condition[:, 4:], scale)
    torch.testing.assert_close(later[:, 8:16], whole[:, 12:20], rtol=0, atol=1e-12)


def test_hidden_hours_do_not_matter_and_seen_ones_do(downscaler, rain, pair):
    net, scale = downscaler(), pair(4, 3)
    axis = rain(1, 6, 3, 4, 4)
    other = axis.clone()
    other[:, :REACH] += 1  # six hours before the window
    for length, same in ((1, True), (5, False)):
        seen = pair(4, 3, context_length=length, lookahead=0)
        one, two = (net.mean(told(net, a, seen), scale) for a in (axis, other))
        assert torch.equal(one, two) is same


def test_hours_see_each_other(downscaler, pair):
    net = downscaler(network={"hours": 0}).residual  # convolutions over neighbouring hours alone
    x = torch.randn(1, 8, 16, 16, requires_grad=True)
    output(net, x, torch.ones(1), torch.zeros(1, 8, 8, 4, 4), pair(4, 2))[:, 0].sum().backward()
    felt = x.grad.abs().sum((0, 2, 3)) > 0
    assert felt[:2].all() and not felt[4:].any()  # one hour a block, three blocks


def test_networks_without_attention_run(downscaler, rain, pair, draw):
    net = downscaler(network={"window": 0, "hours": 0})
    assert torch.isfinite(draw(net, rain(1, 4, 2, 3, 3), pair(5, 2))).all()
