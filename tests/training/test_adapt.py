"""`adapt`: begins with exported weights, keeps what was best on watched hours, and what it leaves draws every pair."""

import pytest
import torch

from anemoi_scaleadapt.diffusion.settings import Tuned
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.models.anemoi import RainModel
from anemoi_scaleadapt.models.export import save

NAME = "model.model.downscaler.residual.body.to_coarse.weight"


@pytest.fixture(scope="module")
def learnt(tmp_path_factory, tiny_network):
    """An export of a tiny network for every pair."""
    torch.manual_seed(5)
    model = RainModel({"pairs": {}, "unit": 0.31, "network": tiny_network})
    model.downscaler.calibrated.fill({(10, 3): Tuned(20.0, 1.2, 0.2)})
    folder = tmp_path_factory.mktemp("learnt") / "weights"
    save(model, folder, {})
    return folder, model


def test_it_begins_with_weights_and_keeps_the_best(trainer, checkpoints, pair, learnt, tmp_path):
    folder, model = learnt
    _, hr = pair(space=5, cells=8, hours=80)
    more = ["diagnostics.check_val_every_n_epoch=1", "pairs.space=[1,5]"]
    more += ["training.optimization.lr=1e-9", f"training.method.start={folder}"]
    trainer("adapt", None, hr, "model.model.unit=null", *more).train()
    after = torch.load(checkpoints()[1], weights_only=False, map_location="cpu")["state_dict"]
    torch.testing.assert_close(after[NAME], model.state_dict()[NAME.removeprefix("model.model.")], atol=1e-3, rtol=0)
    assert after["model.model.unit"] == pytest.approx(0.31)
    assert (after["model.model.downscaler.calibrated.table"] > 0).all()
    best = next(checkpoints()[1].parents[1].glob("best/inference-best.ckpt"))
    kept = torch.load(best, weights_only=False, map_location="cpu").model
    assert kept.find_scale({"space": 5, "time": 2}).space == 5


def test_weights_of_another_network_are_refused(trainer, pair, learnt):
    _, hr = pair(space=5, cells=8, hours=80)
    wide = ["model.model.network.residual_channels=[16,8]", f"training.method.start={learnt[0]}"]
    with pytest.raises(
        ScaleAdaptError, match=r"training\.method\.start = .*: its networks are of another architecture"
    ):
        trainer("adapt", None, hr, *wide).train()
