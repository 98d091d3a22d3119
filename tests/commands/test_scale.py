import json
import subprocess
import sys

import yaml

from anemoi_scaleadapt.commands import main
from anemoi_scaleadapt.scale import recipe, resolve


def test_prints_values_with_reasons(capsys):
    assert main(["scale", "10", "3"]) == 0
    out = capsys.readouterr().out
    for text in ("0.02", "157", "15", "the paper's value", "exact in every coarse cell", "300 fine ones"):
        assert text in out


def test_says_what_the_user_set_and_the_threshold_in_mm_per_hour(capsys):
    changes = ["beta=0.03", "conservation.function=threshold", "conservation.threshold=0.1"]
    assert main(["scale", "7", "2", *(f"--set={change}" for change in changes)]) == 0
    out = capsys.readouterr().out
    assert "set by you" in out and "0.1 mm/h" in out


def test_json(capsys):
    assert main(["scale", "7", "2", "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert {"beta", "context_length", "conservation", "horizon_hours", "sigma_max"} <= values.keys()
    assert values["horizon_hours"] == 12 and values["beta"] == 0.0142


def test_write(tmp_path, capsys):
    path = tmp_path / "s7t2.yaml"
    assert main(["scale", "7", "2", "--write", str(path)]) == 0
    written = yaml.safe_load(path.read_text())
    assert written["defaults"] == ["scaleadapt", "_self_"]
    assert resolve(written["scale"]) == recipe(7, 2)
    assert main(["scale", "7", "2", "--write", str(path)]) == 2
    assert "is there already" in capsys.readouterr().err


def test_bad_input_is_one_line_that_names_the_key(capsys):
    for words, text in {
        ("0", "3"): "scale.space = 0",
        ("2.5", "3"): "scale.space = 2.5",
        ("ten", "3"): "scale.space = 'ten'",
        ("10", "7"): "scale.time = 7",
        ("10", "3", "--set", "beta=.nan"): "scale.beta = nan",
        ("10", "3", "--set", "beta"): "KEY=VALUE",
        ("10", "3", "--set", "gamma=1"): "scale.gamma is not a setting",
        ("10", "3", "--set", "conservation.function=foo"): "scale.conservation.function = 'foo'",
        ("10", "[3"): "[3",
    }.items():
        assert main(["scale", *words]) == 2
        error = capsys.readouterr().err
        assert text in error and "Traceback" not in error


def test_needs_no_torch():
    code = (
        "import sys; from anemoi_scaleadapt.commands import main; main(['scale', '7', '2', '--json']);"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
