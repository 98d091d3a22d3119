import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from anemoi_scaleadapt.conservation import block_mean, nearest
from anemoi_scaleadapt.conservation.blocks import Blocks, infer_space
from anemoi_scaleadapt.errors import ScaleAdaptError


def test_block_mean_by_hand():
    rain = torch.tensor([[0.0, 2.0, 5.0, 5.0], [4.0, 2.0, 5.0, 9.0]])
    assert torch.equal(block_mean(rain, 2), torch.tensor([[2.0, 6.0]]))


def test_block_mean_of_bfloat16_is_float32_and_not_rounded():
    rain = torch.tensor([[256.0, 258.0]] * 2, dtype=torch.bfloat16)
    mean = block_mean(rain, 2)
    assert mean.dtype == torch.float32
    assert mean.item() == 257.0  # not a bfloat16 number


def test_a_missing_value_makes_its_block_missing():
    rain = torch.ones(4, 4)
    rain[3, 0] = torch.nan
    assert block_mean(rain, 2).isnan().tolist() == [[False, False], [True, False]]


@given(st.integers(0, 99))
def test_factors_compose_2_times_5_is_10(seed):
    rain = torch.rand(3, 20, 30, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    torch.testing.assert_close(block_mean(block_mean(rain, 2), 5), block_mean(rain, 10))


def test_nearest_is_the_right_inverse_of_block_mean():
    coarse = torch.rand(2, 3, 4)
    assert torch.equal(block_mean(nearest(coarse, 4), 4), coarse)


def test_blocks_reduce_all_hours_of_a_cell():
    rain = torch.arange(16.0).reshape(2, 2, 4)  # hour 0: 0..7, hour 1: 8..15
    blocks = Blocks((2, 4), (2, 2))
    assert blocks.sum(rain).tolist() == [[52.0, 68.0]]  # 0+1+4+5 + 8+9+12+13
    assert blocks.max(rain).tolist() == [[13.0, 15.0]]
    assert blocks.fill(torch.tensor([[1.0, 2.0]])).tolist() == [[[1.0, 1.0, 2.0, 2.0]] * 2]


@pytest.mark.parametrize("coarse", [(3, 4), (2, 5), (0, 0), (3, 2)])
def test_shapes_without_one_whole_factor_are_named(coarse):
    with pytest.raises(ScaleAdaptError, match=r"\(1, 20, 30\).*one whole factor"):
        infer_space(torch.zeros(1, 20, 30), torch.zeros(coarse))


def test_a_field_that_cannot_be_cut_names_the_key():
    with pytest.raises(ScaleAdaptError, match=r"21 x 30 .*scale.space = 10"):
        block_mean(torch.zeros(21, 30), 10)
