"""DDP, the default strategy, with two processes on CPU."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch


@pytest.mark.slow
def test_two_processes_train_one_model(pair, tiny_network, tmp_path):
    lr, hr = pair(space=5, cells=8, hours=60)
    command = [
        str(Path(sys.executable).parent / "anemoi-training"),
        "train",
        "--config-name=scaleadapt",
        "scale.space=5",
        "scale.time=2",
        f"system.input.dataset.lr={lr}",
        f"system.input.dataset.hr={hr}",
        f"system.output.root={tmp_path}/out",
        "system.hardware.accelerator=cpu",
        "system.hardware.num_gpus_per_node=2",
        "period.training.end=60%",
        "period.validation.start=60%",
        "dataloader.pin_memory=False",
        "dataloader.limit_batches.training=3",
        "dataloader.limit_batches.validation=1",
        "training.max_steps=3",
        "training.method.score_members=2",
        "training.method.crop=40",
        "training.method.crops_per_field=1",
        "diagnostics.log.mlflow.enabled=False",
        *(f"model.model.network.{key}={value}" for key, value in tiny_network.items()),
    ]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "OMP_NUM_THREADS": "1"}
    environment["GIT_PYTHON_GIT_EXECUTABLE"] = "no-git"  # as in tests/conftest.py
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=environment, timeout=500)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "GLOBAL_RANK: 1" in done.stderr or "MEMBER: 2/2" in done.stderr
    saved = torch.load(next((tmp_path / "out").rglob("last.ckpt")), weights_only=False, map_location="cpu")
    assert saved["global_step"] == 3
