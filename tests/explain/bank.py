"""Wrong gradients, made by hand: plain NumPy backward passes with a switch for every mistake.

Nothing of the search is used here, so that the bank is a truth of its own. ``cases()`` are the wrong ones, each with
the mistakes that were made; with no switch set every pass is right, which test_check.py proves first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = Any


@dataclass(frozen=True, eq=False)
class Case:
    """A function, where it is taken, a wrong gradient, and what was done wrong."""

    name: str
    mistakes: tuple[str, ...]
    f: Callable[..., Any]
    args: tuple[Any, ...]
    mine: Any
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Net:
    """A network of dense layers: sizes, activation, "classes" or "numbers", and what else is in it."""

    sizes: tuple[int, ...] = (5, 6, 4)
    act: str = "tanh"
    task: str = "classes"
    penalty: float = 0.0
    keep: float = 1.0
    norm: bool = False
    B: int = 7


ACTS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "tanh": (np.tanh, lambda z, h: 1 - h**2),
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda z, h: h * (1 - h)),
    "relu": (lambda z: np.maximum(z, 0), lambda z, h: (z > 0) * 1.0),
}


def softmax(z: Array) -> Array:
    e = np.exp(z - np.max(z, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)


class Made:
    """One network with its parameters, data and masks."""

    def __init__(self, net: Net, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.net, self.rng, self.layers = net, rng, len(net.sizes) - 1
        self.params: dict[str, Array] = {}
        for k, (n, m) in enumerate(zip(net.sizes, net.sizes[1:], strict=False), 1):
            self.params[f"w{k}"] = rng.normal(size=(n, m)) / math.sqrt(n) * 1.5
            self.params[f"b{k}"] = rng.normal(size=m) * 0.3
            if net.norm and k < self.layers:
                self.params[f"scale{k}"] = rng.uniform(0.6, 1.4, m)
                self.params[f"shift{k}"] = rng.normal(size=m) * 0.3
        self.x = rng.normal(size=(net.B, net.sizes[0]))
        C = net.sizes[-1]
        if net.task == "classes":
            labels = np.array([*range(C), *rng.integers(0, C, net.B)])[: net.B]
            self.y = np.eye(C)[rng.permutation(labels)]
        elif net.task == "yes or no":
            self.y = np.resize([1.0, 0.0, 0.0, 1.0, 1.0], net.B)[:, None] * np.ones((1, C))
        else:
            self.y = rng.normal(size=(net.B, C))
        self.masks = {k: self.mask(net.sizes[k]) for k in range(1, self.layers)}

    def mask(self, m: int) -> Array:
        found = (self.rng.random((self.net.B, m)) < self.net.keep) * 1.0
        found[0], found[1] = 1.0, found[1] * (np.arange(m) % 2)
        return found

    def loss(self, params: Any, x: Any, y: Any) -> Any:
        net = self.net
        h = x
        for k in range(1, self.layers):
            z = h @ params[f"w{k}"] + params[f"b{k}"]
            if net.norm:
                d = z - np.mean(z, axis=0)
                z = d / np.sqrt(np.mean(d**2, axis=0) + 1e-3) * params[f"scale{k}"] + params[f"shift{k}"]
            h = ACTS[net.act][0](z)
            if net.keep < 1:
                h = h * self.masks[k] / net.keep
        z = h @ params[f"w{self.layers}"] + params[f"b{self.layers}"]
        if net.task == "classes":
            s = z - np.max(z, axis=1, keepdims=True)
            loss = np.mean(np.log(np.sum(np.exp(s), axis=1)) - np.sum(y * s, axis=1))
        elif net.task == "yes or no":
            p = 1 / (1 + np.exp(-z))
            loss = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
        else:
            loss = np.mean((z - y) ** 2)
        for k in range(1, self.layers + 1):
            if net.penalty:
                loss = loss + net.penalty * np.sum(params[f"w{k}"] ** 2)
        return loss

    def gradient(self, wrong: set[str] = frozenset(), at: int = 0, **more: Any) -> dict[str, Array]:  # type: ignore[assignment]
        """By hand; ``wrong`` names what is done wrong, in layer ``at`` where it is done in one (0: in all)."""
        net, params = self.net, self.params

        def here(what: str, k: int) -> bool:
            return what in wrong and at in (0, k)

        kept: dict[int, Any] = {}
        h = self.x
        for k in range(1, self.layers):
            below = h
            z = a = h @ params[f"w{k}"] + params[f"b{k}"]
            d = s = None
            if net.norm:
                d = a - a.mean(axis=0)
                s = np.sqrt((d**2).mean(axis=0) + 1e-3)
                z = d / s * params[f"scale{k}"] + params[f"shift{k}"]
            raw = ACTS[net.act][0](z)
            h = raw * self.masks[k] / net.keep if net.keep < 1 else raw
            kept[k] = (below, z, raw, d, s)
        z = h @ params[f"w{self.layers}"] + params[f"b{self.layers}"]
        g = self.error(z, wrong)
        found: dict[str, Array] = {}
        for k in range(self.layers, 0, -1):
            if k < self.layers:
                g = self.through(k, g, kept[k], wrong, here, found)
            into = h if k == self.layers else kept[k][0]
            if here("z-for-h", k) and k > 1:
                into = kept[k - 1][1]
            if here("wrong-input", k) and k > 1:
                into = self.x
            w = params[f"w{k}"]
            dw, db = into.T @ g, g.sum(axis=0)
            if here("not-summed", k):
                db = g
            if here("wrong-axis", k):
                db = g.sum(axis=1)
            if here("one-row", k):
                db = g[0]
            if here("bias-averaged", k):
                db = g.mean(axis=0)
            if here("zero", k):
                db = np.zeros_like(db)
            if net.penalty and not here("penalty-missing", k):
                dw = dw + net.penalty * w * (1 if here("penalty-halved", k) else 2)
            if here("penalty-in-bias", k):
                db = db + 2 * net.penalty * params[f"b{k}"]
            if here("penalty-added", k):
                dw = dw + 0.0371 * w
            if here("transposed", k):
                dw = dw.T
            if here("reshaped", k):
                dw = dw.T.reshape(w.shape)
            if here("minus-w", k):
                dw = -dw
            found |= {f"w{k}": dw, f"b{k}": db}
            if here("new-weights", k):
                w = w - more.get("lr", 0.05) * (into.T @ g + 2 * net.penalty * w)
            g = g @ (w if here("transpose-missing", k) and w.shape[0] == w.shape[1] else w.T)
        if "exchanged" in wrong:
            a, b = [n for n in found if found[n].shape == found[f"w{at}"].shape][:2]
            found[a], found[b] = found[b], found[a]
        return {name: found[name] for name in params}

    def error(self, z: Array, wrong: set[str]) -> Array:
        """The adjoint of the last z."""
        net, y = self.net, self.y
        if "wrong-targets" in wrong:
            y = np.roll(y, 1, axis=0)
        if "wrong-targets-reversed" in wrong:
            y = y[::-1]
        if "targets-broadcast" in wrong:
            y = np.full_like(y, y.mean())
        if net.task == "numbers":
            r = z - y
            n = z.size
            g = 2 * r / n
            if "halved" in wrong:
                g = r / n
            if "wrong-count" in wrong:
                g = 2 * r / net.B
        else:
            p = softmax(z) if net.task == "classes" else 1 / (1 + np.exp(-z))
            n = net.B if net.task == "classes" else z.size
            g = (p - y) / n
            if "softmax-missing" in wrong:
                g = (z - y) / n
            if "softmax-twice" in wrong:
                g = ((softmax(p) if net.task == "classes" else 1 / (1 + np.exp(-p))) - y) / n
            if "derivative-not-cancelled" in wrong:
                g = (p - y) * p * (1 - p) / n
            if "target-missing" in wrong:
                g = p / n
            if "halved" in wrong:
                g = g / 2
        scale = {"sign": -1, "doubled": 2, "not-averaged": n, "averaged-twice": 1 / n, "log-base": 1 / math.log(10)}
        for what, c in scale.items():
            if what in wrong:
                g = g * c
        return g

    def through(self, k: int, g: Array, kept: Any, wrong: set[str], here: Any, found: dict[str, Array]) -> Array:
        """Back through dropout, the activation and the norm of layer k."""
        net = self.net
        _, z, h, d, s = kept
        if net.keep < 1:
            mask = self.masks[k]
            if here("dropout-mask-missing", k):
                mask = np.ones_like(mask)
            if here("dropout-other-mask", k):
                mask = self.mask(mask.shape[1])
            scale = 1 / net.keep
            if here("dropout-not-scaled", k):
                scale = 1.0
            if here("dropout-scaled-twice", k):
                scale = scale**2
            g = g * mask * scale
        slope = ACTS[net.act][1]
        ways: dict[str, Callable[[], Array]] = {
            "derivative-forgotten": lambda: np.ones_like(z),
            "mask-missing": lambda: np.ones_like(z),
            "derivative-twice": lambda: slope(z, h) ** 2,
            "derivative-at-activation": lambda: slope(h, ACTS[net.act][0](h)),
            "formula-at-z": lambda: slope(None, z),
            "activation-for-derivative": lambda: h,
            "derivative-of-another": lambda: h * (1 - h) if net.act == "tanh" else 1 - h**2,
            "mask-wrong-side": lambda: (z < 0) * 1.0,
            "mask-of-gradient": lambda: (g > 0) * 1.0,
        }
        factor = next((way() for what, way in ways.items() if here(what, k)), None)
        g = g * (slope(z, h) if factor is None else factor)
        if net.norm:
            n = d / s
            found[f"scale{k}"], found[f"shift{k}"] = (g * n).sum(axis=0), g.sum(axis=0)
            g = g * self.params[f"scale{k}"]
            if here("statistics-constant", k):
                return g / s
            if here("mean-constant", k):
                return (g - n * (g * n).mean(axis=0)) / s
            return (g - g.mean(axis=0) - n * (g * n).mean(axis=0)) / s
        return g


# --- other functions --------------------------------------------------------------------------------------------------


class Residual:
    """h = x @ w1; h = h + tanh(h @ w2); and w2 a second time: values and weights that are used several times."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.params = {"u": rng.normal(size=(5, 4)) * 0.6, "v": rng.normal(size=(4, 4)) * 0.6}
        self.x, self.y = rng.normal(size=(6, 5)), rng.normal(size=(6, 4))

    def loss(self, params: Any, x: Any, y: Any) -> Any:
        h = x @ params["u"]
        a = h + np.tanh(h @ params["v"])
        c = a + np.tanh(a @ params["v"])
        return np.mean((c - y) ** 2)

    def gradient(self, wrong: str = "") -> dict[str, Array]:
        u, v = self.params["u"], self.params["v"]
        h = self.x @ u
        t1 = np.tanh(h @ v)
        a = h + t1
        t2 = np.tanh(a @ v)
        g = 2 * (a + t2 - self.y) / self.y.size
        q2 = g * (1 - t2**2)
        g_a = (0 if wrong == "skip" else g) + (0 if wrong == "branch" else q2 @ v.T)
        q1 = g_a * (1 - t1**2)
        dv = (0 if wrong == "first v" else h.T @ q1) + (0 if wrong == "second v" else a.T @ q2)
        return {"u": self.x.T @ (g_a + q1 @ v.T), "v": dv}


class Unrolled:
    """A recurrent net over three steps: its weights are used three times."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.params = {"u": rng.normal(size=(3, 4)) * 0.7, "r": rng.normal(size=(4, 4)) * 0.6}
        self.x, self.y = rng.normal(size=(4, 6, 3)), rng.normal(size=(6, 4))

    def loss(self, params: Any, x: Any, y: Any) -> Any:
        h = np.tanh(x[0] @ params["u"])
        for k in (1, 2, 3):
            h = np.tanh(x[k] @ params["u"] + h @ params["r"])
        return np.mean((h - y) ** 2)

    def gradient(self, left_out: int = 0, only: int = 0) -> dict[str, Array]:
        u, r = self.params["u"], self.params["r"]
        hs = [np.tanh(self.x[0] @ u)]
        for k in (1, 2, 3):
            hs.append(np.tanh(self.x[k] @ u + hs[-1] @ r))
        g = 2 * (hs[-1] - self.y) / self.y.size
        du, dr = np.zeros_like(u), np.zeros_like(r)
        for k in (3, 2, 1, 0):
            q = g * (1 - hs[k] ** 2)
            du += self.x[k].T @ q
            if k and k != left_out and (not only or k == only):
                dr += hs[k - 1].T @ q
            g = q @ r.T
        return {"u": du, "r": dr}


class Shares:
    """Squared errors of softmax shares, and of layer-normalised numbers: sums that all numbers are divided by."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.w = rng.normal(size=(4, 5))
        self.x, self.y = rng.normal(size=(6, 4)), rng.random((6, 5))

    def loss(self, w: Any, x: Any, y: Any) -> Any:
        e = np.exp(x @ w)
        p = e / np.sum(e, axis=1, keepdims=True)
        return np.mean((p - y) ** 2)

    def gradient(self, wrong: bool = False) -> Array:
        p = softmax(self.x @ self.w)
        g = 2 * (p - self.y) / self.y.size
        return self.x.T @ (p * (g - (0 if wrong else (g * p).sum(axis=1, keepdims=True))))


class Plain:
    """Functions of one vector in which it, or what is made of it, is used several times."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.v = rng.uniform(0.4, 1.6, 5)

    def loss(self, v: Any) -> Any:
        a = np.sin(v)
        b = a * v
        return np.sum(b * np.exp(a) + np.log(v))

    def gradient(self, wrong: str = "") -> Array:
        v, a = self.v, np.sin(self.v)
        e = np.exp(a)
        log = (1 / math.log(10) if wrong == "log-base" else 1) / v
        from_b = (0 if wrong == "b" else e * v) + (0 if wrong == "exp" else a * v * e)
        return from_b * (1 if wrong == "cos" else np.cos(v)) + e * a + log


# --- the bank ---------------------------------------------------------------------------------------------------------

NETS = {
    "tanh classes": Net(),
    "sigmoid classes": Net(act="sigmoid"),
    "relu classes": Net(act="relu"),
    "relu deep": Net((5, 6, 6, 3), "relu"),
    "tanh deep numbers": Net((5, 6, 6, 3), "tanh", "numbers"),
    "sigmoid numbers": Net(act="sigmoid", task="numbers"),
    "tanh one number": Net((5, 6, 1), "tanh", "numbers"),
    "sigmoid yes or no": Net((5, 6, 1), "sigmoid", "yes or no"),
    "tanh penalty": Net(penalty=0.03),
    "relu penalty numbers": Net((5, 6, 4), "relu", "numbers", penalty=0.02),
    "tanh dropout": Net(keep=0.6),
    "relu dropout deep": Net((5, 6, 6, 3), "relu", keep=0.7),
    "tanh norm": Net(norm=True),
    "relu norm numbers": Net((5, 6, 4), "relu", "numbers", norm=True),
}
# (switch, its mistake if that has another name, where it can be made)
SMOOTH = tuple(n for n, net in NETS.items() if net.act != "relu")
RELU = tuple(n for n, net in NETS.items() if net.act == "relu")
CLASSES = tuple(n for n, net in NETS.items() if net.task != "numbers")
NUMBERS = tuple(n for n, net in NETS.items() if net.task == "numbers")
DEEP = tuple(n for n, net in NETS.items() if len(net.sizes) > 3)
ALL = tuple(NETS)
SWITCHES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("sign", "", ALL),
    ("doubled", "", ALL),
    ("halved", "", ALL),
    ("not-averaged", "", ALL),
    ("averaged-twice", "", ALL),
    ("bias-averaged", "averaged-twice", ALL),
    ("wrong-count", "not-averaged", tuple(n for n in NUMBERS if NETS[n].sizes[-1] > 1)),
    ("log-base", "", CLASSES),
    ("derivative-forgotten", "", SMOOTH),
    ("derivative-twice", "", SMOOTH),
    ("derivative-at-activation", "", SMOOTH),
    ("formula-at-z", "", SMOOTH),
    ("activation-for-derivative", "", ("tanh classes", "relu classes", "sigmoid numbers", "tanh deep numbers")),
    ("derivative-of-another", "", SMOOTH),
    ("mask-missing", "", RELU),
    ("mask-wrong-side", "", RELU),
    ("mask-of-gradient", "", RELU),
    ("transposed", "", ALL),
    ("reshaped", "", ("tanh classes", "relu deep", "sigmoid numbers", "tanh norm")),
    ("not-summed", "", ALL),
    ("wrong-axis", "", ALL),
    ("one-row", "", ("tanh classes", "relu classes", "sigmoid numbers", "relu deep", "tanh dropout")),
    ("zero", "", ("tanh classes", "relu deep", "sigmoid numbers")),
    ("minus-w", "sign", ("tanh classes", "relu deep", "sigmoid numbers", "tanh norm", "tanh dropout")),
    ("z-for-h", "", SMOOTH[:6]),
    ("wrong-input", "", ("square",)),
    ("transpose-missing", "", DEEP),
    ("exchanged", "", ("square",)),
    ("new-weights", "", ALL),
    ("softmax-missing", "", CLASSES),
    ("softmax-twice", "", CLASSES),
    ("derivative-not-cancelled", "", CLASSES),
    ("target-missing", "", CLASSES),
    ("wrong-targets", "", ALL),
    ("wrong-targets-reversed", "wrong-targets", ALL),
    ("targets-broadcast", "", ("tanh one number",)),
    ("penalty-missing", "", ("tanh penalty", "relu penalty numbers")),
    ("penalty-halved", "halved", ("tanh penalty", "relu penalty numbers")),
    ("penalty-in-bias", "", ("tanh penalty", "relu penalty numbers")),
    ("penalty-added", "", ("tanh classes", "relu deep", "sigmoid numbers", "tanh norm")),
    ("dropout-mask-missing", "", ("tanh dropout", "relu dropout deep")),
    ("dropout-other-mask", "", ("tanh dropout", "relu dropout deep")),
    ("dropout-not-scaled", "", ("tanh dropout", "relu dropout deep")),
    ("dropout-scaled-twice", "", ("tanh dropout", "relu dropout deep")),
    ("statistics-constant", "", ("tanh norm", "relu norm numbers")),
    ("mean-constant", "statistics-constant", ("tanh norm", "relu norm numbers")),
)
IN_ONE_LAYER = {"transposed", "not-summed", "wrong-axis", "one-row", "bias-averaged", "zero", "minus-w", "z-for-h"}
IN_ONE_LAYER |= {"wrong-input", "exchanged", "reshaped", "penalty-in-bias", "penalty-added", "transpose-missing"}
IN_ONE_LAYER |= {"dropout-other-mask", "mean-constant"}
HIDDEN_ONLY = {"dropout-other-mask", "mean-constant"}
NETS["square"] = Net((5, 5, 5, 5), "tanh", "numbers")
PAIRS = (
    ("sign", "not-averaged", ALL),
    ("sign", "transposed", ALL),
    ("halved", "derivative-forgotten", NUMBERS[:3]),
    ("derivative-forgotten", "not-summed", SMOOTH),
    ("not-averaged", "derivative-forgotten", SMOOTH),
    ("mask-missing", "transposed", RELU),
    ("mask-missing", "not-averaged", RELU),
    ("softmax-missing", "not-averaged", CLASSES[:5]),
    ("derivative-not-cancelled", "derivative-twice", ("tanh classes", "sigmoid classes")),
    ("penalty-missing", "not-averaged", ("tanh penalty", "relu penalty numbers")),
    ("penalty-missing", "sign", ("tanh penalty", "relu penalty numbers")),
    ("dropout-not-scaled", "not-averaged", ("tanh dropout", "relu dropout deep")),
    ("statistics-constant", "not-averaged", ("tanh norm", "relu norm numbers")),
    ("wrong-targets", "derivative-forgotten", SMOOTH[:4]),
    ("not-averaged", "wrong-axis", ALL[:6]),
)


def cases(seeds: int = 1) -> Iterator[Case]:
    """Every mistake in every network where it can be made, the pairs, and other functions."""
    for seed in range(seeds):
        number = 1000 * seed
        for switch, id, places in SWITCHES:
            for place in places:
                number += 1
                yield from _of_net(place, number, (switch,), (id or switch,))
        for first, second, places in PAIRS:
            for place in places:
                number += 1
                yield from _of_net(place, number, (first, second), (first, second))
        yield from _others(number)


def _of_net(place: str, seed: int, switches: tuple[str, ...], ids: tuple[str, ...]) -> Iterator[Case]:
    made = Made(NETS[place], seed)
    single = [s for s in switches if s in IN_ONE_LAYER]
    at = 0
    if single:
        last = made.layers - 1 if HIDDEN_ONLY & set(single) else made.layers
        at = 1 + seed % last
        if {"z-for-h", "wrong-input"} & set(single):
            at = 2 if single[0] == "z-for-h" else 3
        if {"transpose-missing", "exchanged"} & set(single):
            at = 2
        if made.net.norm:  # before a batch norm the gradient of b is zero
            at = 1 if HIDDEN_ONLY & set(single) else made.layers
    if single and len(switches) > 1 and not all(s in IN_ONE_LAYER for s in switches):
        at = 0 if switches[0] == "derivative-forgotten" else min(at, made.layers - 1)
    mine = made.gradient(set(switches), at)
    yield Case(f"{' + '.join(switches)} in {place} ({seed})", ids, made.loss, (made.params, made.x, made.y), mine)


def _others(seed: int) -> Iterator[Case]:
    for n in range(3):
        r = Residual(seed + n)
        for wrong in ("skip", "branch", "first v", "second v"):
            mine = r.gradient(wrong)
            yield Case(f"{wrong} of a residual net ({n})", ("overwritten",), r.loss, (r.params, r.x, r.y), mine)
        u = Unrolled(seed + n)
        for k in (1, 2, 3):
            args = (u.params, u.x, u.y)
            yield Case(f"step {k} left out ({n})", ("term-dropped",), u.loss, args, u.gradient(left_out=k))
            yield Case(f"only step {k} ({n})", ("overwritten",), u.loss, args, u.gradient(only=k))
        s = Shares(seed + n)
        yield Case(f"shares ({n})", ("normaliser-constant",), s.loss, (s.w, s.x, s.y), s.gradient(wrong=True))
        p = Plain(seed + n)
        for wrong, id in (
            ("log-base", "log-base"),
            ("b", "overwritten"),
            ("exp", "overwritten"),
            ("cos", "derivative-forgotten"),
        ):
            yield Case(f"{wrong} of a plain function ({n})", (id,), p.loss, (p.v,), p.gradient(wrong))
    for n, place in enumerate(ALL):
        made = Made(NETS[place], seed + n)
        right, other = made.gradient(), Made(NETS[place], seed + n + 77).gradient()
        args = (made.params, made.x, made.y)
        both = {k: right[k] + other[k] for k in right}
        yield Case(f"not cleared in {place}", ("not-cleared",), made.loss, args, both, {"previous": other})
        limit = 0.999 * sorted(np.concatenate([np.abs(g).ravel() for g in right.values()]))[-4]
        clipped = {k: np.clip(g, -limit, limit) for k, g in right.items()}
        yield Case(f"clipped in {place}", ("clipped",), made.loss, args, clipped)
        if not made.net.norm and made.net.keep == 1 and not made.net.penalty:
            rows = [one_row(made, i) for i in range(made.net.B)]
            norms = [math.sqrt(sum(float((g**2).sum()) for g in row.values())) for row in rows]
            c = float(np.median(norms)) * 0.8
            mean = {
                k: sum(row[k] * min(1, c / n) for row, n in zip(rows, norms, strict=True)) / len(rows) for k in right
            }
            yield Case(f"clipped first in {place}", ("clipped-first",), made.loss, args, mean)


def one_row(made: Made, i: int) -> dict[str, Array]:
    """The gradient of one example alone."""
    x, y, B = made.x, made.y, made.net
    one = Made.__new__(Made)
    one.__dict__.update(made.__dict__)
    one.x, one.y = x[i : i + 1], y[i : i + 1]
    one.net = Net(**{**B.__dict__, "B": 1})
    return one.gradient()
