"""Every named config trains through anemoi-training, and what is saved is what was averaged."""

import re
from pathlib import Path

import pytest
import torch
import yaml


@pytest.mark.parametrize(
    ("config", "space", "cells", "hours", "more"),
    [
        ("s10t1", 10, 5, 40, []),
        ("s1t3", 1, 40, 40, []),
        ("s10t3", 10, 5, 60, []),
        ("s25t6", 25, 4, 80, []),
        ("scaleadapt", 5, 8, 60, ["scale.space=5", "scale.time=2"]),
        ("s10t3_paper", 10, 5, 60, ["model.model.sampler.name=dpmpp_2m_sde"]),
    ],
)
def test_named_configs_train(trainer, checkpoints, pair, config, space, cells, hours, more):
    lr, hr = pair(space=space, cells=cells, hours=hours)
    more = [*more, "period.training.end=60%", "period.validation.start=60%"]
    run = trainer(config, lr, hr, *more)
    run.train()
    inference, full = checkpoints()
    interface = torch.load(inference, weights_only=False, map_location="cpu")
    scale = interface.model.scale
    assert scale.space == space
    # the averaged weights are the ones in the inference checkpoint, and they differ from the raw ones
    saved = torch.load(full, weights_only=False, map_location="cpu")
    name = "downscaler.residual.noisy.weight"
    averaged, raw = (saved[k]["model.model." + name] for k in ("state_dict", "current_model_state"))
    torch.testing.assert_close(interface.state_dict()["model." + name], averaged, rtol=0, atol=0)
    assert (averaged - raw).abs().max() > 0


def test_missing_rain_and_static_fields_train(trainer, checkpoints, pair):
    lr, hr = pair(space=5, cells=8, hours=60, missing=True, statics=True)
    more = ["scale.space=5", "scale.time=2", "period.training.end=60%", "period.validation.start=60%"]
    run = trainer("scaleadapt", lr, hr, *more, "data.datasets.hr.forcing=[orography]")
    run.train()
    interface = torch.load(checkpoints()[0], weights_only=False, map_location="cpu")
    assert interface.model.static_names == ["orography"]
    assert all(torch.isfinite(p).all() for p in interface.parameters())


def test_fine_rain_is_never_an_input(trainer, pair):
    lr, hr = pair(space=5, cells=8, hours=60)
    run = trainer(
        "scaleadapt", lr, hr, "scale.space=5", "scale.time=2", "period.training.end=60%", "period.validation.start=60%"
    )
    batch = {k: v[None] for k, v in run.datamodule.ds_train.get_sample(12).items()}
    batch["hr"].requires_grad_()
    x = run.task.get_inputs(batch, run.data_indices)
    assert x["hr"].shape[-1] == 0
    mean = run.model.network({k: v.clone() for k, v in x.items()}, shape=(8, 8))["hr"]
    assert not mean.requires_grad or torch.autograd.grad(mean.sum(), batch["hr"], allow_unused=True)[0] is None


def test_coarse_frames_are_the_means_of_the_fine_hours(trainer, pair):
    lr, hr = pair(space=5, cells=8, hours=60)
    run = trainer(
        "scaleadapt", lr, hr, "scale.space=5", "scale.time=3", "period.training.end=60%", "period.validation.start=60%"
    )
    module = run.model
    batch = {k: v[None] for k, v in run.datamodule.ds_train.get_sample(14).items()}
    frames, hours, _ = module.fields(batch)
    block = hours.mean(1).unflatten(-1, (8, 5)).unflatten(-3, (8, 5)).mean((-1, -3))
    torch.testing.assert_close(module.network.downscaler.current(frames), block, rtol=1e-5, atol=1e-6)
    assert block.max() > 0


def test_a_resumed_run_goes_on(trainer, checkpoints, pair):
    lr, hr = pair(space=5, cells=8, hours=60)
    more = ["scale.space=5", "scale.time=2", "period.training.end=60%", "period.validation.start=60%"]
    more += ["dataloader.limit_batches.training=2"]
    trainer("scaleadapt", lr, hr, *more).train()
    first = torch.load(checkpoints()[1], weights_only=False, map_location="cpu")
    run_id = checkpoints()[1].parent.name
    trainer("scaleadapt", lr, hr, *more, "training.max_steps=4", f"training.run_id={run_id}").train()
    second = torch.load(checkpoints()[1], weights_only=False, map_location="cpu")
    assert (first["global_step"], second["global_step"]) == (2, 4)
    assert checkpoints()[1].parent.name == run_id
    std = "model.model.downscaler.residual_std"
    assert (first["state_dict"][std] != second["state_dict"][std]).any()


def test_the_best_weights_are_kept_as_the_howto_says(trainer, checkpoints, pair, tmp_path):
    text = (Path(__file__).parents[2] / "docs/howto/train.md").read_text()
    told = yaml.safe_load(re.search(r"(?s)## Keep the best weights.*?```yaml\n(.*?)```", text).group(1))
    callback = ", ".join(f"{key}: {value}" for key, value in told["diagnostics"]["callbacks"][0].items())
    lr, hr = pair(space=5, cells=8, hours=60)
    more = ["scale.space=5", "scale.time=2", "period.training.start=60%", "period.training.end=100%"]
    more += ["period.validation.start=null", "period.validation.end=60%"]
    more += [f"training.method.{key}={value}" for key, value in told["training"]["method"].items()]
    more += ["dataloader.limit_batches.training=1", "training.max_steps=4", f"diagnostics.callbacks=[{{{callback}}}]"]
    # steps far too long: members become worse
    more += ["training.optimization.lr=3", "training.optimization.lr_scheduler.warmup_t=0"]
    trainer("scaleadapt", lr, hr, *more).train()
    best = next((tmp_path / "out").rglob("best/inference-best.ckpt"))
    kept = torch.load(best.with_name("best.ckpt"), weights_only=False, map_location="cpu")
    assert kept["global_step"] < torch.load(checkpoints()[1], weights_only=False, map_location="cpu")["global_step"]
    drawn = torch.load(best, weights_only=False, map_location="cpu").state_dict()
    name = "downscaler.residual.noisy.weight"
    torch.testing.assert_close(drawn["model." + name], kept["state_dict"]["model.model." + name], rtol=0, atol=0)
