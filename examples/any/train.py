"""Train one network for every factor pair on packed rain; resumes by itself: python train.py --pool DIR --out DIR."""

import argparse
import copy
import json
import math
import os
import time
from pathlib import Path

import numpy as np
import torch
from pool import BLOCK, STEP
from torch.optim.swa_utils import get_ema_multi_avg_fn

from anemoi_scaleadapt.diffusion import schedule
from anemoi_scaleadapt.diffusion.settings import SamplerSettings
from anemoi_scaleadapt.models.context import REACH, frames_round, hourly_axis, visible
from anemoi_scaleadapt.models.downscaler import Downscaler
from anemoi_scaleadapt.models.moving import motion_of
from anemoi_scaleadapt.models.settings import NetworkSettings
from anemoi_scaleadapt.models.transform import RainTransform
from anemoi_scaleadapt.rain.average import coarse_frames
from anemoi_scaleadapt.scale import Scale, recipe, resolve
from anemoi_scaleadapt.training.optimiser import MuonAdamW

#: pairs whose losses are watched
WATCHED = ((10, 1), (1, 3), (10, 3), (25, 6), (5, 2))
#: fine pixels times hours of a batch
VALUES = 8 * 6 * 100 * 100
#: least chance of a wet place to be drawn, relative to one that is wet all over
FLOOR = 0.1
#: noise levels between which half of the draws lie, even in their logarithm: there the texture is decided
FOCUS = (0.1, 4.0)
#: least beta of pairs with t = 1 and of others, and the noise level above which none is learnt: drawing begins below
BETA, HIGHEST = (0.012, 0.02), 200.0
#: pixels of a cell in which motion is sought, and width of the square round a crop where it is, pixels
CELL, ROUND = 5, 300
#: mm h-1 that become z = 1
UNIT = 0.2


class Pool:
    """Packed rain from which wet places are drawn."""

    def __init__(self, folder: Path, name: str, days: tuple[int, int] | None = None, device: str = "cpu") -> None:
        hours = slice(None) if days is None else slice(24 * days[0], 24 * (days[0] + days[1]))
        self.wet = np.load(folder / f"{name}.wet.npy")[hours]
        self.chances = {}
        path = folder / f"{name}.motion.npy"
        if not path.exists():
            np.save(path, coarse(mapped(folder / f"{name}.npy").to(device)).cpu())
        # a GPU holds all of it, a CPU reads what it needs
        self.rain, self.coarse = (mapped(p)[hours].to(device) for p in (folder / f"{name}.npy", path))

    def chance(self, size: int, hours: int):
        """Cumulative chance of every place of `size` pixels and `hours`, the wet shares, and the shape of places."""
        edge = -(-size // BLOCK)
        key = (edge, hours)
        if key not in self.chances:
            total = np.nan_to_num(self.wet).astype("float64")
            known = np.isfinite(self.wet).astype("float64")
            for axis, width in ((0, hours), (1, edge), (2, edge)):
                total, known = (box(a, axis, width) for a in (total, known))
            share = np.where(known > 0.8, total, 0)
            chance = np.where(share > 0, np.maximum(share, FLOOR), 0)
            weight = (share / np.maximum(chance, 1e-9) * chance.mean() / share.mean()).astype("float32")
            self.chances[key] = (np.cumsum(chance.ravel()), weight.ravel(), chance.shape)
        return self.chances[key]

    def draw(self, random, size: int, hours: int, before: int, after: int, count: int):
        """Crops (count, before + hours + after, size, size), what lies round them, mm h-1, missing -1, and weights."""
        total, weight, shape = self.chance(size, hours)
        places = np.searchsorted(total, random.random(count) * total[-1]).clip(max=len(total) - 1)
        wide = min(ROUND // CELL, *self.coarse.shape[1:])
        corners, around, codes = [], [], []
        fields, cells = self.rain.shape[1:], self.coarse.shape[1:]
        for hour, *yx in zip(*np.unravel_index(places, shape), strict=True):
            # anywhere within the block, as far as the field goes
            at = [min(v * BLOCK + random.integers(BLOCK), n - size) for v, n in zip(yx, fields, strict=True)]
            corners.append((hour - before, *at))
            middle = [(v + size // 2) // CELL - wide // 2 for v in at]
            there = [min(max(v, 0), n - wide) for v, n in zip(middle, cells, strict=True)]
            around.append((hour - before, *there))
            codes.append(random.integers(8))
        length = before + hours + after
        crops = cut(self.rain, corners, codes, length, size).float()
        out = torch.where(crops < 0, -1, crops * STEP)
        weights = torch.from_numpy(weight[places]).to(out.device)
        return out, cut(self.coarse, around, codes, length, wide), weights


def mapped(path: Path) -> torch.Tensor:
    """An array on disk, of which nothing is read yet."""
    return torch.from_numpy(np.load(path, mmap_mode="c"))


def cut(fields: torch.Tensor, corners: list, codes: list, hours: int, size: int) -> torch.Tensor:
    """Squares (n, hours, size, size) from first hours, rows and columns on, each turned by one of eight symmetries.

    What lies before the first hour and after the last is -1.
    """
    device, width = fields.device, fields.shape[2]
    hour, y, x = torch.as_tensor(np.array(corners), device=device).T[:, :, None]
    code, step = torch.as_tensor(np.array(codes), device=device)[:, None], torch.arange(size, device=device)
    rows = width * (y + torch.where(code & 1 > 0, size - 1 - step, step))
    columns = x + torch.where(code & 2 > 0, size - 1 - step, step)
    straight, crossed = rows[:, :, None] + columns[:, None], rows[:, None] + columns[:, :, None]
    place = torch.where(code[:, None] & 4 > 0, crossed, straight)[:, None]
    hour = (hour + torch.arange(hours, device=device))[..., None, None]
    found = fields.flatten(1)[hour.clamp(0, len(fields) - 1), place]
    return torch.where((hour >= 0) & (hour < len(fields)), found, -1)


def coarse(rain: torch.Tensor) -> torch.Tensor:
    """Means of packed rain over CELL x CELL pixels, mm h-1, -1 where one is missing."""
    height, width = (length // CELL * CELL for length in rain.shape[1:])
    out = []
    for hour in rain:
        blocks = hour[:height, :width].unflatten(1, (-1, CELL)).unflatten(0, (-1, CELL))
        out.append(torch.where(blocks.amin((1, 3)) < 0, -1, blocks.float().mean((1, 3)) * STEP))
    return torch.stack(out)


def box(a: np.ndarray, axis: int, width: int) -> np.ndarray:
    """Running means over `width` places of an axis."""
    a = np.moveaxis(a, axis, 0)
    total = np.concatenate([np.zeros_like(a[:1]), np.cumsum(a, 0)])
    return np.moveaxis((total[width:] - total[:-width]) / width, 0, axis)


def window_hours(t: int, longest: int) -> int:
    """Hours of a window of whole frames, about `longest`."""
    return t * max(1, round(longest / t))


def hide(seen: torch.Tensor, scale: Scale, hours: int, random) -> torch.Tensor:
    """Hide context frames of some crops, as at the ends of a record and for other L: (n, hours, axis)."""
    at = torch.arange(hours + 2 * REACH) - REACH
    frame = torch.div(at, scale.time, rounding_mode="floor")
    apart = frame[None, :] - frame[REACH : REACH + hours, None]
    farthest = frames_round(scale.time)
    for k in range(len(seen)):
        if random.random() < 0.15:
            seen[k] &= apart <= int(random.integers(0, farthest))
        if random.random() < 0.15:
            seen[k] &= apart >= -int(random.integers(0, farthest))
    return seen


def widest(space: int, time: int) -> Scale:
    """The pair's settings with all context that the networks can see."""
    round_it = frames_round(time)
    usual = recipe(space, time).as_dict()
    return resolve({**usual, "context_length": 2 * round_it + 1, "lookahead": round_it})


def batch(pools, shares, random, space: int, time: int, hours: int, size: int, count: int, hidden: bool = True):
    """Draw a batch of a pair: axis (n, axis, y, x), hr (n, hours, y, x), seen, motion, weights."""
    pool = pools[random.choice(len(pools), p=shares)]
    edge = frames_round(time) * time
    size = size // space * space
    fine, round_it, weights = pool.draw(random, size, hours, edge, edge, count)
    scale = widest(space, time)
    frames = coarse_frames(fine, space, time)
    axis = hourly_axis(frames, time, edge // time, hours)
    seen = visible(scale, hours).expand(count, -1, -1).clone()
    seen = (hide(seen, scale, hours, random) if hidden else seen).to(fine.device)
    # half of the time motion is that of a large domain, half of the time that of the crop alone
    motion = None
    if time > 1:
        wide = random.random() < 0.5
        motion = motion_in(round_it, seen, scale, hours) if wide else motion_of(axis, seen, space, time)
    return scale, axis, fine[:, edge : edge + hours], seen, motion, weights


def motion_in(hourly: torch.Tensor, seen: torch.Tensor, scale: Scale, hours: int) -> torch.Tensor:
    """Motion of hourly rain in cells of CELL pixels, as frames of the pair show it."""
    by = max(1, round(scale.space / CELL))
    height, width = (length // by * by for length in hourly.shape[-2:])
    frames = coarse_frames(hourly[..., :height, :width], by, scale.time)
    axis = hourly_axis(frames, scale.time, frames_round(scale.time), hours)
    return motion_of(axis, seen, by * CELL, scale.time).mean((-2, -1), keepdim=True)


def ahead(make, device: str):
    """What `make` makes, again and again; for a GPU beside what it is doing."""
    if device == "cpu":
        while True:
            yield make()
    side, main = torch.cuda.Stream(), torch.cuda.current_stream()
    while True:
        with torch.cuda.stream(side):
            made = make()
        main.wait_stream(side)
        for one in made:
            if isinstance(one, torch.Tensor):
                one.record_stream(main)
        yield made


def draw_pair(random, pairs=None) -> tuple[int, int]:
    """Draw (s, t): s log-uniform on 1..25, t uniform on 1..6, never (1, 1)."""
    while True:
        s, t = int(np.exp(random.uniform(0, np.log(25.999)))), int(random.integers(1, 7))
        if (s, t) != (1, 1) and (pairs is None or (s, t) in pairs):
            return s, t


def focused(scale: Scale, count: int, random) -> torch.Tensor:
    """Noise levels of a batch: every other one from the levels of beta, or of BETA, the rest within FOCUS."""
    levels = schedule.noise_levels(max(scale.beta, BETA[scale.time > 1])).float()
    sigma = schedule.draw_levels(levels[levels < HIGHEST], count)
    low, high = np.log(FOCUS)
    places = (np.arange(count) + random.random()) / count
    inside = torch.from_numpy(np.exp(low + (high - low) * random.permutation(places))).float()
    return torch.where(torch.arange(count) % 2 == 0, sigma, inside)


def losses(net, drawn, precision, device, generator=None, sigma=None):
    """Weighted losses of both networks."""
    scale, axis, hr, seen, motion, weights = drawn
    with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=precision == "bf16"):
        terms = net.terms(axis, hr, scale, seen=seen, generator=generator, sigma=sigma, motion=motion)
    out = {}
    for name, (prediction, target) in terms.items():
        known = ~target.isnan()
        error = torch.where(known, prediction.float() - torch.nan_to_num(target), 0).square()
        each = error.sum((1, 2, 3)) / known.sum((1, 2, 3)).clamp(min=1)
        out[name] = (each * weights).mean()
    return out


def watched(net, pool, pairs, batches: int, count: int, precision="bf16", device="cpu"):
    """Losses of both networks by pair: the same crops, levels and noise at every call."""
    found = {}
    for pair in pairs:
        fixed, generator = np.random.default_rng(1), torch.Generator(device).manual_seed(1)
        hours, size = window_hours(pair[1], 6), 150 if pair[0] > 12 else 100
        total = {"mean": 0.0, "residual": 0.0}
        for _ in range(batches):
            drawn = batch([pool], [1.0], fixed, *pair, hours, size, count, hidden=False)
            with torch.no_grad():
                for name, value in losses(net, drawn, precision, device, generator).items():
                    total[name] += float(value) / batches
        found[pair] = total
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pool", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--learn", nargs="+", default=["radolan=3", "mrms=1"], help="NAME=WEIGHT")
    parser.add_argument("--watch", default="watch")
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--minutes", type=float, help="how long all steps last, instead of how many they are")
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--pairs", help="s:t,s:t: only these")
    parser.add_argument("--days", help="FIRST:COUNT of each dataset that is learnt; by default all")
    parser.add_argument("--batch", type=float, default=1.0, help="size of a batch, 1: 8 crops of 100 px and 6 h")
    parser.add_argument("--wide", type=float, default=0.0, help="share of batches whose crops are 50 px wider")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--precision", choices=("bf16", "32"), default="bf16")
    parser.add_argument("--start", type=Path, help="weights to begin with")
    parser.add_argument("--sizes", help="JSON of NetworkSettings")
    args = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    # the fused kernels know no more than 65535 little attentions at once
    torch.backends.cuda.enable_mem_efficient_sdp(False)
    torch.backends.cuda.enable_flash_sdp(False)
    args.out.mkdir(parents=True, exist_ok=True)
    names = [item.partition("=") for item in args.learn]
    days = tuple(map(int, args.days.split(":"))) if args.days else None
    pools = [Pool(args.pool, name, days, device) for name, _, _ in names]
    shares = np.array([float(w or 1) for _, _, w in names])
    shares /= shares.sum()
    watch = Pool(args.pool, args.watch, None, device)
    pairs = {tuple(map(int, p.split(":"))) for p in args.pairs.split(",")} if args.pairs else None
    torch.manual_seed(args.seed)
    settings = NetworkSettings(**json.loads(args.sizes)) if args.sizes else NetworkSettings()
    net = Downscaler(settings, SamplerSettings(), RainTransform(name="sqrt", unit=UNIT)).to(device)
    averaged = copy.deepcopy(net)
    optimiser = MuonAdamW(net.parameters(), lr=args.lr)
    random = np.random.default_rng(args.seed)
    step, spent, last = 0, 0.0, args.out / "last.pt"
    if last.exists():
        kept = torch.load(last, map_location=device, weights_only=False)
        net.load_state_dict(kept["net"])
        averaged.load_state_dict(kept["averaged"])
        optimiser.load_state_dict(kept["optimiser"])
        step, spent, random.bit_generator.state = kept["step"], kept["spent"], kept["random"]
        torch.set_rng_state(kept["torch"].cpu())
        print(f"goes on after step {step}", flush=True)
    elif args.start:
        kept = torch.load(args.start, map_location=device, weights_only=False)
        net.load_state_dict(kept["averaged"])
        averaged.load_state_dict(kept["averaged"])
    log, began = (args.out / "log.txt").open("a"), time.time() - spent
    sums = {}

    def done() -> float:
        return step / args.steps if args.minutes is None else (time.time() - began) / 60 / args.minutes

    def keep() -> None:
        part = last.with_suffix(".part")
        states = {"net": net.state_dict(), "averaged": averaged.state_dict(), "optimiser": optimiser.state_dict()}
        rng = {"random": random.bit_generator.state, "torch": torch.get_rng_state()}
        rng["spent"] = time.time() - began
        torch.save({**states, **rng, "step": step, "settings": vars(settings)}, part)
        os.replace(part, last)

    def show() -> None:
        told = watched(averaged.eval(), watch, WATCHED, 4, 8, args.precision, device)
        words = "  ".join(f"{pair}: {one['mean']:.4f} {one['residual']:.4f}" for pair, one in told.items())
        print(f"watched after {step}: {words}", file=log, flush=True)
        kept = {"averaged": averaged.state_dict(), "step": step, "settings": vars(settings)}
        torch.save(kept, args.out / f"step{step}.pt")

    def drawn_batch():
        """A batch of any pair and its noise levels."""
        s, t = draw_pair(random, pairs)
        hours = window_hours(t, 6 if random.random() < 0.6 else 12)
        size = (100 if s < 13 else 150) + (50 if random.random() < args.wide else 0)
        count = max(1, round(args.batch * VALUES / hours / size**2))
        drawn = batch(pools, shares, random, s, t, hours, size, count)
        return *drawn, focused(drawn[0], count, random).to(device)

    batches = ahead(drawn_batch, device)
    while (share := done()) < 1:
        rate = args.lr * min(1, (step + 1) / 100) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * share)))
        for group in optimiser.param_groups:
            group["lr"] = rate
        *drawn, sigma = next(batches)
        net.train()
        values = losses(net, drawn, args.precision, device, sigma=sigma)
        optimiser.zero_grad(set_to_none=True)
        sum(values.values()).backward()
        for parameter in net.parameters():
            if parameter.grad is not None:  # asking whether it is finite would make a GPU wait
                parameter.grad.nan_to_num_(0, 0, 0)
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        step += 1
        with torch.no_grad():
            kept_share = 1 - 1 / (10 + 0.08 * step)
            get_ema_multi_avg_fn(kept_share)(list(averaged.parameters()), list(net.parameters()), step)
            for one, other in zip(averaged.buffers(), net.buffers(), strict=True):
                one.copy_(other)
        for name, value in values.items():
            sums[name] = sums.get(name, 0) + value.detach()
        if step % 50 == 0:
            means = " ".join(f"{k} {float(v) / 50:.4f}" for k, v in sums.items())
            print(f"{step} {(time.time() - began) / 60:.1f} min {means}", file=log, flush=True)
            sums = {}
        if step % 200 == 0:
            keep()
        if step % 1000 == 0:
            show()
    keep()
    if step % 1000:
        show()


if __name__ == "__main__":
    main()
