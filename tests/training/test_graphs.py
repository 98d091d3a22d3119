"""What the recorder must not change; the recording itself needs a GPU."""

import pickle

import pytest
import torch

from anemoi_scaleadapt.diffusion.settings import SamplerSettings
from anemoi_scaleadapt.models.downscaler import Downscaler, just_run
from anemoi_scaleadapt.models.settings import NetworkSettings
from anemoi_scaleadapt.models.transform import RainTransform
from anemoi_scaleadapt.scale import resolve
from anemoi_scaleadapt.training.graphs import Recorder


@pytest.fixture
def net(device, tiny_network):
    torch.manual_seed(0)
    scale = resolve({"space": 5, "time": 2})
    network = NetworkSettings.from_config(tiny_network, "network")
    net = Downscaler(scale, network, SamplerSettings(), RainTransform(name="sqrt", unit=0.2)).to(device)
    for head in (net.mean.head, net.residual.head):
        torch.nn.init.normal_(head.weight, std=0.1)
    return net.train()


@pytest.fixture(params=["cpu", "cuda"])
def device(request):
    if request.param == "cuda" and not torch.cuda.is_available():
        pytest.skip("no GPU here")
    return torch.device(request.param)


def gradients(net, runner, count, device):
    """Loss and gradients of a batch with the same noise every time."""
    lr = torch.rand(count, net.scale.context_length, 8, 8, generator=torch.Generator().manual_seed(count)).to(device)
    hr = torch.rand(count, 2, 40, 40, generator=torch.Generator().manual_seed(1)).to(device)
    std = net.residual_std.clone()
    generator = torch.Generator(device).manual_seed(2)
    pairs = net.terms(lr, hr, None, generator, runner=runner)
    net.residual_std.copy_(std)
    net.zero_grad()
    loss = sum((one - torch.nan_to_num(two)).square().mean() for one, two in pairs.values())
    loss.backward()
    return loss.detach(), [p.grad.clone() for p in net.parameters() if p.grad is not None]


def test_recorded_passes_give_the_same_losses_and_gradients(net, device):
    recorder = Recorder()
    for count in (4, 4, 3, 4):  # a smaller batch in between, as at the end of an epoch
        wanted, got = gradients(net, just_run, count, device), gradients(net, recorder, count, device)
        torch.testing.assert_close(got[0], wanted[0], rtol=1e-5, atol=1e-6)
        assert len(got[1]) == len(wanted[1]) > 20
        for one, two in zip(got[1], wanted[1], strict=True):
            torch.testing.assert_close(one, two, rtol=1e-3, atol=1e-5)


def test_a_network_that_was_recorded_can_be_pickled(net, device):
    gradients(net, Recorder(), 2, device)
    again = pickle.loads(pickle.dumps(net))
    assert all((a == b).all() for a, b in zip(again.parameters(), net.parameters(), strict=True))
