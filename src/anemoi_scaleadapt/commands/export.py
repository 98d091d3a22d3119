"""``anemoi-scaleadapt export``: the weights of a checkpoint as two small files that load without anemoi or pickle."""

from argparse import ArgumentParser, Namespace
from pathlib import Path


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = "example: anemoi-scaleadapt export inference-last.ckpt --to mine"
    add = parser.add_argument
    add("checkpoint", type=Path, help="inference-last.ckpt of anemoi-training; a pickle: only one that you trust")
    add("--to", type=Path, required=True, metavar="FOLDER", help="where weights.safetensors and model.json go")
    add("--licence", metavar="TEXT", help="of the training data (default: what the datasets say)")
    add("--attribution", metavar="TEXT", help="of the training data (default: what the datasets say)")
    add("--note", metavar="TEXT", help="anything else to tell, such as the days kept for tests")


def main(args: Namespace) -> int:
    """Write the two files."""
    from anemoi_scaleadapt.models.export import WEIGHTS
    from anemoi_scaleadapt.pretrained.checkpoint import export

    model = export(args.checkpoint, args.to, args.licence, args.attribution, args.note)
    size = (args.to / WEIGHTS).stat().st_size
    days = " to ".join(map(str, model["days"]["training"]))
    settings = model["settings"]
    one = settings["scale"]
    pairs = f"({one['space']}, {one['time']})" if one else "many factor pairs"
    print(
        f"{args.to}: {pairs}, {model['parameters'] / 1e6:.2f} million "
        f"weights, {size / 1e6:.2f} MB, {model['steps']} steps, training days {days}. "
        f"Data: {model['data']['licence']}. {model['data']['attribution']}"
    )
    return 0
