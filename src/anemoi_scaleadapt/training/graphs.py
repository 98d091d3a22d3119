"""Both networks' passes recorded as CUDA graphs: small networks are bound by the launches of their many kernels."""

from collections.abc import Callable

import torch
from torch import Tensor, nn


class Pass(nn.Module):
    """One network's pass in training, as a module of its own.

    A recorded module keeps its recording in itself. This thin one holds it, so that the network can still be pickled
    into a checkpoint.

    Parameters
    ----------
    network
        Holds the parameters.
    run
        What is computed, a function of tensors alone.
    """

    def __init__(self, network: nn.Module, run: Callable[..., Tensor]) -> None:
        super().__init__()
        self.network, self.run = network, run

    def forward(self, *inputs: Tensor) -> Tensor:
        """Compute it."""
        return self.run(*inputs)


class Recorder:
    """Runs passes, on a GPU as replayed CUDA graphs once a shape is known.

    Only the first shape that a pass sees is recorded; others (a smaller last batch), other devices and reduced
    precision run as usual. No other thread may allocate while it records: set ``dataloader.pin_memory: False``.
    """

    def __init__(self) -> None:
        self._recorded: dict[int, tuple[list[torch.Size], Callable[..., Tensor]]] = {}

    def __call__(self, network: nn.Module, run: Callable[..., Tensor], *inputs: Tensor) -> Tensor:
        """Compute ``run(*inputs)``, of which `network` holds the parameters; arguments are tensors alone."""
        if inputs[0].device.type != "cuda" or torch.is_autocast_enabled():
            return run(*inputs)
        shapes = [x.shape for x in inputs]
        if id(network) not in self._recorded:
            samples = tuple(x.detach().clone().requires_grad_(x.requires_grad) for x in inputs)
            graphed = torch.cuda.make_graphed_callables(Pass(network, run), samples, allow_unused_input=True)
            self._recorded[id(network)] = shapes, graphed
        known, graphed = self._recorded[id(network)]
        return graphed(*inputs) if shapes == known else run(*inputs)
