"""A trained network on coarse rain of any origin: its checkpoint, what it reads for a window, its conditional mean."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.hours import HOUR
from anemoi_scaleadapt.models.anemoi import RainModel, ScaleAdaptModel
from anemoi_scaleadapt.models.context import frames_round, hourly_axis
from anemoi_scaleadapt.rain.from_anemoi import read_static
from anemoi_scaleadapt.rain.record import Rain
from anemoi_scaleadapt.rain.windows import Coarse
from anemoi_scaleadapt.scale import Scale


def find_device(name: str | None = None) -> str:
    """Return the device by a name such as ``cpu`` or ``cuda:1``; by default the GPU, if there is one.

    Raises
    ------
    ScaleAdaptError
        If torch knows no such device, or this machine has none.
    """
    chosen = name or ("cuda" if torch.cuda.is_available() else "cpu")
    try:
        torch.empty(0, device=chosen)
    except (AssertionError, RuntimeError, NotImplementedError) as error:
        raise ScaleAdaptError(f"--device {chosen}: torch cannot use it here; cpu always works.") from error
    return chosen


def open_checkpoint(path: str | Path, device: str | None = None, option: str = "--checkpoint") -> Any:
    """Open an inference checkpoint of this package, ready to draw.

    Parameters
    ----------
    path : str or Path
        ``inference-last.ckpt`` of a training run. It is a Python pickle: give only one that you trust.
    device : str, optional
        By default the GPU, if there is one.
    option : str, optional
        What the user gave it by, for error messages.

    Raises
    ------
    ScaleAdaptError
        If it is not there, cannot be read, or holds another model.
    """
    named = f"{option} {path}".strip()
    if not Path(path).is_file():
        raise ScaleAdaptError(f"{named} is not there: give inference-last.ckpt of a training run.")
    device = find_device(device)
    try:
        interface = torch.load(path, weights_only=False, map_location=device)
    except Exception as error:
        raise ScaleAdaptError(
            f"{named} is no inference checkpoint, or cannot be read on {device} ({type(error).__name__}: "
            f"{str(error).splitlines()[0][:200]}): give inference-last.ckpt, which anemoi-training writes beside "
            "last.ckpt."
        ) from error
    model = getattr(interface, "model", None)
    if not isinstance(model, ScaleAdaptModel):
        raise ScaleAdaptError(
            f"{named} is no inference checkpoint: {Path(path).name} holds {type(model or interface).__name__}, not a "
            "model of anemoi-scaleadapt. Give inference-last.ckpt, not last.ckpt."
        )
    return interface.eval()


def open_weights(weights: str | Path, device: str | None = None, option: str = "--checkpoint") -> RainModel:
    """Open weights that ship, a folder of ``anemoi-scaleadapt export``, or an inference checkpoint.

    Parameters
    ----------
    weights : str or Path
        A name, a folder, or a file; a file is a Python pickle: give only one that you trust.
    device : str, optional
        By default the GPU, if there is one.
    option : str, optional
        What the user gave it by, for error messages.

    Returns
    -------
    RainModel
        Ready to draw; it may take static fields.

    Raises
    ------
    ScaleAdaptError
        If there is no such model, or it cannot be read.
    """
    device = find_device(device)
    if Path(weights).is_file() or Path(weights).suffix == ".ckpt":  # one that is missing is a missing checkpoint
        return open_checkpoint(weights, device, option).model
    from anemoi_scaleadapt.models.export import load

    return load(weights).to(device).eval()


def context_axis(coarse: Coarse, hours: np.ndarray, scale: Scale) -> Tensor:
    """The hourly axis round the ends of consecutive hours, whole frames of them, as at inference.

    (1, axis, Y, X) in mm h-1; NaN beyond the record.
    """
    past, width = frames_round(scale.time), scale.time
    frames = []
    for place in range(-past, len(hours) // width + past):
        there = hours[:width] + place * width * HOUR
        frames.append(coarse.frame(there) if coarse.has(there) else np.full(coarse.rain.shape, np.nan))
    return hourly_axis(torch.from_numpy(np.stack(frames).astype("f4"))[None], width, past, len(hours))


def static_fields(model: RainModel, fine: Rain) -> Tensor | None:
    """Static fields of a dataset as the networks see them, (1, c, y, x), on the network's device."""
    if not model.static_names:
        return None
    fields = [read_static(fine.path, name) for name in model.static_names]
    raw = torch.from_numpy(np.stack(fields).astype("f4"))[None].to(next(model.parameters()).device)
    return model.standardise(raw)


def conditional_mean(
    interface: Any, coarse: Coarse, scale: Scale, fine: Rain | None = None
) -> Callable[[np.ndarray], np.ndarray]:
    """Return the forecast of the mean network alone, with the exact totals of every coarse cell.

    Parameters
    ----------
    interface : AnemoiModelInterface
        From :func:`open_checkpoint`.
    coarse : Coarse
        Coarse rain with windows of t hours.
    scale : Scale
        Factor pair.
    fine : Rain, optional
        An anemoi dataset with the static fields that the network was trained with.

    Returns
    -------
    callable
        ``forecast(window)`` is (1, t, y, x), mm h-1: the ``rain_mean`` that anemoi-inference writes beside members.

    Raises
    ------
    ScaleAdaptError
        If the network needs static fields and there is no `fine`.
    """
    net, names = interface.model.downscaler, interface.model.static_names
    if names and fine is None:
        raise ScaleAdaptError(f"the checkpoint was trained with {', '.join(names)}: give --grid, a dataset with them.")
    statics = static_fields(interface.model, fine) if names and fine is not None else None

    def forecast(window: np.ndarray) -> np.ndarray:
        axis = context_axis(coarse, window, scale).to(next(net.parameters()).device)
        with torch.inference_mode():
            return net.mean_rain(axis, scale, statics).cpu().numpy()

    return forecast
