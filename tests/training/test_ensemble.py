"""One ensemble a validation: the wettest windows, the wettest square of them, at most every so many steps."""

import pytest
import torch

from anemoi_scaleadapt.training.ensemble import WettestWindows
from anemoi_scaleadapt.training.settings import MethodSettings


class Net:
    """A network that is only asked for its factor and the windows' own frame, the first of two."""

    class scale:
        space = 2

    @staticmethod
    def current(lr):
        return torch.where(lr[:, 0] >= 0, lr[:, 0], torch.nan)


def batch(*wet):
    """Return windows of 2 frames on 6 x 4 coarse cells; each is wet by one amount in one cell: (amount, y, x)."""
    lr = torch.zeros(len(wet), 2, 6, 4)
    for i, (amount, y, x) in enumerate(wet):
        lr[i, 0, y, x] = amount
    return lr, lr[:, :1].repeat_interleave(2, -1).repeat_interleave(2, -2).expand(-1, 3, -1, -1)


def keeper(**settings):
    made = WettestWindows(MethodSettings.from_config(settings, "training.method"))
    made.begin(0)
    return made


def test_the_wettest_of_all_batches_are_kept_in_order():
    made = keeper(score_windows=2)
    for wet in ([(1.0, 0, 0), (5.0, 1, 1)], [(2.0, 0, 0)], [(9.0, 2, 2), (0.0, 0, 0)]):
        made.offer(Net, *batch(*wet), None)
    assert [kept[1].max().item() for kept in made._kept] == [9.0, 5.0]
    assert [kept[0] for kept in made._kept] == pytest.approx([9 / 24, 5 / 24])


def test_a_wide_domain_is_cut_to_its_wettest_square():
    made = keeper(score_size=5)  # two coarse cells of two pixels, and a pixel too few for a third
    lr, hr = batch((3.0, 5, 3))
    statics = torch.arange(96.0).view(1, 1, 12, 8)
    made.offer(Net, lr, hr, statics)
    _, coarse, fine, still = made._kept[0]
    assert coarse.shape == (2, 2, 2) and fine.shape == (3, 4, 4)
    assert coarse[0].tolist() == [[0, 0], [0, 3]]
    assert torch.equal(fine, hr[0, :, 8:, 4:]) and torch.equal(still, statics[0, :, 8:, 4:])


def test_missing_rain_is_not_wet():
    made = keeper()
    lr, hr = batch((1.0, 0, 0), (2.0, 0, 0))
    lr[1, 0] = -1
    made.offer(Net, lr, hr, None)
    assert made._kept[0][1].max() == 1


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
        made.offer(Net, *batch((1.0, 0, 0)), None)
        assert bool(made._kept) == made.due
    assert found == drawn
