"""Figure, gallery, scorecard and report of one small verification, and the report in a real browser."""

import json
import re
import shutil
import subprocess

import numpy as np
import pytest

from anemoi_scaleadapt.commands import main
from anemoi_scaleadapt.report.charts import colours
from anemoi_scaleadapt.report.gallery import Gallery, picture
from anemoi_scaleadapt.verification.scorecard import HEADLINE, cell, plain, table


@pytest.fixture(scope="module")
def results(files, tmp_path_factory):
    out = tmp_path_factory.mktemp("verification") / "out"
    words = [files["members"], files["truth"], "--lr", files["lr"], "--out", str(out), "--bootstrap", "50"]
    assert main(["verify", *words]) == 0
    return out


def test_the_folder_holds_everything_and_nothing_else(results):
    assert sorted(p.name for p in results.iterdir()) == ["rain.png", "report.html", "scorecard.json", "scorecard.md"]


def test_the_scorecard_is_the_agreed_format(results):
    card = json.loads((results / "scorecard.json").read_text())
    assert card["pair"] == [5, 3] and card["members"] == 4
    assert card["period"] == ["2018-05-18T19:00:00Z", "2018-05-19T06:00:00Z"]
    assert card["days"] == ["2018-05-18", "2018-05-19"]
    assert set(card["systems"]) == {"scaleadapt", "mean", "nearest", "bicubic", "rainfarm", "rainfarm_ar1", "steps"}
    for name, system in card["systems"].items():
        assert list(system)[: len(HEADLINE)] == list(HEADLINE), name
        assert {"crps_mean_5km", "crps_max_10km", "variogram_2km", "lag1_moving", "q9999_ratio", "pixel_bias"} <= set(
            system
        )
    low, high = card["systems"]["scaleadapt"]["intervals"]["crps"]
    assert low <= card["systems"]["scaleadapt"]["crps"] <= high
    assert card["systems"]["nearest"]["conservation_error"] < 1e-6
    assert card["systems"]["mean"]["ssr"] is None
    ratio = card["systems"]["scaleadapt"]["crps"] / card["systems"]["rainfarm"]["crps"]
    assert card["ratios"]["rainfarm"]["crps"] == pytest.approx(ratio)
    difference = card["differences"]["rainfarm"]["crps"]
    assert difference["difference"] == pytest.approx(
        card["systems"]["scaleadapt"]["crps"] - card["systems"]["rainfarm"]["crps"]
    )
    assert difference["interval"][0] <= difference["difference"] <= difference["interval"][1]
    assert difference["p"] is None  # two days are no test
    assert card["pixels"]["scored"] == card["pixels"]["truth"] == 12 * 400 and card["pixels"]["share"] == 1
    assert card["ensemble_sizes"] == {"scaleadapt": 4, "mean": 1, "nearest": 1, "bicubic": 1, "rainfarm": 8,
                                      "rainfarm_ar1": 8, "steps": 8}  # fmt: skip


def test_the_markdown_table_lists_every_system(results):
    text = (results / "scorecard.md").read_text()
    for name in ("scaleadapt", "mean", "nearest", "bicubic", "rainfarm", "rainfarm_ar1", "steps"):
        assert f"\n| {name} " in text


def test_the_picture_shows_rain(results):
    from PIL import Image

    pixels = np.asarray(Image.open(results / "rain.png").convert("RGB"))
    assert pixels.shape[1] > 1000
    blue = (pixels == (0x3A, 0x8F, 0xD0)).all(axis=-1).mean()  # 1 to 2 mm/h
    assert blue > 0.01


def test_palette_pictures_have_the_colours_of_the_legend():
    import base64
    import io

    from PIL import Image

    field = np.array([[0.0, 0.1, 0.7], [25.0, np.nan, 5.0]])
    image = Image.open(io.BytesIO(base64.b64decode(picture(field)))).convert("RGB")
    assert [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in image.getdata()] == [
        "#ffffff", "#c6e3f5", "#7fbfe8", "#d7263d", "#d9d9d9", "#f6d746"]  # fmt: skip


def test_the_report_needs_nothing_else(results):
    page = (results / "report.html").read_text()
    addresses = set(re.findall(r'(?:src|href)="([^"#][^"]*)"', page))
    assert not {a for a in addresses if not a.startswith("data:")}
    assert "http" not in re.sub(r'xmlns[:\w]*="[^"]*"', "", page)
    frames = json.loads(re.search(r'id="frames">(.*?)</script>', page, re.S)[1])
    assert len(frames["hours"]) == len(frames["frames"]) == 12
    for title in ("Rank histogram", "Reliability", "Power spectrum", "Quantiles", "Fractions skill", "Autocorrelation",
                  "CRPS over the best", "Power spectrum in time", "Extremes"):  # fmt: skip
        assert f"<h2>{title}" in page
    assert page.count('<p class="good">Good: ') == page.count("<h2>") == len(re.findall(r"<svg", page)) + 2


@pytest.mark.skipif(not (shutil.which("chromium") or shutil.which("google-chrome")), reason="no chromium here")
def test_the_report_in_a_real_browser(results, tmp_path):
    from PIL import Image

    browser = shutil.which("chromium") or shutil.which("google-chrome")
    page = (results / "report.html").resolve().as_uri()
    common = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    common += [f"--user-data-dir={tmp_path}/browser", "--virtual-time-budget=3000", "--no-first-run"]
    common += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    dom = subprocess.run([*common, "--dump-dom", page], capture_output=True, text=True, timeout=120).stdout
    assert 'data-ready="yes"' in dom  # the script ran to its end
    shown = re.findall(r'<img[^>]*src="data:image/png;base64,', dom)
    assert len(shown) == len(re.findall(r"<figure>", dom)) >= 9
    shot = tmp_path / "report.png"
    look = [*common, "--window-size=1280,3000", f"--screenshot={shot}", page]
    subprocess.run(look, capture_output=True, timeout=120, check=True)
    pixels = np.asarray(Image.open(shot).convert("RGB"))
    maps = pixels[200:900]
    rain = [(maps == colour).all(axis=-1).mean() for colour in ((0xC6, 0xE3, 0xF5), (0x3A, 0x8F, 0xD0))]
    assert min(rain) > 0.002  # maps are drawn
    assert pixels[1200:].std() > 10  # and charts below them
    dark = [*common, "--window-size=500,900", "--blink-settings=preferredColorScheme=0", f"--screenshot={shot}", page]
    subprocess.run(dark, capture_output=True, timeout=120, check=True)
    assert np.asarray(Image.open(shot).convert("RGB"))[3, 3].max() < 60


def test_a_table_reads_well_as_it_stands():
    systems = {"ours": {"crps": 0.12345, "conservation_error": 3e-8}, "another": None}
    assert table(systems, {"crps": "CRPS", "conservation_error": "coarse error"}) == [
        "| system  |   CRPS | coarse error |",
        "|---------|-------:|-------------:|",
        "| ours    | 0.1235 |        3e-08 |",
        "| another |      – |            – |",
    ]
    assert cell("ssr", 0.98765) == "0.988"


def test_what_json_does_not_know_is_turned():
    found = plain(
        {"a": np.float32(1.5), "b": (np.nan, np.int64(2)), "c": np.array([1.0, np.inf]), "d": np.array(np.nan)}
    )
    assert found == {"a": 1.5, "b": [None, 2], "c": [1.0, None], "d": None}


def test_systems_keep_their_colours_however_many_there_are():
    names = ["ours", "mean", *(f"rival {k}" for k in range(12))]
    found = colours({"name": "ours", "systems": dict.fromkeys(names)})
    assert set(found) == set(names) and len({found[name] for name in names[:10]}) == 10


def test_the_gallery_keeps_chosen_windows():
    windows = np.datetime64("2020-01-01T01:00:00") + np.arange(4).reshape(2, 2) * np.timedelta64(3600, "s")
    gallery = Gallery("ours", windows, [1, 0], "2 km, 2 h")
    truth = np.zeros((2, 4, 4))
    truth[:, 0] = 3
    for number in (0, 1):
        gallery.watch(number, np.ones((2, 2)), truth, {"ours": truth[None].repeat(2, 0), "nearest": truth[None]})
    assert gallery.start == 2 and len(gallery.hours) == len(gallery.frames) == 4
    assert list(gallery.frames[0]) == ["coarse input", "truth", "ours, member 1", "ours, member 2"]
    assert gallery.frames[0]["truth"] == picture(truth[0]) and gallery.columns["truth"] is truth
    assert gallery.columns["coarse input\n2 km, 2 h"].shape == (2, 4, 4)
