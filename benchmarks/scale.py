"""What a value costs, whatever the size of the domain and the number of members; memory; the share of writing.

    OMP_NUM_THREADS=1 python benchmarks/scale.py [--weights any] [--pair 10,3] [--device cpu] [--quick]
        [--tables cost memory limit]

One run prints the tables of docs/results/2026-11-scale.md; bulk.py beside it that of bulk runs. Each row is a process
of its own, on one core (or one GPU). Costs are seconds of the processor, not of the clock, so that a machine that does
other things beside says the same; on a GPU they are of the clock. All coarse cells rain: the dearest case.
"""

import argparse
import datetime
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

START = datetime.datetime(2024, 6, 1)
FRANCE = (1050, 1220)


def one(args):
    """Draw one case; print what it cost as JSON."""
    import torch

    from anemoi_scaleadapt.downscaling.network import open_network
    from anemoi_scaleadapt.inference.draw import draw_stretches
    from anemoi_scaleadapt.inference.memory import needs
    from anemoi_scaleadapt.rain.layout import HOUR, Layout
    from anemoi_scaleadapt.rain.store import Store

    torch.set_num_threads(1)
    if args.limit:
        resource.setrlimit(resource.RLIMIT_DATA, (args.limit * 10**9,) * 2)
    (height, width), (s, t) = args.size, args.pair
    model = open_network(args.weights, args.device)
    net = model.downscaler
    net.tile = args.tile or net.tile
    frames = np.random.default_rng(0).gamma(0.4, 2, (args.hours // t, height // s, width // s)).astype("f4") + 0.01
    scale, gpu = model.scale_of(s, t), torch.cuda.is_available() and args.device != "cpu"
    clock = time.perf_counter if gpu else time.process_time
    times = np.datetime64(START, "s") + HOUR * np.arange(1, args.hours + 1)
    layout = Layout(times, (frames.shape[1] * s, frames.shape[2] * s), s, t, range(args.members), chunk=args.at_once)
    base, network, writing, bytes_, peaks = peak(gpu), 0.0, 0.0, 0, []
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "m.zarr", layout)
        how = {"hours_at_once": args.at_once, "overlap": 0, "members_at_once": args.members_at_once}
        parts = draw_stretches(net, frames, scale, START, range(args.members), **how)
        while True:
            begin = clock()
            part = next(parts, None)
            network += clock() - begin
            if part is None:
                break
            begin = clock()
            hours = slice(part.first, part.first + part.members.shape[1])
            store.write(hours, part.members, None, slice(part.numbers[0], part.numbers[-1] + 1))
            writing += clock() - begin
            peaks.append(peak(gpu))
            if args.limit:
                print(f"    after member {part.numbers[-1] + 1}: {peaks[-1] / 1e9:.2f} GB", file=sys.stderr, flush=True)
        bytes_ = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
    values = args.members * len(times) * layout.shape[0] * layout.shape[1]
    told = {"values": values, "network": network, "writing": writing, "peak": peak(gpu) - base, "bytes": bytes_}
    once, each = needs("cuda" if gpu else "cpu", (args.at_once, height, width), net, net.parts)
    told |= {"peaks": peaks, "parts": net.parts, "estimate": once + args.members_at_once * each}
    print(json.dumps(told))


def peak(gpu):
    """Most bytes so far."""
    if gpu:
        import torch

        return torch.cuda.max_memory_allocated()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def case(args, size, members, hours, at_once, members_at_once=None, tile=0, limit=0):
    """Run a case in a process of its own."""
    words = [sys.executable, __file__, "--one", "--weights", args.weights, "--pair", ",".join(map(str, args.pair))]
    words += ["--size", f"{size[0]},{size[1]}", "--members", str(members), "--hours", str(hours)]
    words += ["--at-once", str(at_once), *(["--device", args.device] if args.device else [])]
    words += ["--tile", str(tile), "--members-at-once", str(members_at_once or members)]
    words += ["--limit", str(limit)]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main(args):
    """Print the tables."""
    tables = {"cost": cost, "memory": memory, "limit": limit}
    for name in args.tables:
        tables[name](args)


def cost(args):
    """Seconds of a value by the size of the domain and the number of members."""
    t = args.pair[1]
    sizes = [(200, 200), (400, 400), (800, 800), FRANCE][: 2 if args.quick else 4]
    print("\n| domain | members | network, s per million values | to the first | writing, share | bytes a value |")
    print("|---|---|---|---|---|---|")
    first = None
    cases = [(size, 1, 0) for size in sizes] + [(sizes[-1], 1, max(sizes[-1]) // 2)]
    cases += [(sizes[0], members, 0) for members in ((4,) if args.quick else (16, 64))]
    for size, members, tile in cases:
        # what a process does once is spread over about as many values everywhere
        stretches = max(1, round(np.prod(FRANCE) / np.prod(size) / members / 4))
        told = case(args, size, members, t * stretches, t, min(members, 16), tile)
        each = 1e6 * told["network"] / told["values"]
        first = first or each
        share, bytes_ = told["writing"] / told["network"], told["bytes"] / told["values"]
        domain = f"{size[0]} x {size[1]}, tiles: {told['parts'][0]} x {told['parts'][1]}"
        print(f"| {domain} | {members} | {each:.2f} | {each / first:.2f} | {share:.2%} | {bytes_:.2f} |", flush=True)


def memory(args):
    """Peak by the length of the run and the number of members that are drawn at once."""
    t, size = args.pair[1], (200, 200)
    print("\n| hours of the run | peak, MB |\n|---|---|")
    for hours in (4 * t, 8 * t) if args.quick else (4 * t, 8 * t, 32 * t):
        told = case(args, size, 1, hours, 4 * t)
        print(f"| {hours} | {told['peak'] / 1e6:.0f} |", flush=True)
    print("\n| domain | hours at once | members at once | tiles | peak, MB | estimate, MB |\n|---|---|---|---|---|---|")
    cases = [(size, t, 1, 0), (size, t, 4, 0), (size, t, 8, 0)]
    if not args.quick:
        cases += [((600, 600), t, 4, 0), ((600, 600), 4 * t, 1, 0), ((600, 600), 4 * t, 1, 200)]
        cases += [(FRANCE, t, 1, tile) for tile in (0, 610, 400)]
    for size, hours, members, tile in cases:
        told = case(args, size, members, hours, hours, members, tile)
        parts = f"{told['parts'][0]} x {told['parts'][1]}"
        numbers = f"{told['peak'] / 1e6:.0f} | {told['estimate'] / 1e6:.0f}"
        print(f"| {size[0]} x {size[1]} | {hours} | {members} | {parts} | {numbers} |", flush=True)


def limit(args):
    """Members of a country, one after the other, by a process whose data may take 4 GB: 3 hours and 3 round them."""
    hours = 3 * args.pair[1]
    told = case(args, FRANCE, 2 if args.quick else 3, hours, hours, 1, limit=4)
    print(f"\n| members of {FRANCE[0]} x {FRANCE[1]}, {hours} hours at once | peak, GB |\n|---|---|")
    for number, most in enumerate(told["peaks"], 1):
        print(f"| {number} | {most / 1e9:.2f} |", flush=True)


if __name__ == "__main__":
    numbers = lambda text: tuple(map(int, text.split(",")))  # noqa: E731
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", default="any")
    parser.add_argument("--pair", type=numbers, default=(10, 3))
    parser.add_argument("--device")
    parser.add_argument("--quick", action="store_true", help="small domains only")
    parser.add_argument("--tables", nargs="+", default=["cost", "memory", "limit"], help="which (default: all)")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--size", type=numbers, help=argparse.SUPPRESS)
    for name in ("members", "hours", "at-once", "members-at-once", "tile", "limit"):
        parser.add_argument(f"--{name}", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    one(given) if given.one else main(given)
