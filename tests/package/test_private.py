"""Private names of anemoi: each is still there, all are in one list, and its package has an upper bound."""

import ast
import importlib
import inspect
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest

from anemoi_scaleadapt.private import PRIVATE

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "src" / "anemoi_scaleadapt").rglob("*.py"))
LISTED = {name for names in PRIVATE.values() for name in names}
#: of Lightning's weight averaging, of xarray and of argparse
OF_OTHERS = {"_average_model", "_swap_models", "_data", "_SubParsersAction", "_actions", "_choices_actions"}
#: documented, of a NamedTuple
OF_TUPLES = {"_asdict", "_fields", "_replace"}


def private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


@cache
def source(owner: type) -> str:
    return inspect.getsource(owner)


def anemois(owner: type, name: str) -> bool:
    """Whether a class of anemoi, among those that `owner` is made of, defines the name or sets it."""
    bases = [base for base in owner.__mro__ if base.__module__.startswith("anemoi.")]
    return any(name in vars(base) or re.search(rf"\bself\.{name}\b", source(base)) for base in bases)


def loaded(path: str) -> type:
    module, name = path.rsplit(".", 1)
    return getattr(importlib.import_module(module), name)


@pytest.mark.parametrize(("owner", "name"), [(owner, name) for owner, names in PRIVATE.items() for name in names])
def test_each_is_still_there(owner, name):
    assert anemois(loaded(owner), name)


def test_each_is_used():
    text = "".join(file.read_text() for file in FILES if file.name != "private.py")
    assert {name for name in LISTED if not re.search(rf"\b{name}\b", text)} == set()


def test_there_are_no_others():
    trees = {file: ast.parse(file.read_text()) for file in FILES}
    ours = set()
    for node in (node for tree in trees.values() for node in ast.walk(tree)):
        if isinstance(node, ast.FunctionDef):
            ours.add(node.name)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            ours.add(node.attr)
    found = {}
    for file, tree in trees.items():
        at = str(file.relative_to(ROOT))
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and private(node.attr) and node.attr not in ours:
                found[node.attr] = at
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("anemoi."):
                names = [*node.module.split("."), *(alias.name for alias in node.names)]
                found |= {name: at for name in names if private(name)}
            elif isinstance(node, ast.ClassDef) and node.bases:
                module = ".".join(file.relative_to(ROOT / "src").with_suffix("").parts).removesuffix(".__init__")
                owner = getattr(importlib.import_module(module), node.name)
                own = {n.name for n in node.body if isinstance(n, ast.FunctionDef)}
                own |= {n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)}
                found |= {name: at for name in own if private(name) and anemois(owner, name)}
    assert {name: at for name, at in found.items() if name not in LISTED | OF_OTHERS | OF_TUPLES} == {}


def test_their_packages_have_an_upper_bound():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    for package in {"-".join(owner.split(".")[:2]) for owner in PRIVATE}:
        (line,) = [line for line in declared if re.match(rf"{package}\b", line)]
        assert ",<" in line, line
