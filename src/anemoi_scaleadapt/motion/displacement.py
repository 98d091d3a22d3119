"""Displacement at which the frames of coarse rain look most like those that follow them.

The methods of pysteps are made for radar images minutes apart: on coarse fields hours apart their motion carried
hourly rain forward worse than this one did (docs/explanation/rivals.md). Pairs of several frames are taken together,
because rain keeps its motion longer than its shape.
"""

import torch
from jaxtyping import Float
from torch import Tensor

#: share of the cells that two fields must still have in common when one is displaced
OVERLAP = 0.1
#: power of that share with which a correlation counts: of few cells it is often high by chance
TRUST = 0.25
#: cells by which what is usual may mislead
CLIMB = 2


def displacement(
    frames: Float[Tensor, "n k Y X"], weights: Float[Tensor, "n f p"], usual: float
) -> Float[Tensor, "n f 3"]:
    """Displacement with the highest correlation between frames and their successors, over weighted pairs.

    Parameters
    ----------
    frames : Tensor
        Frames in a row, (n, k, Y, X), mm h-1; NaN where missing, which takes no part. Their root is correlated.
    weights : Tensor
        (n, f, k - 1): how much each pair of neighbours counts for each of f answers.
    usual : float
        Displacement in cells at which a correlation counts 1 / e of what it does without one, as a Gaussian.

    Returns
    -------
    Tensor
        (n, f, 3): rows and columns in cells, refined by a parabola along each axis, and the correlation there, as it
        counts; zeros where rain is everywhere the same, or none.
    """
    if frames.shape[1] == 1:
        return frames.new_zeros(*weights.shape[:2], 3)
    size = [2 * length for length in frames.shape[-2:]]  # zero padding: no wrap-around
    known = ~frames.isnan()
    root = torch.where(known, frames, 0).clamp(min=0).sqrt()
    energy = root.square().sum((-2, -1)).amax(1)[:, None, None, None]
    # moments about each field's mean: in single precision little is lost when the products of means are taken off
    middle = root.sum((-2, -1), keepdim=True) / known.sum((-2, -1), keepdim=True).clamp(min=1)
    root = torch.where(known, root - middle, 0)
    parts = torch.fft.rfft2(torch.stack([known.to(root), root, root.square()], 2), s=size)
    (k, a, aa), (m, b, bb) = (part.unbind(2) for part in (parts[:, :-1].conj(), parts[:, 1:]))
    products = torch.stack([k * m, a * m, k * b, aa * m, k * bb, a * b], 2)
    n, sum_a, sum_b, sum_aa, sum_bb, sum_ab = torch.fft.irfft2(products, s=size).unbind(2)
    some = n.clamp(min=1e-3)
    variances = [(square - total**2 / some).clamp(min=0) for square, total in ((sum_aa, sum_a), (sum_bb, sum_b))]
    moments = (n, sum_ab - sum_a * sum_b / some, *variances)
    n, covariance, *variances = (torch.einsum("nfp,nphw->nfhw", weights, moment) for moment in moments)
    norm = (variances[0] * variances[1]).sqrt()
    rows, columns = (torch.fft.fftfreq(length, 1 / length, device=n.device) for length in size)
    share = n / n.amax((-2, -1), keepdim=True).clamp(min=1)
    allowed = (share >= OVERLAP) & (norm > 1e-5 * energy)
    counts = share.clamp(min=0) ** TRUST * torch.exp(-(rows[:, None] ** 2 + columns**2) / usual**2)
    likeness = torch.where(allowed, covariance / torch.where(norm > 0, norm, 1), -torch.inf)
    best, place = torch.where(allowed, counts * likeness, -torch.inf).flatten(-2).max(-1)
    # what is usual tells which hill it is; the correlation alone tells where its summit lies
    y, x = _climb(likeness, place // size[1], place % size[1])
    lines = (
        likeness.gather(-1, x[..., None, None].expand(*x.shape, size[0], 1))[..., 0],
        likeness.gather(-2, y[..., None, None].expand(*y.shape, 1, size[1]))[..., 0, :],
    )
    found = [step[at] + _summit(line, at) for step, line, at in zip((rows, columns), lines, (y, x), strict=True)]
    return torch.where((best > 0)[..., None], torch.stack([*found, best.clamp(max=1)], -1), 0)


def _climb(likeness: Float[Tensor, "n f h w"], y: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """Go to the highest of the neighbours, CLIMB times."""
    height, width = likeness.shape[-2:]
    around = torch.arange(-1, 2, device=y.device)
    for _ in range(CLIMB):
        rows = (y[..., None, None] + around[:, None]).expand(*y.shape, 3, 3) % height
        columns = (x[..., None, None] + around).expand(*y.shape, 3, 3) % width
        at = (rows * width + columns).flatten(-2)
        best = likeness.flatten(-2).gather(-1, at).argmax(-1, keepdim=True)
        place = at.gather(-1, best)[..., 0]
        y, x = place // width, place % width
    return y, x


def _summit(line: Float[Tensor, "n f l"], at: Tensor) -> Float[Tensor, "n f"]:
    """Where between the neighbours of the highest point the parabola through the three is highest."""
    length = line.shape[-1]
    low, mid, high = (line.gather(-1, ((at + by) % length)[..., None])[..., 0] for by in (-1, 0, 1))
    curve = low - 2 * mid + high
    return torch.where(curve.isfinite() & (curve < 0), 0.5 * (low - high) / torch.where(curve < 0, curve, -1), 0)
