"""Hours that see each other: neighbours by hand, attention by its distances, frames by what may be seen."""

import pytest
import torch

from anemoi_scaleadapt.layers.hours import FrameAttention, HourAttention, HourMix


def wake(layer):
    torch.manual_seed(0)
    for parameter in layer.parameters():
        torch.nn.init.normal_(parameter)
    return layer


def test_neighbouring_hours_add_to_an_hour_by_hand():
    layer = HourMix(1)
    with torch.no_grad():
        layer.conv.weight[:, 0, 0, 0] = torch.tensor([10.0, 100])  # of the hour before, of the hour after
    x, to = torch.tensor([1.0, 2, 3, 4, 5, 6]).view(6, 1, 1, 1), torch.zeros(6, 1, 1, 1)
    # two samples of three hours: nothing crosses from one to the other
    assert layer(x, to, 3).flatten().tolist() == [200, 310, 20, 500, 640, 50]


def test_an_hour_alone_is_left_as_it_is():
    x = torch.randn(2, 4, 3, 3)
    assert torch.equal(wake(HourMix(4, 3))(x, x.clone(), 1), x)


@pytest.fixture
def attention():
    return wake(HourAttention(8, 2, 2))


def test_hours_see_only_as_far_as_the_reach(attention):
    x = torch.randn(7, 8, 2, 3, requires_grad=True)
    attention(x, 7)[3].sum().backward()
    assert [bool(g.any()) for g in x.grad] == [False, True, True, True, True, True, False]


def test_hours_moved_move_the_result(attention):
    x = torch.randn(9, 8, 2, 3)
    torch.testing.assert_close(attention(x[2:], 7)[2:5], attention(x, 9)[4:7])


def test_pixels_and_samples_are_alone(attention):
    x = torch.randn(10, 8, 4, 5)
    whole = attention(x, 5)
    torch.testing.assert_close(attention(x[5:], 5), whole[5:])
    torch.testing.assert_close(attention(x[..., 1:2, 2:4], 5), whole[..., 1:2, 2:4])


def test_attention_over_hours_against_a_loop(attention):
    x, hours = torch.randn(5, 8, 1, 1), 5
    query, key, value = attention.query_key_value(attention.norm(x))[:, :, 0, 0].chunk(3, dim=1)
    want = torch.zeros(5, 8)
    for hour in range(hours):
        near = [h for h in range(hours) if abs(h - hour) <= 2]
        for head in range(2):
            c = slice(4 * head, 4 * head + 4)
            scores = [query[hour, c] @ key[h, c] / 2 + attention.bias[head, h - hour + 2] for h in near]
            weights = torch.stack(scores).softmax(0)
            want[hour, c] = sum(w * value[h, c] for w, h in zip(weights, near, strict=True))
    torch.testing.assert_close(attention(x, hours), x + attention.out(want[..., None, None]))


@pytest.fixture
def frames():
    layer = wake(FrameAttention(8, 2, 3, 2))
    return layer, torch.randn(6, 8, 4, 5), torch.randn(2, 7, 3, 4, 5), torch.ones(2, 3, 7, 4, 5, dtype=torch.bool)


def test_each_hour_sees_the_axis_round_itself(frames):
    layer, x, told, seen = frames
    told.requires_grad_()
    layer(x, told, seen)[1].sum().backward()  # second hour of the first sample: places 1 to 5
    assert [bool(g.any()) for g in told.grad[0]] == [False, True, True, True, True, True, False]
    assert not told.grad[1].any()


def test_frames_that_may_not_be_seen_are_not(frames):
    layer, x, told, seen = frames
    seen[:, :, 2] = False
    wild = told.clone()
    wild[:, 2] = 1e3
    torch.testing.assert_close(layer(x, wild, seen), layer(x, told, seen))


def test_without_anything_seen_the_result_is_finite_and_knows_no_frame(frames):
    layer, x, told, seen = frames
    x.requires_grad_()
    out = layer(x, told, torch.zeros_like(seen))
    out.sum().backward()
    assert torch.isfinite(out).all() and torch.isfinite(x.grad).all()
    torch.testing.assert_close(out, layer(x, told + 1, torch.zeros_like(seen)))


def test_frames_keep_pixels_and_samples_apart(frames):
    layer, x, told, seen = frames
    whole = layer(x, told, seen)
    torch.testing.assert_close(layer(x[3:], told[1:], seen[1:]), whole[3:])
    torch.testing.assert_close(layer(x[..., 2:3, :2], told[..., 2:3, :2], seen[..., 2:3, :2]), whole[..., 2:3, :2])


def test_all_begin_as_the_identity():
    x = torch.randn(6, 8, 4, 4)
    assert torch.equal(HourAttention(8, 2, 3)(x, 3), x)
    assert torch.equal(HourMix(8)(x, x.clone(), 3), x)
    seen = torch.ones(2, 3, 7, 4, 4, dtype=torch.bool)
    assert torch.equal(FrameAttention(8, 2, 3, 2)(x, torch.randn(2, 7, 3, 4, 4), seen), x)
