"""Random functions over the primitives, of ragged sizes: each follows from its seed."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from downslope.autodiff import grad
from downslope.autodiff.primitive import TABLE

SIZES = (1, 2, 3, 5, 7, 8, 9, 13, 15, 16, 17, 31, 33, 64, 65, 130)
MOST = 20_000  # numbers of one value
Rng = np.random.Generator
Array = Any

SMOOTH: dict[str, Callable[[Array], Array]] = {
    "tanh": np.tanh, "sin": np.sin, "cos": np.cos, "arctan": np.arctan, "arcsinh": np.arcsinh, "square": np.square,
    "negative": np.negative, "abs": np.abs, "bell": lambda x: np.exp(-x * x), "root": lambda x: np.sqrt(np.abs(x) + 1),
    "log1p": lambda x: np.log1p(np.abs(x)), "inverse": lambda x: 1 / (1 + x * x), "cbrt": lambda x: np.cbrt(x + 9),
    "leaky": lambda x: np.where(x > 0, x, 0.1 * x), "relu": lambda x: np.maximum(x, 0), "line": lambda x: 0.5 * x + 1,
    "finite": lambda x: np.where(np.isfinite(x) & ~(x > 2), x, 1.0), "cube": lambda x: x**3 / 9,
    "log2": lambda x: np.log2(np.abs(x) + 2), "expm1": lambda x: np.expm1(-np.abs(x)),
    "arccosh": lambda x: np.arccosh(np.abs(x) + 1.5), "hypot": lambda x: np.hypot(x, 2.0),
    "softplus": lambda x: np.logaddexp(x, 0.0), "softmax": lambda x: _row_softmax(x), "double": lambda x: x + x,
}  # fmt: skip
BINARY: dict[str, Callable[[Array, Array], Array]] = {
    "add": lambda a, b: a + b, "subtract": lambda a, b: a - b, "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / (1 + b * b), "maximum": np.maximum, "minimum": np.minimum,
    "arctan2": lambda a, b: np.arctan2(a, np.abs(b) + 1), "logaddexp": np.logaddexp,
    "choose": lambda a, b: np.where(a > b, a, np.sin(b)), "distance": lambda a, b: np.hypot(a, b + 1),
}  # fmt: skip
REDUCTIONS: dict[str, Callable[..., Array]] = {f.__name__: f for f in (np.sum, np.mean, np.max, np.min, np.std, np.var)}


def _row_softmax(x: Array) -> Array:
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


@dataclass(frozen=True)
class Problem:
    """function: of ``arrays``, to a list of results. text: what it is."""

    function: Callable[..., list[Array]]
    arrays: list[Array]
    text: str


class Chain:
    """Operations one after the other; values live for random times. It is computed while it is made: shapes are known.

    env: name -> value; x0, x1 ... are its inputs. steps: name -> (function, operands).
    """

    def __init__(self, rng: Rng, dtype: Any) -> None:
        self.rng, self.dtype = rng, dtype
        self.env: dict[str, Array] = {}
        self.steps: dict[str, tuple[str, Callable[..., Array], list[str]]] = {}
        self.inputs: list[str] = []
        self.input(self.normal(self.shape(self.pick(1, 4))))
        for _ in range(self.pick(2, 10)):
            self.grow()

    def pick(self, low: int, high: int) -> int:
        """A whole number below ``high``."""
        return int(self.rng.integers(low, high))

    def shape(self, axes: int, *fixed: int) -> tuple[int, ...]:
        """Ragged sizes, and then the fixed ones; MOST numbers at most."""
        while True:
            found = (*(int(n) for n in self.rng.choice(SIZES, axes)), *fixed)
            if math.prod(found) <= max(MOST, math.prod(fixed)):
                return found

    def normal(self, shape: tuple[int, ...]) -> Array:
        """Random numbers."""
        return self.rng.normal(size=shape).astype(self.dtype)

    def input(self, array: Array) -> str:
        """One more input of the function."""
        self.inputs.append(f"x{len(self.inputs)}")
        self.env[self.inputs[-1]] = array
        return self.inputs[-1]

    def grow(self) -> None:
        """One more value, unless it is too large or not finite."""
        known = [name for name, x in self.env.items() if x.dtype.kind == "f"]
        name = known[self.pick(0, len(known))]
        text, f, *others = OPERATIONS[self.pick(0, len(OPERATIONS))](self, self.env[name])
        operands = [name, *others]
        found = np.asarray(f(*(self.env[o] for o in operands)))
        if 0 < found.size <= MOST and np.isfinite(found).all():
            made = f"v{len(self.steps)}"
            self.steps[made], self.env[made] = (text, f, operands), found

    def __call__(self, *xs: Array) -> list[Array]:
        """The last few values."""
        env = dict(zip(self.inputs, xs, strict=True))
        for name, (_, f, operands) in self.steps.items():
            env[name] = f(*(env[o] for o in operands))
        return [env[name] for name in [*env][-3:]]

    def __str__(self) -> str:
        given = [f"{name} {self.env[name].dtype}{list(self.env[name].shape)}" for name in self.inputs]
        steps = [f"{n} = {text}({', '.join(o)}) {list(self.env[n].shape)}" for n, (text, _, o) in self.steps.items()]
        return "\n".join([*given, *steps])


# --- operations: (chain, a value) -> (text, function, other operands) -----------------------------------------------


def elementwise(c: Chain, x: Array) -> Any:
    name = str(c.rng.choice(list(SMOOTH)))
    return name, SMOOTH[name] if x.ndim or name != "softmax" else np.sin


def with_another(c: Chain, x: Array) -> Any:
    """A new array of the same shape or one that is broadcast, or a number."""
    name = str(c.rng.choice(list(BINARY)))
    shape = tuple(n if c.rng.random() < 0.6 else 1 for n in x.shape)[c.pick(0, x.ndim + 1) if x.ndim else 0 :]
    return name, BINARY[name], c.input(c.normal(shape))


def with_itself(c: Chain, x: Array) -> Any:
    """With a number of its own, its first row, or itself turned around."""
    name, f = str(c.rng.choice(list(BINARY))), None
    f = BINARY[name]
    if not x.ndim:
        return name, lambda x: f(x, x)
    way = c.pick(0, 3)
    last = (-1,) * x.ndim
    return f"{name} with part {way}", lambda x: f(x, (x[last], x[:1], x[::-1])[way])


def reduction(c: Chain, x: Array) -> Any:
    name = str(c.rng.choice(list(REDUCTIONS)))
    axes = tuple(a for a in range(x.ndim) if c.rng.random() < 0.5) or None
    kept, f = bool(c.pick(0, 2)), REDUCTIONS[name]
    text = f"{name} over {axes}, keepdims={kept}"
    if kept and c.pick(0, 2):
        return f"x - {text}", lambda x: x - f(x, axis=axes, keepdims=True)
    return text, lambda x: f(x, axis=axes, keepdims=kept)


def product(c: Chain, x: Array) -> Any:
    if x.ndim < 2:
        return ("x @ w", np.matmul, c.input(c.normal(c.shape(1, x.shape[0])[::-1]))) if x.ndim else elementwise(c, x)
    *stack, m, k = x.shape
    n = int(c.rng.choice(SIZES))
    forms: list[Any] = [
        ("x @ w", lambda x, w: x @ w, c.normal((k, n))),
        ("x @ w.T", lambda x, w: x @ w.T, c.normal((n, k))),
        ("w @ x", lambda x, w: w @ x, c.normal((n, m))),
        ("x @ v", lambda x, w: x @ w, c.normal((k,))),
        ("stack @ stack", lambda x, w: x @ w, c.normal((*stack, k, min(n, 17)))),
        ("x @ x.T", lambda x: x @ np.swapaxes(x, -1, -2) / k, None),
        ("x.T @ x", lambda x: np.swapaxes(x, -1, -2) @ x / m, None),
        ("x.T @ w", lambda x, w: np.swapaxes(x, -1, -2) @ w / m, c.normal((m, n))),
    ]
    text, f, w = forms[c.pick(0, len(forms))]
    return text, f, *([] if w is None else [c.input(w)])


def summed(c: Chain, x: Array) -> Any:
    """An einsum."""
    if x.ndim != 2:
        return elementwise(c, x)
    m, k = x.shape
    n = int(c.rng.choice(SIZES[:10]))
    forms: list[Any] = [
        ("ij,kj->ik", (n, k)), ("ij,ij->i", (m, k)), ("ij,jk->ki", (k, n)), ("ij,ik->jk", (m, n)), ("ij,j->ji", (k,)),
        ("ij,ik->ijk", (m, min(n, 3))), ("ij,kij->k", (min(n, 3), m, k)),
    ]  # fmt: skip
    text, shape = forms[c.pick(0, len(forms))]
    return f"einsum {text}", lambda x, w: np.einsum(text, x, w), c.input(c.normal(shape))


def sliced(c: Chain, x: Array) -> Any:
    """Slices with steps and ends of both signs, numbers, new axes."""
    parts: list[Any] = []
    for n in x.shape:
        a, b, step = sorted((c.pick(0, n), c.pick(0, n + 1)))[0], c.pick(1, n + 1), int(c.rng.choice([1, 1, 2, 3, -1]))
        whole = slice(None, None, step)
        some = slice(a, max(a + 1, b), step) if step > 0 else slice(b, a - 1 if a else None, step)
        parts.append([whole, some, some, int(c.pick(-n, n))][c.pick(0, 4)])
    if c.pick(0, 4) == 0:
        parts.append(None)
    index = tuple(parts)
    return f"x[{index}]", lambda x: np.sin(x[index])


def looked_up(c: Chain, x: Array) -> Any:
    """At places that are an input, along one axis or two."""
    if not x.ndim:
        return elementwise(c, x)
    axis, n = c.pick(0, x.ndim), c.pick(1, 40)
    rows = c.input(c.rng.integers(-x.shape[axis], x.shape[axis], n))
    if x.ndim > 1 and axis == 0 and c.pick(0, 2):
        columns = c.input(c.rng.integers(0, x.shape[1], n))
        return "x[rows, columns]", lambda x, r, k: x[r, k] * 2, rows, columns
    before = (slice(None),) * axis
    return f"x[rows] along {axis}", lambda x, r: x[(*before, r)] + 1, rows


def moved(c: Chain, x: Array) -> Any:
    """The same numbers in another order or shape."""
    order = tuple(int(a) for a in c.rng.permutation(x.ndim))
    axis, shift, by = c.pick(0, max(x.ndim, 1)), c.pick(-5, 6), c.pick(-3, 4)
    forms: list[Any] = [("transpose", lambda x: np.transpose(x, order) * 2), ("ravel", lambda x: np.ravel(x) + 1)]
    if x.ndim:
        forms += [
            ("ravel the transpose", lambda x: np.reshape(np.transpose(x, order), (-1,))),
            ("flip", lambda x: np.flip(x, axis)),
            ("roll", lambda x: np.roll(x, shift, axis=axis)),
            ("cumsum", lambda x: np.cumsum(x, axis=axis) / 9),
            ("spread", lambda x: np.broadcast_to(x[..., None], (*x.shape, 3)) * 1),
        ]
    if x.ndim > 1:
        forms += [("tril", lambda x: np.tril(x, by)), ("triu", lambda x: np.triu(x, by))]
    return forms[c.pick(0, len(forms))]


def joined(c: Chain, x: Array) -> Any:
    """Put together with itself, another one, or a frame."""
    if not x.ndim:
        return "stack", lambda x: np.stack([x, 2 * x, x * x])
    axis, (a, b) = c.pick(0, x.ndim), (c.pick(0, 4), c.pick(0, 4))
    width = [(0, 0)] * x.ndim
    width[axis] = (a, b)
    other = c.normal((*x.shape[:axis], int(c.rng.choice(SIZES[:8])), *x.shape[axis + 1 :]))
    forms: list[Any] = [
        ("pad", lambda x: np.pad(x, width)),
        ("pad with 1", lambda x: np.pad(np.sin(x), width, constant_values=1.0)),
        ("concatenate", lambda x, y: np.concatenate([np.cos(x), y, x], axis=axis), other),
        ("concatenate its sums", lambda x: np.concatenate([x, np.sum(x, axis=axis, keepdims=True)], axis=axis)),
        ("stack", lambda x: np.stack([x, np.tanh(x)], axis=axis)),
    ]
    text, f, *y = forms[c.pick(0, len(forms))]
    return text, f, *map(c.input, y)


def extreme(c: Chain, x: Array) -> Any:
    """A place as an index again."""
    if x.ndim != 2:
        return elementwise(c, x)
    return "the row of the largest", lambda x: x[np.argmax(x[:, 0])] + x[np.argmin(x, axis=0)[0]]


OPERATIONS: tuple[Callable[[Chain, Array], Any], ...] = (
    elementwise, elementwise, elementwise, with_another, with_another, with_itself, reduction, reduction, product,
    product, summed, sliced, looked_up, moved, joined, extreme,
)  # fmt: skip


def random_problem(seed: int) -> Problem:
    """An entry of the table, a chain of operations, or the gradient of one."""
    rng = np.random.default_rng(seed)
    dtype = (np.float32, np.float64)[int(rng.integers(2))]
    if rng.random() < 0.15:
        name = str(rng.choice(list(TABLE)))
        f, arrays = TABLE[name].sample(rng)
        arrays = [np.asarray(x).astype(dtype) if np.asarray(x).dtype.kind == "f" else np.asarray(x) for x in arrays]
        return Problem(lambda *xs: _as_list(f(*xs)), arrays, f"the entry {name} on {[x.shape for x in arrays]}")
    chain = Chain(rng, dtype)
    arrays = [chain.env[name] for name in chain.inputs]
    if rng.random() < 0.6:
        return Problem(chain, arrays, str(chain))
    places = tuple(k for k, x in enumerate(arrays) if x.dtype.kind == "f")

    def loss(*xs: Array) -> Array:
        return sum(np.sum(np.tanh(y)) for y in chain(*xs) if y.dtype.kind == "f")

    return Problem(lambda *xs: _as_list(grad(loss, places)(*xs)), arrays, f"the gradient of\n{chain}")


def _as_list(found: Any) -> list[Array]:
    return list(found) if isinstance(found, list | tuple) else [found]
