"""A file is complete under its name, or what was there stays."""

import pytest

from anemoi_scaleadapt.files import whole, write_text


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
