"""Windows of a pair from the fields of a batch."""

import pytest
import torch

from anemoi_scaleadapt.models.context import REACH, visible
from anemoi_scaleadapt.rain.average import coarse_frames
from anemoi_scaleadapt.scale import recipe, resolve
from anemoi_scaleadapt.training.batch import Fields
from anemoi_scaleadapt.training.windows import Fitted, hidden_context, random_shift

EDGE, WINDOW = 10, 12


def fields(shape=(23, 31), factor=1, statics=True):
    """What is read for two samples: fine rain, or coarse rain of a factor beside it."""
    torch.manual_seed(0)
    rain = torch.rand(2, EDGE + WINDOW + EDGE, *shape)
    coarse = coarse_frames(rain, factor, 1) if factor > 1 else rain
    still = torch.rand(2, 1, *shape) if statics else None
    return Fields(coarse, rain[:, EDGE : EDGE + WINDOW], still), rain


@pytest.mark.parametrize(("space", "time"), [(5, 2), (1, 3), (7, 5), (10, 4), (3, 1)])
def test_axis_fine_and_statics_belong_to_one_place_and_time(space, time):
    given, rain = fields()
    scale = recipe(space, time)
    fitted = Fitted(given, scale, WINDOW, EDGE, (1 if space > 1 else 0, 2 if space > 2 else 0))
    top, left = (1 if space > 1 else 0), (2 if space > 2 else 0)
    assert fitted.domain == ((23 - top) // space, (31 - left) // space)
    made = fitted.squares(torch.tensor([[1, 1, 0], [0, 0, 1]]), 1)
    hours = made.fine.shape[1]
    assert hours == time * (12 // time) and made.axis.shape == (2, hours + 2 * REACH, 1, 1)
    rows, columns = slice(top + space, top + 2 * space), slice(left, left + space)
    assert torch.equal(made.fine[0], rain[1, EDGE : EDGE + hours, rows, columns])
    assert torch.equal(made.statics[0], given.statics[1, :, rows, columns])
    # each hour of the axis holds the mean over the t hours of its frame and the s x s pixels
    for place in range(hours + 2 * REACH):
        first = EDGE + (place - REACH) // time * time
        block = rain[1, first : first + time, rows, columns]
        assert made.axis[0, place].item() == pytest.approx(float(block.mean()), rel=1e-6)


def test_the_windows_own_frames():
    given, rain = fields((10, 10))
    now = Fitted(given, recipe(5, 2), WINDOW, EDGE).now()
    torch.testing.assert_close(now, coarse_frames(rain[:, EDGE : EDGE + WINDOW], 5, 2))


def test_made_on_the_fly_equals_a_coarse_dataset():
    made, _ = fields((20, 30))
    read, _ = fields((20, 30), factor=5)
    scale, origins = recipe(5, 2), torch.tensor([[0, 1, 2], [1, 0, 0]])
    one, two = (Fitted(given, scale, WINDOW, EDGE).squares(origins, 3) for given in (made, read))
    assert Fitted(read, scale, WINDOW, EDGE).factor == 1
    torch.testing.assert_close(one.axis, two.axis, rtol=1e-6, atol=0)
    assert torch.equal(one.fine, two.fine) and torch.equal(one.statics, two.statics)


def test_a_crop_moves_as_the_rain_round_it():
    # rain that moves 4 rows down and 8 columns to the right each hour, seen in a crop of one coarse cell
    torch.manual_seed(1)
    wide = torch.nn.functional.avg_pool2d(torch.rand(1, 1, 400, 600).pow(8), 9, 1)[0, 0]
    rain = torch.stack([wide.roll((4 * h, 8 * h), (0, 1))[100:340, 100:420] for h in range(2 * EDGE + WINDOW)])[None]
    given = Fields(rain, rain[:, EDGE : EDGE + WINDOW], None)
    scale, origins = recipe(10, 2), torch.tensor([[0, 10, 0], [0, 10, 0]])
    fitted = Fitted(given, scale, WINDOW, EDGE)
    seen = visible(scale, fitted.hours).expand(2, -1, -1)
    turns = torch.tensor([0, 1])  # the second is mirrored along x
    found = fitted.motion(origins, 1, turns, seen)
    assert found.shape == (2, 6, 3, 1, 1)
    assert found[0, 3, :2].flatten().tolist() == pytest.approx([4, 8], abs=1)
    assert found[1, 3, :2].flatten().tolist() == pytest.approx([4, -8], abs=1)
    assert Fitted(given, recipe(10, 1), WINDOW, EDGE).motion(origins, 1, turns, seen) is None


def test_missing_rain_is_missing_in_its_frames_and_marked_in_the_fine_hours():
    given, rain = fields((10, 10), statics=False)
    rain[0, EDGE + 3, 2, 2], rain[0, EDGE + 4, 7, 7] = -1, -1e-6  # the second is what packing leaves of dry rain
    rain[0, EDGE - 1, 7, 2] = torch.nan
    made = Fitted(given, recipe(5, 2), WINDOW, EDGE).squares(torch.tensor([[0, 0, 0]]), 2)
    assert (made.axis < 0).nonzero()[:, 1:].tolist() == [[4, 1, 0], [5, 1, 0], [8, 0, 0], [9, 0, 0]]
    assert made.fine[0, 3, 2, 2] == -1 and made.fine[0, 4, 7, 7] == 0 and made.statics is None


def test_crops_are_turned_as_one():
    given, _ = fields((20, 20))
    scale, origins = recipe(5, 2), torch.zeros(8, 3, dtype=torch.long)
    made = Fitted(given, scale, WINDOW, EDGE).squares(origins, 2, torch.arange(8))
    means = coarse_frames(made.fine, 5, 2)
    torch.testing.assert_close(means, made.axis[:, REACH : REACH + 12 : 2])
    assert len({tuple(x.flatten().tolist()) for x in made.fine}) == 8


def test_coarse_cells_begin_anywhere_where_they_are_made_and_have_room():
    given, _ = fields((23, 30), statics=False)
    drawn = {random_shift(given, 10) for _ in range(400)}
    assert {top for top, _ in drawn} == set(range(10)) == {left for _, left in drawn}
    assert all(top <= 1 for top, _ in (random_shift(given, 22) for _ in range(50)))
    assert random_shift(given, 1) == (0, 0)
    read, _ = fields((20, 30), factor=5, statics=False)
    assert random_shift(read, 5) == (0, 0)


def limits(seen, time):
    """How many frames each crop of (count, hours, axis) sees before and after the own one at most."""
    at = torch.arange(seen.shape[2]) - REACH
    frame = torch.div(at, time, rounding_mode="floor")
    apart = frame[None, :] - frame[REACH : REACH + seen.shape[1], None]
    return [(int(-apart[one].min()), int(apart[one].max())) for one in seen]


def test_a_specialist_sees_what_l_says_and_some_crops_less():
    scale = resolve({"space": 5, "time": 2, "context_length": 4, "lookahead": 1})
    all_seen = hidden_context(scale, 6, 50, 0.0, False, torch.device("cpu"))
    assert set(limits(all_seen, 2)) == {(2, 1)}
    torch.manual_seed(0)
    some = limits(hidden_context(scale, 6, 4000, 0.3, False, torch.device("cpu")), 2)
    assert set(some) == {(before, after) for before in range(3) for after in range(2)}
    assert sum(after < 1 for _, after in some) / 4000 == pytest.approx(0.3, abs=0.03)
    assert sum(before == 0 for before, _ in some) / 4000 == pytest.approx(0.15, abs=0.03)


def test_half_of_the_crops_of_many_pairs_see_the_whole_axis():
    torch.manual_seed(0)
    seen = limits(
        hidden_context(resolve({"space": 10, "time": 3, "lookahead": 1}), 12, 1000, 0.0, True, torch.device("cpu")), 3
    )
    assert set(seen) == {(2, 1), (2, 2)}  # L = 5 with one ahead; six hours are two frames
    assert sum(after == 2 for _, after in seen) / 1000 == pytest.approx(0.5, abs=0.05)
