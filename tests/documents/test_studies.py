"""The studies of examples/skill: days kept apart, configs that compose."""

import datetime as dt
import importlib.util
from pathlib import Path

import pytest
import yaml

FOLDER = Path(__file__).parents[2] / "examples" / "skill"
DAY = dt.timedelta(days=1)


@pytest.fixture(scope="module")
def study():
    spec = importlib.util.spec_from_file_location("study", FOLDER / "study.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def days(study, *numbers):
    return [dt.datetime(2018, 5, n) for n in numbers]


def test_what_is_left_when_days_are_hidden(study):
    a, b, c, d, e, z = days(study, 10, 12, 13, 15, 17, 21)
    assert study.rest([(b, c), (d, e)]) == [(a, b), (c, d), (e, z)]
    assert study.rest([(a, b), (b, d)]) == [(d, z)]
    assert study.rest([(d, z), (e, z)]) == [(a, d)]


def hours(reader):
    """All hour-ends that a reader of the study can show."""
    data = reader["dataset_config"]["dataset"]
    parts = data["concat"] if isinstance(data, dict) else [reader]
    shown = set()
    for part in parts:
        date, end = (dt.datetime.fromisoformat(part[key]) for key in ("start", "end"))
        while date <= end:
            shown.add(date)
            date += dt.timedelta(hours=1)
    return shown


@pytest.mark.parametrize("name", ["skill", "ablation", "recipe"])
def test_no_scored_hour_is_trained_on_or_watched_and_every_run_composes(study, name, tmp_path, monkeypatch):
    from hydra import compose, initialize_config_dir

    plan = yaml.safe_load((FOLDER / f"{name}.yaml").read_text())
    seen = set()
    for run in study.runs(plan):
        fold = plan["folds"][run.fold]
        config = study.training_config(run, fold, Path("/data"), "cpu")
        splits = {key: hours(config["dataloader"][key]["datasets"]["hr"]) for key in ("training", "validation")}
        start, end = (study.day(d) for d in fold["scored"])
        scored = {start + i * dt.timedelta(hours=1) for i in range(1, round((end - start) / study.HOUR) + 1)}
        assert not scored & splits["training"] and not splits["training"] & splits["validation"]
        if name == "skill":
            assert not scored & splits["validation"]
            seen |= scored
        if run.variant not in {"default", "recipe"} or run.seed == 0:
            (tmp_path / "run.yaml").write_text(yaml.safe_dump(config))
            with initialize_config_dir(version_base=None, config_dir=str(tmp_path)):
                composed = compose("run")
            assert composed.training.max_steps == run.overrides["training.max_steps"]
    if name == "skill":  # every hour of the record is scored once
        assert len(seen) == 264


def test_a_failing_command_is_named_with_its_last_words(study, tmp_path):
    step = study.Step(tmp_path, 0)
    step("made", "python", "-c", "print('fine')")
    assert (tmp_path / "made").exists()
    with pytest.raises(RuntimeError, match=r"(?s)never failed.*sorry"):
        step("never", "python", "-c", "import sys; sys.exit('sorry')")
    assert not (tmp_path / "never").exists()
