"""Noise that belongs to a member and a valid time, not to the run that draws it."""

import datetime
import hashlib
import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor


def field_noise(
    seed: int, member: int, valid_time: datetime.datetime, shape: tuple[int, int], draw: int = 0
) -> Float[Tensor, "y x"]:
    """Standard normal noise of one member at one valid time.

    A function of its arguments alone: the same whatever other members, hours, tiles or processes there are.

    Parameters
    ----------
    seed, member : int
        Of the run, and the member's number.
    valid_time : datetime.datetime
        End of the hour, UTC.
    shape : tuple of int
        (y, x) of the domain.
    draw : int, optional
        Which draw of this field; stochastic samplers need one a step.

    Returns
    -------
    Tensor
        float32, of the given shape.
    """
    text = f"{seed}/{member}/{valid_time:%Y%m%d%H%M}/{draw}"
    key = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest(), "little")
    generator = np.random.Generator(np.random.Philox(key=key))
    return torch.from_numpy(generator.standard_normal(shape, dtype=np.float32))


def ensemble_noise(
    seed: int, members: range, start: datetime.datetime, hours: int, shape: tuple[int, int], draw: int = 0
) -> Float[Tensor, "{hours} m y x"]:
    """Noise of several members over a window, (time, member, y, x).

    Fields are drawn side by side on all CPU cores: a stochastic sampler needs new ones at every step, and a GPU would
    wait for them.

    Parameters
    ----------
    members : range
        Member numbers.
    start : datetime.datetime
        Start of the window; its hours end at start + 1 h, start + 2 h ...
    hours : int
        Length of the window, t.
    """
    ends = [start + datetime.timedelta(hours=h + 1) for h in range(hours)]
    wanted = [(member, end) for end in ends for member in members]
    with ThreadPoolExecutor(min(len(wanted), os.cpu_count() or 1)) as pool:
        fields = list(pool.map(lambda one: field_noise(seed, one[0], one[1], shape, draw), wanted))
    return torch.stack(fields).reshape(hours, len(members), *shape)


def draws(seed: int, members: range, starts: Sequence[datetime.datetime], like: Tensor) -> Callable[[int], Tensor]:
    """Noise of the windows of a batch, as :meth:`anemoi_scaleadapt.models.downscaler.Downscaler.sample` wants it.

    Parameters
    ----------
    seed, members
        See :func:`ensemble_noise`.
    starts : sequence of datetime.datetime
        Start of each window.
    like : Tensor
        (n, t, y, x): hours, domain, device and type.

    Returns
    -------
    callable
        ``draw(k)`` is the k-th draw, (n, 1 + t, members, y, x): the hour before the windows, and theirs.
    """
    _, hours, height, width = like.shape
    shape, before = (height, width), datetime.timedelta(hours=1)

    def draw(k: int) -> Tensor:
        fields = [ensemble_noise(seed, members, start - before, 1 + hours, shape, k) for start in starts]
        return torch.stack(fields).to(like)

    return draw


def remembered(noise: Float[Tensor, "n h m y x"], memory: float) -> Float[Tensor, "n t m y x"]:
    """Noise of hours that share some of it with the hour before, (n, t, m, y, x), of independent ones, one hour more.

    Still standard normal, and a function of its own hour and the one before: (e_h + a e_(h - 1)) / sqrt(1 + a^2), with
    a correlation of a / (1 + a^2) between neighbours.
    """
    own, before = noise[:, 1:], noise[:, :-1]
    return (own + memory * before) / math.sqrt(1 + memory**2) if memory else own
