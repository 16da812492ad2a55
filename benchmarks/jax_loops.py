"""JAX, the fastest peer: a compiled call a step, the whole epoch as one ``lax.scan``, and a sweep through ``vmap``."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from benchmarks.contender import Contender, training
from benchmarks.general import PROBLEMS, Problem, cross_entropy
from benchmarks.workloads import RATES, SWEEP_STEPS, Workload, sweep_rows

PACKAGES = ("jax", "jaxlib", "optax")


def loss_of(w: Workload) -> Any:
    """(params, x, y) -> loss, as a JAX user writes it."""

    def loss(params: Any, x: Any, y: Any) -> Any:
        h = x
        for k, (weights, bias) in enumerate(params):
            h = h @ weights + bias
            if not w.classes:
                h = jnp.tanh(h)
            elif k < len(params) - 1:
                h = jax.nn.relu(h)
        if w.classes:
            return optax.softmax_cross_entropy_with_integer_labels(h, y).mean()
        return 0.5 * ((h - y) ** 2).mean()

    return loss


def step_of(loss: Any, rule: Any) -> Any:
    """(carried, mini-batch) -> (carried, loss)."""

    def step(carried: Any, batch: Any) -> Any:
        params, state = carried
        value, gradients = jax.value_and_grad(loss)(params, *batch)
        updates, state = rule.update(gradients, state, params)
        return (optax.apply_updates(params, updates), state), value

    return step


def _rule(w: Workload) -> Any:
    return optax.adam(w.rate) if w.rule == "adam" else optax.sgd(w.rate)


def _start(w: Workload, rule: Any) -> Any:
    params = [(jnp.array(a), jnp.array(b)) for a, b in w.start()]
    return params, rule.init(params)


def _back(params: Any) -> list[Any]:
    return [(np.asarray(a), np.asarray(b)) for a, b in params]


def scan(w: Workload, threads: int) -> Contender:
    """One call an epoch, which gathers the rows itself."""
    rule = _rule(w)
    now, step = [_start(w, rule)], step_of(loss_of(w), rule)
    x, y = jnp.array(w.x), jnp.array(w.labels)

    @partial(jax.jit, donate_argnums=0)
    def whole(carried: Any, x: Any, y: Any, rows: Any) -> Any:
        return jax.lax.scan(step, carried, (x[rows], y[rows]))

    orders = [jnp.array(w.rows(e), jnp.int32) for e in range(64)]

    def epoch(number: int) -> None:
        now[0], losses = whole(now[0], x, y, orders[number % 64])
        losses.block_until_ready()

    return training(w, epoch, lambda: _back(now[0][0]))


def call_a_step(w: Workload, threads: int) -> Contender:
    """A compiled call a step, on rows that NumPy gathers."""
    rule = _rule(w)
    now, step = [_start(w, rule)], partial(jax.jit, donate_argnums=0)(step_of(loss_of(w), rule))

    def epoch(number: int) -> None:
        rows = w.rows(number)
        for batch in zip(w.x[rows], w.labels[rows], strict=True):
            now[0], _ = step(now[0], batch)
        jax.block_until_ready(now[0])

    return training(w, epoch, lambda: _back(now[0][0]))


def sweep(w: Workload, threads: int) -> Contender:
    """All copies at once: ``vmap`` over the rates, ``scan`` over the steps. An epoch is the whole sweep."""
    x, y, rows = jnp.array(w.x), jnp.array(w.labels), jnp.array(sweep_rows(), jnp.int32)
    start = [(jnp.array(a), jnp.array(b)) for a, b in w.start()]
    found: list[Any] = []

    def one(rate: Any, x: Any, y: Any) -> Any:
        rule = optax.adam(rate)
        carried, _ = jax.lax.scan(step_of(loss_of(w), rule), (start, rule.init(start)), (x, y))
        return carried[0]

    many = jax.jit(lambda rates, x, y, rows: jax.vmap(one, (0, None, None))(rates, x[rows], y[rows]))
    rates = jnp.array(RATES, jnp.float32)

    def run(first: int, count: int) -> None:
        for _ in range(count):
            found[:] = [jax.block_until_ready(many(rates, x, y, rows))]

    def result() -> list[float]:
        params = _back(found[0])
        return [w.loss([(a[k], b[k]) for a, b in params]) for k in range(len(RATES))]

    assert len(rows) == SWEEP_STEPS
    return Contender(run, result)


def general(w: Workload, threads: int, *, scanned: bool = True) -> Contender:
    """A step that is no plain network, the same function in ``jax.numpy``; an epoch as one ``lax.scan``, or a call a
    step, which is quicker for convolutions."""
    problem: Problem = PROBLEMS[w.name]
    rule = optax.adam(problem.rate)
    params = jax.tree.map(jnp.array, problem.start())
    now: list[Any] = [(params, rule.init(params))]
    step = step_of(partial(LOOPED.get(w.name, problem.loss_in), jnp, conv=_conv), rule)
    x, y = jnp.array(problem.x), jnp.array(problem.y)
    told: list[Any] = []

    @partial(jax.jit, donate_argnums=0)
    def whole(carried: Any, x: Any, y: Any, rows: Any) -> Any:
        return jax.lax.scan(step, carried, (x[rows], y[rows]))

    one = partial(jax.jit, donate_argnums=0)(step)
    orders = [jnp.array(problem.rows(e), jnp.int32) for e in range(8)]

    def run(first: int, count: int) -> None:
        for number in range(first, first + count):
            if scanned:
                now[0], losses = whole(now[0], x, y, orders[number % 8])
                told[:] = [losses.block_until_ready()]
                continue
            told.clear()
            rows = problem.rows(number)
            for batch in zip(problem.x[rows], problem.y[rows], strict=True):
                now[0], loss = one(now[0], batch)
                told.append(loss)
            jax.block_until_ready(now[0])

    return Contender(run, lambda: np.ravel(np.asarray(told, np.float64)).tolist())


def _conv(h: Any, weights: Any) -> Any:
    """What a JAX user convolves with: h (B, C, H, W), weights (kh, kw, C, n_out), the image's size stays."""
    return jax.lax.conv_general_dilated(h, weights, (1, 1), "SAME", dimension_numbers=("NCHW", "HWIO", "NCHW"))


def _lstm(xp: Any, p: Any, x: Any, y: Any, *, conv: Any) -> Any:
    """The LSTM as a JAX user writes it, with a scan over time: six times as quick as with all steps written out."""
    n = p["wh"].shape[0]

    def sigmoid(z: Any) -> Any:
        return 0.5 * (jnp.tanh(0.5 * z) + 1)

    def cell(state: Any, now: Any) -> Any:
        h, c = state
        z = now @ p["wx"] + h @ p["wh"] + p["b"]
        c = sigmoid(z[:, :n]) * c + sigmoid(z[:, n : 2 * n]) * jnp.tanh(z[:, 2 * n : 3 * n])
        return (sigmoid(z[:, 3 * n :]) * jnp.tanh(c), c), None

    zeros = jnp.zeros((x.shape[0], n), jnp.float32)
    (h, _), _ = jax.lax.scan(cell, (zeros, zeros), jnp.swapaxes(x, 0, 1))
    return cross_entropy(jnp, h @ p["wo"] + p["bo"], y)


LOOPED = {"LSTM over 20 steps": _lstm}
"""Problems for which JAX has a better form than the common one."""
general_calls = partial(general, scanned=False)
