"""Every YAML in config/ is what it says: configs compose, recipes and run files are valid."""

from pathlib import Path

import pytest
import yaml

from anemoi_scaleadapt.scale.pairs import name as pair_name
from support.configs import read_config

CONFIG = Path(__file__).parents[2] / "config"
PRIMARY = sorted(p.stem for p in CONFIG.glob("*.yaml"))


@pytest.mark.parametrize("path", sorted(CONFIG.rglob("*.yaml")), ids=lambda p: str(p.relative_to(CONFIG)))
def test_every_file_is_a_mapping(path):
    assert isinstance(yaml.safe_load(path.read_text()), dict)


@pytest.mark.parametrize("name", PRIMARY)
def test_primary_configs_compose_and_their_settings_are_good(name, composed):
    from omegaconf import OmegaConf

    pair = ["scale.space=5", "scale.time=2"] if name == "scaleadapt" else []
    config = OmegaConf.to_container(composed(name, *pair), resolve=True, throw_on_missing=True)
    pairs = read_config(config)
    assert name in ("demo", "scaleadapt", "any", "adapt") or name.startswith(pair_name(*pairs.all[0]))
    assert (len(pairs.all) == 149) == (name in ("any", "adapt"))
    for group in ("scale", "pairs"):
        assert config["task"][group] == config["model"]["model"][group] == config[group]
    assert set(config["task"]["groups"]) == set(config)


@pytest.mark.parametrize("path", sorted((CONFIG / "datasets").glob("*.yaml")), ids=lambda p: p.stem)
def test_recipes_are_valid_and_say_their_resolution(path):
    from anemoi.datasets.create.recipe import Recipe

    values = yaml.safe_load(path.read_text())
    Recipe(**values)
    factor = values["input"]["pipe"][-1]["coarsen"]["factor"]
    assert path.stem.endswith(f"-{factor}km") and f"at {factor} km" in values["description"]


def test_the_run_file_is_valid():
    from anemoi.inference.config.run import RunConfiguration

    RunConfiguration(**yaml.safe_load((CONFIG / "inference" / "members.yaml").read_text()))
