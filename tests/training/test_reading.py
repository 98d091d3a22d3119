"""Which hours are read, and one function that takes a batch of anemoi's apart."""

import datetime
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
import torch

from anemoi_scaleadapt.scale.pairs import Pairs
from anemoi_scaleadapt.training.batch import take_apart
from anemoi_scaleadapt.training.reading import Reading, edge_hours, window_hours

ALL = Pairs.from_config({}, "pairs")
COLUMNS = {"lr": {"rain": 0}, "hr": {"hill": 0, "rain": 1, "sea": 2}}


@pytest.mark.parametrize(
    ("window", "hours"), [(6, [6, 6, 6, 4, 5, 6]), (12, [12, 12, 12, 12, 10, 12]), (2, [2, 2, 3, 4, 5, 6])]
)
def test_windows_are_as_many_whole_frames_as_fit(window, hours):
    assert [window_hours(t, window) for t in range(1, 7)] == hours


def test_edges_are_whole_frames_over_six_hours():
    assert [edge_hours(t) for t in range(1, 7)] == [6, 6, 6, 8, 10, 6]


def test_hours_that_are_read():
    reading = Reading(ALL, 12)
    assert list(reading.window) == list(range(1, 13)) and reading.edge == 10
    assert list(reading.hours) == list(range(-9, 23))
    one = Reading(Pairs.from_config({"only": [[10, 3]]}, "pairs"), 6)
    assert list(one.hours) == list(range(-5, 13))


@pytest.mark.parametrize(("source", "lr", "hr"), [("hr", 1, 32), ("lr", 32, 12)])
def test_of_each_dataset_what_is_needed(source, lr, hr):
    reading = Reading(ALL, 12, source=source)
    assert [len(reading.needed(name)) for name in ("lr", "hr")] == [lr, hr]

    class Dataset:
        data_readers = {name: SimpleNamespace(frequency=FREQUENCY) for name in ("lr", "hr")}

        def __init__(self):
            self.relative_date_indices = {"lr": slice(-9, 23), "hr": slice(-9, 23)}

    module = SimpleNamespace(ds_train=Dataset(), ds_valid=Dataset())
    reading.narrow(module)
    for dataset in (module.ds_train, module.ds_valid):
        read = {name: list(range(1000))[slice(s.start + 50, s.stop + 50, s.step)] for name, s in
                dataset.relative_date_indices.items()}  # fmt: skip
        for name in ("lr", "hr"):
            assert [r - 50 for r in read[name]] == [h * PER_HOUR for h in reading.needed(name)]


PER_HOUR = 4
FREQUENCY = datetime.timedelta(hours=1) / PER_HOUR


@dataclass
class Source:
    """A dataset of a batch as anemoi's branch feat/richer-batch has it."""

    data: torch.Tensor


@dataclass
class Batch:
    """A batch as it has it: no dict, but read like one."""

    sources: dict[str, Source]

    def __getitem__(self, name):
        return self.sources[name]


def batch(reading, narrow, variables=3):
    """Values that tell their hour: (batch, hours, 1, grid, variables); the fine grid is 2 x 3."""
    out = {}
    for name in ("lr", "hr"):
        hours = torch.tensor([*(reading.needed(name) if narrow else reading.hours)], dtype=torch.float32)
        x = hours.view(1, -1, 1, 1, 1) + torch.zeros(2, 1, 1, 6, 1)
        out[name] = x if name == "lr" else torch.cat([x * 0 + 7, x + torch.arange(6.0)[:, None] / 10, x * 0 + 8], -1)
    return out


@pytest.mark.parametrize("narrow", [True, False])
@pytest.mark.parametrize("source", ["lr", "hr"])
def test_a_batch_comes_apart_however_it_was_read_and_whatever_form_it_has(source, narrow):
    reading = Reading(ALL, 12, source=source, shapes={"lr": (2, 3), "hr": (2, 3)})
    given = batch(reading, narrow)
    objects = Batch({name: Source(values) for name, values in given.items()})
    for form in (given, objects):
        fields = take_apart(form, reading, COLUMNS, ["sea", "hill"])
        assert fields.fine.shape == (2, 12, 2, 3) and fields.coarse.shape == (2, 32, 2, 3)
        assert fields.fine[0, :, 0, 0].tolist() == [float(h) for h in range(1, 13)]
        assert fields.fine[0, 0].flatten().tolist() == pytest.approx([1 + i / 10 for i in range(6)])
        assert fields.coarse[1, :, 0, 0].tolist() == [float(h) for h in range(-9, 23)]
        assert fields.statics[:, 0].unique().item() == 8 and fields.statics[:, 1].unique().item() == 7
        assert take_apart(form, reading, COLUMNS, []).statics is None
