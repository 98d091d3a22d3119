"""Fill the tables of settings in the pages from the code: python docs/reference/write_config.py

Between `<!-- settings PREFIX: module.Class -->` and `<!-- end -->` stands one row for each field of the class.
"""

import importlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

from anemoi_scaleadapt.settings import Settings, inner_model, rule

HOWTO = Path(__file__).parents[1] / "howto"
PAGES = (Path(__file__).with_name("config.md"), HOWTO / "data.md", HOWTO / "other-rain.md")
TABLE = re.compile(r"(<!-- settings ([\w.]+): ([\w.]+)\.(\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
HEAD = "\n| key | default | allowed | meaning |\n|---|---|---|---|\n"


def rows(model: type[Settings], prefix: str, defaults: dict | None = None) -> Iterator[str]:
    """The rows of a model's own fields, then those of the models in it that hold defaults."""
    told = model.model_json_schema()["properties"]
    deeper: list[str] = []
    for name, field in model.model_fields.items():
        inner, value = inner_model(model, name), (defaults or {}).get(name, told[name].get("default"))
        if inner and (value or field.is_required()):
            deeper += rows(inner, f"{prefix}.{name}", value) if value else ()
            continue
        allowed = f"`{{{', '.join(inner.model_fields)}}}` or null" if inner else rule(told[name])
        default = "must be given" if field.is_required() else f"`{shown(value)}`"
        meaning = " ".join((field.description or "").split()).replace("``", "`")
        yield f"| `{prefix}.{name}` | {default} | {allowed} | {meaning} |"
    yield from deeper


def shown(value: object) -> str:
    """A default as YAML writes it; one that follows from other settings is null there."""
    return value if isinstance(value, str) else json.dumps(value)


def render(page: str) -> str:
    """Return the page with its tables as the code has them now."""

    def table(found: re.Match) -> str:
        begin, prefix, module, name, end = found.groups()
        model = getattr(importlib.import_module(module), name)
        return begin + HEAD + "".join(f"{row}\n" for row in rows(model, prefix)) + "\n" + end

    return TABLE.sub(table, page)


if __name__ == "__main__":
    for path in PAGES:
        path.write_text(render(path.read_text(encoding="utf-8")), encoding="utf-8")
