"""`anemoi-scaleadapt scale 7 2`: beta, L and f of a factor pair, with their reasons."""

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anemoi_scaleadapt.errors import ScaleAdaptError

if TYPE_CHECKING:
    from anemoi_scaleadapt.scale import Scale


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = "example: anemoi-scaleadapt scale 5 2 --set beta=0.02 --write s5t2.yaml"
    parser.add_argument("space", help="factor in space, 1 to 25")
    parser.add_argument("time", help="factor in time (hours of one coarse frame), 1 to 6")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a value of your own for a key under `scale`, such as beta=0.03; can be repeated",
    )
    parser.add_argument("--json", action="store_true", help="print the values as JSON")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the overlay, a new YAML file")


def main(args: Namespace) -> int:
    """Print or write the values."""
    from anemoi_scaleadapt.scale import overlay, reasons

    scale = read(args.space, args.time, args.set)
    rows = reasons.explain(scale)
    if args.json:
        more = {"horizon_hours": scale.horizon_hours, "sigma_max": scale.sigma_max}
        print(json.dumps({**scale.as_dict(), **more}))
    else:
        for name, value, reason in rows:
            print(f"{name:<15} {value:<16} {reason}")
    if args.write:
        comment = "\n".join(f"{name} {value}: {reason}" for name, value, reason in rows)
        overlay.write(args.write, overlay.render(scale, comment))
    return 0


def read(space: str, time: str, overrides: list[str]) -> "Scale":
    """Return the `Scale` of the words of the command line, read as YAML."""
    import yaml

    from anemoi_scaleadapt.scale import resolve

    for word in overrides:
        if "=" not in word:
            raise ScaleAdaptError(f"--set {word}: give KEY=VALUE, such as beta=0.03.")
    try:
        values: Any = {"space": yaml.safe_load(space), "time": yaml.safe_load(time)}
        if overrides:
            from omegaconf import OmegaConf

            values |= OmegaConf.to_container(OmegaConf.from_dotlist([w.removeprefix("scale.") for w in overrides]))
    except yaml.YAMLError as error:
        raise ScaleAdaptError(f"{' '.join([space, time, *overrides])}: {error}") from error
    return resolve(values)
