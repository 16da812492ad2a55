"""Random numbers inside a graph: a pure function of (seed, stream, place, step), so that a step replays exactly.

The generator is counter-based: number n of a mask is a hash of a key and a counter, without a state that moves on.
Only its raw 64-bit words are used, because ``Generator.random`` may change between NumPy releases (NEP 19) and a run
would then silently replay other masks. Source: Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3" (2011).
"""

from __future__ import annotations

import math
import operator
from typing import Any, SupportsIndex

import numpy as np

from downslope.autodiff import frames
from downslope.autodiff.graph import Node
from downslope.autodiff.primitive import Aval, Primitive, Sample, Shape, Value, register, sizes, uniform
from downslope.autodiff.trace import bind
from downslope.autodiff.tracer import Tracer
from downslope.errors import SettingError
from downslope.streams import Stream


def _drawn(t: int, seed: int, stream: int, place: int, shape: Shape) -> Any:
    key = np.array([seed, stream], np.uint64)
    counter = np.array([0, 0, place, t], np.uint64)
    words = np.random.Philox(key=key, counter=counter).random_raw(math.prod(shape)).astype(np.uint64, copy=False)
    return ((words >> np.uint64(11)) / 2**53).reshape(shape)


def _forward(t: Any, seed: int, stream: int, place: int, shape: Shape) -> Any:
    if np.ndim(t) == 0:
        return _drawn(int(t), seed, stream, place, shape)
    steps = [int(k) for k in np.ravel(t)]
    drawn = [_drawn(k, seed, stream, place, shape) for k in steps]
    return np.reshape(drawn, (*np.shape(t), *shape))


def _aval(t: Node, seed: int, stream: int, place: int, shape: Shape) -> Aval:
    if t.dtype.kind not in "iu":
        raise _no_word("the step t", t.type)
    return (*t.shape, *shape), np.dtype(np.float64)


def _text(node: Node, ins: list[str]) -> str:
    """With NumPy alone, so that the printed program runs anywhere."""
    seed, stream, place, shape = (node.attrs[name] for name in ("seed", "stream", "place", "shape"))
    key = f"[{seed}, {stream}]" if seed < 2**63 else f"np.array([{seed}, {stream}], np.uint64)"

    def words(t: str) -> str:
        return f"np.random.Philox(key={key}, counter=[0, 0, {place}, {t}]).random_raw({math.prod(shape)})"

    if len(node.shape) == len(shape):
        return f"({words(ins[0])} >> 11).reshape({shape}) / 2**53"
    return f"(np.stack([{words('k')} for k in np.ravel({ins[0]})]) >> 11).reshape({node.shape}) / 2**53"


def _sample(rng: np.random.Generator) -> Sample:
    seed, place, shape = int(rng.integers(2**63)), int(rng.integers(1, 9)), sizes(rng, 2)

    def f(x: Any, t: Any) -> Any:
        return x * random_uniform(t.astype(np.int64), shape, seed=seed, stream=Stream.DROPOUT, place=place)

    return f, [uniform(rng, shape), np.asarray(rng.uniform(0.1, 0.4))]


RANDOM_UNIFORM: Primitive = register(
    Primitive(
        name="random_uniform",
        forward=_forward,
        aval=_aval,
        text=_text,
        precedence=5,
        latex=r"U_{{{0}}}",
        sentence="Random numbers from 0 to below 1 that follow from the seed, the place and the step: asked again, the "
        "same again.",
        derivative="zero",
        batch=lambda batched, t, **attrs: bind(RANDOM_UNIFORM, t, **attrs),
        sample=_sample,
        source="J. K. Salmon et al., Parallel random numbers: as easy as 1, 2, 3, 2011",
        unportable="the words of NumPy's Philox generator, which other libraries do not have",
    )
)


def random_uniform(
    t: Value | SupportsIndex, shape: Shape, *, seed: SupportsIndex, stream: int, place: int = 0
) -> Value:
    """Uniform random numbers in [0, 1) of ``shape``, float64, as a function of (seed, stream, place, t) alone.

    t: the step, a whole number from 0 to 2**64 − 1, traced or not; an array of steps gives one draw for each, along new
    leading axes. seed: the run's. stream: what for (of ``downslope.streams``). place: who asks, below 2**63.
    Derivatives take them for constants. Errors: SettingError ``random-word``.

    >>> u = random_uniform(7, (2, 3), seed=0, stream=Stream.DROPOUT, place=1)
    >>> bool((u == random_uniform(7, (2, 3), seed=0, stream=Stream.DROPOUT, place=1)).all())
    True
    """
    attrs: dict[str, Any] = {
        "seed": _word(seed, "seed"),
        "stream": int(_word(stream, "stream")),
        "place": _word(place, "place", 2**63),
        "shape": tuple(operator.index(n) for n in shape),
    }
    if isinstance(t, Tracer):
        return bind(RANDOM_UNIFORM, t, **attrs)
    is_whole = isinstance(t, np.ndarray) and t.dtype.kind in "iu" and (t >= 0).all()
    return _forward(t if is_whole else _word(t, "the step t"), **attrs)


def _word(value: Any, name: str, end: int = 2**64) -> int:
    try:
        word = operator.index(value) if not isinstance(value, Tracer) else -1
    except TypeError:
        word = -1
    if 0 <= word < end:
        return word
    raise _no_word(name, repr(value))


def _no_word(name: str, found: str) -> SettingError:
    return SettingError(
        "random-word",
        f"{name} of random numbers is {found}",
        where=frames.where(frames.user_frame()),
        why="they are a function of seed, place and step, whole numbers that are not negative and fit 64 bits; only "
        "the step may be traced",
        do="Give whole numbers, for example seed=0 and t=1.",
    )
