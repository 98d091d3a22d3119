import pytest

from support.coarse import write_flux, write_weights


@pytest.fixture
def flux(tmp_path, monkeypatch):
    """A climate model's flux, the path of the file."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return write_flux(tmp_path / "pr.nc")


@pytest.fixture
def weights(tmp_path, tiny_network):
    """A folder with an untrained network for every pair."""
    return write_weights(tmp_path / "weights", tiny_network)
