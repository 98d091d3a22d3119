"""What a run was made from: its weights and the files that it reads."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch


def weights_hash(model: torch.nn.Module) -> str:
    """SHA-256 of all weights and buffers, by name: the same for a checkpoint and for an export of it."""
    out = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        out.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        out.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return out.hexdigest()


def paths(config: Any) -> Iterator[Path]:
    """Every file or folder that a piece of a run file names."""
    if isinstance(config, dict):
        config = list(config.values())
    if isinstance(config, list | tuple):
        for item in config:
            yield from paths(item)
    elif isinstance(config, str | Path) and str(config) and len(str(config)) < 4096 and Path(config).exists():
        yield Path(config)
