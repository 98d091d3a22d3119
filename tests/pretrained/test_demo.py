"""The demo's scores, on members whose scores are known."""

import numpy as np
import pytest

from anemoi_scaleadapt.pretrained import demo
from anemoi_scaleadapt.pretrained.sample import load_sample


@pytest.fixture(scope="module")
def rows():
    """The table for two members, the truth plus and minus 1 mm/h, and the truth as mean: name -> columns."""
    sample = load_sample()
    result = demo.score_members(sample, np.stack([sample.truth + 1, sample.truth - 1]), sample.truth)
    assert list(result.panels)[:2] == ["coarse input\n10 km, 3 h", "truth"] and len(result.panels) == 6
    return {line.split()[0]: line.split()[1:] for line in demo.table(result).splitlines()}


def test_scores_of_members_one_above_and_one_below_the_truth(rows):
    # fair CRPS: mean error 1 less half the difference 2 of the only pair, 1; the mean is the truth, its RMSE 0
    assert rows["scaleadapt"][:3] == ["2", "0.0000", "0.000"]
    assert rows["mean"] == ["1", "0.0000", "0.000", "–", rows["mean"][-1]]


def test_baselines_stand_beside_them_with_exact_totals(rows):
    for name, members in (("bicubic", "1"), ("rainfarm", "2"), ("rainfarm_ar1", "2")):
        assert rows[name][0] == members and float(rows[name][1]) > 0.1 and float(rows[name][-1]) < 1e-6
    assert rows["bicubic"][3] == "–" and float(rows["rainfarm_ar1"][3]) > 0
