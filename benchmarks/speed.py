"""Samples per second of training and of drawing, against the plain form, in one run on one device.

    python benchmarks/speed.py [--device cuda] [--config s10t3] [--crops 16] [--seconds 5]

The plain form is what one would write first: every pixel attends to all others, the context is encoded at every
evaluation. The rows add what this package does, one after the other; the last two are the
switches `training.precision: bf16-mixed` and `model.compile`. Seconds differ from machine to machine; read the ratios.
"""

import argparse
import time
from contextlib import nullcontext

import torch
import torch.nn.functional as F
from einops import rearrange
from hydra import compose, initialize
from omegaconf import OmegaConf

from anemoi_scaleadapt.diffusion.settings import SamplerSettings
from anemoi_scaleadapt.layers.attention import NeighbourhoodAttention
from anemoi_scaleadapt.layers.unet import UShape
from anemoi_scaleadapt.models.downscaler import Downscaler
from anemoi_scaleadapt.models.settings import NetworkSettings
from anemoi_scaleadapt.models.transform import RainTransform
from anemoi_scaleadapt.scale import resolve


def all_pairs(layer):
    """Let a neighbourhood attention attend from every pixel to all."""

    def attend(query, key, value):
        height = query.shape[-2]
        parts = (rearrange(a, "n (g d) y x -> n g (y x) d", g=layer.heads) for a in (query, key, value))
        return rearrange(F.scaled_dot_product_attention(*parts), "n g (y x) d -> n (g d) y x", y=height)

    layer.attend = attend


def build(config, device, everyone):
    """A downscaler of a named config, with or without the plain form's attention."""
    torch.manual_seed(0)
    network = NetworkSettings.from_config(OmegaConf.to_container(config.model.model.network), "model.model.network")
    scale = resolve(OmegaConf.to_container(config.scale))
    net = Downscaler(scale, network, SamplerSettings(), RainTransform(name="sqrt", unit=1.0))
    for module in net.modules():
        if isinstance(module, NeighbourhoodAttention) and everyone:
            all_pairs(module)
    return net.to(device)


def rate(step, device, seconds):
    """Calls per second, after a warm-up."""
    for _ in range(3):
        step()
    count, begin = 0, now(device)
    while now(device) - begin < seconds:
        step()
        count += 1
    return count / (now(device) - begin)


def now(device):
    """The clock, when the device has done what it was told."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def train_step(net, crops, device, low):
    """One step on random rain: both losses, gradients, optimiser."""
    scale = net.scale
    size = max(1, 100 // scale.space)
    lr = torch.rand(crops, scale.context_length, size, size, device=device)
    hr = torch.rand(crops, scale.time, size * scale.space, size * scale.space, device=device)
    optimiser = torch.optim.AdamW(net.parameters(), fused=device.type == "cuda")

    def step():
        with torch.autocast(device.type, torch.bfloat16) if low else nullcontext():
            terms = net.terms(lr, hr)
        sum((one.float() - torch.nan_to_num(two)).square().mean() for one, two in terms.values()).backward()
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)

    return step


def draw(net, members, pixels, device, low, once):
    """Eight evaluations for `members` of one window; the condition encoded once, or every time."""
    scale = net.scale
    cells = max(1, pixels // scale.space)
    lr = torch.rand(1, scale.context_length, cells, cells, device=device)

    @torch.no_grad()
    def step():
        with torch.autocast(device.type, torch.bfloat16) if low else nullcontext():
            context = net.context(lr)
            mean, x = net.mean(*context.tensors()), None
            for evaluation in range(8):
                if evaluation == 0 or not once:
                    condition = net.residual.condition(*context.tensors(), mean)
                x = torch.randn(members, scale.time, *context.base.shape[-2:], device=device) if x is None else x
                x = net.residual(x, torch.ones(members, device=device), condition)

    return step


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--config", default="s10t3")
    parser.add_argument("--crops", type=int, default=16)
    parser.add_argument("--members", type=int, default=8)
    parser.add_argument("--pixels", type=int, default=400, help="width of the domain that is drawn")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--no-compile", action="store_true")
    args = parser.parse_args()
    device = torch.device(args.device)
    with initialize(version_base=None):
        config = compose(args.config)
    forms = [
        ("plain", True, False, False, False),
        ("+ neighbourhood attention", False, False, False, False),
        ("+ context encoded once = default", False, True, False, False),
        ("+ bf16", False, True, True, False),
        ("+ bf16 + compile", False, True, True, True),
    ]
    where = torch.cuda.get_device_name(device) if device.type == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    print(f"{args.config} on {where}, torch {torch.__version__}: {args.crops} crops, {args.members} members\n")
    print("| form | crops/s | ratio | members/s | ratio |\n|---|---|---|---|---|")
    first = None
    for name, everyone, once, low, compiled in forms[: len(forms) - args.no_compile]:
        net = build(config, device, everyone)
        if compiled:
            for module in net.modules():
                if isinstance(module, UShape):
                    module.compile()
        crops = args.crops * rate(train_step(net.train(), args.crops, device, low), device, args.seconds)
        drawing = draw(net.eval(), args.members, args.pixels, device, low, once)
        members = args.members * rate(drawing, device, args.seconds)
        first = first or (crops, members)
        print(
            f"| {name} | {crops:.1f} | {crops / first[0]:.2f} | {members:.2f} | {members / first[1]:.2f} |", flush=True
        )


if __name__ == "__main__":
    main()
