"""A file is complete under its name, or what was there stays; and one process writes it."""

import os
import signal
import subprocess
import sys

import pytest

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.files import check_target, claim, part_of, put_in_place, whole, write_text


def test_a_file_comes_whole_and_alone(tmp_path):
    write_text(tmp_path / "a.txt", "première\n")
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_bytes() == "première\n".encode()


def test_what_fails_leaves_what_was_there(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(OSError, match="full"), whole(path) as part:
        part.write_text("ne")
        assert path.read_text() == "old"
        raise OSError("full")
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"] and path.read_text() == "old"


def test_a_folder_replaces_a_folder(tmp_path):
    path, part = tmp_path / "a.zarr", part_of(tmp_path / "a.zarr")
    for folder, name in ((path, "old"), (part, "new")):
        folder.mkdir()
        (folder / name).touch()
    put_in_place(part, path)
    assert [p.name for p in tmp_path.iterdir()] == ["a.zarr"] and [p.name for p in path.iterdir()] == ["new"]


def test_one_writer_at_a_time(tmp_path):
    path = tmp_path / "a.nc"
    with claim(path):
        with pytest.raises(ScaleAdaptError, match=rf"written by another process \({os.getpid()} on .*\)"):
            check_target(path)
    (tmp_path / ".a.nc.lock").write_text("a process that was killed")
    with claim(path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_child_that_outlives_the_writer_is_in_nobodys_way(tmp_path):
    code = """
import os, sys, time
from pathlib import Path
from anemoi_scaleadapt.files import claim
with claim(Path("a.nc")):
    if os.fork() == 0:
        time.sleep(60)
        os._exit(0)
    print("claimed", flush=True)
    time.sleep(60)
"""
    running = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, stdout=subprocess.PIPE, process_group=0)
    assert running.stdout.readline() == b"claimed\n"
    with pytest.raises(ScaleAdaptError, match=rf"another process \({running.pid} on"):
        check_target(tmp_path / "a.nc")
    running.kill()
    running.wait()
    with claim(tmp_path / "a.nc"):
        os.killpg(running.pid, signal.SIGKILL)  # its child


def test_targets_that_cannot_be(tmp_path):
    (tmp_path / "in.nc").touch()
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").touch()
    (tmp_path / "lr.zarr").mkdir()
    (tmp_path / "link.nc").symlink_to(tmp_path / "in.nc")
    os.mkfifo(tmp_path / "pipe")
    nowhere = "/sys" if os.geteuid() == 0 else "/"
    for path, says in (
        (tmp_path / "in.nc", "input of this run and would be replaced"),
        (tmp_path / "link.nc", "input of this run and would be replaced"),
        (tmp_path / "photos", "a folder and no Zarr"),
        (tmp_path / "lr.zarr" / "x.nc", "lie one in the other"),
        (tmp_path / "none" / "x.nc", "its folder is not there"),
        (tmp_path / "pipe", "is a device"),
        (tmp_path / "/dev/null", "is a device"),
        (tmp_path / "/dev/stdout", "is a device"),
        (tmp_path / nowhere / "x.nc", "cannot be written: "),
    ):
        with pytest.raises(ScaleAdaptError, match=says):
            check_target(path, [tmp_path / "in.nc", tmp_path / "lr.zarr", tmp_path / "not-there.nc"])
    check_target(tmp_path / "out.nc", [tmp_path / "in.nc"])
    assert not list(tmp_path.glob(".*"))
