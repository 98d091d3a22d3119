"""``anemoi-scaleadapt inspect``: what weights know, from an export or a checkpoint; nothing in them is run."""

from argparse import ArgumentParser, Namespace
from typing import Any


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = "example: anemoi-scaleadapt inspect any"
    parser.add_argument("weights", help="weights that ship, a folder of `export`, or a checkpoint of training")


def main(args: Namespace) -> int:
    """Print one fact a line."""
    from anemoi_scaleadapt.pretrained.checkpoint import read_facts

    facts = table(read_facts(args.weights))
    width = max(len(name) for name in facts)
    for name, words in facts.items():
        print(f"{name:<{width}}  {words}")
    return 0


def table(model: dict[str, Any]) -> dict[str, str]:
    """The facts of ``model.json`` in words."""
    from anemoi_scaleadapt.scale.pairs import Pairs

    settings, data, days = model["settings"], model.get("data") or {}, model.get("days") or {}
    one = settings.get("scale")
    facts: dict[str, str] = (
        {"factor pairs": f"({one['space']}, {one['time']}) alone"}
        if one
        else {"factor pairs": str(Pairs.from_config(settings["pairs"] or {}, "pairs"))}
    )
    sampler = settings.get("sampler") or {}
    facts |= {
        "weights": f"{model.get('parameters', 0) / 1e6:.2f} million, {model.get('steps')} steps",
        "sampler": ", ".join(f"{key} {value}" for key, value in sampler.items() if value is not None),
        "static fields": ", ".join(settings.get("statics") or {}) or "none",
        "written by": str(model.get("package", "anemoi-training")),
        "licence of the weights": str(model.get("licence")),
    }
    facts |= {
        f"{name} of the data": str(data[name]) for name in ("description", "licence", "attribution") if data.get(name)
    }
    for part, what in (("training", "learnt from"), ("validation", "chosen on"), ("dataset", "whole record")):
        if days.get(part):
            facts[what] = " to ".join(map(str, days[part]))
    if model.get("note"):
        facts["note"] = str(model["note"])
    return facts
