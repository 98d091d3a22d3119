"""`anemoi-scaleadapt verify`: what it accepts, what it refuses and how."""

import json

import numpy as np
import pytest

from anemoi_scaleadapt.commands import main

START = "2018-05-18T19:00"


@pytest.fixture
def work(tmp_path):
    """Truth, coarse rain and members (3) for the pair (5, 2); ``work(name, array, **attributes)`` writes more."""
    import xarray as xr

    draw = np.random.default_rng(0)
    truth = (draw.gamma(0.3, 2, (8, 20, 20)) * (draw.random((8, 20, 20)) < 0.4)).astype("f4")

    def write(name, rain, start=START, **attributes):
        rain = np.asarray(rain, "f4")
        times = np.datetime64(start, "ns") + np.arange(rain.shape[-3]) * np.timedelta64(3600, "s")
        dims = ("member", "time", "y", "x")[-rain.ndim :]
        data = xr.Dataset({"rain": (dims, rain, {"units": "mm h-1"})}, {"time": times}, attributes)
        data.to_netcdf(tmp_path / name, engine="netcdf4")
        return str(tmp_path / name)

    write.truth = truth
    write.files = [
        write("members.nc", truth[None] * draw.gamma(4, 0.25, (3, 1, 1, 1)), scaleadapt_time_factor=2),
        write("truth.nc", truth),
        "--lr",
        write("lr.nc", truth.reshape(8, 4, 5, 4, 5).mean(axis=(2, 4))),
        "--out",
        str(tmp_path / "out"),
    ]
    write.quick = ["--no-figure", "--no-report", "--bootstrap", "0"]
    write.card = lambda: json.loads((tmp_path / "out" / "scorecard.json").read_text())
    return write


def test_the_truth_itself_scores_perfectly(work):
    members = work("perfect.nc", np.stack([work.truth] * 3), scaleadapt_time_factor=2)
    assert main(["verify", members, *work.files[1:], *work.quick, "--name", "perfect"]) == 0
    perfect = work.card()["systems"]["perfect"]
    assert perfect["crps"] == 0 and perfect["rmse"] < 1e-6
    for key in ("fss_1mm_5km", "spectra_ratio_high", "q99_ratio", "q999_ratio", "lag1_ratio", "wet_fraction_ratio"):
        assert perfect[key] == pytest.approx(1)
    assert perfect["conservation_error"] < 1e-6


def test_values_that_were_no_rain_are_in_the_card(work, tmp_path):
    truth, lr = work.truth.copy(), work.truth.reshape(8, 4, 5, 4, 5).mean(axis=(2, 4))
    truth[0, :2, :2], truth[:, 5, 5] = -9999, np.inf  # 4 and 8
    lr[:, 0, 0], lr[3, 1, 1] = 5000, -0.001
    files = [work.files[0], work("codes.nc", truth), "--lr", work("lr-codes.nc", lr), *work.files[4:]]
    assert main(["verify", *files, *work.quick, "--allow-missing"]) == 0
    marked = work.card()["pixels"]["marked"]
    assert marked == {"truth": {"codes": 12}, "coarse rain": {"impossible": 8, "negative": 1}}
    assert "In the truth: 12 codes or infinite (missing)." in (tmp_path / "out" / "scorecard.md").read_text()


def test_the_same_seed_gives_the_same_scorecard(work):
    cards = []
    for _ in range(2):
        assert main(["verify", *work.files, *work.quick]) == 0
        cards.append(work.card())
    assert cards[0] == cards[1]


def test_a_space_factor_of_one_has_no_rainfarm(work):
    files = [*work.files]
    files[3] = files[1]
    assert main(["verify", *files, *work.quick]) == 0
    card = work.card()
    assert card["pair"] == [1, 2] and card["systems"]["rainfarm"] is None
    assert card["systems"]["rainfarm_ar1"]["ssr"] > 0


def test_a_mean_of_its_own_file(work):
    mean = work("mean.nc", work.truth)
    assert main(["verify", *work.files, *work.quick, "--mean", mean]) == 0
    assert work.card()["systems"]["mean"]["rmse"] < 1e-6


def test_missing_truth_leaves_the_scores(work):
    truth = work.truth.copy()
    truth[:, :5, :5] = np.nan
    files = [*work.files]
    files[1] = work("gaps.nc", truth)
    assert main(["verify", *files, *work.quick]) == 0
    assert work.card()["systems"]["scaleadapt"]["crps"] > 0


def test_rain_that_members_lack_stops_unless_allowed(work, capsys):
    holes = np.where(work.truth > 1, np.nan, work.truth)[None].repeat(2, 0)
    files = [work("holes.nc", holes, scaleadapt_time_factor=2), *work.files[1:]]
    assert main(["verify", *files, *work.quick]) == 2
    error = capsys.readouterr().err
    assert "scaleadapt: no value at" in error and "give --allow-missing" in error and "Traceback" not in error
    assert main(["verify", *files, *work.quick, "--allow-missing"]) == 0
    card = work.card()
    assert card["pixels"]["scored"] == (work.truth <= 1).sum()
    assert card["pixels"]["lacking"]["scaleadapt"] == (work.truth > 1).sum()
    assert set(card["pixels"]["lacking"].values()) == {0, int((work.truth > 1).sum())}


def test_half_of_the_coarse_rain_missing_stops_unless_allowed(work, capsys):
    coarse = work.truth.reshape(8, 4, 5, 4, 5).mean(axis=(2, 4))
    coarse[:, :2] = np.nan
    files = [*work.files]
    files[3] = work("half.nc", coarse)
    assert main(["verify", *files, *work.quick]) == 2
    error = capsys.readouterr().err
    assert "nearest, bicubic, rainfarm, rainfarm_ar1, steps: no value at" in error and "(--lr) is missing" in error
    assert main(["verify", *files, *work.quick, "--allow-missing"]) == 0
    assert work.card()["pixels"]["share"] == 0.5
    assert "Scored: 50.0 % of the truth's pixels and hours" in capsys.readouterr().out


def test_results_go_to_stdout_and_progress_to_stderr(work, capsys):
    assert main(["verify", *work.files, "--no-figure", "--no-report", "--bootstrap", "10"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("# Scorecard (5, 2)") and "Scoring windows" not in out
    assert "Scoring windows" in err and "Resampling days" in err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--time-factor", "3"], "do not divide into windows of 3 h"),
        (["--time-factor", "0"], "1 or more"),
        (["--name", "bicubic"], "name of a baseline"),
        (["--baselines", "magic"], "no 'magic'"),
        (["--baselines", "analog"], "--archive"),
        (["--member-baselines", "1"], "2 or more"),
        (["--variable", "snow"], "no variable 'snow'"),
        (["--mean", "nowhere.nc"], "nowhere.nc is not there"),
    ],
)
def test_bad_options_stop_with_one_line(work, capsys, options, message):
    assert main(["verify", *work.files, *work.quick, *options]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_files_that_do_not_belong_together_stop(work, capsys):
    later = work("later.nc", work.truth, start="2018-06-01T01:00")
    assert main(["verify", work.files[0], later, *work.files[2:], *work.quick]) == 2
    assert "later.nc has no rain at 2018-05-18T19:00:00Z" in capsys.readouterr().err
    odd = work("odd.nc", np.ones((8, 6, 6)))
    assert main(["verify", *work.files[:3], odd, *work.files[4:], *work.quick]) == 2
    assert "one whole number" in capsys.readouterr().err


def coarse(work):
    return work.truth.reshape(8, 4, 5, 4, 5).mean(axis=(2, 4))


def test_coarse_rain_that_is_a_mistake_is_refused_with_its_cause(work, capsys):
    for rain, words in ((coarse(work) / 3600, "3600 times smaller"), (coarse(work)[:, ::-1], "upside down")):
        lr = work("wrong.nc", rain)
        assert main(["verify", *work.files[:2], "--lr", lr, *work.files[4:], *work.quick]) == 2
        told = capsys.readouterr().err
        assert "wrong.nc" in told and words in told and "Traceback" not in told


def test_a_real_product_is_scored_and_its_part_said(work, capsys):
    lr = work("real.nc", coarse(work) * np.random.default_rng(1).gamma(4, 0.3, (8, 4, 4)))
    assert main(["verify", *work.files[:2], "--lr", lr, *work.files[4:], *work.quick]) == 0
    assert "not that of the truth: in the wettest hours it correlates 0." in capsys.readouterr().out


def test_what_a_file_does_not_tell_is_told_by_flags(work, capsys):
    import xarray as xr

    path = work("sums.nc", coarse(work).cumsum(axis=0))
    with xr.open_dataset(path) as data:
        told = data.load()
    told["rain"].attrs["units"] = ""
    told.to_netcdf(path, engine="netcdf4")
    command = ["verify", *work.files[:2], "--lr", path, *work.files[4:], *work.quick]
    assert main(command) == 2 and "rain has no units" in capsys.readouterr().err
    assert main([*command, "--units", "mm"]) == 2 and "--accumulated since-start" in capsys.readouterr().err
    assert main([*command, "--units", "mm", "--accumulated", "since-start"]) == 0
    flags = work.card()["systems"]
    assert main(["verify", *work.files, *work.quick]) == 0
    assert flags["bicubic"]["crps"] == pytest.approx(work.card()["systems"]["bicubic"]["crps"], abs=1e-4)
