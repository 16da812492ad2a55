"""Products of matrices and tensors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from downslope.autodiff.graph import Node
from downslope.autodiff.primitive import Aval, Primitive, Sample, Shape, Value, handles, register, sizes, uniform
from downslope.autodiff.primitives.indexing import add_at
from downslope.autodiff.primitives.rules import as_type_of, misfit, multilinear, promoted, refuse_options, sum_to
from downslope.autodiff.trace import bind

ROWS_TIMES_COLUMNS = (
    "in a @ b the last axis of a is summed against the last but one of b (its only one, if b is a vector)"
)


def _matmul_aval(a: Node, b: Node) -> Aval:
    if not a.shape or not b.shape:
        raise misfit("a matrix product with a single number", (a, b), ROWS_TIMES_COLUMNS, "use * for scaling")
    if a.shape[-1] != b.shape[-2 if len(b.shape) > 1 else 0]:
        do = "transpose one of them, or change its size"
        raise misfit("shapes do not fit for a matrix product", (a, b), ROWS_TIMES_COLUMNS, do)
    left, right = a.shape[:-2], b.shape[:-2]
    try:
        stack = left if left == right else np.broadcast_shapes(left, right)
    except ValueError:
        raise misfit(
            "stacks of matrices do not broadcast", (a, b), "leading axes must be equal or 1", "reshape the leading axes"
        ) from None
    rows = a.shape[-2:-1] if len(a.shape) > 1 else ()
    columns = b.shape[-1:] if len(b.shape) > 1 else ()
    return (*stack, *rows, *columns), promoted(a, b)


def _turned(x: Any) -> Any:
    return np.swapaxes(x, -1, -2) if len(x.shape) > 2 else x.T


def _matmul_vjp(i: int, g: Any, out: Value, a: Value, b: Value) -> Any:
    """dA = G Bᵀ and dB = Aᵀ G: the only products of these whose shapes fit; vectors count as one row or column."""
    if a.ndim == 1 and b.ndim == 1:
        return as_type_of(g * (b if i == 0 else a), a if i == 0 else b)
    left = np.reshape(a, (1, -1)) if a.ndim == 1 else a
    right = np.reshape(b, (-1, 1)) if b.ndim == 1 else b
    if a.ndim == 1:
        g = np.expand_dims(g, -2)
    if b.ndim == 1:
        g = np.expand_dims(g, -1)
    if i == 0:
        back = sum_to(g @ _turned(right), left.shape)
        return as_type_of(np.reshape(back, a.shape) if back.shape != a.shape else back, a)
    if right.ndim == 2 and left.ndim > 2:
        # One product over all examples instead of a stack of products that is summed afterwards.
        left, g = np.reshape(left, (-1, left.shape[-1])), np.reshape(g, (-1, g.shape[-1]))
    back = sum_to(_turned(left) @ g, right.shape)
    return as_type_of(np.reshape(back, b.shape) if back.shape != b.shape else back, b)


def _matmul_batch(batched: Sequence[bool], a: Value, b: Value) -> Any:
    vector_a, vector_b = a.ndim - batched[0] == 1, b.ndim - batched[1] == 1
    if vector_a:
        a = np.expand_dims(a, -2)
    if vector_b:
        b = np.expand_dims(b, -1)
    rank = max(a.ndim - batched[0], b.ndim - batched[1])
    if batched[0] and a.ndim - 1 < rank:
        a = np.reshape(a, (a.shape[0], *(1,) * (rank - a.ndim + 1), *a.shape[1:]))
    if batched[1] and b.ndim - 1 < rank:
        b = np.reshape(b, (b.shape[0], *(1,) * (rank - b.ndim + 1), *b.shape[1:]))
    out: Value = bind(MATMUL, a, b)
    if vector_a:
        out = np.squeeze(out, -2)
    return np.squeeze(out, -1) if vector_b else out


def _matmul_flops(out: Node, a: Node, b: Node) -> int:
    return 2 * out.size * a.shape[-1]


def _matmul_into(node: Node, ins: list[str], out: str, xs: Sequence[Node], constant: Any) -> str:
    # np.dot has a third of matmul's overhead, but pairs stacks of matrices differently and converts no types.
    is_flat = all(len(x.shape) <= 2 and x.dtype == node.dtype for x in xs)
    return f"np.{'dot' if is_flat else 'matmul'}({ins[0]}, {ins[1]}, {out})"


def _matmul_sample(rng: np.random.Generator) -> Sample:
    n, k, m = sizes(rng, 3)
    stack = sizes(rng, int(rng.integers(0, 3)))
    forms: list[list[Shape]] = [
        [(k,), (k,)],
        [(n, k), (k,)],
        [(k,), (k, m)],
        [(n, k), (k, m)],
        [(*stack, n, k), (k, m)],
        [(*stack, n, k), (*stack, k, m)],
        [(n, k), (*stack, k, m)],
        [(*stack, n, k), (k,)],
    ]
    return (lambda a, b: a @ b), [uniform(rng, s) for s in forms[int(rng.integers(0, len(forms)))]]


MATMUL: Primitive = register(
    Primitive(
        name="matmul",
        forward=np.matmul,
        aval=_matmul_aval,
        text="{0} @ {1}",
        precedence=5,
        into=_matmul_into,
        latex="{0} {1}",
        sentence="The matrix product; on the way back the adjoint times the other factor's transpose.",
        vjp=_matmul_vjp,
        jvp=multilinear(lambda: MATMUL),
        batch=_matmul_batch,
        flops=_matmul_flops,
        sample=_matmul_sample,
    )
)


@handles(np.matmul)
def matmul(a: Any, b: Any, **options: Any) -> Any:
    """The operator @."""
    refuse_options("matmul", **options)
    return bind(MATMUL, a, b)


@handles(np.dot)
def dot(a: Any, b: Any, out: Any = None) -> Any:
    """NumPy's dot: a product with a number scales; above two axes it pairs every row with every column."""
    refuse_options("dot", out=out)
    if not np.ndim(a) or not np.ndim(b):
        return a * b
    if np.ndim(b) > 2:
        return np.tensordot(a, b, axes=((-1,), (-2,)))
    return a @ b


@handles(np.vdot)
def vdot(a: Any, b: Any) -> Any:
    """The sum of products of all elements."""
    return np.reshape(a, (-1,)) @ np.reshape(b, (-1,))


@handles(np.inner)
def inner(a: Any, b: Any) -> Any:
    """Sum over the last axes of both."""
    if not np.ndim(a) or not np.ndim(b):
        return a * b
    return np.tensordot(a, b, axes=((-1,), (-1,)))


@handles(np.outer)
def outer(a: Any, b: Any, out: Any = None) -> Any:
    """Every element of a times every element of b."""
    refuse_options("outer", out=out)
    return np.reshape(a, (-1, 1)) * np.reshape(b, (1, -1))


@handles(np.multiply.outer)
def multiply_outer(a: Any, b: Any) -> Any:
    """All pairs of products, with the axes of both."""
    return np.reshape(a, (*np.shape(a), *(1,) * np.ndim(b))) * b


@handles(np.kron)
def kron(a: Any, b: Any) -> Any:
    """The Kronecker product: a block of b for every element of a."""
    rank = max(np.ndim(a), np.ndim(b))
    left = (1,) * (rank - np.ndim(a)) + tuple(np.shape(a))
    right = (1,) * (rank - np.ndim(b)) + tuple(np.shape(b))
    pairs_a = tuple(n for size in left for n in (size, 1))
    pairs_b = tuple(n for size in right for n in (1, size))
    blocks = np.reshape(a, pairs_a) * np.reshape(b, pairs_b)
    return np.reshape(blocks, tuple(m * n for m, n in zip(left, right, strict=True)))


@handles(np.tensordot)
def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """Written as an einsum, whose rule is its own mirror image."""
    rank_a, rank_b = np.ndim(a), np.ndim(b)
    if isinstance(axes, int):
        over_a, over_b = list(range(rank_a - axes, rank_a)), list(range(axes))
    else:
        over_a, over_b = ([x] if isinstance(x, int) else list(x) for x in axes)
    letters = iter("abcdefghijklmnopqrstuvwxyz")
    left = [next(letters) for _ in range(rank_a)]
    right = [next(letters) for _ in range(rank_b)]
    for i, j in zip(over_a, over_b, strict=True):
        right[j] = left[i]
    summed = {left[i] for i in over_a}
    result = [c for c in (*left, *right) if c not in summed]
    return np.einsum(f"{''.join(left)},{''.join(right)}->{''.join(result)}", a, b)


# --- einsum ----------------------------------------------------------------------------------------------------------


def _terms(subscripts: str) -> tuple[list[str], str]:
    left, right = subscripts.split("->")
    return left.split(","), right


def _lengths(subscripts: str, nodes: Sequence[Any]) -> dict[str, int]:
    lengths: dict[str, int] = {}
    for term, x in zip(_terms(subscripts)[0], nodes, strict=True):
        for letter, n in zip(term, x.shape, strict=True):
            if lengths.setdefault(letter, n) != n and n != 1:
                if lengths[letter] != 1:
                    raise misfit(
                        f"einsum {subscripts!r} gives {letter!r} two lengths, {lengths[letter]} and {n}",
                        [getattr(x, "node", x) for x in nodes],
                        "one letter stands for one length in all operands",
                        "check the order of the letters against the shapes",
                    )
                lengths[letter] = n
    return lengths


def _einsum_aval(*nodes: Node, subscripts: str) -> Aval:
    lengths = _lengths(subscripts, nodes)
    return tuple(lengths[c] for c in _terms(subscripts)[1]), promoted(*nodes)


def _einsum_vjp(i: int, g: Any, out: Value, *xs: Value, subscripts: str) -> Any:
    """The adjoint takes the place of operand i: it has the result's letters, and the operand's are now the result's."""
    terms, result = _terms(subscripts)
    own, lengths = terms[i], _lengths(subscripts, xs)
    others = [(t, x) for k, (t, x) in enumerate(zip(terms, xs, strict=True)) if k != i]
    letters = "".join(dict.fromkeys(own))
    reachable = set(result).union(*(t for t, _ in others)) if others else set(result)
    direct = [c for c in letters if c in reachable]
    back = np.einsum(",".join([result, *(t for t, _ in others)]) + "->" + "".join(direct), g, *(x for _, x in others))
    # A letter that only this operand has was summed over: every place gets the same adjoint.
    back = np.reshape(back, tuple(lengths[c] if c in direct else 1 for c in letters))
    back = np.broadcast_to(back, tuple(lengths[c] for c in letters))
    if letters != own:  # a diagonal was taken: the adjoint goes back to it
        n = {c: np.arange(lengths[c]).reshape([-1 if d == c else 1 for d in letters]) for c in letters}
        back = add_at(tuple(lengths[c] for c in own), tuple(n[c] for c in own), back)
    return as_type_of(sum_to(back, xs[i].shape), xs[i])


def _einsum_batch(batched: Sequence[bool], *xs: Value, subscripts: str) -> Any:
    terms, result = _terms(subscripts)
    new = next(c for c in "ZYXWVUTSRQPONMLKJIHGFEDCBA" if c not in subscripts)
    left = [new + t if b else t for b, t in zip(batched, terms, strict=True)]
    return bind(EINSUM, *xs, subscripts=f"{','.join(left)}->{new}{result}")


def _einsum_sample(rng: np.random.Generator) -> Sample:
    n, k, m = sizes(rng, 3)
    forms: list[tuple[str, list[Shape]]] = [
        ("ij,jk->ik", [(n, k), (k, m)]),
        ("ij->", [(n, k)]),
        ("ii->i", [(n, n)]),
        ("ii", [(n, n)]),
        ("i,j->ij", [(n,), (m,)]),
        ("...ij,...jk->...ik", [(m, n, k), (k, m)]),
        ("ij,ij,i->j", [(n, k), (n, k), (n,)]),
        ("ji", [(n, k)]),
        ("bqd,bkd->bqk", [(2, n, m), (2, k, m)]),
        ("ij,k->k", [(n, k), (m,)]),
    ]
    subscripts, shapes = forms[int(rng.integers(0, len(forms)))]
    return (lambda *xs: np.einsum(subscripts, *xs)), [uniform(rng, s) for s in shapes]


EINSUM: Primitive = register(
    Primitive(
        name="einsum",
        forward=lambda *xs, subscripts: np.einsum(subscripts, *xs, optimize=len(xs) > 2),
        aval=_einsum_aval,
        text=lambda node, ins: f'np.einsum("{node.attrs["subscripts"]}", {", ".join(ins)})',
        into=lambda node, ins, out, *_: f'np.einsum("{node.attrs["subscripts"]}", {", ".join(ins)}, out={out})',
        latex=lambda *xs, subscripts: rf"\operatorname{{einsum}}_{{\mathrm{{{subscripts}}}}}({', '.join(xs)})",
        sentence="A sum of products over named axes; the adjoint of one operand is an einsum of the others.",
        vjp=_einsum_vjp,
        jvp=multilinear(lambda: EINSUM),
        batch=_einsum_batch,
        sample=_einsum_sample,
        flops=lambda out, *xs, subscripts: len(xs) * math.prod(_lengths(subscripts, xs).values()),
    )
)


@handles(np.einsum)
def einsum(subscripts: Any, *operands: Any, out: Any = None, optimize: Any = False, **options: Any) -> Any:
    """The text form of NumPy's einsum, with ... for broadcast axes and without -> for the usual order."""
    refuse_options("einsum", out=out, **options)
    if not isinstance(subscripts, str):
        refuse_options("einsum", lists_of_axes=subscripts)
    text = subscripts.replace(" ", "")
    left = text.split("->")[0].split(",")
    free = [c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if c not in text]
    dots = [np.ndim(x) - len(t.replace("...", "")) if "..." in t else 0 for t, x in zip(left, operands, strict=True)]
    filled = free[: max(dots)]
    left = [t.replace("...", "".join(filled[len(filled) - d :])) for t, d in zip(left, dots, strict=True)]
    if "->" in text:
        right = text.split("->")[1].replace("...", "".join(filled))
    else:
        letters = "".join(t for t in left)
        right = "".join(filled) + "".join(sorted(c for c in set(letters) if letters.count(c) == 1 and c not in filled))
    return bind(EINSUM, *operands, subscripts=f"{','.join(left)}->{right}")
