"""DDP, the default strategy, with two processes on CPU: one model, whatever each of them learns from."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch


@pytest.mark.slow
def test_two_processes_train_one_model(pair, tiny_network, tmp_path):
    _, hr = pair(space=5, cells=8, hours=60)
    command = [
        str(Path(sys.executable).parent / "anemoi-training"),
        "train",
        "--config-name=any",
        "pairs.only=[[5,2],[3,3]]",
        f"system.input.dataset.hr={hr}",
        f"system.output.root={tmp_path}/out",
        "system.hardware.accelerator=cpu",
        "system.hardware.num_gpus_per_node=2",
        "period.training.end=60%",
        "period.validation.start=60%",
        "task.window=6",
        "dataloader.pin_memory=False",
        "dataloader.limit_batches.training=4",
        "dataloader.limit_batches.validation=2",
        "training.max_steps=4",
        "training.method.score_members=2",
        "training.method.crop=40",
        "training.method.crops_per_field=1",
        "diagnostics.log.mlflow.enabled=False",
        f"diagnostics.callbacks=[{{_target_: support.ranks.KeepRanks, folder: {tmp_path}}}]",
        *(f"model.model.network.{key}={json.dumps(value)}" for key, value in tiny_network.items()),
    ]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "OMP_NUM_THREADS": "1"}
    environment["GIT_PYTHON_GIT_EXECUTABLE"] = "no-git"  # as in tests/conftest.py
    environment["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parents[1])])
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=environment, timeout=500)
    assert done.returncode == 0, done.stderr[-3000:]
    one, two = (torch.load(tmp_path / f"rank{rank}.pt", weights_only=False) for rank in (0, 1))
    assert one["seen"] != two["seen"] and len(one["seen"]) == 4
    assert one["tensors"].keys() == two["tensors"].keys()
    for name, tensor in one["tensors"].items():
        assert torch.equal(tensor, two["tensors"][name]), name
    table = one["tensors"]["model.model.downscaler.spread.variance"]
    assert (table != 1).any() and any("usual_wet.mean" in name for name in one["tensors"])
    saved = torch.load(next((tmp_path / "out").rglob("last.ckpt")), weights_only=False, map_location="cpu")
    assert saved["global_step"] == 4
