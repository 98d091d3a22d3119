"""`anemoi-scaleadapt bias fit | report | apply`: the bias of real coarse rain."""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from anemoi_scaleadapt.commands import reading


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the three actions and their options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    learn = actions.add_parser("fit", help="learn the bias from real coarse rain and the truth of the same hours")
    learn.epilog = "example: anemoi-scaleadapt bias fit --coarse era5.nc --truth lr.zarr --to bias.json"
    look = actions.add_parser("report", help="coarse rain beside the truth: as it is, and without its bias")
    look.epilog = "example: anemoi-scaleadapt bias report bias.json --coarse era5.nc --truth lr.zarr --figure bias.png"
    take = actions.add_parser("apply", help="write coarse rain without its bias")
    take.epilog = "example: anemoi-scaleadapt bias apply bias.json --coarse era5.nc --to unbiased.nc"
    parser.epilog = learn.epilog
    for action in (look, take):
        action.add_argument(
            "mapping", type=Path, nargs="?" if action is look else None,
            help="the file of `bias fit`" + (" (without: the rain as it is)" if action is look else ""),
        )  # fmt: skip
        action.add_argument(
            "--keep-change", action="store_true",
            help="ranks in this record instead of that of the fit (quantile delta mapping): for climate runs",
        )  # fmt: skip
    for action in (learn, look, take):
        action.add_argument("--coarse", nargs="+", required=True, metavar="FILE", help="the coarse rain, on any grid")
        action.add_argument("--variable", help="its variable, where the file has several")
        reading.add_period_arguments(action)
        reading.add_leads_argument(action, several=action is not take)
        reading.add_arguments(action)
    for action in (learn, look):
        action.add_argument("--truth", nargs="+", required=True, metavar="FILE", help="the truth: coarse, or fine")
        action.add_argument("--truth-variable", metavar="NAME", help="its variable, where the file has several")
        action.add_argument("--space-factor", type=int, metavar="S", help="truth pixels on a side of a cell")
        action.add_argument("--figure", type=Path, metavar="PNG", help="quantiles and spectra")
    learn.add_argument("--to", type=Path, required=True, metavar="JSON", help="the bias")
    look.add_argument("--to", type=Path, metavar="MD", help="the table; printed in any case")
    take.add_argument("--to", type=Path, required=True, metavar="FILE", help="NetCDF (.nc)")


def main(args: Namespace) -> int:
    """Run one action."""
    return {"fit": fit, "report": report, "apply": apply}[args.action](args)


def fit(args: Namespace) -> int:
    """Fit, and say how the sample looks before and after."""
    from anemoi_scaleadapt.bias.fit import fit as learn

    reading.target("--to", args.to, ".json")
    found, coarse, truth = _pairs(args)
    about = {
        "coarse": coarse.path,
        "truth": truth.path,
        "period": f"{found.times.min()}Z to {found.times.max()}Z",
        "library": "xsdba",
    }
    cells = {"hours": found.hours, "km": found.km}
    groups = {"leads": found.leads, "groups": reading.leads(args)}
    mapping = learn(found.coarse, found.truth, found.times, about=about, **cells, **groups)
    print("The sample of the fit itself (a fair test is `bias report` on other hours):\n")
    _show(args, mapping, found, mapping.apply(found.coarse, found.times, None, found.leads))
    mapping.save(args.to)
    seasons = ", ".join(f"{name} {curve.values}" for name, curve in mapping.curves.items())
    print(f"{args.to}: means over {mapping.hours:g} h in cells of {mapping.km:.3g} km; pairs: {seasons}.")
    return 0


def report(args: Namespace) -> int:
    """Compare on other hours."""
    from anemoi_scaleadapt.bias.fit import record_quantiles
    from anemoi_scaleadapt.bias.mapping import Mapping

    mapping = None if args.mapping is None else Mapping.load(args.mapping)
    found, coarse, _ = _pairs(args)
    clean = record = None
    if mapping is not None:
        mapping.check(found.hours, found.km, coarse.path)
        if args.keep_change:
            record = record_quantiles(mapping, [(found.times, found.coarse, found.leads)], found.coarse.size)
        clean = mapping.apply(found.coarse, found.times, record, found.leads)
    text = _show(args, mapping, found, clean)
    if args.to:
        from anemoi_scaleadapt.files import write_text

        write_text(reading.target("--to", args.to, ".md"), text)
    return 0


def apply(args: Namespace) -> int:
    """Write a record without its bias."""
    from anemoi_scaleadapt.bias.mapping import Mapping
    from anemoi_scaleadapt.bias.records import corrected
    from anemoi_scaleadapt.hours import HOUR
    from anemoi_scaleadapt.rain.steps import averaged
    from anemoi_scaleadapt.regrid.dataset import as_dataset, write_dataset

    reading.target("--to", args.to, ".nc")
    mapping = Mapping.load(args.mapping)
    rain = _open(args.coarse, args.variable, args, reading.one_of_leads(args)).between(*reading.period(args))
    clean = corrected(averaged(rain, mapping.hours * HOUR), mapping, args.keep_change)
    method = "quantile delta mapping (ranks of this record)" if args.keep_change else "quantile mapping (by value)"
    data = as_dataset(
        clean, title="Coarse rain without its bias", source=rain.path,
        scaleadapt_bias=f"{method}, fitted to {mapping.about.get('period')} against {mapping.about.get('truth')}",
    )  # fmt: skip
    write_dataset(data, args.to)
    print(f"{args.to}: {len(clean.times)} frames of {mapping.hours:g} h, {method}.")
    return 0


def _open(paths: list[str], variable: str | None, args: Namespace | None = None, leads: Any = None) -> Any:
    from anemoi_scaleadapt.rain.reader import open_rain

    source = paths[0] if len(paths) == 1 else paths
    return open_rain(source, variable, leads=leads, **reading.told(args)) if args else open_rain(source, variable)


def _pairs(args: Namespace) -> tuple[Any, Any, Any]:
    from anemoi_scaleadapt.bias.pairs import joined, pairs

    truth = _open(args.truth, args.truth_variable)
    parts = [_open(args.coarse, args.variable, args, group) for group in reading.leads(args) or (None,)]
    start, end = reading.period(args)
    return joined([pairs(coarse, truth, start, end, args.space_factor) for coarse in parts]), parts[0], truth


def _show(args: Namespace, mapping: Any, found: Any, clean: Any) -> str:
    from anemoi_scaleadapt.bias.report import compare, plot

    numbers = compare(found.coarse, found.truth, found.times, mapping, clean, found.leads)
    if args.figure:
        path = reading.target("--figure", args.figure, ".png")
        plot(numbers, path, f"means over {found.hours:g} h, {found.km:.3g} km")
    text = numbers.markdown()
    print(text)
    return text
