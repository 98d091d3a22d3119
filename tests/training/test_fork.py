"""Weights of many pairs start a specialist or another region, by anemoi's own means."""

import pytest
import torch

from anemoi_scaleadapt.errors import ScaleAdaptError

NAME = "model.model.downscaler.residual.body.to_coarse.weight"


@pytest.fixture(scope="module")
def learnt(tmp_path_factory, pair, anemoi_trainer):
    """The training checkpoint of a network of several pairs."""
    _, hr = pair(space=5, cells=8, hours=60)
    out = tmp_path_factory.mktemp("learnt")
    split = ["period.training.end=60%", "period.validation.start=60%", "dataloader.limit_batches.validation=0"]
    anemoi_trainer("any", None, hr, out, "pairs.only=[[5,2],[3,3]]", *split).train()
    return next(out.rglob("last.ckpt"))


def state(path):
    return torch.load(path, weights_only=False, map_location="cpu")


START = ["scale.space=10", "scale.time=2", "dataloader.limit_batches.validation=0", "training.load_weights_only=True"]


def test_a_specialist_elsewhere_begins_with_the_weights(trainer, checkpoints, pair, learnt, caplog):
    _, hr = pair(space=5, cells=8, hours=60, seed=3)
    run = trainer("scaleadapt", None, hr, *START, f"system.input.warm_start={learnt}", "training.optimization.lr=1e-9")
    with caplog.at_level("INFO"):
        run.train()
    before, after = state(learnt), state(checkpoints()[1])
    assert after["global_step"] == 2
    torch.testing.assert_close(after["state_dict"][NAME], before["state_dict"][NAME], rtol=0, atol=1e-7)
    # the rain unit comes with the weights, and the checkpoint says so
    unit = before["state_dict"]["model.model.unit"]
    assert after["state_dict"]["model.model.unit"] == unit and "The rain unit that came with the weights" in caplog.text
    told = run.model.model.metadata["metadata_inference"]["scaleadapt"]
    assert told["settings"]["unit"] == pytest.approx(float(unit)) and told["pairs"]["only"] == [[10, 2]]


def test_a_unit_that_is_asked_for_is_taken(trainer, pair, learnt):
    _, hr = pair(space=5, cells=8, hours=60, seed=3)
    run = trainer("scaleadapt", None, hr, *START, f"system.input.warm_start={learnt}", "model.model.unit=0.25")
    assert run.model.network.downscaler.transform.unit == 0.25 == float(run.model.network.unit)


def test_a_fork_of_a_run_begins_with_its_weights(trainer, checkpoints, pair, learnt):
    import shutil

    _, hr = pair(space=5, cells=8, hours=60)
    first = ["scale.space=10", "scale.time=2", "dataloader.limit_batches.validation=0"]
    trainer("scaleadapt", None, hr, *first).train()
    shutil.copy(learnt, checkpoints()[1])
    old = checkpoints()[1].parent.name
    trainer("scaleadapt", None, hr, *START, f"training.fork_run_id={old}", "training.optimization.lr=1e-9").train()
    assert checkpoints()[1].parent.name != old
    torch.testing.assert_close(
        state(checkpoints()[1])["state_dict"][NAME], state(learnt)["state_dict"][NAME], rtol=0, atol=1e-7
    )


def test_anemois_transfer_learning_needs_a_model_of_its_own(trainer, pair, learnt):
    _, hr = pair(space=5, cells=8, hours=60)
    with pytest.raises(ScaleAdaptError, match=r"training\.transfer_learning.*training\.load_weights_only=True"):
        trainer("scaleadapt", None, hr, *START, "training.transfer_learning=True").train()


def test_weights_of_another_network_are_refused(trainer, pair, learnt):
    _, hr = pair(space=5, cells=8, hours=60)
    wide = ["model.model.network.residual_channels=[16,8]", f"system.input.warm_start={learnt}"]
    with pytest.raises(ScaleAdaptError, match=r"weights of another network: residual\..* is \(8, .*, not \(16, "):
        trainer("scaleadapt", None, hr, *START, *wide).train()
