"""The picture of a validation: what it shows, when it is drawn, where it goes."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from anemoi_scaleadapt.conservation import block_mean
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.report.figure import plot
from anemoi_scaleadapt.training.ensemble import Ensemble
from anemoi_scaleadapt.training.picture import RainPicture, panels

MORE = [
    "scale.space=5",
    "scale.time=2",
    "dataloader.limit_batches.training=1",
    "training.max_steps=4",
    "training.method.score_every=1",
]


@pytest.fixture(scope="module")
def ensemble():
    torch.manual_seed(0)
    truth = torch.rand(1, 8, 20, 30) * 8
    truth[0, 0, :5] = torch.nan
    coarse = block_mean(truth.nan_to_num(), 5)
    return Ensemble(coarse, truth, truth / 2, torch.rand(1, 8, 4, 20, 30))


def test_columns_are_coarse_truth_mean_and_members(ensemble):
    fields = panels(ensemble, 2)
    assert list(fields) == ["coarse input", "truth", "mean", "member 1", "member 2"]
    assert all(x.shape == (6, 20, 30) for x in fields.values())  # the first hours of the window
    np.testing.assert_array_equal(fields["coarse input"][2, 5:10, 5:10], ensemble.coarse[0, 2, 1, 1].item())
    np.testing.assert_array_equal(fields["member 2"], ensemble.members[0, :6, 1])
    assert len(panels(ensemble, 9)) == 3 + 4


def test_the_colours_are_those_of_the_rain(ensemble):
    fields = {"a": np.full((1, 10, 10), 30.0), "b": np.zeros((1, 10, 10)), "c": np.full((1, 10, 10), np.nan)}
    figure = plot(fields, ["hour 1"], "title")
    figure.canvas.draw()
    image = np.asarray(figure.canvas.buffer_rgba())[..., :3]
    axes = figure.axes[0]
    places = [axes.transData.transform((0.85 + column * 1.75, 0.85)).astype(int) for column in range(3)]
    found = ["#{:02x}{:02x}{:02x}".format(*image[image.shape[0] - 1 - y, x]) for x, y in places]
    assert found == ["#d7263d", "#ffffff", "#d9d9d9"]


def test_pyplot_knows_nothing_of_it(ensemble):
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    plot(panels(ensemble, 2), ["1", "2", "3"], "title").canvas.draw()
    assert plt.get_fignums() == before


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"every": 0}, "RainPicture.every = 0: must be a whole number from 1"),
        ({"every": 1.5}, "RainPicture.every = 1.5: must be"),
        ({"members": 0}, "RainPicture.members = 0: must be"),
        ({"evry": 2}, "diagnostics.plot.callbacks.RainPicture.evry is not a setting; did you mean .*RainPicture.every"),
    ],
)
def test_bad_settings_are_one_clear_error(bad, says):
    with pytest.raises(ScaleAdaptError, match=says):
        RainPicture(**bad)


def pictures(folder):
    return sorted(p.name for p in (folder / "out").rglob("*.jpg"))


def test_every_second_validation_is_drawn_without_a_logger(trainer, pair, tmp_path):
    lr, hr = pair(space=5, cells=8, hours=60)
    trainer("scaleadapt", lr, hr, *MORE, "diagnostics.plot.callbacks.0.every=2").train()
    assert pictures(tmp_path) == ["rain_s5t2_epoch000.jpg", "rain_s5t2_epoch002.jpg"]


def test_mlflow_holds_it_and_no_scores_mean_no_picture(trainer, pair, tmp_path):
    lr, hr = pair(space=5, cells=8, hours=60)
    tracked = ["diagnostics.log.mlflow.enabled=True", "training.method.score_every=3"]
    trainer("scaleadapt", lr, hr, *MORE, *tracked).train()
    artifacts = sorted((tmp_path / "out").rglob("artifacts/RainPicture/*.jpg"))
    assert [p.name for p in artifacts] == ["rain_s5t2_epoch000.jpg", "rain_s5t2_epoch003.jpg"]
    from PIL import Image

    with Image.open(artifacts[0]) as image:
        assert image.size[0] > 500 and np.asarray(image).std() > 10


def test_a_picture_that_fails_does_not_end_the_training(trainer, pair, tmp_path, caplog):
    lr, hr = pair(space=5, cells=8, hours=60)
    run = trainer("scaleadapt", lr, hr, *MORE, "training.max_steps=1", "diagnostics.plot.settings.asynchronous=False")
    (tmp_path / "a file").write_text("")
    next(c for c in run.callbacks if isinstance(c, RainPicture)).save_basedir = tmp_path / "a file"
    run.train()
    assert "The picture of this validation failed" in caplog.text and not pictures(tmp_path)
    assert next((tmp_path / "out").rglob("inference-last.ckpt")).exists()


def test_the_north_is_on_top(ensemble, monkeypatch):
    drawn = []
    monkeypatch.setattr(RainPicture, "plot", lambda self, trainer, pair, fields: drawn.append(fields))
    picture, trainer = RainPicture(), SimpleNamespace(sanity_checking=False, is_global_zero=True)
    for rows in (torch.linspace(50, 40, 20), torch.linspace(40, 50, 20)):
        fine = SimpleNamespace(x=rows.repeat_interleave(30).deg2rad()[:, None].expand(-1, 2))
        network = SimpleNamespace(hr="hr", _graph_data={"hr": fine})
        picture.on_validation_end(trainer, SimpleNamespace(ensembles={(5, 2): ensemble}, network=network))
    np.testing.assert_array_equal(drawn[0]["truth"], ensemble.truth[0, :6])
    np.testing.assert_array_equal(drawn[1]["truth"], ensemble.truth[0, :6].flip(1))
