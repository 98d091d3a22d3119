"""Muon and AdamW as one optimiser: what each changes, by how much, and that a stopped training goes on the same."""

import copy

import pytest
import torch
from torch import nn

from anemoi_scaleadapt.training.optimiser import MuonAdamW, matrix


def network(channels=32):
    """A kernel that Muon changes, one that is too small for it, and gains."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(2, channels, 3), nn.Conv2d(channels, channels, 3), nn.GroupNorm(4, channels))


def learn(net, optimiser, steps=3, seed=0):
    torch.manual_seed(seed)
    for _ in range(steps):
        optimiser.zero_grad()
        net(torch.randn(2, 2, 9, 9)).square().mean().backward()
        optimiser.step()


def test_a_kernel_is_a_matrix_in_the_same_memory_in_both_formats():
    kernel = torch.arange(2 * 3 * 2 * 2.0).view(2, 3, 2, 2)
    last = kernel.to(memory_format=torch.channels_last)
    for one in (kernel, last):
        assert matrix(one).shape == (2, 12) and matrix(one).data_ptr() == one.data_ptr()
        assert torch.equal(matrix(one).sort(1).values, kernel.view(2, 12))


def test_only_wide_matrices_go_to_muon():
    optimiser = MuonAdamW(network().parameters())
    assert [len(parameter) for parameter, _ in optimiser.views] == [32]
    assert optimiser.parts["muon"].param_groups[0]["params"][0].shape == (32, 32 * 9)
    assert len(optimiser.parts["adamw"].param_groups[0]["params"]) == 5
    assert MuonAdamW(network(16).parameters()).parts.keys() == {"adamw"}


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_updates_are_orthogonal_and_as_large_as_those_of_adamw(memory_format):
    net = network().to(memory_format=memory_format)
    before = copy.deepcopy(net)
    learn(net, MuonAdamW(net.parameters(), lr=0.01, weight_decay=0.0), steps=1)
    told = matrix((net[1].weight - before[1].weight).detach())
    values = torch.linalg.svdvals(told)
    assert values.max() / values.min() < 2.5  # of a gradient: over 100
    assert told.square().mean().sqrt() == pytest.approx(0.01 * 0.2, rel=0.25)
    small = (net[0].weight - before[0].weight).detach().abs()
    assert small.max() == pytest.approx(0.01, rel=0.01)  # AdamW's first step


def test_the_learning_rate_of_a_scheduler_reaches_both():
    net = network()
    optimiser = MuonAdamW(net.parameters())
    optimiser.param_groups[0]["lr"] = 0.0
    before = copy.deepcopy(net.state_dict())
    learn(net, optimiser)
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())


def test_a_state_goes_on_as_if_there_had_been_no_stop():
    through, stopped = network(), network()
    first, second = MuonAdamW(through.parameters()), MuonAdamW(stopped.parameters())
    for seed in (1, 2):
        learn(through, first, seed=seed)
        learn(stopped, second, seed=seed)
        state = copy.deepcopy(second.state_dict())
        second = MuonAdamW(stopped.parameters())
        second.load_state_dict(state)
    for one, other in zip(through.parameters(), stopped.parameters(), strict=True):
        assert torch.equal(one, other)


def test_new_memory_of_a_parameter_is_followed():
    net = network()
    optimiser = MuonAdamW(net.parameters())
    net[1].weight.data = net[1].weight.data.clone()
    before = net[1].weight.detach().clone()
    learn(net, optimiser, steps=1)
    assert not torch.equal(net[1].weight, before)


def test_a_closure_and_parameters_without_gradient():
    net = network()
    optimiser = MuonAdamW(net.parameters())

    def closure():
        loss = net[2](torch.randn(1, 32, 4, 4)).square().mean()
        loss.backward()
        return loss

    before = net[1].weight.detach().clone()
    assert optimiser.step(closure) > 0
    assert torch.equal(net[1].weight, before)


def test_the_state_of_another_optimiser_is_refused():
    net = network()
    state = torch.optim.AdamW(net.parameters()).state_dict()
    with pytest.raises(ValueError, match="begin anew with the weights alone"):
        MuonAdamW(net.parameters()).load_state_dict(state)
