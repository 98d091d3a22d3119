"""Every named config trains through anemoi-training, and what is saved is what was averaged."""

import re
from pathlib import Path

import pytest
import torch
import yaml

from anemoi_scaleadapt.rain.average import coarse_frames
from anemoi_scaleadapt.scale import recipe
from anemoi_scaleadapt.scale.pairs import Pairs
from anemoi_scaleadapt.training.method import ScaleAdaptTraining
from anemoi_scaleadapt.training.windows import Fitted

PAIR = ["scale.space=5", "scale.time=2"]


def load(path):
    return torch.load(path, weights_only=False, map_location="cpu")


@pytest.mark.parametrize(
    ("config", "space", "cells", "hours", "more"),
    [
        ("s10t1", 10, 8, 60, []),
        ("s1t3", 1, 8, 60, []),
        ("s10t3", 10, 8, 60, []),
        ("s25t6", 25, 20, 60, []),
        ("s10t3_paper", 10, 8, 60, ["model.model.sampler.name=dpmpp_2m_sde"]),
        ("any", 10, 8, 80, ["pairs.space=[1,10]"]),
    ],
)
def test_named_configs_train(trainer, checkpoints, pair, config, space, cells, hours, more):
    _, hr = pair(space=5, cells=cells, hours=hours)  # 40 x 40 pixels, which the other tests read too, or 100 x 100
    trainer(config, None, hr, *more, "dataloader.limit_batches.training=2").train()
    inference, full = checkpoints()
    interface = load(inference)
    model = interface.model
    assert model.pairs.largest == space
    # the averaged weights are the ones in the inference checkpoint, and they differ from the raw ones
    saved, name = load(full), "downscaler.residual.noisy.weight"
    averaged, raw = (saved[k]["model.model." + name] for k in ("state_dict", "current_model_state"))
    torch.testing.assert_close(interface.state_dict()["model." + name], averaged, rtol=0, atol=0)
    assert (averaged - raw).abs().max() > 0
    # the table of deviations is followed as it is
    table = "model.model.downscaler.spread.variance"
    assert (saved["state_dict"][table] != 1).any()
    assert torch.equal(saved["state_dict"][table], saved["current_model_state"][table])


def test_many_pairs_are_watched_and_told(trainer, checkpoints, pair):
    from anemoi.utils.checkpoints import load_metadata

    _, hr = pair(space=5, cells=8, hours=60)
    pairs = ["pairs.only=[[5,2],[3,3],[8,6]]", "dataloader.batch_size.validation=1", "training.max_steps=4"]
    run = trainer("any", None, hr, *pairs, "dataloader.limit_batches={training: 4, validation: 3}")
    run.train()
    shown = run.model.trainer.callback_metrics
    for name in ("s5t2", "s3t3", "s8t6"):
        for key in ("mean_loss", "residual_loss", "crps", "ssr"):
            assert torch.isfinite(shown[f"val_hr_{key}_{name}"]), (key, name)
    each = [shown[f"val_hr_crps_{name}"] for name in ("s5t2", "s3t3", "s8t6")]
    assert shown["val_hr_crps"] == pytest.approx(float(sum(each)) / 3)
    told = load_metadata(str(checkpoints()[0]))["metadata_inference"]["scaleadapt"]
    assert Pairs.from_config(told["pairs"], "pairs").all == ((5, 2), (3, 3), (8, 6))
    assert told["settings"]["unit"] == pytest.approx(run.model.network.downscaler.transform.unit)
    assert told["settings"]["network"]["mean_channels"] == [8, 8] and told["field_shapes"]["hr"] == [40, 40]


def test_the_pair_hangs_on_the_step_and_nothing_else(trainer, pair, monkeypatch):
    _, hr = pair(space=5, cells=8, hours=60)
    seeds = []
    draw = Pairs.draw
    monkeypatch.setattr(Pairs, "draw", lambda self, seed: seeds.append(seed) or draw(self, seed))
    steps = ["pairs.only=[[5,2],[3,3]]", "training.max_steps=3", "dataloader.limit_batches.training=2"]
    for _ in range(2):
        trainer("any", None, hr, *steps, "dataloader.limit_batches.validation=0").train()
    assert seeds[:3] == ["42/0/0", "42/1/1", "42/2/0"] and seeds[3:] == seeds[:3]


def test_coarse_rain_made_on_the_fly_is_that_of_a_coarse_dataset(trainer, pair):
    lr, hr = pair(space=5, cells=8, hours=60)
    found = []
    for coarse in (None, lr):
        run = trainer("scaleadapt", coarse, hr, *PAIR)
        module = run.model
        batch = {k: v[None].clone() for k, v in run.datamodule.ds_train.get_sample(4).items()}
        assert module.reading.source == ("lr" if coarse else "hr")
        fitted = Fitted(module.fields(batch), recipe(5, 2), 6, module.reading.edge)
        found.append((fitted.now(), fitted.fine))
    (made, fine), (read, same) = found
    assert torch.equal(fine, same) and made.shape == read.shape == (1, 3, 8, 8) and made.max() > 0.1
    torch.testing.assert_close(made, read, rtol=1e-6, atol=1e-7)
    torch.testing.assert_close(made.double().sum(), coarse_frames(fine.double(), 5, 2).sum(), rtol=1e-6, atol=0)


def test_of_each_dataset_no_more_is_read_than_is_needed(trainer, pair, monkeypatch):
    lr, hr = pair(space=5, cells=8, hours=60)
    from anemoi_scaleadapt.training import method

    shapes, take = [], method.take_apart

    def spy(batch, *others):
        shapes.append({name: values.shape[1] for name, values in batch.items()})
        return take(batch, *others)

    monkeypatch.setattr(method, "take_apart", spy)
    # several epochs with new workers each, and validations between
    epochs = ["training.max_steps=3", "dataloader.limit_batches.training=1", "dataloader.persistent_workers=False"]
    for coarse, read in ((None, {"lr": 1, "hr": 18}), (lr, {"lr": 18, "hr": 6})):
        shapes.clear()
        trainer("scaleadapt", coarse, hr, *PAIR, *epochs).train()
        assert len(shapes) >= 5 and all(found == read for found in shapes), shapes


def test_missing_rain_and_static_fields_train(trainer, checkpoints, pair):
    lr, hr = pair(space=5, cells=8, hours=60, missing=True, statics=True)
    trainer("scaleadapt", lr, hr, *PAIR, "data.datasets.hr.forcing=[orography]").train()
    model = load(checkpoints()[0]).model
    assert model.static_names == ["orography"] and model.statics_mean > model.statics_stdev > 1
    assert all(torch.isfinite(p).all() for p in model.parameters())


def test_static_fields_are_normalised_once_in_training_as_at_inference(trainer, pair):
    _, hr = pair(space=5, cells=8, hours=60, statics=True)
    run = trainer("scaleadapt", None, hr, *PAIR, "data.datasets.hr.forcing=[orography]")
    batch = {k: v[None].clone() for k, v in run.datamodule.ds_train.get_sample(4).items()}
    raw = batch["hr"][0, 0, 0, :, run.data_indices["hr"].name_to_index["orography"]].clone()
    fields = run.model.fields(run.model._normalize_batch(batch))
    assert torch.equal(fields.statics.flatten(), raw)
    told = run.model.network.standardise(fields.statics)
    assert abs(told.mean()) < 1e-3 and told.std() == pytest.approx(1, abs=0.01)


def test_a_domain_that_is_no_multiple_of_s_is_cut_to_whole_cells(trainer, pair):
    _, hr = pair(space=5, cells=8, hours=60)
    trainer("scaleadapt", None, hr, "scale.space=7", "scale.time=2").train()


def test_a_resumed_run_goes_on(trainer, checkpoints, pair):
    lr, hr = pair(space=5, cells=8, hours=60)
    more = [*PAIR, "dataloader.limit_batches.training=2"]
    trainer("scaleadapt", lr, hr, *more).train()
    first = load(checkpoints()[1])
    run_id = checkpoints()[1].parent.name
    trainer("scaleadapt", lr, hr, *more, "training.max_steps=4", f"training.run_id={run_id}").train()
    second = load(checkpoints()[1])
    assert (first["global_step"], second["global_step"]) == (2, 4)
    assert checkpoints()[1].parent.name == run_id
    seen = "model.model.downscaler.spread.seen"
    assert second["state_dict"][seen].sum() == 2 * first["state_dict"][seen].sum() > 0


def test_the_best_weights_are_kept_as_the_howto_says(trainer, pair, tmp_path, monkeypatch):
    text = (Path(__file__).parents[2] / "docs/howto/train.md").read_text()
    told = yaml.safe_load(re.search(r"(?s)## Keep the best weights.*?```yaml\n(.*?)```", text).group(1))
    callback = ", ".join(f"{key}: {value}" for key, value in told["diagnostics"]["callbacks"][0].items())
    lr, hr = pair(space=5, cells=8, hours=60)
    more = [*PAIR, "period.training={start: 60%, end: 100%}", "period.validation={start: null, end: 60%}"]
    more += [f"training.method.{key}={value}" for key, value in told["training"]["method"].items()]
    more += ["dataloader.limit_batches.training=1", "training.max_steps=4", f"diagnostics.callbacks=[{{{callback}}}]"]
    # steps far too long: members change wildly from one to the next
    more += ["training.optimization.lr=3", "training.optimization.lr_scheduler.warmup_t=0"]
    found, tell = {}, ScaleAdaptTraining._log_means
    spy = lambda self, means: found.update({self.trainer.global_step: float(means["crps"])}) or tell(self, means)  # noqa: E731
    monkeypatch.setattr(ScaleAdaptTraining, "_log_means", spy)
    trainer("scaleadapt", lr, hr, *more).train()
    best = next((tmp_path / "out").rglob("best/inference-best.ckpt"))
    kept = load(best.with_name("best.ckpt"))
    assert list(found) == [1, 2, 3, 4] and kept["global_step"] == min(found, key=found.get)
    name = "downscaler.residual.noisy.weight"
    drawn = load(best).state_dict()["model." + name]
    torch.testing.assert_close(drawn, kept["state_dict"]["model.model." + name], rtol=0, atol=0)
