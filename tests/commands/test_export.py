"""`anemoi-scaleadapt export` on files that are no inference checkpoints; tests/pretrained exports a right one."""

import zipfile

import pytest
import torch

from anemoi_scaleadapt.commands import main


def empty_zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", "b")


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda path: None, "is not there"),
        (lambda path: path.mkdir(), "is not there"),
        (lambda path: path.write_text("weights"), "is no inference checkpoint"),
        (empty_zip, "is no inference checkpoint"),
        (lambda path: torch.save({"state_dict": {}}, path), "is no inference checkpoint"),
    ],
)
def test_a_wrong_file_is_status_2_and_named(write, message, tmp_path, capsys):
    path = tmp_path / "last.ckpt"
    write(path)
    assert main(["export", str(path), "--to", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert f"{path} {message}" in error and "inference-last.ckpt" in error
    assert not (tmp_path / "out").exists()
