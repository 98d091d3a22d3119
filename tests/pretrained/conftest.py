"""A small model whose heads are not zero, and an inference checkpoint of it as anemoi-training writes one."""

from types import SimpleNamespace

import pytest
import torch

DATES = {"start_date": "2018-05-10T01:00:00", "end_date": "2018-05-21T00:00:00"}


def fill(model):
    """Random weights everywhere, deviations that float16 cannot hold."""
    torch.manual_seed(0)
    for module in model.modules():
        if isinstance(module, torch.nn.Conv2d | torch.nn.Linear):
            torch.nn.init.normal_(module.weight, std=0.5 / module.weight[0].numel() ** 0.5)
    model.downscaler.spread.variance.fill_(0.3)
    model.downscaler.spread.seen.fill_(1)
    return model.eval()


@pytest.fixture
def settings(tiny_network):
    """Plain settings of a model of many pairs."""
    return {"pairs": {}, "unit": 0.2, "network": tiny_network, "sampler": {"steps": 3}}


@pytest.fixture
def small(settings):
    """A model of every pair."""
    from anemoi_scaleadapt.models.anemoi import RainModel

    return fill(RainModel(settings))


@pytest.fixture
def frames():
    """Coarse frames (4, 4, 5) with dry cells, mm h-1."""
    generator = torch.Generator().manual_seed(1)
    return (3 * torch.rand(4, 4, 5, generator=generator) - 1).clamp(min=0).numpy()


def anemoi_model(network, statics=()):
    """A specialist as anemoi builds it."""
    from anemoi_scaleadapt.models.anemoi import ScaleAdaptModel

    settings = {"lr": "lr", "hr": "hr", "variable": "rain", "scale": {"space": 5, "time": 3}, "transform": "sqrt",
                "network": network, "sampler": {"steps": 3}}  # fmt: skip
    places = {name: k for k, name in enumerate(("rain", *statics))}
    model = ScaleAdaptModel(
        model_config={"model": {"model": settings}},
        data_indices={"hr": SimpleNamespace(name_to_index=places, forcing=list(statics))},
        statistics={"hr": {"mean": [0.2] * len(places), "stdev": [0.9] * len(places)}},
    )
    return fill(model)


@pytest.fixture
def checkpoint(tmp_path, tiny_network):
    """Write an inference checkpoint: ``checkpoint(statics=(), **attributes of the dataset)`` -> (path, model)."""
    from anemoi.utils.checkpoints import save_metadata

    def write(statics=(), **attributes):
        model = anemoi_model(tiny_network, statics)
        path = tmp_path / "inference-last.ckpt"
        torch.save(torch.nn.ModuleDict({"model": model}), path)
        period = {
            "training": {"start": None, "end": "2018-05-17T00:00:00"},
            "validation": {"start": "90%", "end": None},
        }
        metadata = {
            "version": "2.0",
            "run_id": "abc",
            "training": {"global_step": 600},
            "config": {"dataloader": {part: {"datasets": {"hr": dates}} for part, dates in period.items()}},
            "dataset": {"hr": {"specific": {"forward": {"attrs": {**DATES, **attributes}}}}},
        }
        save_metadata(str(path), metadata)
        return path, model

    return write
