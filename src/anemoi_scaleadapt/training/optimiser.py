"""What changes weights: Muon for kernels and matrices, AdamW for the rest."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

#: fewest rows and columns of a matrix that Muon changes: of smaller ones there is nothing to make orthogonal
LEAST = 32


def matrix(kernel: Tensor) -> Tensor:
    """A kernel (out, in, ...) as a matrix (out, rest) in the same memory, whatever its memory format."""
    return (kernel if kernel.is_contiguous() else kernel.movedim(1, -1)).view(len(kernel), -1)


class MuonAdamW(torch.optim.Optimizer):
    """Muon for kernels of convolutions and other matrices, AdamW for what is left; their updates are of one size.

    Muon's update of a matrix has singular values that are all about 1: no direction is learnt at the cost of the
    others. A kernel counts as the matrix (out, in times places). Both have the same learning rate, since Muon's update
    is scaled to the size that AdamW's has.

    Parameters
    ----------
    params : iterable of Parameter
        What is learnt.
    lr : float
        Learning rate; schedulers change it as that of any optimiser.
    betas : (float, float), optional
        Of AdamW.
    weight_decay : float, optional
        Share of a weight that is lost in a step, relative to the learning rate.

    References
    ----------
    Jordan et al. 2024, "Muon"; Liu et al. 2025, arXiv 2502.16982, for the size of the update; `torch.optim.Muon`.
    """

    def __init__(
        self,
        params: Iterable[nn.Parameter],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.01,
    ) -> None:
        learnt = list(params)
        super().__init__(learnt, {"lr": lr, "betas": tuple(betas), "weight_decay": weight_decay})
        wide, rest = list[nn.Parameter](), list[nn.Parameter]()
        for parameter in learnt:
            is_wide = parameter.ndim > 1 and min(len(parameter), parameter[:1].numel()) >= LEAST
            (wide if is_wide else rest).append(parameter)
        self.views = [(parameter, nn.Parameter(matrix(parameter.detach()))) for parameter in wide]
        self.parts: dict[str, torch.optim.Optimizer] = {}
        if wide:
            views = [view for _, view in self.views]
            self.parts["muon"] = torch.optim.Muon(
                views, lr=lr, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw"
            )
        if rest:
            self.parts["adamw"] = torch.optim.AdamW(rest, lr=lr, betas=betas, weight_decay=weight_decay)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change the weights; `closure` computes the loss and its gradients first."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for parameter, view in self.views:
            # anew each time: others may have given the parameter new memory
            view.data = matrix(parameter.data)
            view.grad = None if parameter.grad is None else matrix(parameter.grad)
        for part in self.parts.values():
            for group in part.param_groups:
                group["lr"] = self.param_groups[0]["lr"]
            part.step()
        return loss

    def state_dict(self) -> dict[str, Any]:
        """The state of both, beside the settings."""
        return {**super().state_dict(), "parts": {name: part.state_dict() for name, part in self.parts.items()}}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a state of :meth:`state_dict`.

        Raises
        ------
        ValueError
            It is that of another optimiser.
        """
        parts = state_dict.get("parts", {})
        if parts.keys() != self.parts.keys():
            raise ValueError("this optimiser's state is not that of MuonAdamW: begin anew with the weights alone")
        super().load_state_dict({key: value for key, value in state_dict.items() if key != "parts"})
        for name, part in self.parts.items():
            part.load_state_dict(parts[name])
