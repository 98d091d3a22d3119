"""A trained (tiny) network on days of invented rain: same draws as at inference, same scores as by hand."""

import datetime
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from anemoi_scaleadapt.calibration import trained
from anemoi_scaleadapt.commands import main
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.inference.trained import open_checkpoint
from anemoi_scaleadapt.rain.reader import open_rain
from anemoi_scaleadapt.scale import resolve
from anemoi_scaleadapt.training.scores import ensemble_scores

DAY = "2020-01-02"
SCALE = resolve({"space": 5, "time": 2})


@pytest.fixture
def opened(static_checkpoint):
    path, lr, hr = static_checkpoint
    interface = open_checkpoint(path, "cpu")
    return interface, open_rain(lr), open_rain(hr)


def test_the_hours_of_days_end_at_midnight():
    assert [str(hour) for hour in trained.hours_of([DAY])] == ["2020-01-02T01:00:00", "2020-01-03T00:00:00"]
    assert str(trained.hours_of([DAY, "2020-01-04"])[1]) == "2020-01-05T00:00:00"
    for bad in (["May"], ["2020-01-03", "2020-01-02"], [DAY, DAY, DAY]):
        with pytest.raises(ScaleAdaptError, match="--days"):
            trained.hours_of(bad)


def test_windows_are_those_of_the_day_and_spread_evenly(opened):
    interface, lr, hr = opened
    every = trained.read_windows(interface, SCALE, lr, hr, [DAY], 99)
    assert len(every) > 4 and {w.start.astype("M8[D]") for w in every} == {np.datetime64(DAY)}
    assert {(w.start - np.datetime64(DAY)) // np.timedelta64(1, "h") % 2 for w in every} == {0}
    few = trained.read_windows(interface, SCALE, lr, hr, [DAY], 3)
    assert [w.start for w in few] == [every[0].start, every[round((len(every) - 1) / 2)].start, every[-1].start]
    w = every[0]
    block = w.truth.mean(1).unflatten(-1, (8, 5)).unflatten(-3, (8, 5)).mean((-1, -3))
    torch.testing.assert_close(interface.model.downscaler.current(w.axis)[:, 0], block, rtol=1e-4, atol=1e-5)


def test_members_are_those_of_inference(opened, monkeypatch):
    interface, lr, hr = opened
    window = trained.read_windows(interface, SCALE, lr, hr, [DAY], 1)[0]
    drawn, sample = [], interface.model.downscaler.sample
    monkeypatch.setattr(interface.model.downscaler, "sample", lambda *a: drawn.append(sample(*a)) or drawn[-1])
    point = trained.measure(interface.model.downscaler, SCALE, [window], 5.0, 3)
    from anemoi.datasets import open_dataset

    fine = open_dataset(hr.path)
    orography = torch.from_numpy(fine[0][fine.name_to_index["orography"], 0]).float()[None, None, :, None]
    frames = window.axis.flatten(2)[..., None]
    start = window.start.astype("M8[s]").item()
    assert isinstance(start, datetime.datetime)
    want = interface.predict_step(
        {"lr": frames, "hr": orography}, shape=(8, 8), date=start, members=3, sampler={"sigma_max": 5.0}
    )["hr"]
    torch.testing.assert_close(drawn[0].flatten(3), want[..., 0], rtol=1e-4, atol=1e-5)
    scores = ensemble_scores(drawn[0], window.truth)
    assert point.ssr == pytest.approx(scores["ssr"].item(), rel=1e-4)
    assert point.crps == pytest.approx(scores["crps"].item(), rel=1e-4)


def test_the_ancestral_sampler_has_no_sigma_max_to_choose(opened):
    net = SimpleNamespace(sampler=opened[0].model.downscaler.sampler)
    trained.check_sampler(net, "a.ckpt")
    net.sampler = net.sampler.model_copy(update={"name": "ancestral"})
    with pytest.raises(ScaleAdaptError, match=r"--checkpoint a\.ckpt draws with the ancestral sampler"):
        trained.check_sampler(net, "a.ckpt")


def test_more_noise_gives_more_spread_and_missing_truth_is_left_out(opened):
    interface, lr, hr = opened
    net, windows = interface.model.downscaler, trained.read_windows(interface, SCALE, lr, hr, [DAY], 2)
    assert trained.measure(net, SCALE, windows, 20.0, 4).ssr > trained.measure(net, SCALE, windows, 0.1, 4).ssr
    before = trained.measure(net, SCALE, windows[:1], 5.0, 4)
    windows[1].truth[:] = torch.nan
    assert trained.measure(net, SCALE, windows, 5.0, 4) == before


def test_a_day_without_rain_or_data_is_one_clear_error(opened):
    interface, lr, hr = opened
    with pytest.raises(ScaleAdaptError, match="--days 2031-01-01: no window of 2 h with rain"):
        trained.read_windows(interface, SCALE, lr, hr, ["2031-01-01"])


def test_the_command_writes_what_it_measured(static_checkpoint, tmp_path, capsys):
    import json

    import yaml

    path, lr, hr = static_checkpoint
    words = ["--time", "2", "--checkpoint", path, "--days", DAY, "--draw", "2", "--members", "2", "--device", "cpu"]
    assert main(["calibrate", "--lr", lr, "--hr", hr, *words, "--to", str(tmp_path / "out")]) == 0
    text = capsys.readouterr().out
    values = json.loads((tmp_path / "out" / "s5t2_calibrated.json").read_text())["sampler"]
    written = yaml.safe_load((tmp_path / "out" / "s5t2_calibrated.yaml").read_text())
    assert f"predict_kwargs: {{sampler: {{sigma_max: {values['sigma_max']:.3g}}}}}" in text
    assert written["model"]["model"]["sampler"]["sigma_max"] <= values["sigma_max"] * 1.01
    assert values["before"] in values["points"] and values["members"] == 2
    assert min(values["points"], key=lambda p: abs(p["ssr"] - 1))["ssr"] == values["ssr"]
    assert (tmp_path / "out" / "s5t2_calibrated.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--checkpoint", "no.ckpt", "--days", DAY], "--checkpoint no.ckpt is not there"),
        (["--checkpoint", "{ckpt}"], "--checkpoint needs --days"),
        (["--days", DAY], "give --checkpoint too"),
        (["--checkpoint", "{ckpt}", "--days", DAY, "--members", "1"], "--members 1: at least 2"),
        (["--checkpoint", "{hr}.nc", "--days", DAY], "cannot be read"),
        (["--checkpoint", "{last}", "--days", DAY], "is no inference checkpoint"),
        (["--checkpoint", "{ckpt}", "--days", DAY, "--time", "3"], "the networks have learnt (5, 2)"),
    ],
)
def test_bad_input_is_one_clear_line(static_checkpoint, tmp_path, capsys, words, says):
    path, lr, hr = static_checkpoint
    last = path.replace("inference-last", "last")
    words = [word.format(ckpt=path, hr=hr, last=last) for word in words]
    assert main(["calibrate", "--lr", lr, "--hr", hr, "--time", "2", *words, "--to", str(tmp_path / "out")]) == 2
    assert says in capsys.readouterr().err and not (tmp_path / "out").exists()
