"""What both networks together must keep: totals, samples apart, tiles, gradients."""

import pytest
import torch

from anemoi_scaleadapt.conservation import block_mean
from anemoi_scaleadapt.diffusion.schedule import denoised
from anemoi_scaleadapt.diffusion.settings import SamplerSettings
from anemoi_scaleadapt.training.loss import MaskedMSE


def draw(net, lr, noise, members=2, **kwargs):
    shape = (lr.shape[0], net.scale.time, members, lr.shape[-2] * net.scale.space, lr.shape[-1] * net.scale.space)
    return net.sample(lr, noise(*shape, dtype=lr.dtype), **kwargs)


@pytest.mark.parametrize(("space", "time"), [(10, 3), (1, 3), (10, 1), (7, 2), (1, 1), (25, 6)])
def test_totals_are_exact_for_any_pair(downscaler, rain, noise, space, time):
    net = downscaler(space, time)
    lr = rain(1, net.scale.context_length, 3, 4)
    members = draw(net, lr, noise)
    assert members.shape == (1, time, 2, 3 * space, 4 * space) and (members >= 0).all()
    now = net.current(lr)
    for member in members.unbind(2):
        got = block_mean(member.mean(1), space)
        torch.testing.assert_close(got, now, rtol=1e-5, atol=0)
    torch.testing.assert_close(block_mean(net.mean_rain(lr).mean(1), space), now, rtol=1e-5, atol=0)


def test_missing_cells_come_back_missing_and_dry_cells_dry(downscaler, rain, noise):
    net = downscaler(5, 2)
    lr = rain(1, net.scale.context_length, 4, 4)
    current = net.scale.frame_ends.index(0)
    lr[:, current, 0, 0], lr[:, current, 1, 1] = -1.0, 0.0
    members = draw(net, lr, noise)
    assert members[..., :5, :5].isnan().all() and (members[..., 5:10, 5:10] == 0).all()
    assert torch.isfinite(members[..., 5:, 5:]).all()


def test_samples_of_a_batch_do_not_know_each_other(downscaler, rain, noise):
    net = downscaler(5, 2)
    lr = rain(3, net.scale.context_length, 4, 4)
    shape = (3, 2, 2, 20, 20)
    whole = net.sample(lr, noise(*shape))
    alone = net.sample(lr[1:2], lambda k: noise(*shape)(k)[1:2])
    torch.testing.assert_close(alone, whole[1:2], rtol=1e-4, atol=1e-5)


def test_members_do_not_know_each_other(downscaler, rain, noise):
    net = downscaler(5, 2)
    lr, shape = rain(1, net.scale.context_length, 4, 4), (1, 2, 5, 20, 20)
    whole = net.sample(lr, noise(*shape))
    part = net.sample(lr, lambda k: noise(*shape)(k)[:, :, 3:4])
    torch.testing.assert_close(part, whole[:, :, 3:4], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("tile", "dtype", "within"), [(16, "float64", 1e-9), (40, "float64", 1e-9), (40, "float32", 1e-5)]
)
def test_tiles_equal_the_whole_through_the_complete_sampler(downscaler, rain, noise, tile, dtype, within):
    dtype = getattr(torch, dtype)
    whole, tiled = downscaler(5, 2).to(dtype), downscaler(5, 2, tile=tile).to(dtype)
    lr = rain(1, whole.scale.context_length, 33, 30).to(dtype)
    lr[:, :, 10:12] = 0  # dry tiles are left out
    one, two = (draw(net, lr, noise, members=1) for net in (whole, tiled))
    assert one.std() > 0.1
    torch.testing.assert_close(two, one, rtol=within, atol=within)


def test_the_reach_is_not_too_short_and_not_guessed(downscaler):
    net = downscaler(4, 2).double()
    size = 2 * 8 * (-(-net.residual.reach() // 8)) + 8
    condition = torch.zeros(1, 8, size // 4, size // 4, dtype=torch.float64)
    x = torch.zeros(1, 2, size, size, dtype=torch.float64, requires_grad=True)
    middle = size // 2
    out = net.residual(x, torch.ones(1, dtype=torch.float64), condition)
    out[..., middle, middle].sum().backward()
    touched = x.grad.abs().sum((0, 1)).nonzero()
    far = int((touched - middle).abs().max())
    assert 0.5 * net.residual.reach() < far <= net.residual.reach()


def test_moving_by_whole_cells_and_strides_moves_the_mean(downscaler, rain):
    # patches and the coarse level fall every 8 pixels, cells every 4: moves by 8 pixels = 2 cells commute
    net = downscaler(4, 2).double()
    lr = rain(1, net.scale.context_length, 60, 60).double()
    whole, cut = net.mean_rain(lr), net.mean_rain(lr[..., 10:50, 10:50])
    edge = 80  # pixels at the rim see that the domain ends
    torch.testing.assert_close(
        cut[..., edge:-edge, edge:-edge], whole[..., 40 + edge : 200 - edge, 40 + edge : 200 - edge], rtol=0, atol=1e-9
    )


def test_a_zero_mean_head_gives_the_first_guess(downscaler, rain):
    net = downscaler(4, 3)
    torch.nn.init.zeros_(net.mean.head.weight)
    torch.nn.init.zeros_(net.mean.head.bias)
    lr = rain(1, net.scale.context_length, 4, 4) + 0.1
    context = net.context(lr)
    torch.testing.assert_close(net.predict_mean(lr), context.base)


def test_a_zero_residual_head_gives_the_denoiser_of_white_noise(downscaler):
    # F = 0 is not "residual 0": D = x / (1 + sigma^2) is the perfect denoiser of white noise of deviation 1, so
    # members are then the mean plus such noise
    net = downscaler(4, 3).residual
    torch.nn.init.zeros_(net.head.weight)
    torch.nn.init.zeros_(net.head.bias)
    x, sigma = torch.randn(3, 3, 16, 16), torch.tensor([0.03, 1.0, 20.0])
    output = net(x, sigma, torch.randn(1, 8, 4, 4))
    level = sigma[:, None, None, None]
    torch.testing.assert_close(denoised(x, level, output), x / (1 + level**2))


def gradients(net, lr, hr):
    """Gradients of the loss of one step, as in training."""
    terms = net.train().terms(lr, hr)
    sum(MaskedMSE()(p[..., None], t[..., None]) for p, t in terms.values()).backward()
    return [p.grad for p in net.parameters() if p.grad is not None]


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), 300.0])
@pytest.mark.parametrize("transform", ["sqrt", "linear"])
def test_gradients_are_finite_on_extreme_input(downscaler, value, transform):
    net = downscaler(5, 2, transform=transform)
    lr = torch.full((2, net.scale.context_length, 4, 4), value)
    found = gradients(net, lr, torch.full((2, 2, 20, 20), value))
    assert all(torch.isfinite(g).all() for g in found) and torch.isfinite(net.residual_std).all()
    assert any((g != 0).any() for g in found) is (value > 0)  # dry and missing rain teach nothing


def test_gradients_are_finite_where_gaps_lie_beside_a_cloudburst(downscaler):
    net = downscaler(5, 2)
    lr, hr = torch.full((2, net.scale.context_length, 4, 4), 300.0), torch.full((2, 2, 20, 20), 300.0)
    lr[..., :2], hr[..., :10] = torch.nan, torch.nan
    lr[1], hr[1] = -1.0, -1.0  # and one sample with nothing at all
    found = gradients(net, lr, hr)
    assert all(torch.isfinite(g).all() for g in found) and any((g != 0).any() for g in found)


def test_what_is_decided_by_the_total_is_not_learnt(downscaler):
    net = downscaler(5, 1)
    lr, hr = torch.ones(1, net.scale.context_length, 2, 2), torch.ones(1, 1, 10, 10)
    lr[..., 0, 0], hr[..., :5, :5] = 0, 0  # dry
    hr[..., 7, 7] = -1  # missing
    for _, target in net.terms(lr, hr).values():
        assert target[..., :5, :5].isnan().all() and target[..., 7, 7].isnan().all()
        assert int(target.isnan().sum()) == 26


def test_the_mean_learns_from_the_residual_only_when_asked(downscaler, rain):
    for detached in (True, False):
        net = downscaler(5, 1, detach_mean=detached)
        lr = rain(2, net.scale.context_length, 4, 4) + 0.1
        prediction, target = net.terms(lr, torch.rand(2, 1, 20, 20))["residual"]
        torch.nan_to_num(prediction - target).square().mean().backward()
        learnt = any(p.grad is not None and p.grad.abs().sum() > 0 for p in net.mean.parameters())
        assert learnt is not detached


def test_static_fields_matter(downscaler, rain, noise):
    net = downscaler(5, 1, statics=1)
    lr = rain(1, net.scale.context_length, 4, 4) + 0.1
    flat, hill = (draw(net, lr, noise, statics=torch.full((1, 1, 20, 20), v)) for v in (0.0, 2.0))
    assert (flat - hill).abs().max() > 1e-3


def test_one_batch_is_learnt_by_heart(downscaler):
    net = downscaler(5, 1, network={"mean_channels": (16, 16), "residual_channels": (16, 16)}).train()
    torch.manual_seed(0)
    hr = torch.nn.functional.interpolate(torch.rand(4, 1, 10, 10), scale_factor=2, mode="bicubic").clamp(min=0.01)
    lr = block_mean(hr, 5).expand(-1, net.scale.context_length, -1, -1)
    optimiser = torch.optim.Adam(net.parameters(), lr=5e-3)
    first = last = None
    for _ in range(150):
        terms = net.terms(lr, hr)
        losses = {k: torch.nan_to_num(p - t).square().mean() for k, (p, t) in terms.items()}
        optimiser.zero_grad()
        sum(losses.values()).backward()
        optimiser.step()
        last = {k: float(v.detach()) for k, v in losses.items()}
        first = first or last
    assert last["mean"] < 0.05 * first["mean"] and last["residual"] < 0.6 * first["residual"]


def test_the_deviation_of_the_residual_grows_with_the_coarse_rain(downscaler):
    net = downscaler(5, 2)
    net.residual_std.copy_(torch.tensor([2.0, 3.0]))
    now = torch.tensor([0.0, 3.2, 20.0])[:, None, None].expand(3, 4, 4)  # z = sqrt(rain / 0.2) = 0, 4, 10
    std = net.std(now)
    assert std.shape == (3, 2, 20, 20)
    wanted = torch.tensor([2.0, 3.0]) * torch.tensor([0.25, 4.25, 10.25])[:, None] ** 0.75
    torch.testing.assert_close(std[:, :, 7, 9], wanted)
    same = downscaler(5, 2, amplitude=0.0)
    assert (same.std(now) == 1).all() and torch.isfinite(net.std(torch.full((1, 4, 4), torch.nan))).all()


def test_the_running_factor_makes_residuals_of_unit_variance(downscaler, rain):
    net = downscaler(5, 1).train()
    lr, truth = rain(2, net.scale.context_length, 4, 4), torch.Generator().manual_seed(0)
    hr = net.transform.inverse(3 + torch.randn(2, 1, 20, 20, generator=truth))
    for _ in range(300):
        net.terms(lr, hr)
    net.eval()
    zero = torch.full((2,), 1e6)  # at endless noise the target is the residual itself
    _, aim = net.terms(lr, hr, sigma=zero)["residual"]
    assert aim[~aim.isnan()].square().mean().sqrt() == pytest.approx(1, abs=0.02)


def test_totals_are_kept_inside_the_sampler_from_a_noise_level_on(downscaler, rain, noise):
    # the levels are 80, 5.2 and 0.03: conserved below 10 is conserved at two of them, below 0.01 at none
    inside = downscaler(5, 2)
    lr = rain(1, inside.scale.context_length, 4, 4)
    members = {
        limit: draw(inside, lr, noise, sampler=SamplerSettings(steps=3, conserve_below=limit))
        for limit in (0.01, 10, 1e6)
    }
    after = draw(downscaler(5, 2, conservation={"inside_sampler": False}), lr, noise)
    torch.testing.assert_close(members[0.01], after, rtol=0, atol=0)
    assert (members[10] - after).abs().max() > 1e-3 and (members[10] - members[1e6]).abs().max() > 1e-3


def test_the_mean_of_many_fields_is_not_scaled_up_to_the_totals(downscaler, rain):
    # z = sqrt(rain) varies: the square of its mean falls short of the mean rain, rightly so
    net = downscaler(5, 1)
    lr = rain(1, net.scale.context_length, 4, 4)
    mean, state = torch.full((1, 1, 20, 20), 0.1), torch.zeros(1, 1, 20, 20)
    wet = (net.current(lr) > 0).repeat_interleave(5, 1).repeat_interleave(5, 2)[:, None]
    now = net.current(lr)
    free, bound = (net._bound(state, mean, net.std(now), now, conserved) for conserved in (False, True))
    assert (free[wet] == 0).all() and (bound[wet] > 0).all()
    torch.testing.assert_close(free[~wet], bound[~wet])


def test_the_gain_is_a_factor_on_the_noisy_input(downscaler):
    net = downscaler(5, 2, network={"averages": [1]}).residual
    torch.nn.init.zeros_(net.head.weight)
    torch.nn.init.zeros_(net.head.bias)
    with torch.no_grad():
        net.head.bias[: 2 * 4**2] = 3.0
    x, sigma = torch.randn(1, 2, 16, 16), torch.tensor([2.0])
    torch.testing.assert_close(net(x, sigma, torch.zeros(1, 8, 4, 4)), 3 * x / 5**0.5)


def test_averages_of_the_noisy_input_are_passed_on_with_gains_of_their_own(downscaler):
    net = downscaler(5, 2, network={"averages": [1, 3]}).residual
    torch.nn.init.zeros_(net.head.weight)
    torch.nn.init.zeros_(net.head.bias)
    with torch.no_grad():
        net.head.bias[-2:] = torch.tensor([2.0, 5.0])  # squares of three patches, first and second hour
    x, sigma = torch.ones(1, 2, 16, 16), torch.tensor([3.0])
    got = net(x, sigma, torch.zeros(1, 8, 4, 4))
    wanted = torch.tensor([2.0, 5.0])[:, None, None].expand(2, 16, 16) / (1 + (3 / 12) ** 2) ** 0.5
    torch.testing.assert_close(got[0], wanted)
