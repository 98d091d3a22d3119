"""The coarse frames on the fine grid."""

import torch

from anemoi_scaleadapt.models.context import Context, build_context, time_weights
from anemoi_scaleadapt.scale import resolve


def scale(space, time, length, lookahead):
    return resolve({"space": space, "time": time, "context_length": length, "lookahead": lookahead})


def test_weights_by_hand():
    # frames centred at -1.5, 1.5 and 4.5 h; hours at 0.5, 1.5 and 2.5 h
    want = torch.tensor([[1 / 3, 2 / 3, 0], [0, 1, 0], [0, 2 / 3, 1 / 3]])
    torch.testing.assert_close(time_weights(scale(1, 3, 3, 1)), want)


def test_beyond_the_last_frame_its_value_holds():
    torch.testing.assert_close(time_weights(scale(1, 3, 2, 0))[2], torch.tensor([0.0, 1.0]))
    torch.testing.assert_close(time_weights(scale(1, 3, 1, 0)), torch.ones(3, 1))


def test_without_enlarging_the_guess_is_the_frames_themselves():
    z = torch.rand(1, 3, 4, 5)
    context = build_context(z, torch.ones_like(z, dtype=torch.bool), scale(1, 1, 3, 1))
    torch.testing.assert_close(context.base[:, 0], z[:, 1])
    torch.testing.assert_close(context.still[:, 0], z[:, 1])


def test_a_constant_stays_constant_and_phases_span_a_cell():
    z = torch.full((1, 3, 3, 3), 0.7)
    context = build_context(z, torch.ones_like(z, dtype=torch.bool), scale(4, 2, 3, 1), torch.zeros(1, 2, 12, 12))
    torch.testing.assert_close(context.base, torch.full((1, 2, 12, 12), 0.7))
    assert context.still.shape[1] == Context.STILL + 2
    assert context.still[0, 3, :5, 0].tolist() == [-0.75, -0.25, 0.25, 0.75, -0.75]


def test_missing_frames_do_not_matter_whatever_they_hold():
    present = torch.ones(1, 3, 4, 4, dtype=torch.bool)
    present[:, 2] = False
    z = torch.rand(1, 3, 4, 4)
    wild = z.clone()
    wild[:, 2] = torch.nan
    pair = scale(2, 3, 3, 1)
    for one, two in zip(
        build_context(z, present, pair).tensors(), build_context(wild, present, pair).tensors(), strict=True
    ):
        torch.testing.assert_close(one, two)
