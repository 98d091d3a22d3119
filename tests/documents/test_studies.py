"""The studies of examples/skill: days kept apart, configs that compose."""

import datetime as dt
import importlib.util
import json
from pathlib import Path

import pytest
import yaml

FOLDER = Path(__file__).parents[2] / "examples" / "skill"
DAY = dt.timedelta(days=1)


def load(name):
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def study():
    return load("study")


@pytest.fixture(scope="module")
def table():
    return load("table")


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


def card(crps, **more):
    """A scorecard as `verify` writes it, with what the study keeps."""
    common = {"rmse": 1.0, "ssr": 0.9, "fss_1mm_5km": 0.5, "fss_ensemble_1mm_5km": 0.6, "fss_ensemble_5mm_5km": 0.4}
    common |= {"spectra_ratio_high": 1.0, "q999_ratio": 1.1, "lag1_ratio": 1.0}
    systems = {
        "scaleadapt": {**common, "crps": crps, "maximum": 7.0},
        "mean": {"crps": 1.2 * crps, "rmse": 0.5},
        "bicubic": {**common, "fss_1mm_5km": 0.7},
        "rainfarm": {**common, "crps": 2 * crps},
    }
    return {"systems": systems, "ratios": {}, **more}


def test_scores_that_are_kept_make_a_table_of_folds(study, table, tmp_path):
    for name, value in (("A", card(0.2)), ("all", card(0.123456789))):
        value["ratios"] = {"rainfarm": {"crps": 0.5, "intervals": {"crps": [0.4, 0.6]} if name == "all" else None}}
        (tmp_path / f"{name}.json").write_text(json.dumps(value | {"best_classical": "rainfarm"}))
    runs = [
        study.scores(tmp_path / f"{fold}.json") | {"config": "s10t3", "variant": "default", "fold": fold, "seed": 0}
        for fold in ("all", "A")
    ]
    assert runs[0]["systems"]["scaleadapt"]["crps"] == 0.12346
    assert "maximum" not in runs[0]["systems"]["scaleadapt"]
    runs[1]["comephore"] = study.scores(tmp_path / "all.json")
    titles, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in table.folds(runs))
    assert [row[0] for row in rows] == ["A", "all", "comephore"]
    seen = dict(zip(titles, rows[1], strict=True))
    assert seen["over RainFARM"] == "0.500 (0.400 to 0.600)"
    assert seen["over AR(1)"] == "–"
    assert seen["RMSE of the mean over bicubic"] == "0.500"
    assert seen["FSS of members, 1 mm 5 km (best baseline)"] == "0.500 (0.700)"
    assert dict(zip(titles, rows[0], strict=True))["over RainFARM"] == "0.500"


def test_variants_are_compared_where_both_ran(table):
    systems = {name: card(crps)["systems"] for name, crps in (("default", 0.2), ("other", 0.1), ("lone", 0.3))}
    for one in systems.values():
        one["mean"]["spectra_ratio_high"] = 1.0
    runs = [
        {"variant": variant, "fold": "dev", "seed": seed, "systems": systems[variant]}
        for variant, seed in (("default", 0), ("default", 1), ("other", 1), ("lone", 2))
    ]
    lines = table.variants(runs)[2:]
    assert [line.split("|")[1:5] for line in lines] == [
        [" other ", " 1 ", " 0.1000 ", " 0.500 (0.500 to 0.500) "],
        [" default ", " 2 ", " 0.2000 ", " 1.000 (1.000 to 1.000) "],
    ]
