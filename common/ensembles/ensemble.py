"""R copies of one network whose parameters are the rows of one matrix."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap


class Ensemble:
    """R runs of one model, with parameters theta_RP.

    Any module without running statistics (BatchNorm) or randomness (dropout) will do. A stack of linear layers
    and elementwise activations runs as `baddbmm`; other modules are mapped over the runs by `torch.func.vmap`,
    or one after the other on a CPU; the update is of all runs at once in any case.

    Args:
        build: makes the model; run r starts at `torch.manual_seed(seeds_R[r]); build()`.
        seeds_R: one seed per run; equal seeds give equal starts.
        device: where the parameters live.

    Attributes:
        theta_RP: the current parameters, ordered as `build().parameters()`; `train` updates them in place.
    """

    def __init__(
        self, build: Callable[[], nn.Module], seeds_R: Sequence[int], device: str | torch.device = "cpu"
    ) -> None:
        rows = {}
        with torch.random.fork_rng(devices=[]):
            for seed in dict.fromkeys(seeds_R):
                torch.manual_seed(seed)
                self._template = build()
                rows[seed] = nn.utils.parameters_to_vector(self._template.parameters()).detach()
        self._template.to(device)
        self.theta_RP = torch.stack([rows[seed] for seed in seeds_R]).to(device)
        self._shapes = {name: p.shape for name, p in self._template.named_parameters()}
        self._sizes = [shape.numel() for shape in self._shapes.values()]
        self._is_linear_stack = _is_linear_stack(self._template)
        # vmap makes grouped convolutions, which take a CPU half as long again as one run after the other
        self._vmap = self.theta_RP.device.type != "cpu"

    def __len__(self) -> int:
        return len(self.theta_RP)

    def __call__(self, x: Tensor, per_run: bool = False) -> Tensor:
        """The outputs [R, B, ...] of all runs at the current parameters; see `forward`."""
        return self.forward(self.theta_RP, x, per_run)

    def forward(self, theta_RP: Tensor, x: Tensor, per_run: bool = False) -> Tensor:
        """Apply run r with parameters theta_RP[r] to its batch.

        Args:
            theta_RP: parameters.
            x: one batch [B, ...] for all runs or, if `per_run`, one for each, [R, B, ...].
            per_run: whether `x` has a leading axis of runs.

        Returns:
            The outputs, [R, B, ...].
        """
        if self._is_linear_stack and (x.dim() - per_run == 2 or isinstance(self._template[0], nn.Flatten)):
            return self._stacked_linear(theta_RP, x if per_run else x.expand(len(theta_RP), *x.shape))
        parameters = {
            name: block_RN.view(-1, *shape)
            for (name, shape), block_RN in zip(self._shapes.items(), self._split(theta_RP), strict=True)
        }
        run = lambda parameters, x: functional_call(self._template, parameters, (x,))  # noqa: E731
        if self._vmap:
            return vmap(run, in_dims=(0, 0 if per_run else None))(parameters, x)
        rows = zip(*(stacked.unbind() for stacked in parameters.values()), strict=True)
        batches = x.unbind() if per_run else [x] * len(theta_RP)
        return torch.stack([
            run(dict(zip(parameters, row, strict=True)), x) for row, x in zip(rows, batches, strict=True)
        ])

    def module(self, run: int) -> nn.Module:
        """The model with the current parameters of one run; shared by all calls, so use one at a time."""
        with torch.no_grad():
            nn.utils.vector_to_parameters(self.theta_RP[run].clone(), self._template.parameters())
        return self._template

    def _split(self, theta_RP: Tensor) -> Sequence[Tensor]:
        # the backward of one split is one concatenation, where slices would add up R x P zeros each
        return theta_RP.split_with_sizes(self._sizes, dim=1)

    def _stacked_linear(self, theta_RP: Tensor, x_RBI: Tensor) -> Tensor:
        # the batch comes last: the matrix products of narrow layers are up to four times as fast
        x_RIB = x_RBI.flatten(2).transpose(1, 2)
        blocks = iter(self._split(theta_RP))
        for layer in self._template:
            if isinstance(layer, nn.Linear):
                weight_ROI = next(blocks).view(-1, *layer.weight.shape)
                if layer.bias is None:
                    x_RIB = torch.bmm(weight_ROI, x_RIB)
                else:
                    x_RIB = torch.baddbmm(next(blocks).unsqueeze(2), weight_ROI, x_RIB)
            elif not isinstance(layer, nn.Flatten):
                x_RIB = layer(x_RIB)
        return x_RIB.transpose(1, 2)


def _is_linear_stack(model: nn.Module) -> bool:
    """Only linear layers and elementwise activations, after at most one leading `Flatten`."""
    if not isinstance(model, nn.Sequential):
        return False
    layers = list(model)[isinstance(model[0], nn.Flatten) :]
    return all(isinstance(layer, _STACKABLE) for layer in layers)


_STACKABLE = (nn.Linear, nn.ReLU, nn.Tanh, nn.Sigmoid, nn.GELU, nn.ELU, nn.SiLU, nn.LeakyReLU)
