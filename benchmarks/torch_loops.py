"""PyTorch: eager with its plain and its fused optimizer, torch.compile, and a sweep through torch.func."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from benchmarks.contender import Contender, training
from benchmarks.workloads import RATES, Workload, sweep_rows

PACKAGES = ("torch",)


def eager(w: Workload, threads: int, *, fused: bool = False, compiled: bool = False) -> Contender:
    """The training loop of PyTorch's own tutorial."""
    torch.set_num_threads(threads)
    layers: list[Any] = []
    for k, (weights, bias) in enumerate(w.start()):
        linear = nn.Linear(*weights.shape)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(weights.T.copy()))
            linear.bias.copy_(torch.from_numpy(bias))
        layers.append(linear)
        if not w.classes:
            layers.append(nn.Tanh())
        elif k < len(w.sizes) - 2:
            layers.append(nn.ReLU())
    model = nn.Sequential(*layers)
    rule: Any = (torch.optim.Adam if w.rule == "adam" else torch.optim.SGD)(
        model.parameters(), lr=w.rate, **({"fused": True} if fused else {})
    )
    x, y = torch.from_numpy(w.x), torch.from_numpy(w.labels)
    y = y.long() if w.classes else y

    def loss_of(x: Any, y: Any) -> Any:
        return functional.cross_entropy(model(x), y) if w.classes else 0.5 * functional.mse_loss(model(x), y)

    loss = torch.compile(loss_of) if compiled else loss_of
    orders = [torch.from_numpy(w.rows(e)) for e in range(64)]

    def epoch(number: int) -> None:
        rows = orders[number % 64]
        for batch, target in zip(x[rows], y[rows], strict=True):
            rule.zero_grad()
            loss(batch, target).backward()
            rule.step()

    def params() -> list[Any]:
        linears = [layer for layer in layers if isinstance(layer, nn.Linear)]
        return [(each.weight.detach().numpy().T, each.bias.detach().numpy()) for each in linears]

    return training(w, epoch, params)


fused = partial(eager, fused=True)
compiled = partial(eager, compiled=True)


def sweep(w: Workload, threads: int) -> Contender:
    """All copies at once: ``vmap`` over the parameters and the rates, a Python loop over the steps."""
    torch.set_num_threads(threads)
    start = [torch.from_numpy(part) for pair in w.start() for part in pair]
    x, y, rows = torch.from_numpy(w.x), torch.from_numpy(w.labels).long(), torch.from_numpy(sweep_rows())
    rates = torch.tensor(np.asarray(RATES, np.float32))
    found: list[Any] = []

    def loss(params: Any, x: Any, y: Any) -> Any:
        w1, b1, w2, b2 = params
        return functional.cross_entropy(torch.relu(x @ w1 + b1) @ w2 + b2, y)

    gradients_of = torch.func.vmap(torch.func.grad(loss), (0, None, None))

    def whole() -> list[Any]:
        params = [p.expand(len(rates), *p.shape).clone() for p in start]
        first, second = [torch.zeros_like(p) for p in params], [torch.zeros_like(p) for p in params]
        for t, index in enumerate(rows, 1):
            gradients = gradients_of(params, x[index], y[index])
            for p, g, m, v in zip(params, gradients, first, second, strict=True):
                m.mul_(0.9).add_(g, alpha=0.1)
                v.mul_(0.999).addcmul_(g, g, value=0.001)
                scaled = (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)).sqrt() + 1e-8)
                p.sub_(rates.view(-1, *[1] * (p.ndim - 1)) * scaled)
        return params

    def run(first: int, count: int) -> None:
        for _ in range(count):
            found[:] = whole()

    def result() -> list[float]:
        parts = [p.numpy() for p in found]
        pairs = list(zip(parts[::2], parts[1::2], strict=True))
        return [w.loss([(a[k], b[k]) for a, b in pairs]) for k in range(len(RATES))]

    return Contender(run, result)
