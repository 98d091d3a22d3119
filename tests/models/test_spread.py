"""The table of the residual's deviation."""

import pytest
import torch

from anemoi_scaleadapt.models.spread import ResidualSpread, knot_weights


def follow(table, deviation, space, time, hours=None, times=1):
    """Update with residuals of a deviation, all known."""
    hours = hours or time
    for _ in range(times):
        now = table(space, time, hours)
        count = torch.full((hours,), 100.0)
        table.update(count * (torch.as_tensor(deviation).expand(hours) / now) ** 2, count, space, time)


def test_it_begins_at_one_and_takes_the_first_batch_as_it_is():
    table = ResidualSpread()
    assert table(10, 3, 6).tolist() == [1] * 6
    follow(table, torch.tensor([1.0, 2, 3]), 8, 3)
    assert table(8, 3, 6).tolist() == pytest.approx([1, 2, 3, 1, 2, 3])
    assert table(8, 2, 2).tolist() == [1, 1]  # another t


def test_a_pair_that_was_never_drawn_lies_between_its_neighbours():
    table = ResidualSpread()
    follow(table, 1.0, 2, 1)
    follow(table, 3.0, 8, 1)  # knots at 2 and 8; 5 was not seen
    assert table(2, 1, 1) == pytest.approx(1) and table(8, 1, 1) == pytest.approx(3)
    # 3 is itself a knot that nothing has moved: all it knows are knots beside it, of which none was seen
    assert table(3, 1, 1) == 1
    follow(table, 2.0, 4, 1)  # moves the knots at 3 and 5
    assert float(table(4, 1, 1)) == pytest.approx(2)


def test_all_hours_of_a_window_that_share_a_phase_count_as_one():
    table = ResidualSpread()
    square, count = torch.tensor([4.0, 0, 0, 12.0]), torch.tensor([4.0, 0, 0, 4])
    table.update(square, count, 25, 2)  # phase 0: 4 / 4, phase 1: 12 / 4
    assert table(25, 2, 2).tolist() == pytest.approx([1, 3**0.5])


def test_hours_without_anything_known_change_nothing():
    table = ResidualSpread()
    follow(table, 2.0, 12, 3)
    before = {name: value.clone() for name, value in table.state_dict().items()}
    for _ in range(50):
        table.update(torch.zeros(6), torch.zeros(6), 12, 3)
    assert all(torch.equal(value, before[name]) for name, value in table.state_dict().items())
    table.update(torch.tensor([100.0, 0, 0]), torch.tensor([100.0, 0, 0]), 12, 3)
    assert table(12, 3, 3)[1:].tolist() == pytest.approx([2, 2])


def test_it_forgets_in_variance():
    table = ResidualSpread()
    follow(table, 1.0, 25, 1, times=200)
    follow(table, 3.0, 25, 1)
    assert float(table(25, 1, 1)) == pytest.approx((0.98 * 1 + 0.02 * 9) ** 0.5, rel=1e-3)
    follow(table, 3.0, 25, 1, times=400)
    assert float(table(25, 1, 1)) == pytest.approx(3, rel=1e-2)


def test_weights_that_inference_asked_for_first_serve_training():
    knot_weights.cache_clear()
    with torch.inference_mode():
        knot_weights(7, torch.device("cpu"))
    assert not knot_weights(7, torch.device("cpu")).is_inference()
