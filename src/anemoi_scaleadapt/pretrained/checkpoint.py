"""From an inference checkpoint of anemoi to the two small files of :mod:`anemoi_scaleadapt.models.export`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.models.anemoi import RainModel

#: What an exported model says of itself besides its data.
WEIGHTS_LICENCE = "Apache-2.0"


def export(
    checkpoint: Path, folder: Path, licence: str | None = None, attribution: str | None = None, note: str | None = None
) -> dict[str, Any]:
    """Write the weights of an inference checkpoint as ``weights.safetensors`` and ``model.json``.

    Parameters
    ----------
    checkpoint, licence, attribution, note
        See :func:`read`.
    folder : Path
        Where to write.

    Returns
    -------
    dict
        What ``model.json`` holds.

    Raises
    ------
    ScaleAdaptError
        As :func:`read`, or if the folder cannot be written.
    """
    from anemoi_scaleadapt.models.export import save

    model, provenance = read(checkpoint, licence, attribution, note)
    return save(model, folder, provenance)


def read(
    checkpoint: Path, licence: str | None = None, attribution: str | None = None, note: str | None = None
) -> tuple[RainModel, dict[str, Any]]:
    """Read an inference checkpoint, and what ``model.json`` of its export tells of where it comes from.

    Parameters
    ----------
    checkpoint : Path
        ``inference-*.ckpt`` of anemoi-training. It is a Python pickle: give only one that you trust.
    licence, attribution : str, optional
        Of the training data; by default what the datasets themselves say, as the checkpoint remembers it.
    note : str, optional
        Anything else that a user should know, such as the days kept for tests.

    Raises
    ------
    ScaleAdaptError
        If the file is no inference checkpoint of this package, its model needs static fields, or nobody says what the
        licence of its data is.
    """
    from anemoi.utils.checkpoints import load_metadata

    from anemoi_scaleadapt.inference.trained import open_checkpoint

    model = open_checkpoint(checkpoint, "cpu", option="").model
    try:
        metadata = load_metadata(str(checkpoint))
    except Exception as error:
        raise ScaleAdaptError(f"{checkpoint} is no inference checkpoint of anemoi: {error}") from error
    if model.static_names:
        raise ScaleAdaptError(
            f"{checkpoint}: its model takes static fields ({', '.join(model.static_names)}), which belong to one "
            "domain; only models of rain alone can be exported."
        )
    provenance = describe_training(metadata, model.hr)
    data = provenance["data"]
    data |= {key: value for key, value in (("licence", licence), ("attribution", attribution)) if value}
    for key in ("licence", "attribution"):
        if not data[key]:
            raise ScaleAdaptError(f"{checkpoint}: its datasets name no {key}; say it with --{key} TEXT.")
    if note:
        provenance["note"] = note
    return model, provenance


def read_facts(weights: str) -> dict[str, Any]:
    """What weights say of themselves, by the keys of ``model.json``; of a checkpoint only the metadata are read.

    Parameters
    ----------
    weights : str
        A name of weights that ship, a folder of :func:`export`, or an inference checkpoint.

    Raises
    ------
    ScaleAdaptError
        If it is none of them.
    """
    from anemoi_scaleadapt.models.export import find, read_model

    if not Path(weights).is_file():
        return read_model(find(weights))
    from anemoi.utils.checkpoints import load_metadata

    try:
        metadata = load_metadata(str(weights))
        own = metadata["metadata_inference"]["scaleadapt"]
    except Exception as error:
        raise ScaleAdaptError(f"{weights} is no inference checkpoint of this package ({error!r}).") from error
    facts = describe_training(metadata, own["settings"]["hr"])
    return {"settings": own["settings"], "parameters": own["parameters"], **facts}


def describe_training(metadata: dict[str, Any], hr: str) -> dict[str, Any]:
    """What anemoi's metadata tell of the training, by the keys of ``model.json``.

    Parameters
    ----------
    metadata : dict
        Of an inference checkpoint.
    hr : str
        Name of the fine dataset.

    Returns
    -------
    dict
        ``licence`` of the weights; ``data``: description, licence, attribution; ``days``: first and last hour of
        training, validation and the whole dataset; ``steps``; ``run``: anemoi's run id.
    """
    known = list(_attributes(metadata.get("dataset", {}).get(hr, {})))
    whole = [next((a[key] for a in known if a.get(key)), None) for key in ("start_date", "end_date")]
    days = {}
    for part in ("training", "validation"):
        period = metadata.get("config", {}).get("dataloader", {}).get(part, {}).get("datasets", {}).get(hr, {})
        days[part] = [period.get(key) or edge for key, edge in zip(("start", "end"), whole, strict=True)]
    texts = {key: _joined(known, key) for key in ("description", "licence", "attribution")}
    return {
        "licence": WEIGHTS_LICENCE,
        "data": texts,
        "days": {**days, "dataset": whole},
        "steps": metadata.get("training", {}).get("global_step"),
        "run": metadata.get("run_id"),
    }


def _attributes(node: Any) -> Iterator[dict[str, Any]]:
    """The attributes of every Zarr below a node of anemoi's description of a dataset."""
    if isinstance(node, dict):
        if isinstance(node.get("attrs"), dict):
            yield node["attrs"]
        for value in node.values():
            yield from _attributes(value)
    elif isinstance(node, list):
        for value in node:
            yield from _attributes(value)


def _joined(known: list[dict[str, Any]], key: str) -> str | None:
    """The different texts under a key, "unknown" left out, None if there is none."""
    texts = [a[key] for a in known if isinstance(a.get(key), str) and a[key] != "unknown"]
    return " | ".join(dict.fromkeys(texts)) or None
