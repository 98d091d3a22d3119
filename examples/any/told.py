"""Is the pair used, and what lies beyond its range? told.py WEIGHTS --pool DIR --to FILE.json.

Six pairs are scored as they are, and with the networks told the next pair of the six instead: coarse rain, noise levels
and totals stay right. Then pairs with s beyond the range, which must be asked for, are scored too.
"""

import json

import numpy as np
from score import RIVALS, options, score
from torch import Tensor, nn

from anemoi_scaleadapt.files import write_text
from anemoi_scaleadapt.pretrained import load

Pair = tuple[int, int]
PAIRS: tuple[Pair, ...] = ((10, 1), (1, 3), (5, 2), (25, 6), (2, 5), (10, 3))
#: beyond the range
BEYOND: tuple[Pair, ...] = ((30, 3), (50, 6))


class Told(nn.Module):
    """An embedding that hears of one pair whatever is asked."""

    def __init__(self, embedding: nn.Module, pair: Pair) -> None:
        super().__init__()
        self.embedding, self.pair = embedding, pair

    def forward(self, space: int, time: int, hours: int) -> Tensor:
        return self.embedding(*self.pair, hours)


def main() -> None:
    args = options(__doc__).parse_args()
    rain = np.load(args.pool / f"{args.name}.npy", mmap_mode="r")
    wet = np.load(args.pool / f"{args.name}.wet.npy")
    model = load(args.weights)
    networks = model.downscaler.mean, model.downscaler.residual
    right = [network.pair for network in networks]
    kept = json.loads(args.to.read_text()) if args.to.exists() else {}

    def keep(name: str, pair: Pair, told: Pair) -> None:
        if name in kept:
            return
        for network, embedding in zip(networks, right, strict=True):
            network.pair = Told(embedding, told)
        kept[name] = {"pair": pair, "told": told, **score(model, rain, wet, pair, args, RIVALS if told == pair else ())}
        write_text(args.to, json.dumps(kept, indent=1) + "\n")
        print(name, kept[name], flush=True)

    for k, pair in enumerate(PAIRS):
        other = PAIRS[(k + 1) % len(PAIRS)]
        keep(f"s{pair[0]}t{pair[1]}", pair, pair)
        keep(f"s{pair[0]}t{pair[1]} told s{other[0]}t{other[1]}", pair, other)
    for pair in BEYOND:
        keep(f"s{pair[0]}t{pair[1]} beyond", pair, pair)


if __name__ == "__main__":
    main()
