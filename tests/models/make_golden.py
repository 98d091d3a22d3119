"""Write golden.safetensors again: ``python tests/models/make_golden.py``, when the networks are meant to change."""

from pathlib import Path

import torch
from safetensors.torch import save_file

from anemoi_scaleadapt.diffusion.settings import SamplerSettings
from anemoi_scaleadapt.models.context import hourly_axis
from anemoi_scaleadapt.models.downscaler import Downscaler
from anemoi_scaleadapt.models.settings import NetworkSettings
from anemoi_scaleadapt.models.transform import RainTransform
from anemoi_scaleadapt.scale import resolve

FILE = Path(__file__).with_name("golden.safetensors")
NETWORK = NetworkSettings(
    mean_channels=(8, 8), residual_channels=(8, 8), frame_channels=8, blocks=1, heads=2, window=3, hours=2,
    averages=(1, 3),
)  # fmt: skip
SAMPLER = SamplerSettings(steps=8, sigma_min=0.03, sigma_max=80.0, rho=7.0, conserve_below=1.0)
SCALE = resolve({"space": 5, "time": 2, "context_length": 3, "lookahead": 1, "beta": 0.02})


def build() -> Downscaler:
    """The network of the golden file, weights at random."""
    return Downscaler(NETWORK, SAMPLER, RainTransform(name="sqrt", unit=0.2)).eval()


def outputs(net: Downscaler, axis: torch.Tensor, noise: torch.Tensor) -> dict[str, torch.Tensor]:
    """What the golden file holds beside weights and inputs."""
    members = net.sample(axis, SCALE, lambda k: noise.roll(k, dims=-1))
    return {"mean": net.predict_mean(axis, SCALE).contiguous(), "members": members.contiguous()}


if __name__ == "__main__":
    torch.manual_seed(0)
    model = build()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.5 / max(1, parameter[0].numel()) ** 0.5)
    frames, normal = (3 * torch.rand(1, 8, 4, 4) - 1).clamp(min=0), torch.randn(1, 5, 2, 20, 20)
    rain = hourly_axis(frames, 2, 3, 4).contiguous()
    weights = {f"weights.{k}": v.contiguous() for k, v in model.state_dict().items()}
    save_file({**weights, "axis": rain, "noise": normal, **outputs(model, rain, normal)}, FILE)
