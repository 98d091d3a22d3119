"""Fine-tune the residual network by the score of the members it draws; resumes: tune.py --pool DIR --out DIR --start W."""

import argparse
import copy
import math
import os
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
import train as tr
from einops import rearrange
from torch.optim.swa_utils import get_ema_multi_avg_fn

from anemoi_scaleadapt.diffusion import schedule
from anemoi_scaleadapt.diffusion.samplers import draw
from anemoi_scaleadapt.diffusion.settings import SamplerSettings
from anemoi_scaleadapt.models.context import build_context
from anemoi_scaleadapt.models.downscaler import Downscaler
from anemoi_scaleadapt.models.moving import follow
from anemoi_scaleadapt.models.settings import NetworkSettings
from anemoi_scaleadapt.models.transform import RainTransform
from anemoi_scaleadapt.verification.crps import fair_crps

PART = (
    ("pixel", 1.0),
    ("mean3", 0.5),
    ("mean6", 0.5),
    ("mean12", 0.5),
    ("hour", 0.5),
    ("east", 0.25),
    ("north", 0.25),
    ("east3", 0.15),
    ("north3", 0.15),
)


def rain_of(net, drawn, m, precision, steps=None):
    scale, axis, hr, seen, motion, _ = drawn
    with torch.no_grad():
        moving = follow(axis, scale, net.transform, seen, motion)
        context = build_context(*net._coarse(axis), moving, scale, net.network.patch, None, seen)
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            mean = net.mean(context, scale)
    now = net.current(axis)
    h, w = hr.shape[-2:]
    std = net.std(now, scale)
    inner, inside = mean[..., :h, :w], scale.conservation.inside_sampler
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
        condition = net.residual.condition(context, mean)
    sampler = net.chosen(net.sampler, scale)
    if steps:
        sampler = sampler.model_copy(update={"steps": steps})

    def denoise(x, sigma):
        flat = rearrange(x, "n t m y x -> (n m) t y x")
        level = sigma.to(flat).reshape(1).expand(len(flat))
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            out = net.residual(net.residual.look(flat, level), level, condition, scale)[..., :h, :w]
        est = schedule.denoised(flat, sigma.to(flat), out.float())
        with torch.no_grad():
            bound = net._bound(est, inner, std, now, scale, inside and float(sigma) <= sampler.conserve_below)
        est = est + (bound - est).detach()
        return rearrange(est, "(n m) t y x -> n t m y x", n=len(hr))

    shape = (len(hr), hr.shape[1], m, h, w)
    res = draw(denoise, lambda k: torch.randn(shape), sampler, scale.beta)
    rain = net._rain(rearrange(res, "n t m y x -> (n m) t y x"), inner, std, now, scale)
    return rearrange(rain, "(n m) t y x -> m n t y x", n=len(hr)), now


def features(x):
    """Aggregates and differences of (..., t, y, x)."""
    flat = x.flatten(0, -4)
    out = {"pixel": flat}
    for k in (3, 6, 12):
        out[f"mean{k}"] = F.avg_pool2d(flat, k)
    if flat.shape[1] > 1:
        out["hour"] = flat.diff(dim=1)
    out["east"], out["north"] = flat.diff(dim=-1), flat.diff(dim=-2)
    out["east3"], out["north3"] = flat[..., 3:] - flat[..., :-3], flat[..., 3:, :] - flat[..., :-3, :]
    return {k: v.unflatten(0, x.shape[:-3]) for k, v in out.items()}


def loss_of(rain, hr, now, weights):
    known = (hr >= 0) & ~rain.isnan().any(0)
    truth = torch.where(known, hr, 0.0)
    own = torch.where(known, rain, 0.0)
    size = (torch.nan_to_num(now).mean((1, 2, 3)) + 0.1).sqrt()
    total, told = 0.0, {}
    a, b = features(own), features(truth)
    for name, share in PART:
        if name in a:
            each = fair_crps(a[name], b[name]).flatten(1).mean(1) / size
            value = (each * weights).mean()
            told[name] = float(value.detach())
            total = total + share * value
    v = own.detach()
    told["var"] = float((v.var(0).flatten(1).mean(1) / size**2 * weights).mean())
    told["sq"] = float(((v.mean(0) - truth).square().flatten(1).mean(1) / size**2 * weights).mean())
    return total, told


def main():
    p = argparse.ArgumentParser()
    for n in ("pool", "out", "start"):
        p.add_argument(f"--{n}", type=Path, required=True)
    p.add_argument("--learn", nargs="+", default=["radolan=3", "mrms=1"])
    p.add_argument("--steps", type=int, default=300)
    p.add_argument("--lr", type=float, default=1e-4)
    p.add_argument("--batch", type=float, default=0.25)
    p.add_argument("--members", type=int, default=2)
    p.add_argument("--levels", type=int)
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--pairs")
    p.add_argument("--precision", default="bf16")
    args = p.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    names = [i.partition("=") for i in args.learn]
    pools = [tr.Pool(args.pool, n) for n, _, _ in names]
    shares = np.array([float(w or 1) for _, _, w in names])
    shares /= shares.sum()
    pairs = {tuple(map(int, q.split(":"))) for q in args.pairs.split(",")} if args.pairs else None
    kept = torch.load(args.start, map_location="cpu", weights_only=False)
    settings = NetworkSettings(**kept["settings"])
    net = Downscaler(settings, SamplerSettings(), RainTransform(name="sqrt", unit=tr.UNIT))
    net.load_state_dict(kept["averaged"])
    averaged = copy.deepcopy(net)
    own = list(net.residual.parameters())
    for q in net.mean.parameters():
        q.requires_grad_(False)
    opt = torch.optim.AdamW(own, lr=args.lr, betas=(0.9, 0.98), weight_decay=0.0)
    random = np.random.default_rng(args.seed)
    torch.manual_seed(args.seed)
    step, last = 0, args.out / "last.pt"
    if last.exists():
        k = torch.load(last, weights_only=False)
        net.load_state_dict(k["net"])
        averaged.load_state_dict(k["averaged"])
        opt.load_state_dict(k["optimiser"])
        step, random.bit_generator.state = k["step"], k["random"]
        torch.set_rng_state(k["torch"])
    log, began, sums = (args.out / "log.txt").open("a"), time.time(), {}
    while step < args.steps:
        rate = args.lr * min(1, (step + 1) / 30) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / args.steps)))
        for g in opt.param_groups:
            g["lr"] = rate
        s, t = tr.draw_pair(random, pairs)
        hours = tr.window_hours(t, 6)
        size = 100 if s < 13 else 150
        count = max(1, round(args.batch * tr.VALUES / hours / size**2))
        drawn = tr.batch(pools, shares, random, s, t, hours, size, count)
        rain, now = rain_of(net, drawn, args.members, args.precision, args.levels)
        loss, told = loss_of(rain, drawn[2], now, drawn[5])
        opt.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(own, 0.5)
        told["norm"] = float(norm)
        told["loss"] = float(loss.detach())
        if torch.isfinite(norm):
            opt.step()
        else:
            told["bad"] = 1.0
        step += 1
        with torch.no_grad():
            get_ema_multi_avg_fn(1 - 1 / (10 + 0.08 * step))(list(averaged.parameters()), list(net.parameters()), step)
        for k, v in told.items():
            sums.setdefault(k, []).append(v)
        if step % 20 == 0:
            print(
                step,
                f"{(time.time() - began) / 60:.1f} min",
                " ".join(f"{k} {np.mean(v):.4f}" for k, v in sums.items()),
                f"ssr {(1.5 * np.sum(sums['var']) / np.sum(sums['sq'])) ** 0.5:.3f}",
                file=log,
                flush=True,
            )
            sums = {}
        if step % 100 == 0 or step == args.steps:
            state = {
                "net": net.state_dict(),
                "averaged": averaged.state_dict(),
                "optimiser": opt.state_dict(),
                "random": random.bit_generator.state,
                "torch": torch.get_rng_state(),
                "step": step,
                "settings": vars(settings),
            }
            torch.save(state, last.with_suffix(".part"))
            os.replace(last.with_suffix(".part"), last)
            torch.save(
                {"averaged": averaged.state_dict(), "step": step, "settings": vars(settings)},
                args.out / f"step{step}.pt",
            )


if __name__ == "__main__":
    main()
