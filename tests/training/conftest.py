"""Training through anemoi-training's own trainer, in process, on a small network."""

import pytest

SMALL = [
    "model.model.network.mean_channels=[8,8]",
    "model.model.network.residual_channels=[8,8]",
    "model.model.network.frame_channels=8",
    "model.model.network.blocks=1",
    "model.model.network.heads=2",
    "model.model.network.window=3",
    "training.method.crop=40",
    "training.method.crops_per_field=1",
    "training.method.score_members=2",
    "training.strategy._target_=anemoi.training.distributed.single.SingleDeviceStrategy",
    "+training.strategy.device=cpu",
    "system.hardware.accelerator=cpu",
    "dataloader.pin_memory=False",
    "dataloader.batch_size.training=2",
    "dataloader.limit_batches.validation=1",
    "diagnostics.enable_progress_bar=False",
    "diagnostics.log.mlflow.enabled=False",
]


@pytest.fixture
def trainer(tmp_path):
    """Compose and build: ``trainer(config, lr, hr, *overrides)``; call ``.train()`` on the result."""

    def build(config, lr, hr, *overrides, small=True):
        from anemoi.training.train.train import AnemoiTrainer
        from hydra import compose, initialize

        with initialize(version_base=None):
            composed = compose(
                config,
                overrides=[
                    f"system.input.dataset.lr={lr}",
                    f"system.input.dataset.hr={hr}",
                    f"system.output.root={tmp_path}/out",
                    "training.max_steps=2",
                    *(SMALL if small else []),
                    *overrides,
                ],
            )
        return AnemoiTrainer(composed)

    return build


@pytest.fixture
def checkpoints(tmp_path):
    """The inference checkpoint and the training checkpoint of the last run."""

    def find():
        inference = sorted((tmp_path / "out").rglob("inference-last.ckpt"), key=lambda p: p.stat().st_mtime)[-1]
        return inference, inference.with_name("last.ckpt")

    return find
