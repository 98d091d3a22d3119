"""Write the page of the commands from their parsers: python docs/reference/write_cli.py"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from anemoi_scaleadapt.commands import COMMANDS, UNITS, make_parser

PAGE = Path(__file__).with_name("cli.md")
HEAD = f"""# Commands

`anemoi-scaleadapt COMMAND`. Results go to standard output, progress and errors to standard error. The exit status is
2 for bad input. {UNITS[0].upper() + UNITS[1:]}. This page is made from the parsers by `docs/reference/write_cli.py`.

A shell completes commands, options and files after this, once (for zsh with `--shell=zsh`, into a folder of `fpath`):

```text
pip install shtab
shtab --shell=bash anemoi_scaleadapt.commands.make_parser > ~/.local/share/bash-completion/completions/anemoi-scaleadapt
```
"""


def parsers(name: str, parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """A command, then its actions."""
    yield name, parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for inner, sub in action.choices.items():
                yield from parsers(f"{name} {inner}", sub)


def row(action: argparse.Action) -> str:
    """One argument as a row: how it is written, and what it means."""
    if action.choices:
        value = "{" + ",".join(map(str, action.choices)) + "}"
    else:
        value = action.metavar or action.dest.upper()
    value = " ".join(value) if isinstance(value, tuple) else value
    many = " ..." if action.nargs in ("+", "*") else ""
    name = ", ".join(action.option_strings) or action.dest
    written = name if action.nargs == 0 or not action.option_strings else f"{name} {value}{many}"
    told = (action.help or "") % {"default": action.default, "prog": ""}
    must = " **required**" if action.required and action.option_strings else ""
    return f"| `{written}` | {told}{must} |".replace("\n", " ")


def render() -> str:
    """Return the page."""
    parts = [HEAD]
    for command in COMMANDS:
        top = make_parser(command)._subparsers
        assert top is not None
        for name, parser in parsers(command, top._group_actions[0].choices[command]):  # type: ignore[index]
            parts.append(f"\n{'##' if ' ' not in name else '###'} {name}\n\n{(parser.description or '').strip()}\n")
            lines = [row(a) for a in parser._actions if a.dest not in ("help", "action")]
            parts += ["\n| argument | meaning |\n|---|---|\n", "\n".join(lines), "\n"] if lines else []
            told = [line for line in (parser.epilog or "").splitlines() if line.startswith("example: ")]
            if lines:
                examples = "\n".join(line.removeprefix("example: ") for line in told)
                parts.append(f"\n```text\n{examples}\n```\n")
    return "".join(parts)


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
