"""The average that everybody outside a step sees."""

import pytest
import torch

from anemoi_scaleadapt.training.averaging import AveragedWeights

pl = pytest.importorskip("pytorch_lightning")


class Line(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.seen_in_step, self.seen_in_validation = [], []

    def training_step(self, batch, _):
        self.seen_in_step.append(float(self.weight.detach()))
        return -self.weight.sum()  # each step adds the learning rate

    def validation_step(self, batch, _):
        self.seen_in_validation.append(float(self.weight.detach()))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=1.0)


def fit(tmp_path, epochs, resume=None):
    model = Line()
    data = torch.utils.data.DataLoader(torch.zeros(5, 1))
    trainer = pl.Trainer(
        max_epochs=epochs, accelerator="cpu", logger=False, enable_progress_bar=False, default_root_dir=tmp_path,
        callbacks=[AveragedWeights(0.08)], enable_checkpointing=False, num_sanity_val_steps=0,
    )  # fmt: skip
    trainer.fit(model, data, data, ckpt_path=resume, weights_only=False)
    return model, trainer


def by_hand(steps):
    average, raw = 0.0, 0.0
    for count in range(steps):
        raw += 1
        # the first update copies, later ones move by 1 / (10 + 0.08 count)
        average = raw if count == 0 else average + (raw - average) / (10 + 0.08 * count)
    return average


def test_steps_see_raw_weights_and_everything_else_the_average(tmp_path):
    model, _ = fit(tmp_path, 2)
    assert model.seen_in_step == [float(i) for i in range(10)]
    assert model.seen_in_validation[0] == pytest.approx(by_hand(5))
    assert float(model.weight) == pytest.approx(by_hand(10))


def test_a_resumed_run_ends_as_the_unbroken_one(tmp_path):
    whole, _ = fit(tmp_path, 4)
    _, trainer = fit(tmp_path, 2)
    # saved between steps, as anemoi's checkpoints are
    trainer.save_checkpoint(tmp_path / "half.ckpt")
    saved = torch.load(tmp_path / "half.ckpt", weights_only=False)
    assert float(saved["state_dict"]["weight"]) == pytest.approx(by_hand(10))
    assert float(saved["current_model_state"]["weight"]) == 10
    resumed, _ = fit(tmp_path, 4, tmp_path / "half.ckpt")
    assert resumed.seen_in_step[0] == 10
    assert float(resumed.weight) == pytest.approx(float(whole.weight))
