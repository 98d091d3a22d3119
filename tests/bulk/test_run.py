"""Bulk runs: equal to `downscale`, in shares, killed at any point, and what is refused."""

import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
import xarray as xr

from anemoi_scaleadapt.bulk.piece import Machine, draw_if_needed, marker, opened, taken
from anemoi_scaleadapt.bulk.plan import load
from anemoi_scaleadapt.bulk.run import finish, run_on_cluster, share
from anemoi_scaleadapt.commands import main
from anemoi_scaleadapt.errors import ScaleAdaptError
from support.coarse import GRID, write_weights

COMMAND = [str(Path(sys.executable).parent / "anemoi-scaleadapt"), "bulk", "run", "members.zarr"]


def read(folder):
    with xr.open_dataset(folder / "members.zarr", engine="zarr") as data:
        return data.load()


def done(folder):
    return sorted(int(path.stem) for path in (folder / "members.zarr.bulk" / "done").glob("*.json"))


def start(folder, *options):
    """A run in processes of its own."""
    return subprocess.Popen(
        [*COMMAND, *options], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0
    )


def wait_for(folder, count, running, seconds=200):
    """Until so many pieces are done."""
    end = time.monotonic() + seconds
    while len(done(folder)) < count:
        assert running.poll() is None and time.monotonic() < end, running.stderr.read()
        time.sleep(0.005)


def kill_all(running):
    """What a power cut does."""
    for process in [*psutil.Process(running.pid).children(recursive=True), running]:
        process.kill()
    running.wait()


def test_it_equals_downscale_of_the_same_period_bit_for_bit(plan_once, undisturbed, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    options = ["--members", "3", "--seed", "3", "--hours-at-once", "6", "--weights", str(plan_once / "weights")]
    assert main(["downscale", str(plan_once / "pr.nc"), *GRID, *options, "--to", str(tmp_path / "m.zarr")]) == 0
    with xr.open_dataset(tmp_path / "m.zarr", engine="zarr") as data:
        xr.testing.assert_identical(data.load().assign_attrs(history=""), undisturbed.assign_attrs(history=""))
    assert undisturbed.rain.shape == (6, 24, 50, 50) and not undisturbed.rain.isnull().any()


def test_three_shares_equal_one_run(folder, undisturbed, capsys):
    target = str(folder / "members.zarr")
    for part in (3, 1):
        assert main(["bulk", "run", target, "--part", f"{part}/3"]) == 0
    assert not (folder / "members.zarr").exists() and "11 of 16 pieces" not in capsys.readouterr().err
    assert main(["bulk", "status", target]) == 0
    said = capsys.readouterr().out
    assert "of 16 pieces" in said and "complete" not in said
    assert main(["bulk", "run", target, "--part", "2/3"]) == 0
    assert "16 of 16 pieces" in (said := capsys.readouterr().out) and "It is complete." in said
    xr.testing.assert_identical(read(folder), undisturbed)
    assert main(["bulk", "run", target, "--part", "2/3"]) == 0  # nothing to do
    job = load(folder / "members.zarr")
    assert sorted(number for part in (1, 2, 3) for number in share(job, part, 3)) == list(range(16))


@pytest.mark.slow
def test_a_cluster_of_which_a_worker_is_killed_and_then_all_of_it(folder, undisturbed):
    running = start(folder, "--workers", "2", "--device", "cpu")
    wait_for(folder, 1, running)
    children = psutil.Process(running.pid).children(recursive=True)
    workers = [p for p in children if "spawn_main" in " ".join(p.cmdline())]
    workers[-1].kill()
    wait_for(folder, 4, running)  # it goes on
    kill_all(running)
    assert len(done(folder)) < 16 and not (folder / "members.zarr").exists()
    again = start(folder, "--workers", "1", "--device", "cpu")
    out, err = again.communicate(timeout=200)
    assert again.returncode == 0 and "16 of 16" in out, err
    xr.testing.assert_identical(read(folder), undisturbed)


def test_two_processes_on_one_zarr_share_the_work_and_one_that_dies_is_replaced(folder, undisturbed):
    both = [start(folder, "--part", "1/1", "--device", "cpu") for _ in range(2)]
    wait_for(folder, 3, both[0])
    kill_all(both[1])
    out, err = both[0].communicate(timeout=200)
    assert both[0].returncode == 0 and "It is complete." in out, err
    xr.testing.assert_identical(read(folder), undisturbed)
    assert not [path for path in folder.rglob(".*") if path.suffix in (".part", ".lock")]


def test_a_piece_that_another_process_draws_is_left_to_it(folder):
    job = load(folder / "members.zarr")
    drawer = opened(str(job.target), job.run, Machine("cpu"))
    with taken(marker(job, 5)) as mine:
        assert mine and not draw_if_needed(job, drawer, job.pieces[5], wait=False)
    assert draw_if_needed(job, drawer, job.pieces[5], wait=False) and done(folder) == [5]


def test_two_plans_on_one_scheduler_draw_their_own(almost, undisturbed):
    from distributed import LocalCluster

    folders = [almost(name, 15) for name in ("one", "other")]  # the same members in two places
    how = {"n_workers": 1, "threads_per_worker": 2, "processes": False, "dashboard_address": None}
    with LocalCluster(**how) as cluster:
        address = cluster.scheduler.address
        jobs = [load(folder / "members.zarr") for folder in folders]
        words = [(job, lambda size: None, Machine("cpu", tile=16), address, None) for job in jobs]
        runs = [threading.Thread(target=run_on_cluster, args=each) for each in words]
        for run in runs:
            run.start()
        for run in runs:
            run.join()
    for folder in folders:
        xr.testing.assert_identical(read(folder), undisturbed)


def test_a_scheduler_that_dies_is_one_line(almost, monkeypatch):
    from concurrent.futures import Future

    import distributed

    lost = Future()
    lost.set_exception(distributed.client.FutureCancelledError("15", "scheduler-connection-lost"))
    client = SimpleNamespace(submit=lambda *_, **__: lost, loop=None)
    monkeypatch.setattr("anemoi_scaleadapt.bulk.run._client", lambda *_: nullcontext(client))
    monkeypatch.setattr(distributed, "as_completed", lambda tasks, loop: tasks)
    job = load(almost("one", 15) / "members.zarr")
    with pytest.raises(ScaleAdaptError, match=r"scheduler is gone \(15 cancelled .*connection-lost.*run again"):
        run_on_cluster(job, lambda size: None, Machine("cpu"), "tcp://head:8786", None)
    assert not job.target.exists() and len(done(job.target.parent)) == 15


def test_a_plan_that_is_made_anew_is_opened_anew(folder):
    """Workers of a scheduler outlive runs."""
    target, job = str(folder / "members.zarr"), load(folder / "members.zarr")
    assert opened(target, job.run, Machine()).job.settings.seed == 3
    plan = job.folder / "plan.json"
    plan.write_text(plan.read_text().replace('"seed": 3', '"seed": 4'))
    with pytest.raises(ScaleAdaptError, match="has been planned anew since this run began"):
        opened(target, job.run, Machine("cpu"))
    assert opened(target, load(job.target).run, Machine()).job.settings.seed == 4


def test_another_process_may_be_quicker_to_give_the_name(almost, monkeypatch):
    job = load(almost("all") / "members.zarr")
    filled = job.folder / "members.zarr"
    monkeypatch.setattr(os, "sync", lambda: filled.rename(job.target))
    assert finish(job) and job.target.exists() and not filled.exists()


def test_a_name_that_is_taken_is_said_before_the_work(folder, plan_once, capsys):
    (folder / "members.zarr").mkdir()
    assert main(["bulk", "run", str(folder / "members.zarr"), "--part", "1/1"]) == 2
    assert "has come from elsewhere" in capsys.readouterr().err and not done(folder)
    (folder / "other.zarr").mkdir()
    words = ["bulk", "plan", str(plan_once / "pr.nc"), *GRID, "--to", str(folder / "other.zarr")]
    assert main(words) == 2 and "is there already" in capsys.readouterr().err


def test_a_pair_that_was_not_learnt_is_drawn_where_that_is_allowed(plan_once, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    where = ["--weights", str(plan_once / "weights"), "--to", str(tmp_path / "m.zarr")]
    words = ["bulk", "plan", str(plan_once / "pr.nc"), *GRID, "--space-factor", "50", *where]
    assert main(words) == 2 and "(50, 6)" in capsys.readouterr().err
    assert main([*words, "--allow-untrained"]) == 0
    job = load(tmp_path / "m.zarr")
    assert opened(str(job.target), job.run, Machine("cpu")).scale.space == 50


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        ("plan.json", '"runs"', '"rums"', "is damaged: 'runs': remove"),
        ("plan.json", '"format": 2', '"format": 1', "go on with that version, or remove"),
        ("plan.json", "{", "", "plan.json cannot be read"),
        ("members.zarr/rain/.zarray", '"zarr_format": 2', '"zarr_format": 9', "is damaged: unsupported zarr format"),
    ],
)
def test_a_damaged_plan_is_one_line(folder, name, old, new, says, capsys):
    path = folder / "members.zarr.bulk" / name
    path.write_text(path.read_text().replace(old, new, 1))
    assert main(["bulk", "run", str(folder / "members.zarr"), "--part", "1/1"]) == 2
    assert says in capsys.readouterr().err.splitlines()[-1]


def test_parts_are_numbers(folder, capsys):
    for part, says in (("³/16", "give i/N"), ("0/4", "parts are 1/4 to 4/4"), ("5/4", "parts are"), ("1", "give i/N")):
        assert main(["bulk", "run", str(folder / "members.zarr"), "--part", part]) == 2
        assert says in capsys.readouterr().err
    assert main(["bulk", "run", str(folder / "members.zarr"), "--part", "17/20"]) == 0  # more shares than pieces
    assert "0 of 16 pieces" in capsys.readouterr().out


def test_a_damaged_marker_is_none_and_its_piece_is_drawn_again(folder, undisturbed, capsys):
    target, job = folder / "members.zarr", load(folder / "members.zarr")
    assert main(["bulk", "run", str(target), "--part", "1/2"]) == 0
    marker(job, 2).write_text('{"run": "')
    marker(job, 4).write_bytes(b"")
    marker(job, 6).write_text("[]")
    piece = job.pieces[4]
    hour = piece.frames[0] * 6 + piece.parts[0].kept[0]
    for member in piece.members:  # what the marker stands for is not there
        (job.folder / "members.zarr" / "rain" / f"{3 * piece.realization + member}.{hour // 6}.0.0").unlink()
    capsys.readouterr()
    assert main(["bulk", "status", str(target)]) == 0
    assert "5 of 16 pieces" in (said := capsys.readouterr().out) and "damaged: 2, 4, 6" in said
    assert main(["bulk", "run", str(target), "--part", "1/1"]) == 0
    xr.testing.assert_identical(read(folder), undisturbed)


def test_other_weights_settings_or_input_are_refused(folder, tiny_network, capsys):
    target, job = str(folder / "members.zarr"), load(folder / "members.zarr")
    write_weights(folder / "weights", tiny_network, seed=1)
    assert main(["bulk", "run", target, "--part", "1/1"]) == 2
    assert "has other weights or settings" in capsys.readouterr().err
    plan = job.folder / "plan.json"
    plan.write_text(plan.read_text().replace('"seed": 3', '"seed": 4'))
    marker(job, 0).write_text(json.dumps({"run": job.run, "seconds": 1.0, "size": 12, "host": "a"}))
    assert main(["bulk", "status", target]) == 2
    assert "weights, settings or input have changed" in capsys.readouterr().err


def test_a_folder_that_takes_no_files_is_one_line(plan_once, capsys, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(plan_once / "cache"))
    command = ["bulk", "plan", str(plan_once / "pr.nc"), *GRID, "--weights", str(plan_once / "weights")]
    for to, says in (("/sys/m.zarr", "cannot be written"), (f"{plan_once}/pr.nc/m.zarr", "folder is not there")):
        assert main([*command, "--to", to]) == 2  # not even for root
        assert says in capsys.readouterr().err.splitlines()[-1]


@contextmanager
def no_file_larger_than(size):
    """What a full disk says."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)


def test_a_disk_that_is_full_of_the_plan_is_one_line_and_leaves_nothing(plan_once, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(plan_once / "cache"))
    command = ["bulk", "plan", str(plan_once / "pr.nc"), *GRID, "--weights", str(plan_once / "weights")]
    with no_file_larger_than(500):
        assert main([*command, "--to", str(tmp_path / "m.zarr")]) == 2
    assert "cannot be written: [Errno 27]" in capsys.readouterr().err.splitlines()[-1]
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_one_line_and_what_is_done_stays(folder, undisturbed, capsys):
    command = ["bulk", "run", str(folder / "members.zarr"), "--part", "1/1", "--device", "cpu"]
    with no_file_larger_than(15_000):
        assert main(command) == 2
    assert "could not be written" in capsys.readouterr().err.splitlines()[-1]
    assert not (folder / "members.zarr").exists()
    assert main(command) == 0
    xr.testing.assert_identical(read(folder), undisturbed)


def test_a_slurm_array_and_ecflow_tasks_draw_it_together(folder, undisturbed):
    """The schedulers are two lines of bash; what they run is what a site runs."""
    examples, tools = Path(__file__).parents[2] / "examples", folder / "tools"
    tools.mkdir()
    for name, text in (
        ("sbatch", 'for last; do :; done; SLURM_ARRAY_TASK_ID=1 bash -euc "$last" >&2; echo 17'),
        ("srun", 'exec "$@"'),
    ):
        (tools / name).write_text(f"#!/usr/bin/env bash\n{text}\n")
        (tools / name).chmod(0o755)
    environment = os.environ | {"PATH": f"{tools}:{Path(sys.executable).parent}:{os.environ['PATH']}"}
    how = {"cwd": folder, "env": environment, "capture_output": True, "text": True}
    array = subprocess.run(["bash", str(examples / "slurm" / "bulk.sh"), "members.zarr", "2"], **how)
    assert array.returncode == 0 and array.stdout.startswith("jobs 17"), array.stderr
    assert done(folder) == list(range(0, 16, 2))
    text = (examples / "ecflow" / "share.ecf").read_text()
    for name, value in (("ZARR", "members.zarr"), ("PART", "2"), ("PARTS", "2")):
        text = text.replace(f"%{name}%", value)
    task = subprocess.run(["bash", "-euc", text.replace("%include", "# ")], **how)
    assert task.returncode == 0 and "It is complete." in task.stdout, task.stderr
    xr.testing.assert_identical(read(folder), undisturbed)


def test_a_cluster_of_slurm_jobs_is_handed_to_the_run(tmp_path):
    (tmp_path / "dask_jobqueue.py").write_text("""
from contextlib import nullcontext
from types import SimpleNamespace

def SLURMCluster(cores, processes, memory, **site):
    assert cores == processes == 1  # a worker draws one piece at a time
    adapt = lambda minimum, maximum: print("jobs", minimum, maximum, flush=True)
    return nullcontext(SimpleNamespace(adapt=adapt, scheduler_address="tcp://head:8786"))
""")
    (tmp_path / "anemoi-scaleadapt").write_text('#!/bin/sh\necho "$@"\nexit 3\n')
    (tmp_path / "anemoi-scaleadapt").chmod(0o755)
    script = Path(__file__).parents[2] / "examples" / "slurm" / "cluster.py"
    environment = os.environ | {"PYTHONPATH": str(tmp_path), "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    command = [sys.executable, str(script), "members.zarr", "7"]
    run = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert run.returncode == 3, run.stderr
    assert run.stdout == "jobs 0 7\nbulk run members.zarr --scheduler tcp://head:8786\n"
