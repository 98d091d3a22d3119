"""Training through anemoi-training's own trainer, in process, on a small network."""

import pytest

#: of 60 hours a bit more than half are learnt from; validation has the rest
SPLIT = ["period.training.end=60%", "period.validation.start=60%"]


@pytest.fixture
def trainer(anemoi_trainer, tmp_path):
    """Compose and build: ``trainer(config, lr, hr, *overrides)``; call ``.train()`` on the result."""
    return lambda config, lr, hr, *overrides: anemoi_trainer(config, lr, hr, tmp_path / "out", *SPLIT, *overrides)


@pytest.fixture
def checkpoints(tmp_path):
    """The inference checkpoint and the training checkpoint of the last run."""

    def find():
        inference = sorted((tmp_path / "out").rglob("inference-last.ckpt"), key=lambda p: p.stat().st_mtime)[-1]
        return inference, inference.with_name("last.ckpt")

    return find
