"""What both networks together must keep: totals, samples apart, tiles, gradients, precision."""

import pytest
import torch

from anemoi_scaleadapt.conservation import block_mean, nearest
from anemoi_scaleadapt.diffusion.settings import SamplerSettings
from anemoi_scaleadapt.models import downscaler as module
from anemoi_scaleadapt.models.settings import NetworkSettings
from anemoi_scaleadapt.training.loss import MaskedMSE


def means(hourly, scale):
    """Means over blocks of t x s x s of (n, hours, y, x)."""
    return block_mean(hourly.unflatten(1, (-1, scale.time)).mean(2), scale.space)


@pytest.mark.parametrize(("space", "time"), [(10, 3), (1, 3), (10, 1), (7, 2), (25, 6), (3, 5)])
def test_totals_are_exact_for_any_pair(downscaler, rain, pair, draw, space, time):
    net, scale = downscaler(), pair(space, time)
    axis = rain(1, 2 * time, time, 3, 2)
    members, frames = draw(net, axis, scale), net.current(axis)[:, ::time]
    assert members.shape == (1, 2 * time, 2, 3 * space, 2 * space) and (members >= 0).all()
    for member in members.unbind(2):
        torch.testing.assert_close(means(member, scale), frames, rtol=1e-5, atol=0)
    torch.testing.assert_close(means(net.mean_rain(axis, scale), scale), frames, rtol=1e-5, atol=0)


def test_missing_cells_come_back_missing_and_dry_cells_dry(downscaler, rain, pair, draw):
    net, scale = downscaler(), pair(5, 2)
    axis = rain(1, 4, 2, 4, 4)
    axis[:, 6:8, 0, 0], axis[:, 8:10, 0, 0], axis[:, 6:10, 1, 1] = -1.0, torch.nan, 0.0
    members = draw(net, axis, scale)
    assert members[..., :5, :5].isnan().all() and (members[..., 5:10, 5:10] == 0).all()
    assert torch.isfinite(members[..., 5:, 5:]).all()


@pytest.mark.parametrize("rule", [{}, {"scope": "window"}, {"smooth": True}], ids=str)
def test_missing_cells_take_no_rain_from_the_others(downscaler, pair, draw, rule):
    # inside the sampler too: what the others get does not hang on how many are missing
    net, scale = downscaler(), pair(4, 1, conservation=rule)
    axis = torch.full((1, 13, 2, 2), 2.0)
    axis[..., 1, 1] = torch.nan
    members = draw(net, axis, scale, sampler=SamplerSettings(steps=3, conserve_below=1e6))
    assert members[~members.isnan()].mean() == pytest.approx(2, rel=1e-5)


def test_samples_and_members_do_not_know_each_other(downscaler, rain, pair):
    net, scale = downscaler(), pair(5, 2)
    axis, noise = rain(3, 4, 2, 3, 3), torch.randn(9, 3, 5, 3, 15, 15)
    whole = net.sample(axis, scale, lambda k: noise[k])
    alone = net.sample(axis[1:2], scale, lambda k: noise[k, 1:2, :, 2:])
    assert torch.equal(alone, whole[1:2, :, 2:])


@pytest.mark.parametrize("tile", [16, 40])
def test_tiles_equal_the_whole_through_the_complete_sampler(downscaler, rain, pair, draw, tile):
    whole, tiled = downscaler().double(), downscaler(tile=tile).double()
    axis = rain(1, 2, 2, 20, 18).double()
    axis[:, :, 10:12] = 0  # dry tiles are left out
    one, two = (draw(net, axis, pair(5, 2), members=1) for net in (whole, tiled))
    assert one.std() > 0.1
    torch.testing.assert_close(two, one, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("parts", "space", "time"), [((3, 1), 5, 2), ((2, 2), 25, 1)])
def test_on_a_cpu_no_bit_hangs_on_the_tiles(downscaler, rain, pair, draw, parts, space, time):
    # how many there are hangs on the memory at hand; the network is of the usual size: in smaller ones torch convolves
    # in another way where tiles are narrow
    net = downscaler(NetworkSettings().as_dict(), {"steps": 2})
    axis = rain(1, 2, time, 225 // space, 125 // space)
    axis[:, :, 125 // space : 175 // space] = 0
    whole = draw(net, axis, pair(space, time), members=1)
    net.parts = parts
    assert whole.std() > 0.1 and torch.equal(draw(net, axis, pair(space, time), members=1), whole)


def test_a_move_by_whole_cells_and_strides_moves_the_mean(downscaler, rain, pair):
    # patches and the coarse level fall every 8 pixels, cells every 4: moves by 8 pixels = 2 cells commute
    # how the rain moves is asked of the whole domain; where frames are hours it is not asked
    net, scale = downscaler().double(), pair(4, 1)
    axis = rain(1, 2, 1, 48, 48).double()
    whole, cut = net.mean_rain(axis, scale), net.mean_rain(axis[..., 6:42, 6:42], scale)
    edge = 64  # pixels at the rim see that the domain ends
    assert net.mean.reach() <= edge
    torch.testing.assert_close(cut[..., edge:-edge, edge:-edge], whole[..., 88:104, 88:104], rtol=0, atol=1e-9)


def test_hours_drawn_at_once_are_those_drawn_with_more_round_them(downscaler, rain, pair):
    # what lies further away than the networks look back and ahead changes nothing
    net, scale = downscaler(sampler={"steps": 1}).double(), pair(3, 1)
    axis, noise = rain(1, 24, 1, 3, 3).double(), torch.randn(9, 1, 25, 1, 9, 9).double()
    whole = net.sample(axis, scale, lambda k: noise[k])
    part = net.sample(axis[:, 3:], scale, lambda k: noise[k, :, 3:])
    torch.testing.assert_close(part[:, 10:], whole[:, 13:], rtol=0, atol=1e-12)


# -- training ------------------------------------------------------------------------------------------------


def gradients(net, axis, hr, scale):
    """Gradients of the loss of one step, as in training."""
    terms = net.train().terms(axis, hr, scale)
    sum(MaskedMSE()(p[..., None], t[..., None]) for p, t in terms.values()).backward()
    return [p.grad for p in net.parameters() if p.grad is not None]


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), 300.0])
@pytest.mark.parametrize("transform", ["sqrt", "linear"])
def test_gradients_are_finite_on_extreme_input(downscaler, pair, value, transform):
    net, scale = downscaler(transform=transform), pair(5, 2)
    found = gradients(net, torch.full((2, 14, 4, 4), value), torch.full((2, 2, 20, 20), value), scale)
    assert all(torch.isfinite(g).all() for g in found) and torch.isfinite(net.spread.variance).all()
    assert any((g != 0).any() for g in found) is (value > 0)  # dry and missing rain teach nothing
    assert (net.spread.variance == 1).all() or value > 0


def test_gradients_are_finite_where_gaps_lie_beside_a_cloudburst(downscaler, pair):
    axis, hr = torch.full((2, 14, 4, 4), 300.0), torch.full((2, 2, 20, 20), 300.0)
    axis[..., :2], hr[..., :10] = torch.nan, torch.nan
    axis[1], hr[1] = -1.0, -1.0  # and one sample with nothing at all
    found = gradients(downscaler(), axis, hr, pair(5, 2))
    assert all(torch.isfinite(g).all() for g in found) and any((g != 0).any() for g in found)


def test_what_is_decided_by_the_total_is_not_learnt(downscaler, pair):
    axis, hr = torch.ones(1, 13, 2, 2), torch.ones(1, 1, 10, 10)
    axis[..., 0, 0], hr[..., :5, :5] = 0, 0  # dry
    hr[..., 7, 7] = -1  # missing
    for _, target in downscaler().terms(axis, hr, pair(5, 1)).values():
        assert target[..., :5, :5].isnan().all() and target[..., 7, 7].isnan().all()
        assert int(target.isnan().sum()) == 26


def test_the_fine_rain_is_never_an_input(downscaler, rain, pair):
    # it reaches the residual network through its noisy state alone, and the mean network not at all
    net, scale = downscaler(), pair(5, 2)
    hr = torch.rand(1, 2, 15, 15, requires_grad=True)
    terms = net.terms(rain(1, 2, 2, 3, 3) + 0.1, hr, scale, sigma=torch.tensor([1e4]))
    assert torch.autograd.grad(terms["mean"][0].sum(), hr, allow_unused=True, retain_graph=True)[0] is None
    noisy = torch.autograd.grad(terms["residual"][0].sum(), hr, allow_unused=True)[0]
    assert noisy is None or noisy.abs().max() < 1e-2


def test_the_mean_learns_from_the_residual_unless_detached(downscaler, rain, pair):
    for detached in (True, False):
        net = downscaler(detach_mean=detached)
        prediction, target = net.terms(rain(2, 1, 1, 4, 4) + 0.1, torch.rand(2, 1, 20, 20), pair(5, 1))["residual"]
        torch.nan_to_num(prediction - target).square().mean().backward()
        learnt = any(p.grad is not None and p.grad.abs().sum() > 0 for p in net.mean.parameters())
        assert learnt is not detached


def test_static_fields_matter(downscaler, rain, pair, draw):
    net, axis = downscaler(statics=1), rain(1, 1, 1, 4, 4) + 0.1
    flat, hill = (draw(net, axis, pair(5, 1), statics=torch.full((1, 1, 20, 20), v)) for v in (0.0, 2.0))
    assert (flat - hill).abs().max() > 1e-3


def test_one_batch_is_learnt_by_heart(downscaler, pair):
    net = downscaler({"mean_channels": (16, 16), "residual_channels": (16, 16)}, woken=False).train()
    torch.manual_seed(0)
    hr = torch.nn.functional.interpolate(torch.rand(2, 1, 10, 10), scale_factor=2, mode="bicubic").clamp(min=0.01)
    scale = pair(5, 1)
    axis = means(hr, scale).expand(-1, 13, -1, -1)
    optimiser = torch.optim.Adam(net.parameters(), lr=5e-3)
    found = []
    for _ in range(100):
        terms = net.terms(axis, hr, scale)
        losses = {k: torch.nan_to_num(p - t).square().mean() for k, (p, t) in terms.items()}
        optimiser.zero_grad()
        sum(losses.values()).backward()
        optimiser.step()
        found.append({k: float(v.detach()) for k, v in losses.items()})
    last = {key: sum(losses[key] for losses in found[-5:]) / 5 for key in found[0]}
    assert last["mean"] < 0.15 * found[0]["mean"] and last["residual"] < 0.6 * found[0]["residual"]


def test_the_deviation_of_the_residual_grows_with_the_coarse_rain(downscaler, pair):
    net, scale = downscaler(), pair(5, 2)
    net.spread.update(torch.tensor([4.0, 9.0]), torch.ones(2), 5, 2)
    now = torch.tensor([0.0, 3.2, 20.0])[:, None, None, None].expand(3, 4, 4, 4)  # z = sqrt(rain / 0.2) = 0, 4, 10
    std = net.std(now, scale)
    assert std.shape == (3, 4, 20, 20)
    wanted = torch.tensor([2.0, 3.0, 2.0, 3.0]) * torch.tensor([0.25, 4.25, 10.25])[:, None] ** 0.75
    torch.testing.assert_close(std[:, :, 7, 9], wanted)
    assert (downscaler(amplitude=0.0).std(now, scale) == 1).all()
    assert torch.isfinite(net.std(torch.full((1, 2, 4, 4), torch.nan), scale)).all()


def test_the_running_deviation_makes_residuals_of_unit_variance(downscaler, rain, pair):
    net, scale = downscaler().train(), pair(5, 2)
    axis, truth = rain(2, 2, 2, 4, 4), torch.Generator().manual_seed(0)
    hr = net.transform.inverse(3 + torch.randn(2, 2, 20, 20, generator=truth))
    for _ in range(3):
        net.terms(axis, hr, scale)
    endless = torch.full((2,), 1e6)  # at endless noise the target is the residual itself
    with torch.no_grad():
        _, aim = net.eval().terms(axis, hr, scale, sigma=endless)["residual"]
    assert aim[~aim.isnan()].square().mean().sqrt() == pytest.approx(1, abs=0.02)


# -- drawing -------------------------------------------------------------------------------------------------


def test_totals_are_kept_inside_the_sampler_from_a_noise_level_on(downscaler, rain, pair, draw):
    # the levels are 80, 5.2 and 0.03: conserved below 10 is conserved at two of them, below 0.01 at none
    usual = SamplerSettings(steps=3, sigma_min=0.03, sigma_max=80.0, rho=7.0)
    net, scale, axis = downscaler(), pair(5, 3), rain(1, 3, 3, 4, 4)
    members = {
        limit: draw(net, axis, scale, sampler=usual.model_copy(update={"conserve_below": limit}))
        for limit in (0.01, 10, 1e6)
    }
    after = draw(net, axis, pair(5, 3, conservation={"inside_sampler": False}), sampler=usual)
    torch.testing.assert_close(members[0.01], after, rtol=0, atol=0)
    assert (members[10] - after).abs().max() > 1e-3 and (members[10] - members[1e6]).abs().max() > 1e-3


def test_the_mean_of_many_fields_is_not_scaled_up_to_the_totals(downscaler, rain, pair):
    # z = sqrt(rain) varies: the square of its mean falls short of the mean rain, rightly so
    net, scale = downscaler(), pair(5, 1)
    now = net.current(rain(1, 1, 1, 4, 4))
    mean, state = torch.full((1, 1, 20, 20), 0.1), torch.zeros(1, 1, 20, 20)
    wet = nearest(now > 0, 5)
    free, bound = (net._bound(state, mean, net.std(now, scale), now, scale, conserved) for conserved in (False, True))
    assert (free[wet] == 0).all() and (bound[wet] > 0).all()
    torch.testing.assert_close(free[~wet], bound[~wet])


def test_sampling_starts_where_beta_says_or_at_160(downscaler, pair):
    net = downscaler()
    assert net.sigma_max(pair(10, 1)) == pytest.approx(12.6, abs=0.05)
    assert net.sigma_max(pair(1, 3)) == pytest.approx(44, abs=0.5)
    assert net.sigma_max(pair(25, 6)) == 160


def test_the_papers_own_sampler_draws(downscaler, rain, pair, draw, monkeypatch):
    # 20 levels instead of 1000, for speed
    levels, betas = module.schedule.noise_levels(0.3, 20), module.schedule.betas
    monkeypatch.setattr(module.schedule, "noise_levels", lambda beta: levels)
    monkeypatch.setattr(module.schedule, "betas", lambda beta: betas(0.3, 20))
    axis, scale = rain(1, 3, 3, 3, 3), pair(4, 3, conservation={"scope": "window", "inside_sampler": False})
    members = draw(
        downscaler(amplitude=0.0, transform="linear"), axis, scale, sampler=SamplerSettings(name="ancestral")
    )
    assert torch.isfinite(members).all() and members.std(2).max() > 0.01


def test_bf16_touches_what_the_networks_put_out_and_nothing_else(downscaler, rain, pair, draw):
    net, scale, axis = downscaler(), pair(5, 3), rain(1, 6, 3, 4, 4)
    for head in (net.mean.head, net.residual.head):  # silent networks: what is left must be exact
        torch.nn.init.zeros_(head.weight)
    exact = net.predict_mean(axis, scale), net.mean_rain(axis, scale), draw(net, axis, scale)
    with torch.autocast("cpu", torch.bfloat16):
        low = net.predict_mean(axis, scale), net.mean_rain(axis, scale), draw(net, axis, scale)
        terms = net.terms(axis, torch.rand(1, 6, 20, 20), scale)
    for one, two in zip(low, exact, strict=True):
        assert one.dtype == torch.float32 and torch.equal(one, two)
    assert all(target.dtype == torch.float32 and p.dtype == torch.float32 for p, target in terms.values())
