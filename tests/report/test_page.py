"""Figure, gallery, scorecard and report of one small verification, and the report in a real browser."""

import json
import re
import shutil
import subprocess

import numpy as np
import pytest

from anemoi_scaleadapt.commands import main
from anemoi_scaleadapt.report.gallery import picture


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
    assert set(card["systems"]) == {"scaleadapt", "mean", "nearest", "bicubic", "rainfarm", "rainfarm_ar1"}
    keys = {"crps", "rmse", "ssr", "fss_1mm_5km", "spectra_ratio_high", "q99_ratio", "q999_ratio", "lag1_ratio",
            "wet_fraction_ratio", "conservation_error"}  # fmt: skip
    for name, system in card["systems"].items():
        assert keys <= set(system), name
    low, high = card["systems"]["scaleadapt"]["intervals"]["crps"]
    assert low <= card["systems"]["scaleadapt"]["crps"] <= high
    assert card["systems"]["nearest"]["conservation_error"] < 1e-6
    assert card["systems"]["mean"]["ssr"] is None
    ratio = card["systems"]["scaleadapt"]["crps"] / card["systems"]["rainfarm"]["crps"]
    assert card["ratios"]["rainfarm"]["crps"] == pytest.approx(ratio)


def test_the_markdown_table_lists_every_system(results):
    text = (results / "scorecard.md").read_text()
    for name in ("scaleadapt", "mean", "nearest", "bicubic", "rainfarm", "rainfarm_ar1"):
        assert f"| {name} |" in text


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
                  "Extremes"):  # fmt: skip
        assert f"<h2>{title}" in page


@pytest.mark.skipif(not (shutil.which("chromium") or shutil.which("google-chrome")), reason="no chromium here")
def test_the_report_in_a_real_browser(results, tmp_path):
    from PIL import Image

    browser = shutil.which("chromium") or shutil.which("google-chrome")
    page = (results / "report.html").resolve().as_uri()
    common = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    common += [f"--user-data-dir={tmp_path}/browser", "--virtual-time-budget=3000"]
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
