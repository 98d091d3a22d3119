"""Numbers followed over batches and processes."""

import pytest
import torch

from anemoi_scaleadapt.training.running import Means, UsualWet

NAN = float("nan")


def take(usual, wet, places=10.0, pair=(5, 2)):
    return float(usual(torch.tensor(wet), torch.tensor(places), *pair))


def test_the_usual_wet_share_is_a_mean_at_first_and_then_follows():
    usual = UsualWet()
    assert [take(usual, v) for v in (1.0, 3.0, 5.0)] == pytest.approx([0.1, 0.2, 0.3])
    for _ in range(400):
        take(usual, 7.0)
    assert take(usual, 7.0) == pytest.approx(0.7, abs=1e-3)


def test_each_pair_has_its_own():
    usual = UsualWet()
    take(usual, 1.0)
    assert take(usual, 9.0, pair=(25, 6)) == pytest.approx(0.9) and take(usual, 1.0) == pytest.approx(0.1)


def test_a_batch_without_data_changes_nothing():
    usual = UsualWet()
    assert take(usual, 0.0, 0.0) > 0
    take(usual, 4.0)
    assert [take(usual, 0.0, 0.0) for _ in range(100)][-1] == pytest.approx(0.4)
    assert take(usual, 0.0) == pytest.approx(0.2)  # a dry batch does


def test_it_is_part_of_a_checkpoint():
    assert set(UsualWet().state_dict()) == {"mean", "seen"}  # or a run that was killed would weigh crops anew


def test_means_are_weighted_and_leave_out_what_is_no_number():
    means = Means(("a", "b", "c"))
    means.add("a", torch.tensor(1.0), 3)
    means.add("a", torch.tensor(5.0), torch.tensor(1))
    means.add("a", torch.tensor(NAN), 7)
    means.add("b", torch.tensor(NAN))
    means.add("b", torch.tensor(4.0), 0)
    assert {key: float(value) for key, value in means.take(torch.device("cpu")).items()} == {"a": 2}
    assert means.take(torch.device("cpu")) == {}
