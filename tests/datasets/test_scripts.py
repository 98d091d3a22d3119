"""The scripts that the how-to names, run as a user runs them."""

import datetime as dt
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from anemoi_scaleadapt.datasets import recipes
from anemoi_scaleadapt.datasets.comephore.grid import StereGrid
from anemoi_scaleadapt.hours import ONE_HOUR
from support import synthetic

EXAMPLES = Path(__file__).parents[2] / "examples"
START = dt.datetime(2019, 1, 31, 1)
SBATCH = """#!/bin/bash
# A stand-in for SLURM: runs the wrapped command at once, once for each task of an array.
array=0
while [ $# -gt 1 ]; do
  case $1 in --array=*) array=${1#--array=1-} ;; --wrap) wrap=$2 ;; esac
  shift
done
if [ "$array" = 0 ]; then bash -c "$wrap" > /dev/null 2>&1 || exit 1; else
  for i in $(seq "$array"); do SLURM_ARRAY_TASK_ID=$i bash -c "$wrap" > /dev/null 2>&1 || exit 1; done
fi
echo 1
"""


def run(*command, folder, warm, check=True):
    path = f"{folder}:{warm}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        list(map(str, command)), cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True
    )
    assert not check or done.returncode == 0, done.stderr[-3000:]
    return done


@pytest.fixture
def recipe(tmp_path):
    synthetic.write_months(tmp_path / "tars", StereGrid().crop(700, 600, 40, 60), START, 72)
    source = recipes.Origin("comephore", {"comephore": {"path": str(tmp_path / "tars")}}, "", "")
    made = recipes.recipe(source, 10, recipes.Area(0, 0, 40, 60), *[(START, START + 71 * ONE_HOUR)] * 2)
    made["build"]["group_by"] = 24
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(made))
    return tmp_path / "recipe.yaml"


def filled(path):
    import numpy as np
    import zarr

    group = zarr.open(str(path), "r")
    data = group["data"][:, 0, 0].reshape(72, 4, 6)
    return np.isfinite(data[:, 1:]).all() and np.isfinite(group["mean"][:]).all()


def test_two_processes_build_and_a_second_call_after_a_fault_goes_on(recipe, tmp_path, warm):
    script = EXAMPLES / "datasets" / "build.sh"
    tar = tmp_path / "tars" / "H_COMEPHORE_201902.tar"
    tar.rename(tmp_path / "away.tar")
    broken = run(script, recipe, "out.zarr", 2, folder=tmp_path, warm=warm, check=False)
    assert broken.returncode == 1 and "not there: 2019-02-0" in broken.stderr
    (tmp_path / "away.tar").rename(tar)
    run(script, recipe, "out.zarr", 2, folder=tmp_path, warm=warm)
    assert filled(tmp_path / "out.zarr")
    assert sorted(p.name for p in tmp_path.glob("out.zarr*")) == ["out.zarr"]


def test_the_slurm_script_submits_three_jobs_that_build(recipe, tmp_path, warm):
    sbatch = tmp_path / "sbatch"
    sbatch.write_text(SBATCH)
    sbatch.chmod(0o755)
    done = run(
        EXAMPLES / "datasets" / "build_slurm.sh", recipe, "out.zarr", 2, "--time=1:00:00", folder=tmp_path, warm=warm
    )
    assert "anemoi-datasets finalise 'out.zarr'" in done.stdout
    assert filled(tmp_path / "out.zarr")
