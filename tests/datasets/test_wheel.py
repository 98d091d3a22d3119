"""Downloading one wheel."""

import subprocess
import sys

import pytest

from anemoi_scaleadapt.datasets.wheel import download
from anemoi_scaleadapt.errors import ScaleAdaptError


class Seen:
    """A finder that finds nothing and keeps the names."""

    def __init__(self):
        self.names = []

    def find_spec(self, name, path=None, target=None):
        self.names.append(name)


def test_looking_for_pip_is_no_import_of_it(monkeypatch, tmp_path):
    # setuptools gives up its own distutils once somebody imports pip: `import setuptools`, and with it torch's
    # compiler, then fail in the same process
    seen = Seen()
    monkeypatch.setattr(sys, "meta_path", [seen, *sys.meta_path])
    monkeypatch.setattr(subprocess, "run", lambda *args, **kwargs: subprocess.CompletedProcess(args, 1, "", "no index"))
    with pytest.raises(ScaleAdaptError, match="no index"):
        download("nothing==0", tmp_path)
    assert "pip" not in seen.names
