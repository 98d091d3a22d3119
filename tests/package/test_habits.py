"""What runs before a commit and on a public host: files that load, targets, tools and Pythons that are there."""

import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "tests.yaml").read_text())
HOOKS = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())


def steps():
    return [step for job in WORKFLOW["jobs"].values() for step in job["steps"]]


def test_the_workflow_runs_targets_that_are_there():
    called = re.findall(r"\bmake ([\w.-]+)", "\n".join(step.get("run", "") for step in steps()))
    targets = re.findall(r"^([\w.-]+):(?!=)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {"test", "coverage"} == set(called) <= set(targets)


def test_the_same_pythons_are_tested_declared_and_taken():
    named = [word.rpartition(" ")[2] for word in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", word)]
    assert WORKFLOW["jobs"]["test"]["strategy"]["matrix"]["python"] == named
    first, last = named[0], int(named[-1].split(".")[1])
    assert PROJECT["requires-python"] == f">={first},<3.{last + 1}"
    for step in steps():
        assert step.get("with", {}).get("python-version", named[-1]) in (*named, "${{ matrix.python }}")


def test_the_nightly_run_frees_every_package_of_anemoi():
    (line,) = [step["run"] for step in steps() if "UV_OVERRIDE" not in step and "sed" in step.get("run", "")]
    pattern = re.search(r"s/(.*?)/", line)[1].replace(r"\(", "(").replace(r"\)", ")")
    found = re.findall(pattern, (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert found == [re.match(r"[\w-]+", line)[0] for line in PROJECT["dependencies"] if line.startswith("anemoi-")]


def test_hooks_are_the_tools_of_the_environment():
    tools = {re.match(r"[\w-]+", line)[0] for line in PROJECT["optional-dependencies"]["test"]}
    hooks = {hook["id"]: hook for repo in HOOKS["repos"] for hook in repo["hooks"]}
    assert {"ruff", "ruff-format", "mypy", "yaml"} <= set(hooks)
    for hook in hooks.values():
        if hook["language"] == "system":
            program = Path(hook["entry"].split()[0])
            assert program.parent == Path(".venv/bin")
            assert {"lint-imports": "import-linter"}.get(program.name, program.name) in tools
