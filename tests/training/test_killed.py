"""A training that is killed goes on as if nothing had been."""

import os
import signal

import pytest
import torch

from anemoi_scaleadapt.training.method import ScaleAdaptTraining

#: three epochs of two steps; workers that end with an epoch, as one that persists keeps its place in the random draws
STEPS = ["scale.space=5", "scale.time=2", "dataloader.limit_batches.training=2", "training.max_steps=6"]
STEPS += [
    "dataloader.persistent_workers=False",
    "training.method.score_windows=0",
    "training.optimization.lr=0.1",
]


def weights(path):
    return torch.load(path, weights_only=False, map_location="cpu")["state_dict"]


LEARN = ScaleAdaptTraining._learn


def dying(self, fields):
    if self.trainer.global_step == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return LEARN(self, fields)


@pytest.mark.slow
def test_a_killed_training_ends_as_the_undisturbed_one(pair, anemoi_trainer, tmp_path):
    lr, hr = pair(space=5, cells=8, hours=60)

    def run(name, *more):
        split = ["period.training.end=60%", "period.validation.start=60%"]
        anemoi_trainer("scaleadapt", lr, hr, tmp_path / name, *split, *STEPS, *more).train()

    run("whole")
    victim = os.fork()
    if not victim:  # a process of its own, gone in the middle of the fourth step
        ScaleAdaptTraining._learn = dying
        run("killed")
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(victim, 0)[1]) == -signal.SIGKILL
    left = next((tmp_path / "killed").rglob("last.ckpt"))
    assert torch.load(left, weights_only=False)["global_step"] == 2
    run("killed", f"training.run_id={left.parent.name}")
    want, got = (weights(next((tmp_path / name).rglob("last.ckpt"))) for name in ("whole", "killed"))
    assert want.keys() == got.keys()
    different = [key for key in want if not torch.equal(want[key], got[key])]
    assert not different, different
