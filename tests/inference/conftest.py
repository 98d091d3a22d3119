"""A checkpoint that several files draw with."""

import pytest


@pytest.fixture(scope="session")
def small_checkpoint(tmp_path_factory, pair, anemoi_trainer):
    """A checkpoint of (5, 3), and its coarse rain."""
    lr, hr = pair(space=5, cells=8, hours=60)
    out = tmp_path_factory.mktemp("checkpoint")
    more = ["scale.space=5", "scale.time=3", "training.method.score_windows=0"]
    anemoi_trainer("scaleadapt", lr, hr, out, *more, "period.training.end=60%", "period.validation.start=60%").train()
    return next(out.rglob("inference-last.ckpt")), lr
