"""The overlay file of a factor pair: what a user gives to `anemoi-training train --config-name=...`."""

from pathlib import Path
from typing import Any

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.files import write_text
from anemoi_scaleadapt.scale.settings import Scale, recipe


def overlay(scale: Scale) -> dict[str, Any]:
    """Return the keys that tell `scale` from every other pair.

    Always s, t, L, beta, f and its scope; anything else only where it differs from the recipe.
    """
    usual, values = recipe(scale.space, scale.time).as_dict(), scale.as_dict()
    usual["lookahead"] = scale.context_length // 2  # what a null means for this L
    always = ("space", "time", "context_length", "beta")
    out = {k: v for k, v in values.items() if k != "conservation" and (k in always or v != usual[k])}
    out["conservation"] = {
        k: v for k, v in values["conservation"].items() if k in ("function", "scope") or v != usual["conservation"][k]
    }
    return out


def render(scale: Scale, comment: str, crop: int | None = None) -> str:
    """Return the overlay as YAML with `comment` above it; `crop` is the edge of the training crops."""
    import yaml

    above = "".join(f"# {line}".rstrip() + "\n" for line in comment.splitlines())
    values = {"scale": overlay(scale)}
    if crop is not None:
        values["training"] = {"method": {"crop": crop}}
    body = yaml.safe_dump(values, sort_keys=False)
    return f"{above}defaults:\n  - scaleadapt\n  - _self_\n\n{body}"


def write(path: Path, text: str) -> None:
    """Write `text` to the new file `path` in one go."""
    if path.exists():
        raise ScaleAdaptError(f"{path} is there already: remove it or give another name.")
    if not path.parent.is_dir():
        raise ScaleAdaptError(f"{path}: there is no folder {path.parent}; make it first.")
    write_text(path, text)
