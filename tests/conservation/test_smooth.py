import torch

from anemoi_scaleadapt.conservation import Conservation, block_mean, conserve
from anemoi_scaleadapt.conservation.smooth import interpolate

PLAIN, SMOOTH = Conservation(), Conservation(smooth=True)


def edge_ratio(rain, space):
    """Mean jump across the borders of coarse cells, relative to that inside them (1: no squares)."""
    across, inside = [], []
    for axis in (-1, -2):
        jump = rain.sqrt().diff(dim=axis).abs().movedim(axis, 0)
        border = torch.arange(len(jump)) % space == space - 1
        across.append(jump[border].mean())
        inside.append(jump[~border].mean())
    return (sum(across) / sum(inside)).item()


def bumps(ny, nx, seed=0, width=8.0):
    """Return a smooth wet field, (ny, nx): a few Gaussian bumps on drizzle."""
    generator = torch.Generator().manual_seed(seed)
    y, x = torch.meshgrid(torch.arange(ny), torch.arange(nx), indexing="ij")
    out = torch.full((ny, nx), 0.1)
    for cy, cx, top in torch.rand(8, 3, generator=generator):
        out += 4 * top * torch.exp(-((y - cy * ny) ** 2 + (x - cx * nx) ** 2) / (2 * width**2))
    return out


def test_interpolation_by_hand():
    fine = interpolate(torch.tensor([[0.0, 4.0]]), (2, 4))
    assert fine[0].tolist() == [0.0, 1.0, 3.0, 4.0]  # cell centres at .5 and 2.5, constant beyond them


def test_no_squares_where_plain_leaves_them_and_still_exact():
    truth = bumps(60, 60).expand(3, 60, 60)
    lr = block_mean(truth.mean(0), 10)
    prediction = truth * (1 + 0.5 * torch.sin(torch.arange(60.0) / 9))  # right texture, wrong totals
    assert edge_ratio(truth, 10) < 1.05
    assert edge_ratio(conserve(prediction, lr, PLAIN), 10) > 1.5
    smooth = conserve(prediction, lr, SMOOTH)
    assert edge_ratio(smooth, 10) < 1.1
    torch.testing.assert_close(block_mean(smooth.mean(0), 10), lr, rtol=1e-5, atol=0)


def test_nearer_to_the_truth_than_plain():
    truth = bumps(60, 60, seed=1)[None]
    lr = block_mean(truth[0], 10)
    flat = torch.ones_like(truth)
    error = [(conserve(flat, lr, c) - truth).square().mean() for c in (PLAIN, SMOOTH)]
    assert error[1] < 0.3 * error[0]


def test_the_mirrored_field_gives_the_mirrored_result():
    truth = bumps(40, 60, seed=2)[None]
    lr = block_mean(truth[0], 20)
    rain = bumps(40, 60, seed=3)[None]
    out = conserve(rain, lr, SMOOTH)
    torch.testing.assert_close(conserve(rain.flip(-1), lr.flip(-1), SMOOTH), out.flip(-1))


def test_drizzle_in_a_dry_cell_moves_no_neighbour():
    rain = bumps(20, 30, seed=4)[None].clone()
    rain[..., 10:20] = 0
    lr = block_mean(rain[0], 10)
    drizzle = rain.clone()
    drizzle[..., 10:20] = 1e-6
    torch.testing.assert_close(conserve(drizzle, lr, SMOOTH), rain, rtol=1e-2, atol=0)
