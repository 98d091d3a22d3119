"""A small model whose heads are not zero, and an inference checkpoint of it as anemoi-training writes one."""

from types import SimpleNamespace

import pytest
import torch

DATES = {"start_date": "2018-05-10T01:00:00", "end_date": "2018-05-21T00:00:00"}


def fill(net):
    """Random weights everywhere, a standard deviation that float16 cannot hold."""
    torch.manual_seed(0)
    for module in net.modules():
        if isinstance(module, torch.nn.Conv2d | torch.nn.Linear):
            torch.nn.init.normal_(module.weight, std=0.5 / module.weight[0].numel() ** 0.5)
    net.residual_std.copy_(torch.tensor([0.3, 0.7, 1.1]))
    return net.eval()


@pytest.fixture
def small(tiny_network):
    """A downscaler of (5, 3)."""
    from anemoi_scaleadapt.diffusion.settings import SamplerSettings
    from anemoi_scaleadapt.models.downscaler import Downscaler
    from anemoi_scaleadapt.models.settings import NetworkSettings
    from anemoi_scaleadapt.models.transform import RainTransform
    from anemoi_scaleadapt.scale import resolve

    scale = resolve({"space": 5, "time": 3})
    network = NetworkSettings.from_config(tiny_network, "network")
    return fill(Downscaler(scale, network, SamplerSettings(steps=3), RainTransform(name="sqrt", unit=0.2)))


@pytest.fixture
def frames(small):
    """Coarse frames (L, 4, 5) with dry cells, mm h-1."""
    generator = torch.Generator().manual_seed(1)
    return (3 * torch.rand(small.scale.context_length, 4, 5, generator=generator) - 1).clamp(min=0).numpy()


def anemoi_model(network, statics=()):
    """The model as anemoi builds it."""
    from anemoi_scaleadapt.models.anemoi import ScaleAdaptModel
    from anemoi_scaleadapt.scale import resolve

    def indices(*names):
        return SimpleNamespace(
            model=SimpleNamespace(input=SimpleNamespace(name_to_index={n: k for k, n in enumerate(names)})),
            name_to_index={"rain": 0},
        )

    settings = {
        "lr": "lr",
        "hr": "hr",
        "variable": "rain",
        "scale": {"space": 5, "time": 3},
        "transform": "sqrt",
        "detach_mean": True,
        "amplitude": 0.75,
        "network": network,
        "sampler": {"steps": 3},
        "tile": 512,
    }
    scale = resolve(settings["scale"])
    model = ScaleAdaptModel(
        model_config=SimpleNamespace(model=SimpleNamespace(model=settings)),
        data_indices={"lr": indices("rain"), "hr": indices(*statics)},
        statistics={"hr": {"mean": [0.2], "stdev": [0.9]}},
        graph_data=None,
        n_step_input=scale.context_length,
        n_step_output=scale.time,
    )
    fill(model.downscaler)
    return model


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
