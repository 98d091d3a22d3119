"""RainFARM as pysteps has it: totals, seeds, gaps."""

import numpy as np
import pytest

from anemoi_scaleadapt.baselines.fields import coarsened
from anemoi_scaleadapt.baselines.rainfarm import rainfarm


def test_totals_are_exact(shower):
    frames = shower(3, 12).astype(float)
    out = rainfarm(frames, frames[1], 5, 3, (0,))
    assert out.min() >= 0
    assert coarsened(out.mean(axis=1), 5) == pytest.approx(np.stack([frames[1]] * 3), rel=1e-9)


def test_it_repeats_by_seed_and_member_and_leaves_the_global_generator(shower):
    coarse = shower(1, 10).astype(float)
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    one, again, other = (rainfarm(coarse, coarse[0], 4, 2, (seed,)) for seed in (1, 1, 2))
    more = rainfarm(coarse, coarse[0], 4, 3, (1,))
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002
    assert (one == again).all() and (one != other).any() and (one[0] != one[1]).any()
    assert (more[:2] == one).all()


def test_missing_cells_stay_missing_and_spoil_no_other(shower):
    now = shower(1, 10)[0].astype(float)
    now[3, 4] = np.nan
    gap = np.isnan(rainfarm(now[None], now, 4, 2, (0,))[0, 0])
    assert gap[12:16, 16:20].all() and gap.sum() == 16
