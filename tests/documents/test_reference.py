"""The reference of config keys is complete, and its defaults and ranges are those of the YAML and of the code."""

import inspect
import re
from dataclasses import fields
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]
CONFIG = REPOSITORY / "config"


def rows(path, columns=4):
    """Rows of the tables of a page: (keys of the first cell, other cells)."""
    for line in path.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        keys = re.findall(r"`([^`]+)`", cells[0])
        if line.startswith("|") and keys and len(cells) == columns:
            yield keys, cells[1:]


ROWS = list(rows(REPOSITORY / "docs" / "reference" / "config.md"))
DOCUMENTED = {key: rest for keys, rest in ROWS for key in keys}


def leaves(values, prefix=""):
    """Dotted keys and values of a mapping."""
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


@pytest.fixture(scope="module")
def ours():
    """Every key that our shared YAML sets, with its value."""
    found = {}
    for path in CONFIG.glob("*/scaleadapt.yaml"):
        values = yaml.safe_load(path.read_text())
        values.pop("defaults", None)
        found |= leaves(values, f"{path.parent.name}.")
    whole = yaml.safe_load((CONFIG / "scaleadapt.yaml").read_text())
    whole.pop("defaults")
    return found | dict(leaves(whole))


def test_every_key_of_ours_is_documented(ours):
    missing = [
        key for key in ours if not key.endswith("._target_") and not any(fnmatch(key, known) for known in DOCUMENTED)
    ]
    assert not missing


def test_every_documented_key_is_there(ours):
    names = [*ours, *(f"runner.{name}" for name in runner_keys())]
    gone = [known for known in DOCUMENTED if not any(fnmatch(key, known) for key in names)]
    assert not gone


def test_documented_defaults_are_those_of_the_yaml(ours):
    checked = 0
    for keys, (default, *_) in ROWS:
        for key, text in zip(keys, re.findall(r"`([^`]+)`", default), strict=False):
            value = yaml.safe_load(text)
            if key.startswith("runner."):
                assert runner_keys()[key.removeprefix("runner.")] == value, key
            else:
                there = [v for k, v in ours.items() if fnmatch(k, key)]
                assert there and all(v == value for v in there), f"{key}: {there}, documented {value!r}"
            checked += 1
    assert checked > 50


def runner_keys():
    """Keys of the runner and their defaults."""
    from anemoi_scaleadapt.inference.runner import ScaleAdaptRunner

    parameters = inspect.signature(ScaleAdaptRunner).parameters
    return {name: p.default for name, p in parameters.items() if name != "config"}


def test_settings_classes_have_the_documented_keys():
    from anemoi_scaleadapt.diffusion.settings import SamplerSettings
    from anemoi_scaleadapt.models.anemoi import KEYS
    from anemoi_scaleadapt.models.settings import NetworkSettings
    from anemoi_scaleadapt.scale.settings import Conservation, Scale
    from anemoi_scaleadapt.training.settings import MethodSettings

    places = {
        "scale": {f.name for f in fields(Scale)} - {"conservation"},
        "scale.conservation": {f.name for f in fields(Conservation)},
        "model.model": KEYS - {"_target_", "network", "sampler"},
        "model.model.network": {f.name for f in fields(NetworkSettings)},
        "model.model.sampler": {f.name for f in fields(SamplerSettings)},
        "training.method": {f.name for f in fields(MethodSettings)},
        "runner": set(runner_keys()),
    }
    for place, wanted in places.items():
        assert {k.rpartition(".")[2] for k in DOCUMENTED if k.rpartition(".")[0] == place} == wanted, place


def try_value(key, value):
    """Read one setting the way a run does."""
    from anemoi_scaleadapt.diffusion.settings import SamplerSettings
    from anemoi_scaleadapt.models.settings import NetworkSettings, check_amplitude
    from anemoi_scaleadapt.models.transform import RainTransform
    from anemoi_scaleadapt.scale import resolve
    from anemoi_scaleadapt.training.settings import MethodSettings

    place, _, name = key.rpartition(".")
    pair = {"space": 10, "time": 3}
    if place == "scale":
        resolve({**pair, name: value})
    elif place == "scale.conservation":
        resolve({**pair, "conservation": {name: value}})
    elif place == "model.model.network":
        NetworkSettings.from_config({name: value}, place)
    elif place == "model.model.sampler":
        SamplerSettings.from_config({name: value}, place)
    elif place == "training.method":
        MethodSettings.from_config({name: value}, place)
    elif key == "model.model.transform":
        RainTransform(value, 1.0)
    elif key == "model.model.amplitude":
        check_amplitude(value)
    else:
        raise KeyError(key)


def good_and_bad(text):
    """Values inside and outside a range as the page writes it."""
    number = r"([\d.e-]+)"
    if found := re.fullmatch(r"whole, (\d+) to (\d+)", text):
        low, high = map(int, found.groups())
        return [low, high], [low - 1, high + 1]
    if found := re.fullmatch(r"whole, from (\d+)", text):
        return [int(found[1])], [int(found[1]) - 1]
    if found := re.fullmatch(rf"([\[(]){number}, {number}\)", text):
        low, high = float(found[2]), float(found[3])
        inside = [low] if found[1] == "[" else []
        return [*inside, low + 1e-3, high * (1 - 1e-6)], [high, low - 1, *([] if inside else [low])]
    if text.startswith("one of: "):
        return [yaml.safe_load(word) for word in text.removeprefix("one of: ").split(", ")], ["other"]
    return None


CHECKED = ("scale.", "model.model.", "training.method.")
RANGES = [
    (key, *good_and_bad(rest[1]))
    for key, rest in DOCUMENTED.items()
    if key.startswith(CHECKED) and good_and_bad(rest[1])
]


@pytest.mark.parametrize(("key", "good", "bad"), RANGES, ids=[row[0] for row in RANGES])
def test_documented_ranges_are_those_of_the_code(key, good, bad):
    from anemoi_scaleadapt.errors import ScaleAdaptError

    for value in good:
        try_value(key, value)
    for value in bad:
        with pytest.raises(ScaleAdaptError, match=re.escape(key.rpartition(".")[2])):
            try_value(key, value)


def test_recipe_keys_are_documented():
    from anemoi_scaleadapt.datasets.coarsen import CoarsenFilter
    from anemoi_scaleadapt.datasets.comephore.source import ComephoreSource

    wanted = set(inspect.signature(ComephoreSource).parameters) | set(inspect.signature(CoarsenFilter).parameters)
    page = REPOSITORY / "docs" / "howto" / "data.md"
    assert {key for keys, _ in rows(page, columns=2) for key in keys[:1]} == wanted - {"context"}
