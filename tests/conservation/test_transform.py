import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anemoi_scaleadapt.conservation import Conservation, block_mean, conserve, nearest

PLAIN = Conservation()
many = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def field(shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed)) ** 4 * 8


def test_by_hand():
    rain = torch.tensor([[[1.0, 3.0], [0.0, 0.0]]])  # mean 1
    assert conserve(rain, torch.tensor([[5.0]]), PLAIN).tolist() == [[[5.0, 15.0], [0.0, 0.0]]]


def test_each_function_by_hand():
    rain, lr = torch.tensor([[[4.0, 1.0]]]).expand(1, 2, 2), torch.tensor([[3.0]])
    want = {
        "identity": (4 * 3 / 2.5, 1 * 3 / 2.5),
        "threshold": (3.0 * 3 / 1.5, 0.0),
        "threshold_sqrt": (6.0, 0.0),
    }
    for function, row in want.items():
        out = conserve(rain, lr, Conservation(function=function, threshold=1.0))
        torch.testing.assert_close(out[0, 0], torch.tensor(row), msg=function)


def test_the_hours_of_a_window_share_one_factor():
    rain = torch.tensor([1.0, 0.0, 5.0]).reshape(3, 1, 1).expand(3, 2, 2)
    out = conserve(rain, torch.tensor([[4.0]]), PLAIN)
    assert out[:, 0, 0].tolist() == [2.0, 0.0, 10.0]


@many
@given(data=st.data())
def test_exact_non_negative_and_missing_only_where_lr_is(data, exact, cases, cell_error):
    rain, lr = data.draw(cases())
    out = conserve(rain, lr, exact)
    assert out.shape == rain.shape and out.dtype == torch.float32
    assert not (out < 0).any()
    assert cell_error(out, lr) <= 1e-5
    s = rain.shape[-1] // lr.shape[-1]
    assert torch.equal(out.isnan(), nearest(lr.isnan(), s).expand(out.shape))
    assert (out[nearest(lr == 0, s).expand(out.shape)] == 0).all()


@many
@given(data=st.data())
def test_coarsen_after_super_resolve_is_the_identity_in_bfloat16_states(data, exact, cases, cell_error):
    rain, lr = data.draw(cases(missing=False, sizes=(1e-3, 1.0, 50.0)))
    out = conserve(rain.bfloat16(), lr, exact)
    assert out.dtype == torch.float32
    assert cell_error(out, lr) <= 1e-5


@many
@given(data=st.data(), smooth=st.booleans())
def test_idempotent(data, smooth, cases):
    rain, lr = data.draw(cases(missing=False, sizes=(1e-3, 1.0, 1e3)))
    once = conserve(rain, lr, Conservation(smooth=smooth))
    twice = conserve(once, lr, Conservation(smooth=smooth))
    torch.testing.assert_close(twice, once, rtol=1e-4 if smooth else 1e-5, atol=0)


@many
@given(data=st.data(), smooth=st.booleans())
def test_truth_is_a_fixed_point(data, smooth, cases):
    rain, _ = data.draw(cases(sizes=(1e-3, 1.0, 1e3)))
    ny, nx = rain.shape[-2:]
    s = data.draw(st.sampled_from([d for d in range(1, 26) if not (ny % d or nx % d)]))
    truth = rain.clamp_min(0)
    out = conserve(truth, block_mean(truth.mean(-3), s), Conservation(smooth=smooth))
    torch.testing.assert_close(out, truth, rtol=1e-4 if smooth else 1e-5, atol=0)


def test_truth_is_no_fixed_point_of_the_papers_f_over_the_window():
    truth = field((1, 20, 20))
    paper = Conservation(function="threshold_sqrt", threshold=0.00055, scope="window")
    out = conserve(truth, block_mean(truth.mean(0), 10), paper)
    assert out.max() < 0.7 * truth.max()


@many
@given(seed=st.integers(0, 99), order=st.permutations(range(4)))
def test_equivariant_to_block_permutation(seed, order, function):
    rain, lr = field((2, 4, 3, 3), seed), field((4, 1), seed + 1)  # four blocks in a column
    out = conserve(rain.reshape(2, 12, 3), lr, Conservation(**function)).reshape(2, 4, 3, 3)
    turned = conserve(rain[:, order].reshape(2, 12, 3), lr[order], Conservation(**function))
    torch.testing.assert_close(turned.reshape(2, 4, 3, 3), out[:, order], rtol=1e-6, atol=0)


@many
@given(data=st.data(), exponent=st.integers(-8, 8), smooth=st.booleans())
def test_equivariant_to_scaling_of_the_coarse_rain(data, exponent, smooth, cases):
    rain, lr = data.draw(cases(sizes=(0.1, 1.0, 10.0)))
    factor = 2.0**exponent
    if smooth:  # only the last, exact step is linear in LR; so scale both: a change of units
        out = conserve(rain * factor, lr * factor, Conservation(smooth=True))
    else:
        rain = torch.where(rain < 0.05, 0, rain)  # a block is dry by its largest value over LR: none near that limit
        out = conserve(rain, lr * factor, PLAIN)
    want = conserve(rain, lr, Conservation(smooth=smooth)) * factor
    torch.testing.assert_close(out, want, rtol=1e-5, atol=0, equal_nan=True)


@many
@given(data=st.data())
def test_a_change_of_units_commutes(data, function, cases):
    rain, lr = data.draw(cases(sizes=(1e-2, 1.0, 30.0)))
    tenths = {**function, "threshold": 10 * function.get("threshold", 0.0)}
    out = conserve(rain * 10, lr * 10, Conservation(**tenths)) / 10
    want = conserve(rain, lr, Conservation(**function))
    torch.testing.assert_close(out, want, rtol=2e-4, atol=1e-4, equal_nan=True)


@many
@given(data=st.data())
def test_gradients_are_finite_everywhere(data, exact, cases):
    rain, lr = data.draw(cases())
    rain.requires_grad_()
    conserve(rain, lr, exact).nan_to_num().mul(torch.linspace(0, 1, rain.shape[-1])).sum().backward()
    assert rain.grad.isfinite().all()


@pytest.mark.parametrize("prediction", [0.0, -1.0])
def test_gradients_are_finite_when_all_is_dry(exact, prediction):
    for coarse in (0.0, 1.0):
        rain = torch.full((3, 10, 10), prediction, requires_grad=True)
        conserve(rain, torch.full((2, 2), coarse), exact).square().sum().backward()
        assert rain.grad.isfinite().all()


@pytest.mark.parametrize("function_", ["identity", "threshold", "threshold_sqrt"])
def test_gradient_matches_finite_differences(function_):
    rain = field((2, 4, 4)).double().add(0.5).requires_grad_()
    lr = field((2, 2), 1).double() + 0.5
    settings_ = Conservation(function=function_, threshold=0.1)
    assert torch.autograd.gradcheck(lambda r: conserve(r, lr, settings_), rain)


def test_factor_one_returns_the_coarse_rain(exact):
    lr = torch.tensor([[0.0, 1e-3, 7.0], [torch.nan, 0.2, 40.0]])
    out = conserve(field((1, 2, 3)), lr, exact)
    torch.testing.assert_close(out[0], lr, rtol=1e-6, atol=0, equal_nan=True)


def test_an_all_dry_prediction_is_filled_evenly():
    lr = torch.tensor([[2.0, 0.0]])
    out = conserve(torch.zeros(3, 5, 10), lr, PLAIN)
    assert torch.equal(out, nearest(lr, 5).expand(3, 5, 10))


@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_a_prediction_that_blew_up_is_not_hidden(bad, function):
    rain = field((2, 10, 10))
    rain[1, 2, 7] = bad
    out = conserve(rain, torch.ones(2, 2), Conservation(**function))
    broken = nearest(torch.tensor([[False, True], [False, False]]), 5).expand(2, 10, 10)
    assert torch.equal(out.isnan(), broken)


def test_leading_axes_broadcast_over_members():
    rain, lr = field((2, 4, 3, 10, 10)), field((2, 1, 2, 2), 1)
    out = conserve(rain, lr, PLAIN)
    for b in range(2):
        for m in range(4):
            torch.testing.assert_close(out[b, m], conserve(rain[b, m], lr[b, 0], PLAIN))


class TestWindow:
    """Scope `window`, as in the paper's code."""

    def test_only_the_mean_over_the_window_is_kept(self, function):
        rain, lr = field((3, 20, 20)), field((2, 2), 1)
        out = conserve(rain, lr, Conservation(**function, scope="window"))
        torch.testing.assert_close(out.mean(), lr.mean(), rtol=1e-5, atol=0)
        assert not torch.allclose(block_mean(out.mean(0), 10), lr, rtol=0.05)

    def test_missing_cells_take_no_part(self):
        rain, lr = field((1, 4, 8)), torch.tensor([[1.0, torch.nan]])
        out = conserve(rain, lr, Conservation(scope="window"))
        torch.testing.assert_close(out[..., :4], conserve(rain[..., :4], lr[:, :1], PLAIN))
        assert out[..., 4:].isnan().all()

    def test_a_dry_prediction_falls_back_to_the_coarse_field(self):
        lr = torch.tensor([[1.0, 3.0]])
        out = conserve(torch.zeros(2, 2, 4), lr, Conservation(scope="window"))
        assert torch.equal(out, nearest(lr, 2).expand(2, 2, 4))
