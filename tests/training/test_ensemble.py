"""One ensemble a pair and validation: of the wettest windows, at most every so many steps."""

import pytest
import torch

from anemoi_scaleadapt.models.anemoi import RainModel
from anemoi_scaleadapt.training.ensemble import WettestWindows
from anemoi_scaleadapt.training.settings import MethodSettings
from anemoi_scaleadapt.training.windows import Windows


def keeper(**settings):
    made = WettestWindows(MethodSettings.from_config(settings, "training.method"))
    made.begin(0)
    return made


def offered(*wet, hours=4):
    """Windows of (5, 2) on 3 x 2 coarse cells that hold their wetness, and a static field."""
    rain = torch.tensor(wet).view(-1, 1, 1, 1)
    fine = rain + torch.zeros(len(wet), hours, 15, 10)
    fine[:, 0, 0, 0] = -1
    return torch.tensor(wet), Windows(
        rain + torch.zeros(len(wet), hours + 12, 3, 2), fine, rain + torch.zeros(1, 1, 15, 10)
    )


def test_the_wettest_of_all_batches_are_kept_in_order_for_each_pair():
    made = keeper(score_windows=2)
    for wet in ([1.0, 5.0], [2.0], [9.0, 0.0]):
        made.offer((5, 2), *offered(*wet))
    made.offer((5, 1), *offered(0.5))
    kept = {pair: [float(windows.axis.max()) for _, windows in found] for pair, found in made._kept.items()}
    assert kept == {(5, 2): [9, 5], (5, 1): [0.5]}


def test_members_of_the_kept_windows_are_drawn_and_forgotten(tiny_network):
    told = {"pairs": {}, "unit": 0.2, "network": tiny_network, "sampler": {"steps": 2}}
    model = RainModel(told | {"statics": {"hill": {"mean": 1.0, "stdev": 2.0}}}).eval()
    made = keeper(score_windows=2, score_members=3)
    made.offer((5, 2), *offered(1.0, 3.0, 2.0))
    made.offer((5, 4), *offered(1.0))
    drawn = made.draw(model)
    assert list(drawn) == [(5, 2), (5, 4)] and made.draw(model) == {}
    found = drawn[5, 2]
    assert found.members.shape == (2, 4, 3, 15, 10) and found.mean.shape == found.truth.shape == (2, 4, 15, 10)
    assert found.coarse[:, :, 0, 0].tolist() == [[3] * 4, [2] * 4]
    assert found.truth[:, 0, 0, 0].isnan().all() and int(found.truth.isnan().sum()) == 2
    torch.testing.assert_close(found.members.mean((1, 3, 4)), torch.tensor([[3.0] * 3, [2.0] * 3]))
    made.offer((5, 2), *offered(1.0, 3.0, 2.0))
    assert torch.equal(made.draw(model)[5, 2].members, found.members)  # the same noise every time


@pytest.mark.parametrize(
    ("settings", "drawn"),
    [
        ({"score_every": 100}, [39, 156, 273]),
        ({"score_every": 1}, [39, 78, 117, 156, 195, 234, 273]),
        ({"score_every": 1000}, [39]),
        ({"score_members": 0}, []),
        ({"score_windows": 0}, []),
    ],
)
def test_an_ensemble_comes_at_most_every_so_many_steps(settings, drawn):
    made, found = WettestWindows(MethodSettings.from_config(settings, "training.method")), []
    for step in range(39, 300, 39):
        made.begin(step)
        found += [step] if made.due else []
        made.offer((5, 2), *offered(1.0))
        assert bool(made._kept) == made.due
    assert found == drawn
