"""anemoi's key `model.compile` compiles our U-shapes: same results, and a checkpoint that anyone can load."""

import copy
import importlib.util
import shutil

import jaxtyping
import pytest
import torch
from anemoi.models.utils.compile import mark_for_compilation
from omegaconf import OmegaConf

from anemoi_scaleadapt.layers.unet import UShape
from anemoi_scaleadapt.scale import recipe

UNET = "anemoi_scaleadapt.layers.unet.UShape"

pytestmark = pytest.mark.skipif(not importlib.util.find_spec("triton"), reason="anemoi compiles only where triton is")


@pytest.fixture(autouse=True)
def unchecked():
    """The compiler cannot look through the checks of shapes, which only the tests have."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


def test_a_training_with_the_key_leaves_a_checkpoint_that_needs_no_compiler(trainer, checkpoints, pair):
    # backend: all of torch.compile but its C++ compiler, which takes minutes; fullgraph: nothing is left out
    lr, hr = pair(space=5, cells=8, hours=60)
    options = "{backend: aot_eager, fullgraph: true}"
    run = trainer("scaleadapt", lr, hr, *OVERRIDES, f"model.compile=[{{module: {UNET}, options: {options}}}]")
    run.train()
    net = run.model.network.downscaler
    assert compiled(net) == ["mean.body", "residual.body"]
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] >= 1  # both are one at these sizes
    plain = copy.deepcopy(net)
    assert not compiled(plain)
    same_gradients(net, plain)
    interface = torch.load(checkpoints()[0], weights_only=False, map_location="cpu").eval()
    assert not compiled(interface)
    rain = torch.rand(1, 14, 8, 8)
    drawn = interface.model.downscaler.sample(rain, recipe(5, 2), lambda k: torch.randn(1, 3, 1, 40, 40))
    assert torch.isfinite(drawn).all()


@pytest.mark.slow
@pytest.mark.skipif(
    not (shutil.which("g++") or shutil.which("clang++")), reason="torch.compile needs a C++ compiler on a CPU"
)
@pytest.mark.skipif(not importlib.util.find_spec("setuptools"), reason="torch.compile needs setuptools on a CPU")
def test_compiled_code_gives_the_same():
    torch.manual_seed(0)
    plain = torch.nn.ModuleList([UShape((8, 8), blocks=1, heads=2, window=0, reach=2, embedding=4)]).eval()
    for parameter in plain.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    net = mark_for_compilation(copy.deepcopy(plain), OmegaConf.create([{"module": UNET}]))
    x = torch.randn(3, 8, 8, 8).contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        told = torch.randn(3, 4)
        torch.testing.assert_close(net[0](x, told, 3), plain[0](x, told, 3), rtol=1e-4, atol=1e-5)
    assert compiled(net) == ["0"]


OVERRIDES = ["scale.space=5", "scale.time=2"]
OVERRIDES += ["training.max_steps=1", "dataloader.limit_batches.validation=0", "model.model.network.window=0"]


def compiled(model):
    """Names of the modules that are marked for compilation."""
    return [name for name, module in model.named_modules() if getattr(module, "_compiled_call_impl", None) is not None]


def same_gradients(*models):
    """The loss of one step, with the same noise, has the same gradients."""
    found = []
    for model in models:
        generator = torch.Generator().manual_seed(0)
        rain, truth = (torch.rand(2, *shape, generator=generator) for shape in ((14, 8, 8), (2, 40, 40)))
        terms = model.train().terms(rain, truth, recipe(5, 2), generator=generator)
        model.zero_grad()
        sum(torch.nan_to_num(p - t).square().mean() for p, t in terms.values()).backward()
        found.append([p.grad for p in model.parameters() if p.grad is not None])
    assert any(grad.abs().max() > 1e-3 for grad in found[0])
    for got, wanted in zip(*found, strict=True):
        torch.testing.assert_close(got, wanted, rtol=1e-3, atol=1e-5)
