"""The reference of config keys is the code's, and what it says of anemoi's keys is that of the YAML."""

import importlib.util
import re
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]
CONFIG = REPOSITORY / "config"
PAGE = REPOSITORY / "docs" / "reference" / "config.md"


def rows(path, columns=4):
    """Rows of the tables of a page: (keys of the first cell, other cells)."""
    for line in path.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        keys = re.findall(r"`([^`]+)`", cells[0])
        if line.startswith("|") and keys and len(cells) == columns:
            yield keys, cells[1:]


ROWS = list(rows(PAGE))
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


def test_the_tables_are_those_of_the_code():
    spec = importlib.util.spec_from_file_location("write_config", PAGE.with_name("write_config.py"))
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    for path in script.PAGES:
        page = path.read_text()
        assert script.render(page) == page, f"{path.name}: run python docs/reference/write_config.py"
        assert page.count("<!-- settings ") == len(script.TABLE.findall(page)) > 0


def test_every_key_of_ours_is_documented_and_every_documented_one_is_there(ours):
    made = (
        "pairs",
        "model.model.scale",
        "model.model.pairs",
        "task.scale",
        "task.pairs",
        "task.splits.*",
        "task.period",
        "task.groups",
        "*._target_",
    )
    ours = {key for key in ours if not any(fnmatch(key, one) for one in made)}
    assert not [key for key in ours if not any(fnmatch(key, known) for known in DOCUMENTED)]
    # in run files, in a list of callbacks, in any.yaml, made of other groups
    elsewhere = ("runner.", "output.members.", "RainPicture.", "pairs.", "model.model.scale", "model.model.pairs")
    told = [known for known in DOCUMENTED if not known.startswith(elsewhere)]
    assert not [known for known in told if not any(fnmatch(key, known) for key in ours)]


def test_documented_defaults_are_those_of_the_yaml(ours):
    checked = 0
    for keys, (default, *_) in ROWS:
        for key, text in zip(keys, re.findall(r"`([^`]+)`", default), strict=False):
            if not key.startswith(
                ("runner.", "output.members.", "RainPicture.", "scale.")
            ):  # null in the YAML: by the recipe
                there = [v for k, v in ours.items() if fnmatch(k, key) and not str(v).startswith("${")]
                assert all(v == yaml.safe_load(text) for v in there), f"{key}: {there}, documented {text}"
                checked += 1
    assert checked > 50


def test_the_page_of_commands_is_that_of_the_parsers():
    path = PAGE.with_name("write_cli.py")
    spec = importlib.util.spec_from_file_location("write_cli", path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert script.PAGE.read_text() == script.render(), f"run python {path.relative_to(REPOSITORY)}"
