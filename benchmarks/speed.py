"""Crops a second of training and member-hours a second of drawing, on one device: float32, bfloat16, compiled.

    python benchmarks/speed.py [--device cuda] [--pair 10,3] [--crops 8] [--seconds 5]

Random rain through the networks of the package's default size. `bf16` is `training.precision: bf16-mixed`, `compile` is
`model.compile`. Seconds differ from machine to machine; read the ratios.
"""

import argparse
import time
from contextlib import nullcontext

import torch

from anemoi_scaleadapt.diffusion.settings import SamplerSettings
from anemoi_scaleadapt.layers.unet import UShape
from anemoi_scaleadapt.models.context import REACH
from anemoi_scaleadapt.models.downscaler import Downscaler
from anemoi_scaleadapt.models.settings import NetworkSettings
from anemoi_scaleadapt.models.transform import RainTransform
from anemoi_scaleadapt.scale import Scale, recipe


def rate(step, device, seconds):
    """Calls per second, after a warm-up."""
    for _ in range(2):
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


def train_step(net, scale: Scale, crops, pixels, hours, device, low):
    """One step on random rain: both losses, gradients, optimiser."""
    cells = max(1, pixels // scale.space)
    axis = torch.rand(crops, hours + 2 * REACH, cells, cells, device=device)
    hr = torch.rand(crops, hours, cells * scale.space, cells * scale.space, device=device)
    optimiser = torch.optim.AdamW(net.parameters(), fused=device.type == "cuda")

    def step():
        with torch.autocast(device.type, torch.bfloat16) if low else nullcontext():
            terms = net.terms(axis, hr, scale)
        sum((one.float() - torch.nan_to_num(two)).square().mean() for one, two in terms.values()).backward()
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)

    return step


def draw(net, scale: Scale, members, pixels, hours, device, low):
    """Members of one stretch, with the sampler's eight evaluations."""
    cells = max(1, pixels // scale.space)
    axis = torch.rand(1, hours + 2 * REACH, cells, cells, device=device)
    side = cells * scale.space

    @torch.no_grad()
    def step():
        with torch.autocast(device.type, torch.bfloat16) if low else nullcontext():
            net.sample(axis, scale, lambda k: torch.randn(1, 1 + hours, members, side, side, device=device))

    return step


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--pair", default="10,3", help="s,t (default: %(default)s)")
    parser.add_argument("--crops", type=int, default=8, help="crops of 6 h in a step")
    parser.add_argument("--members", type=int, default=2)
    parser.add_argument("--pixels", type=int, default=100, help="width of a crop and of the domain that is drawn")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--no-compile", action="store_true")
    args = parser.parse_args()
    device, (space, t) = torch.device(args.device), map(int, args.pair.split(","))
    scale, hours = recipe(space, t), max(6 // t * t, t)
    forms = [("float32", False, False), ("bf16", True, False), ("bf16 + compile", True, True)]
    where = torch.cuda.get_device_name(device) if device.type == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    print(f"({space}, {t}) on {where}, torch {torch.__version__}: {args.crops} crops, {args.members} members\n")
    print("| form | crops/s | ratio | member-hours/s | ratio |\n|---|---|---|---|---|")
    first = None
    for name, low, compiled in forms[: len(forms) - args.no_compile]:
        torch.manual_seed(0)
        net = Downscaler(NetworkSettings(), SamplerSettings(), RainTransform(name="sqrt", unit=1.0)).to(device)
        for module in net.modules():
            if compiled and isinstance(module, UShape):
                module.compile()
        step = train_step(net.train(), scale, args.crops, args.pixels, hours, device, low)
        crops = args.crops * rate(step, device, args.seconds)
        drawing = draw(net.eval(), scale, args.members, args.pixels, hours, device, low)
        members = args.members * hours * rate(drawing, device, args.seconds)
        first = first or (crops, members)
        cells = f"{crops:.1f} | {crops / first[0]:.2f} | {members:.2f} | {members / first[1]:.2f}"
        print(f"| {name} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
