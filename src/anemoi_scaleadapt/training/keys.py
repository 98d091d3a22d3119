"""Keys in the config of a training that nothing reads and nobody else would notice."""

import datetime
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from typing import Annotated, Any

import yaml
from pydantic import Field

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.settings import Settings, near, unknown

Date = Annotated[
    str | int | datetime.date | None,
    Field(
        json_schema_extra={"rule": 'a date such as 2018-05-17T00:00:00, a share of the dataset such as "90%", or null'}
    ),
]


class Span(Settings):
    """First and last hour of a split; null: of the dataset."""

    start: Date = None
    """first hour"""
    end: Date = None
    """last hour"""


class Periods(Settings):
    """The group ``period``."""

    training: Span = Span(end="90%")
    validation: Span = Span(start="90%")


@cache
def known_keys() -> dict[str, frozenset[str]]:
    """Return the groups of a config, and the keys that the packaged YAML has right below each."""
    folder = resources.files("anemoi_scaleadapt") / "config"

    def read(name: str) -> dict[str, Any]:
        return dict(yaml.safe_load((folder / name).read_text(encoding="utf-8")))

    whole = read("scaleadapt.yaml")
    groups = [name for default in whole.pop("defaults") if isinstance(default, dict) for name in default]
    below = whole | {name: read(f"{name}/scaleadapt.yaml") for name in groups}
    return {
        name: frozenset(keys) - {"defaults"} if isinstance(keys, dict) else frozenset() for name, keys in below.items()
    }


def check_groups(groups: Iterable[str]) -> None:
    """Refuse a group of the config that looks like one of ours misspelt; others are the user's own.

    Raises
    ------
    ScaleAdaptError
        Naming it and the group that is meant.
    """
    _refuse_near("", groups, known_keys())


def check_config(config: Mapping[str, Any]) -> None:
    """Refuse keys right below the groups that look like known ones misspelt.

    Most groups are read by anemoi, which knows more keys than our YAML and ignores what it does not know.

    Raises
    ------
    ScaleAdaptError
        Naming the key and the one that is meant.
    """
    for group, known in known_keys().items():
        if isinstance(config.get(group), Mapping):
            _refuse_near(group, config[group], known)


def _refuse_near(where: str, given: Iterable[str], known: Iterable[str]) -> None:
    for key in given:
        if key not in known and near(key, known, 0.8):
            raise ScaleAdaptError(unknown(where, key, known))
