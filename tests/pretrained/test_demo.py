"""The demo's scores, on members whose scores are known."""

import numpy as np
import pytest

from anemoi_scaleadapt.pretrained import demo
from anemoi_scaleadapt.pretrained.sample import load_sample


@pytest.fixture(scope="module")
def systems():
    """Scores for two members, the truth plus and minus 1 mm/h, and the truth as mean."""
    sample = load_sample()
    card, columns = demo.score_members(sample, np.stack([sample.truth + 1, sample.truth - 1]), sample.truth)
    assert list(columns)[:2] == ["coarse input\n10 km, 3 h", "truth"] and len(columns) == 6
    assert [line.split()[1] for line in demo.table(card).splitlines()[2:]] == [
        "scaleadapt", "mean", "bicubic", "rainfarm", "rainfarm_ar1"]  # fmt: skip
    assert card["ensemble_sizes"] == {"scaleadapt": 2, "mean": 1, "bicubic": 1, "rainfarm": 2, "rainfarm_ar1": 2}
    return card["systems"]


def test_scores_of_members_one_above_and_one_below_the_truth(systems):
    # their mean is the truth, as the mean is
    assert systems["scaleadapt"]["mae"] == pytest.approx(0, abs=1e-6)
    assert systems["scaleadapt"]["rmse"] == pytest.approx(0, abs=1e-6)
    assert systems["mean"]["crps"] == 0 and systems["mean"]["ssr"] is None


def test_baselines_stand_beside_them_with_exact_totals(systems):
    for name in demo.BASELINES:
        assert systems[name]["crps"] > 0.1 and systems[name]["conservation_error"] < 1e-6
    assert systems["bicubic"]["ssr"] is None and systems["rainfarm_ar1"]["ssr"] > 0
