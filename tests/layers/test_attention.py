"""Identity, permutation, locality and batch independence of both attentions."""

import pytest
import torch

from anemoi_scaleadapt.layers.attention import FrameAttention, NeighbourhoodAttention


@pytest.fixture
def frames():
    torch.manual_seed(0)
    layer = FrameAttention(8, 2)
    x, present = torch.randn(2, 5, 8, 6, 7), torch.ones(2, 5, 6, 7, dtype=torch.bool)
    hours, ends = torch.tensor([0.5, 1.5]), torch.tensor([-7.5, -4.5, -1.5, 1.5, 4.5])
    return layer, x, present, hours, ends


def test_a_frames_content_and_time_go_together(frames):
    layer, x, present, hours, ends = frames
    order = torch.tensor([4, 2, 0, 3, 1])
    whole = layer(x, present, 3, hours, ends)
    shuffled = layer(x[:, order], present[:, order], order.tolist().index(3), hours, ends[order])
    torch.testing.assert_close(shuffled, whole)
    swapped = layer(x[:, order], present[:, order], order.tolist().index(3), hours, ends)
    assert (swapped - whole).abs().max() > 1e-3


def test_a_pixel_and_a_sample_are_alone(frames):
    layer, x, present, hours, ends = frames
    whole = layer(x, present, 3, hours, ends)
    assert whole.shape == (2, 2, 8, 6, 7)
    torch.testing.assert_close(layer(x[1:], present[1:], 3, hours, ends), whole[1:])
    torch.testing.assert_close(layer(x[..., 2:3, 4:5], present[..., 2:3, 4:5], 3, hours, ends), whole[..., 2:3, 4:5])


def test_missing_frames_are_never_seen(frames):
    layer, x, present, hours, ends = frames
    present[:, 0] = False
    wild = x.clone()
    wild[:, 0] = 1e3
    torch.testing.assert_close(layer(wild, present, 3, hours, ends), layer(x, present, 3, hours, ends))
    torch.testing.assert_close(layer(x[:, 1:], present[:, 1:], 2, hours, ends[1:]), layer(x, present, 3, hours, ends))


def test_all_missing_is_finite(frames):
    layer, x, present, hours, ends = frames
    x.requires_grad_()
    out = layer(x, torch.zeros_like(present), 3, hours, ends)
    out.sum().backward()
    assert torch.isfinite(out).all() and torch.isfinite(x.grad).all()


def test_any_number_of_frames(frames):
    layer, x, present, hours, ends = frames
    for length in (1, 3):
        assert layer(x[:, :length], present[:, :length], 0, hours, ends[:length]).shape == (2, 2, 8, 6, 7)


def test_neighbourhood_identity_where_each_pixel_sees_itself():
    layer = NeighbourhoodAttention(8, 2, 3)
    x = torch.randn(2, 8, 5, 6)
    with torch.no_grad():
        layer.bias.fill_(-1e4)
        layer.bias[:, 4] = 1e4  # the middle of 3 x 3
    torch.testing.assert_close(layer.attend(x, x, x), x)


@pytest.mark.parametrize(("place", "shift"), [(1, (-1, 0)), (3, (0, -1)), (5, (0, 1)), (8, (1, 1))])
def test_neighbourhood_reads_the_neighbour_that_it_means(place, shift):
    layer = NeighbourhoodAttention(4, 2, 3)
    x = torch.randn(1, 4, 5, 6)
    with torch.no_grad():
        layer.bias.fill_(-1e4)
        layer.bias[:, place] = 1e4
    got = layer.attend(x, x, x)[..., 1:-1, 1:-1]
    dy, dx = shift
    torch.testing.assert_close(got, x[..., 1 + dy : 4 + dy, 1 + dx : 5 + dx])


def test_neighbourhood_against_a_loop():
    torch.manual_seed(1)
    layer = NeighbourhoodAttention(4, 2, 3)
    torch.nn.init.normal_(layer.bias)
    q, k, v = torch.randn(3, 1, 4, 4, 5)
    want = torch.zeros(1, 4, 4, 5)
    for y in range(4):
        for x in range(5):
            for head in range(2):
                c = slice(2 * head, 2 * head + 2)
                near = [
                    (i, y + i // 3 - 1, x + i % 3 - 1)
                    for i in range(9)
                    if 0 <= y + i // 3 - 1 < 4 and 0 <= x + i % 3 - 1 < 5
                ]
                scores = torch.stack(
                    [q[0, c, y, x] @ k[0, c, b, a] * 2**-0.5 + layer.bias[head, i] for i, b, a in near]
                )
                weights = scores.softmax(0)
                want[0, c, y, x] = sum(w * v[0, c, b, a] for w, (_, b, a) in zip(weights, near, strict=True))
    torch.testing.assert_close(layer.attend(q, k, v), want)


def test_neighbourhood_keeps_samples_apart():
    layer = NeighbourhoodAttention(8, 2, 5)
    torch.nn.init.normal_(layer.out.weight)
    x = torch.randn(3, 8, 6, 6)
    torch.testing.assert_close(layer(x[1:2]), layer(x)[1:2])
