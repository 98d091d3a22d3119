"""Every fenced block of README.md and docs/ runs as it stands, or says why not."""

import argparse
import datetime as dt
import importlib
import re
import shlex
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pyproj
import pytest
import yaml

from support.configs import read_config

REPOSITORY = Path(__file__).parents[2]
DOCUMENTS = [
    REPOSITORY / "README.md",
    *sorted(p for p in (REPOSITORY / "docs").rglob("*.md") if "_build" not in p.parts),
]
NAMES = [str(p.relative_to(REPOSITORY)) for p in DOCUMENTS]
#: marks of all documents together; each costs a reader the certainty that the block works
MOST_MARKS = 12


def test_the_readme_works(after_readme):
    import xarray as xr

    with xr.open_dataset(after_readme.folder / "members.nc", engine="netcdf4") as members:
        assert dict(members.rain.sizes) == {"member": 8, "time": 24, "y": 100, "x": 100}
    assert "bicubic" in (after_readme.folder / "verification" / "scorecard.md").read_text()


@pytest.mark.parametrize("name", NAMES[1:])
def test_a_document_works(name, request, blocks):
    wanted = [b for b in blocks(REPOSITORY / name) if b.language in ("bash", "python") and not b.reason]
    if not wanted:
        return
    desk = request.getfixturevalue("alone" if name in ALONE else "continued")
    ALONE.get(name, lambda desk: None)(desk)
    desk.follow(REPOSITORY / name)


def data_howto(desk):
    desk.comephore(dt.datetime(2023, 1, 1, 1), 8760, size=25)


def other_rain(desk):
    desk.netcdf("radar/2023.nc", dt.datetime(2023, 12, 31, 1), 72, size=20)


def coarse_rain(desk):
    """ERA5 in its own form, a third too wet, and radar rain of the same four days."""
    import numpy as np
    import xarray as xr

    rain = np.random.default_rng(0).gamma(0.3, 2.0, (96, 4, 4))
    times = np.datetime64("2020-01-01T01", "ns") + np.arange(96) * np.timedelta64(1, "h")
    lat, lon = np.arange(47.75, 45.9, -0.25), np.arange(1, 4.1, 0.25)
    wide = 1.5e-3 * rain[:, (np.arange(len(lat)) - 1).clip(0, 6) // 2][:, :, (np.arange(len(lon)) - 2).clip(0, 6) // 2]
    era5 = xr.Dataset({"tp": (("time", "latitude", "longitude"), wide, {"units": "m"})}, {"time": times})
    era5 = era5.assign_coords(latitude=("latitude", lat, {"units": "degrees_north"}))
    era5.assign_coords(longitude=("longitude", lon, {"units": "degrees_east"})).to_netcdf(desk.folder / "era5.nc")
    fine = rain.repeat(25, 1).repeat(25, 2).astype("float32")
    radar = xr.Dataset(
        {"rain": (("time", "y", "x"), fine, {"units": "mm h-1", "grid_mapping": "crs"})},
        {"time": times, "y": 6_699_500.0 - 1000 * np.arange(100), "x": 600_500.0 + 1000 * np.arange(100)},
    )
    radar["crs"] = ((), 0, {"crs_wkt": pyproj.CRS("EPSG:2154").to_wkt()})
    radar.y.attrs = {"units": "m", "standard_name": "projection_y_coordinate"}
    radar.x.attrs = {"units": "m", "standard_name": "projection_x_coordinate"}
    radar.to_netcdf(desk.folder / "radar.nc")


def bulk(desk):
    desk.example("era5")


def reading(desk):
    """A forecast as cfgrib writes it: metres since the start, from the south, 0 to 360 degrees."""
    import numpy as np
    import xarray as xr

    rain = np.random.default_rng(0).gamma(0.5, 2.0, (12, 6, 8)).cumsum(axis=0) / 1000
    attributes = {"units": "m", "GRIB_stepType": "accum"}
    xr.Dataset(
        {"tp": (("step", "latitude", "longitude"), rain, attributes)},
        {
            "time": ((), 0, {"units": "hours since 2024-01-01", "standard_name": "forecast_reference_time"}),
            "step": ("step", np.arange(1, 13), {"units": "hours", "standard_name": "forecast_period"}),
            "latitude": ("latitude", np.linspace(48, 49.25, 6), {"units": "degrees_north"}),
            "longitude": ("longitude", np.linspace(358, 359.75, 8), {"units": "degrees_east"}),
        },
    ).to_netcdf(desk.folder / "forecast.nc", engine="netcdf4")


def global_model(desk):
    desk.example("forecast")


#: documents that begin in a folder of their own, not in the README's
ALONE = {
    "docs/howto/data.md": data_howto,
    "docs/howto/other-rain.md": other_rain,
    "docs/howto/bulk.md": bulk,
    "docs/howto/coarse-rain.md": coarse_rain,
    "docs/howto/reading.md": reading,
    "docs/tutorial/global-model.md": global_model,
}


@pytest.mark.parametrize("name", NAMES)
def test_every_block_has_a_language_that_is_checked(name, blocks):
    for block in blocks(REPOSITORY / name):
        allowed = {"bash", "python", "yaml", "text", "{toctree}", "{eval-rst}"}
        assert block.language in allowed, f"{block.place}: ```{block.language}"
    text = re.sub(r"(?ms)^\s*(`{3,}).*?^\s*\1", "", (REPOSITORY / name).read_text())
    indented = re.findall(r"(?m)^\n(?:    )+(?:anemoi|pip|make|bash|python|mlflow)\S* .*$", text)
    assert not indented, f"{name}: commands in an indented block, which nothing runs: {indented}"


def test_marks_are_few_and_say_why(blocks):
    marked = [b for path in DOCUMENTS for b in blocks(path) if b.reason is not None]
    assert len(marked) <= MOST_MARKS, [b.place for b in marked]
    for block in marked:
        assert len(block.reason.split()) >= 3, f"{block.place}: {block.reason!r} is no reason"


@pytest.mark.parametrize("name", NAMES)
def test_blocks_that_are_not_run_name_real_commands(name, blocks):
    for block in blocks(REPOSITORY / name):
        if block.reason and block.language == "bash":
            for command in block.commands:
                check_command(shlex.split(command), block.place)


def check_command(words, place):
    """The program is there and takes these arguments."""
    while re.match(r"^[A-Z_]+=", words[0]):
        words = words[1:]
    program, *rest = words
    if program == "make":
        targets = re.findall(r"(?m)^([a-z]+):", (REPOSITORY / "Makefile").read_text())
        assert set(rest) <= set(targets), f"{place}: make {rest}"
    elif program in ("bash", "python"):
        assert (REPOSITORY / rest[0]).is_file(), f"{place}: {rest[0]} is not there"
    elif program == "anemoi-scaleadapt":
        parser = argparse.ArgumentParser(exit_on_error=False)
        importlib.import_module(f"anemoi_scaleadapt.commands.{rest[0]}").add_arguments(parser)
        parser.parse_args(rest[1:])
    elif program == "mlflow":
        from mlflow.cli import cli

        known = {flag for option in cli.get_command(None, rest[0]).params for flag in option.opts}
        assert {w for w in rest if w.startswith("--")} <= known, f"{place}: mlflow {rest}"
    elif program == "pip":
        name = re.search(r'(?m)^name = "(.*)"', (REPOSITORY / "pyproject.toml").read_text()).group(1)
        assert rest[0] == "install" and rest[1] in (name, "."), f"{place}: {rest}"
    else:
        assert program in ("cd", "git", "torchrun", "srun") or shutil.which(program), f"{place}: no {program}"


@pytest.mark.parametrize("name", NAMES)
def test_yaml_blocks_are_what_they_stand_for(name, blocks, composed):
    for block in blocks(REPOSITORY / name):
        if block.language == "yaml":
            values = yaml.safe_load(block.text)
            assert isinstance(values, dict), block.place
            kind(values)(values, block.place, composed)


def kind(values):
    """What a YAML block is: a recipe, a run file of inference, or (part of) a config of training."""
    from anemoi.inference.config.run import RunConfiguration

    if "dates" in values:
        return recipe
    if set(values) <= set(RunConfiguration.model_fields):
        return run_file
    return training


def recipe(values, place, _):
    from anemoi.datasets.create.recipe import Recipe

    Recipe(**values)


def run_file(values, place, _):
    from anemoi.inference.config.run import RunConfiguration

    from anemoi_scaleadapt.diffusion.settings import SamplerSettings
    from anemoi_scaleadapt.inference.settings import RunnerSettings

    RunConfiguration(**{"checkpoint": "x.ckpt", **values})
    runner = values.get("runner", {})
    for options in runner.values() if isinstance(runner, dict) else []:
        RunnerSettings.from_config(options, f"{place}: runner")
    predict = values.get("predict_kwargs", {})
    assert set(predict) <= {"sampler"}, f"{place}: {predict}"
    SamplerSettings.from_config(predict.get("sampler", {}), "predict_kwargs.sampler")


def training(values, place, composed):
    from omegaconf import OmegaConf

    defaults = [d for d in values.pop("defaults", ["scaleadapt"]) if d != "_self_"]
    pair = [] if defaults != ["scaleadapt"] else ["scale.space=10", "scale.time=3"]
    whole = composed(defaults[0], *pair)
    OmegaConf.set_struct(whole, True)
    for key in leaves(values):
        parent = OmegaConf.select(whole, key.rpartition(".")[0]) if "." in key else whole
        assert parent is not None and key.rpartition(".")[2] in parent, f"{place}: no key {key}"
    OmegaConf.set_struct(whole, False)
    whole = OmegaConf.merge(whole, values)
    read_config(OmegaConf.to_container(whole, resolve=True))


def leaves(values, prefix=""):
    """Dotted keys of a mapping."""
    for key, value in values.items():
        yield from leaves(value, f"{prefix}{key}.") if isinstance(value, dict) and value else [prefix + key]


#: where the repository's files are read by others; the README names them so, because a package index has no files
HOSTED = re.compile(r"https://(?:github\.com|raw\.githubusercontent\.com)/(?:[\w-]+/){2}(?:blob/)?main/(.+)")


@pytest.mark.parametrize("name", [*NAMES, "CONTRIBUTING.md", "SECURITY.md", "CODE_OF_CONDUCT.md", "CHANGELOG.md"])
def test_links_lead_somewhere(name):
    """Files and headings are there; addresses elsewhere are well formed."""
    path = REPOSITORY / name
    text = re.sub(r"(?ms)^\s*(`{3,}).*?^\s*\1", "", path.read_text())
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        target, _, heading = link.partition("#")
        if hosted := HOSTED.fullmatch(target):
            target = str(REPOSITORY / hosted[1])
        elif re.match(r"[a-z]+:", target):
            address = urlsplit(link)
            assert address.scheme == "https" and "." in address.netloc, f"{name}: {link}"
            continue
        file = (path.parent / target) if target else path
        assert file.exists(), f"{name}: {target} is not there"
        assert not heading or heading in headings(file), f"{name}: {link} has no such heading"


def headings(path):
    """Anchors of a page's headings, as hosts and myst make them."""
    titles = re.findall(r"(?m)^#+ (.*)$", path.read_text())
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
