"""A trained model as two files: ``weights.safetensors`` and ``model.json``.

``model.json`` holds the settings from which the networks are built, where the weights come from, and the sha256 of
the other file. Neither file can run code when it is read, unlike a checkpoint.

Parameters are float16: they lie within a few units of zero, so its 11 significant bits are worth more than the range
of bfloat16 with its 8. Buffers (the standard deviation of the residual) stay float32.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import torch

from anemoi_scaleadapt import __version__
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.files import whole, write_text
from anemoi_scaleadapt.models.anemoi import RainModel

#: Version of the layout of ``model.json``; a file of another one is refused.
FORMAT = 3
WEIGHTS, MODEL = "weights.safetensors", "model.json"
#: Models in the package.
SHIPPED = ("any",)
NEEDED = ("settings", "sha256")


def save(model: RainModel, folder: Path, provenance: dict[str, Any]) -> dict[str, Any]:
    """Write a model as ``weights.safetensors`` and ``model.json``.

    Parameters
    ----------
    model : RainModel
        Without static fields.
    folder : Path
        Made if it is not there; a model in it is replaced.
    provenance : dict
        Where the weights come from and under which licence, for ``model.json``.

    Returns
    -------
    dict
        What ``model.json`` holds.

    Raises
    ------
    ScaleAdaptError
        For a weight that is not finite in float16, or a folder that cannot be written.
    """
    from safetensors.torch import save as to_bytes

    parameters = {name for name, _ in model.named_parameters()}
    tensors = {}
    for name, value in model.state_dict().items():
        small = value.detach().cpu().to(torch.float16 if name in parameters else torch.float32).contiguous()
        if not small.isfinite().all():
            raise ScaleAdaptError(f"the weight {name} is not finite in float16: the training failed, repeat it.")
        tensors[name] = small
    weights = to_bytes(tensors, metadata={"format": "pt"})
    told = {
        "format": FORMAT,
        "package": f"anemoi-scaleadapt {__version__}",
        "settings": model.settings,
        "parameters": sum(p.numel() for p in model.parameters()),
        "dtype": "float16",
        "sha256": hashlib.sha256(weights).hexdigest(),
        **provenance,
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with whole(folder / WEIGHTS) as part:
            part.write_bytes(weights)
        write_text(folder / MODEL, json.dumps(told, indent=2, ensure_ascii=False) + "\n")
    except OSError as error:
        raise ScaleAdaptError(f"{folder} cannot be written: {error}. Give another folder.") from error
    return told


def find(model: str | Path) -> Path:
    """Folder of a model: a shipped one by its name, else the folder given."""
    if model in SHIPPED:
        return Path(__file__).parents[1] / "pretrained" / str(model)
    if not (Path(model) / MODEL).is_file():
        raise ScaleAdaptError(
            f"{model}: no {MODEL} there, and no model that ships ({', '.join(SHIPPED)}). Give a folder that "
            "`anemoi-scaleadapt export` wrote."
        )
    return Path(model)


def read_model(folder: Path) -> dict[str, Any]:
    """Read ``model.json`` and check that this version of the package knows it."""
    path = folder / MODEL
    try:
        model = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ScaleAdaptError(f"{path} cannot be read as JSON ({error}): export the model again.") from error
    if not isinstance(model, dict) or model.get("format") != FORMAT:
        found = model.get("format") if isinstance(model, dict) else None
        raise ScaleAdaptError(
            f"{path} has format {found!r}; anemoi-scaleadapt {__version__} reads format {FORMAT}: use the version that "
            "wrote it, or export the model again."
        )
    missing = [key for key in NEEDED if key not in model]
    if missing:
        raise ScaleAdaptError(f"{path} lacks {', '.join(missing)}: export the model again.")
    return model


def provenance(model: str | Path) -> dict[str, Any]:
    """What ``model.json`` of a model says besides what :func:`save` writes itself, to be handed to it again."""
    own = ("format", "package", "settings", "parameters", "dtype", "sha256")
    return {key: value for key, value in read_model(find(model)).items() if key not in own}


def load(model: str | Path = "any") -> RainModel:
    """Read a model that :func:`save` wrote, ready to draw members.

    Parameters
    ----------
    model : str or Path
        Name of a model that ships (``any``: one network for every factor pair), or a folder.

    Returns
    -------
    RainModel
        In float32, on the CPU, in evaluation mode.

    Raises
    ------
    ScaleAdaptError
        For files that are missing, damaged, or of another version.
    """
    from safetensors.torch import load as from_bytes

    folder = find(model)
    told, path = read_model(folder), folder / WEIGHTS
    try:
        weights = path.read_bytes()
    except OSError as error:
        raise ScaleAdaptError(f"{path} cannot be read ({error}): copy both files of the model.") from error
    digest = hashlib.sha256(weights).hexdigest()
    if digest != told["sha256"]:
        raise ScaleAdaptError(
            f"{path} has sha256 {digest}, {MODEL} says {told['sha256']}: the two do not belong together, or the copy "
            "is damaged. Copy or export both again."
        )
    other = f"{folder} was written by {told.get('package')}, this is anemoi-scaleadapt {__version__}"
    try:
        tensors = {name: value.float() for name, value in from_bytes(weights).items()}
    except Exception as error:
        raise ScaleAdaptError(f"{path} is no safetensors file ({error}): copy both files of the model.") from error
    bad = [name for name, value in tensors.items() if not value.isfinite().all()]
    if bad:
        raise ScaleAdaptError(f"{path} holds weights that are not finite ({bad[0]}): export the model again.")
    try:
        built = RainModel(told["settings"])
    except (ScaleAdaptError, TypeError, AttributeError, KeyError) as error:
        raise ScaleAdaptError(f"{other}, which does not take its settings: {error}") from error
    try:
        built.load_state_dict(tensors)
    except RuntimeError as error:
        raise ScaleAdaptError(
            f"{other}, whose networks have other weights ({str(error).splitlines()[-1].strip()}): use that version, or "
            "export the model again."
        ) from error
    return built.eval()
