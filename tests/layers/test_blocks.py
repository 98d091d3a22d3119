"""Embeddings, norms and the U-shape."""

import torch

from anemoi_scaleadapt.layers.blocks import ChannelNorm, NoiseEmbedding, PairEmbedding
from anemoi_scaleadapt.layers.unet import UShape, patches, unpatch


def test_a_pair_and_an_hour_are_told_by_numbers():
    told = PairEmbedding.features(10, 3, 6, torch.zeros(()))
    assert told.shape == (6, PairEmbedding.FEATURES)
    torch.testing.assert_close(told[0, :3], torch.tensor([torch.tensor(10.0).log() / 3.2, 0.1, 0.5]))
    assert told[0, 3:9].tolist() == [0, 0, 1, 0, 0, 0]
    torch.testing.assert_close(told[:, 9], torch.tensor([-2 / 3, 0, 2 / 3] * 2), rtol=0, atol=1e-6)
    torch.testing.assert_close(told[:, 10], told[:, 9] ** 2)


def test_no_two_pairs_are_told_alike():
    layer, seen = PairEmbedding(16), []
    for space in (1, 2, 13, 25):
        for time in range(1, 7):
            seen.append(layer(space, time, time)[0])
    distances = torch.cdist(torch.stack(seen), torch.stack(seen)) + torch.eye(len(seen))
    assert distances.min() > 1e-3


def test_noise_levels_are_told_apart():
    told = NoiseEmbedding(16)(torch.tensor([0.03, 1.0, 80.0]))
    assert told.shape == (3, 16) and torch.cdist(told, told)[0, 1:].min() > 1e-3


def test_the_norm_knows_its_own_pixel_alone():
    norm, x = ChannelNorm(4), torch.randn(2, 4, 3, 5)
    torch.testing.assert_close(norm(x)[..., 1:2, 2:3], norm(x[..., 1:2, 2:3]))
    torch.testing.assert_close(norm(x).mean(1), torch.zeros(2, 3, 5), rtol=0, atol=1e-6)


def test_patches_come_back():
    x = torch.randn(2, 3, 8, 12)
    assert torch.equal(unpatch(patches(x, 4), 4), x)


def test_an_output_of_the_ushape_looks_no_further_than_its_reach():
    net = UShape((8, 8), 1, 2, 3, 2, 4).double()
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    size = 2 * (2 * (net.reach() // 2) + 4)
    x = torch.zeros(3, 8, size, size, dtype=torch.float64, requires_grad=True)
    net(x, torch.zeros(3, 4, dtype=torch.float64), 3)[1, :, size // 2, size // 2].sum().backward()
    far = int((x.grad.abs().sum((0, 1)).nonzero() - size // 2).abs().max())
    assert 0.5 * net.reach() < far <= net.reach()
