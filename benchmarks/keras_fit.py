"""Keras 3: ``model.fit``, on the backend that the environment names (KERAS_BACKEND)."""

from __future__ import annotations

import keras
import numpy as np

from benchmarks.contender import Contender
from benchmarks.workloads import Workload

PACKAGES = ("keras",)


def fit(w: Workload, threads: int) -> Contender:
    """Several epochs a call, shuffled by Keras, as users call it; the epoch that is compared is in the common order."""
    depth = len(w.sizes) - 1
    hidden = ["tanh" if not w.classes else "relu" if k < depth - 1 else None for k in range(depth)]
    layers = [keras.layers.Dense(n, activation=h) for n, h in zip(w.sizes[1:], hidden, strict=True)]
    model = keras.Sequential([keras.layers.Input((w.sizes[0],)), *layers])
    model.set_weights([part for pair in w.start() for part in pair])
    rule = keras.optimizers.Adam(w.rate, epsilon=1e-8) if w.rule == "adam" else keras.optimizers.SGD(w.rate)

    def half_mse(y: keras.KerasTensor, p: keras.KerasTensor) -> keras.KerasTensor:
        return 0.5 * keras.ops.mean((p - y) ** 2, axis=-1)

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True) if w.classes else half_mse
    model.compile(optimizer=rule, loss=loss)

    def run(first: int, count: int) -> None:
        rows = w.rows(first).ravel()
        model.fit(w.x[rows], w.labels[rows], batch_size=w.batch, epochs=count, shuffle=count > 1, verbose=0)

    def result() -> list[float]:
        parts = [np.asarray(part) for part in model.get_weights()]
        return [w.loss(list(zip(parts[::2], parts[1::2], strict=True)))]

    return Contender(run, result)
