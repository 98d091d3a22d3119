"""What the command line says before it does anything."""

import shlex
import subprocess
import sys

import pytest

from anemoi_scaleadapt.commands import COMMANDS, UNITS, main, make_parser

ACTIONS = {
    "bias": ("fit", "report", "apply"),
    "bulk": ("plan", "run", "status"),
    "calibrate": ("scale", "spread"),
    "comephore": ("download", "inspect"),
}
WORDS = [*((name,) for name in COMMANDS), *((name, action) for name, all in ACTIONS.items() for action in all)]


def printed(capsys, *words):
    with pytest.raises(SystemExit) as stop:
        main([*words])
    assert stop.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_help_shows_units_and_an_example_that_parses(words, capsys):
    text = printed(capsys, *words, "--help")
    assert UNITS in text
    examples = [line.removeprefix("example: ") for line in text.splitlines() if line.startswith("example: ")]
    assert examples
    for program, name, *rest in map(shlex.split, examples):
        assert program == "anemoi-scaleadapt" and name == words[0]
        make_parser(name).parse_args([name, *rest])


def test_every_option_is_explained():
    for name in COMMANDS:
        sub = make_parser(name)._subparsers._group_actions[0].choices[name]
        assert not [action.dest for action in sub._actions if not action.help and action.metavar != "ACTION"], name


def test_without_a_command_it_says_what_to_do_first(capsys):
    assert main([]) == 0
    told = capsys.readouterr()
    assert "anemoi-scaleadapt demo" in told.out and not told.err


def test_a_file_that_the_system_refuses_is_one_line(capsys, monkeypatch):
    from anemoi_scaleadapt.commands import cost

    def refused(args):
        raise PermissionError(13, "Permission denied", "/closed/members.nc")

    monkeypatch.setattr(cost, "main", refused)
    assert main(["cost", "10", "3"]) == 2
    assert capsys.readouterr().err == "anemoi-scaleadapt cost: /closed/members.nc: Permission denied\n"


def test_a_shell_completes_commands_actions_and_options():
    words = [sys.executable, "-m", "shtab", "--shell=bash", "anemoi_scaleadapt.commands.make_parser"]
    script = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    for found in ("downscale", "--coarse-to", "calibrate_spread", "--members-per-piece", "compgen_files"):
        assert found in script
