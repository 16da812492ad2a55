"""Derivatives of plain NumPy functions: grad, value_and_grad, vjp, jvp, jacobian, hessian, hvp, per_example.

Each takes a function and returns a function of the same arguments. Called with arrays it traces, differentiates and
evaluates; called while something else is being traced it becomes a part of that graph. So they nest to any order, and
``trace(value_and_grad(loss), params, x, y)`` is the graph with its backward half.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from downslope.autodiff import tree
from downslope.autodiff.backpropagate import append_adjoints, require_number
from downslope.autodiff.forward import append_batched, append_tangents
from downslope.autodiff.trace import Trace, argument_names, current_trace, trace
from downslope.autodiff.tracer import Tracer, refuse_type
from downslope.errors import DerivativeError, SettingError

Function = Callable[..., Any]
Argnums = int | Sequence[int]


def _transform(f: Function, body: Callable[..., Any], name: str = "{}") -> Function:
    """A function that runs ``body(trace, *args)`` inside the current trace, or traces itself first."""

    @functools.wraps(f, updated=())
    def transformed(*args: Any) -> Any:
        writing = current_trace()
        if writing is None:
            return trace(transformed, *args)(*args)
        return body(writing, *args)

    transformed.__name__ = name.format(getattr(f, "__name__", "f").strip("<>"))
    return transformed


def _variables(writing: Trace, args: tuple[Any, ...], argnums: Argnums) -> tuple[list[Any], list[Tracer], list[Any]]:
    """Arguments with fresh stand-ins for what is differentiated, those stand-ins, and the arguments' structures."""
    numbers = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    for n in numbers:
        if not -len(args) <= n < len(args):
            raise SettingError(
                "argnums-range",
                f"argnums={argnums} of a function called with {len(args)} arguments",
                where="argnums",
                why="it counts the positional arguments from 0",
                do=f"use numbers from 0 to {len(args) - 1}",
            )
    new, variables, specs = list(args), [], []
    for n in numbers:
        leaves, _, spec = tree.flatten(args[n])
        stand_ins = []
        for leaf in leaves:
            if not isinstance(leaf, Tracer) and np.asarray(leaf).dtype.kind not in "fiub":
                refuse_type(np.asarray(leaf).dtype, f"argument {n}")
            stand_ins.append(writing.variable(leaf))
        new[n] = tree.unflatten(spec, stand_ins)
        variables += stand_ins
        specs.append(spec)
    return new, variables, specs


def _gathered(leaves: list[Any], specs: list[Any], argnums: Argnums) -> Any:
    """Leaves back into the structure of the arguments: one tree for an int, a tuple of trees for several."""
    trees = []
    for spec in specs:
        trees.append(tree.unflatten(spec, leaves[: spec.num_leaves]))
        leaves = leaves[spec.num_leaves :]
    return trees[0] if isinstance(argnums, int) else tuple(trees)


def value_and_grad(f: Function, argnums: Argnums = 0, *, has_aux: bool = False) -> Function:
    """The value of ``f`` and its gradient, by backpropagation, at the cost of about three evaluations.

    f: returns a single number (with has_aux a pair of it and anything else). argnums: which arguments; each may be
    nested. Returns ``(value, gradient)``, the gradient in the structure of the argument. Integer arguments are taken as
    floating-point numbers. Raises DerivativeError where the result is not a single number.

    >>> value_and_grad(lambda x: x**2)(3.0)
    (9.0, 6.0)
    """

    def body(writing: Trace, *args: Any) -> Any:
        new, variables, specs = _variables(writing, args, argnums)
        result = f(*new)
        value, aux = result if has_aux else (result, None)
        if isinstance(value, list | tuple | dict):
            require_number((len(value),), getattr(f, "__name__", "the function"))
        value = writing.lift(value)
        require_number(value.shape, getattr(f, "__name__", "the function"))
        writing.name_result(value, getattr(f, "__name__", ""))
        gradient = _gathered(append_adjoints(writing, [value], [1.0], variables), specs, argnums)
        return ((value, aux), gradient) if has_aux else (value, gradient)

    return _transform(f, body, "{}_and_grad")


def grad(f: Function, argnums: Argnums = 0) -> Function:
    """The gradient of a function that returns a single number, in the structure of the argument.

    >>> grad(grad(lambda x: x**3))(2.0)
    12.0
    """
    both = value_and_grad(f, argnums)
    return _transform(f, lambda writing, *args: both(*args)[1], "grad_{}")


def vjp(f: Function, *args: Any) -> tuple[Any, Function]:
    """``f(*args)`` and its pullback: g -> the tuple of vector-Jacobian products gᵀJ, one for each argument.

    g has the structure and shapes of the result. The forward half is evaluated once and kept for the pullback.
    """
    writing = current_trace()
    everything = tuple(range(len(args)))
    if writing is not None:
        new, variables, specs = _variables(writing, args, everything)
        outputs, _, out_tree = tree.flatten(f(*new))
        outputs = [writing.lift(x) for x in outputs]

        def pull(g: Any) -> Any:
            assert writing is not None
            seeds = tree.flatten_like(out_tree, g)
            return _gathered(append_adjoints(writing, outputs, seeds, variables), specs, everything)

        return tree.unflatten(out_tree, outputs), pull

    shapes = trace(f, *args)
    zeros = tree.unflatten(shapes.out_tree, [np.zeros(shapes[i].shape, shapes[i].dtype) for i in shapes.outputs])

    def with_seed(seed: Any, *args: Any) -> Any:
        result, pull = vjp(f, *args)
        return result, pull(seed)

    graph = trace(with_seed, zeros, *args)
    leaves = graph.flat_inputs((zeros, *args))
    seeded = graph.inputs[: len(shapes.outputs)]
    late = _after(graph, set(seeded))
    known = dict(zip(graph.inputs[len(seeded) :], leaves[len(seeded) :], strict=True))
    for node in graph.nodes:  # the forward half, and whatever of the backward half needs no seed
        if node.id not in late and node.id not in known:
            value = node.primitive.forward(*[known[i] for i in node.inputs], **node.attrs)
            known[node.id] = value.item() if node.weak and isinstance(value, np.generic | np.ndarray) else value

    def pullback(g: Any) -> Any:
        seeds = tree.flatten_like(shapes.out_tree, g)
        for seed, i in zip(seeds, seeded, strict=True):
            if np.shape(seed) != graph[i].shape:
                raise DerivativeError(
                    "vjp-shape",
                    f"the adjoint has shape {np.shape(seed)}, the result has shape {graph[i].shape}",
                    where="the argument of the pullback",
                    why="it holds one number, dL/dresult, for each number of the result",
                    do="pass an array of the result's shape",
                )
        values = graph.resume(known | dict(zip(seeded, seeds, strict=True)), 0, lambda i: i in known)
        return tree.unflatten(graph.out_tree, [values[i] for i in graph.outputs])[1]

    return tree.unflatten(shapes.out_tree, [known[i] for i in graph.outputs[: len(shapes.outputs)]]), pullback


def _after(graph: Any, sources: set[int]) -> set[int]:
    found = set(sources)
    for node in graph.nodes:
        if any(i in found for i in node.inputs):
            found.add(node.id)
    return found


def jvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """``f(*primals)`` and its directional derivative J·tangents, by forward mode, in about two evaluations.

    >>> jvp(lambda x: x**2, (3.0,), (1.0,))
    (9.0, 6.0)
    """

    def body(writing: Trace, primals: Any, tangents: Any) -> Any:
        everything = tuple(range(len(primals)))
        new, variables, specs = _variables(writing, tuple(primals), everything)
        directions = [d for spec, t in zip(specs, tangents, strict=True) for d in tree.flatten_like(spec, t)]
        outputs, _, out_tree = tree.flatten(f(*new))
        outputs = [writing.lift(x) for x in outputs]
        moved = append_tangents(writing, outputs, variables, directions)
        return tree.unflatten(out_tree, outputs), tree.unflatten(out_tree, moved)

    pair: tuple[Any, Any] = _transform(f, body)(tuple(primals), tuple(tangents))
    return pair


def batched(f: Function, in_axes: Sequence[bool]) -> Function:
    """``f`` for many examples at once: the flagged arguments carry a leading axis, the result does too."""

    def body(writing: Trace, *args: Any) -> Any:
        start = len(writing.nodes)
        new, placeholders, examples = list(args), [], []
        for n, is_batched in enumerate(in_axes):
            if not is_batched:
                continue
            leaves, _, spec = tree.flatten(args[n])
            lifted = [writing.lift(x) for x in leaves]
            stand_ins = [writing.input(x.node.name, x.shape[1:], x.dtype) for x in lifted]
            new[n] = tree.unflatten(spec, stand_ins)
            placeholders += stand_ins
            examples += lifted
        outputs, _, out_tree = tree.flatten(f(*new))
        outputs = [writing.lift(x) for x in outputs]
        return tree.unflatten(out_tree, append_batched(writing, start, placeholders, examples, outputs))

    return _transform(f, body)


def per_example(f: Function, argnums: Argnums = 0) -> Function:
    """The gradient for every example of a mini-batch, in one program: a leading axis of examples on every leaf.

    f: ``(params, x, y, ...) -> loss`` of a mini-batch. Every argument that is not differentiated carries the examples
    along its first axis, and ``f`` sees mini-batches of one example. The mean over the examples is the gradient of the
    mini-batch, if the loss is a mean over examples.
    """

    def body(writing: Trace, *args: Any) -> Any:
        numbers = {n % len(args) for n in ((argnums,) if isinstance(argnums, int) else argnums)}
        others = [n not in numbers for n in range(len(args))]
        sizes = {np.shape(leaf)[:1] for n in range(len(args)) if others[n] for leaf in tree.flatten(args[n])[0]}
        if len(sizes) != 1 or sizes == {()}:
            raise DerivativeError(
                "per-example-axis",
                f"the examples are counted differently: leading lengths {sorted(s[0] if s else 0 for s in sizes)}",
                where="per_example",
                why="every argument that is not differentiated needs one row for each example",
                do="give x and y equally many rows; close over settings instead of passing them",
            )
        one_by_one = [
            tree.map_tree(lambda x: np.expand_dims(x, 1), a) if is_data else a
            for a, is_data in zip(args, others, strict=True)
        ]
        return batched(grad(f, argnums), others)(*one_by_one)

    return _transform(f, body, "per_example_grad_{}")


def _basis(writing: Trace, x: Tracer) -> Tracer:
    return writing.lift(np.eye(x.size, dtype=x.dtype).reshape(x.size, *x.shape))


def jacobian(f: Function, argnums: int = 0, *, mode: str = "auto") -> Function:
    """The Jacobian: for every number of the result its derivative by every number of the argument.

    Its shape is the shape of the result followed by that of the argument; with nested results or arguments it is nested
    likewise, result first. mode: "reverse" costs one vjp per output, "forward" one jvp per input, "auto" the
    fewer; all of them run in one program.
    """

    def body(writing: Trace, *args: Any) -> Any:
        new, variables, specs = _variables(writing, args, argnums)
        outputs, _, out_tree = tree.flatten(f(*new))
        outputs = [writing.lift(x) for x in outputs]
        inputs, results = sum(x.size for x in variables), sum(x.size for x in outputs)
        forward = mode == "forward" or (mode == "auto" and inputs <= results)
        rows = (_by_columns if forward else _by_rows)(writing, outputs, variables)
        return tree.unflatten(out_tree, [_gathered(row, specs, argnums) for row in rows])

    if mode not in ("auto", "forward", "reverse"):
        raise SettingError(
            "jacobian-mode", f"mode={mode!r}", where="jacobian", why="a Jacobian is built by rows or by columns",
            do="use 'auto', 'reverse' (by rows) or 'forward' (by columns)",
        )  # fmt: skip
    return _transform(f, body, "jacobian_{}")


def _by_rows(writing: Trace, outputs: list[Tracer], variables: list[Tracer]) -> list[list[Any]]:
    rows: list[list[Any]] = []
    for out in outputs:
        start = len(writing.nodes)
        seed = writing.input("", out.shape, out.dtype)
        adjoints = append_adjoints(writing, [out], [seed], variables)
        many = append_batched(writing, start, [seed], [_basis(writing, out)], adjoints)
        rows.append([np.reshape(m, (*out.shape, *x.shape)) for m, x in zip(many, variables, strict=True)])
    return rows


def _by_columns(writing: Trace, outputs: list[Tracer], variables: list[Tracer]) -> list[list[Any]]:
    columns: list[list[Any]] = []
    for x in variables:
        start = len(writing.nodes)
        direction = writing.input("", x.shape, x.dtype)
        moved = append_tangents(writing, outputs, [x], [direction])
        many: Any = append_batched(writing, start, [direction], [_basis(writing, x)], moved)
        columns.append(
            [np.reshape(np.moveaxis(m, 0, -1), (*out.shape, *x.shape)) for m, out in zip(many, outputs, strict=True)]
        )
    return [list(row) for row in zip(*columns, strict=True)]


def hessian(f: Function, argnums: int = 0) -> Function:
    """The matrix of second derivatives of a function that returns a single number: forward over reverse mode.

    Its shape is the argument's shape twice; for a nested argument it is nested twice.

    >>> hessian(lambda x: x[0] ** 2 * x[1])(np.array([3.0, 5.0]))
    array([[10.,  6.],
           [ 6.,  0.]])
    """
    return jacobian(grad(f, argnums), argnums, mode="forward")


def hvp(f: Function, argnums: int = 0) -> Function:
    """Hessian-vector product: ``hvp(f)(*args, v)``, at the cost of about two gradients, without the Hessian.

    v has the structure of the differentiated argument.
    """
    slope = grad(f, argnums)

    def product(*args_and_v: Any) -> Any:
        *args, v = args_and_v
        n = argnums % len(args)

        def along(z: Any) -> Any:
            return slope(*args[:n], z, *args[n + 1 :])

        return jvp(along, (args[n],), (v,))[1]

    product.__name__ = getattr(f, "__name__", "f")
    names = [*argument_names(f), "v"]
    if len(set(names)) == len(names):  # the program then speaks of the user's arguments and of the direction v
        parameters = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_ONLY) for name in names]
        product.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return _transform(product, lambda writing, *args: product(*args), "hvp_{}")
