"""Every kind of mistake is found by its own example; the tape underneath computes what backpropagation computes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from tests.explain.bank import ALL, NETS, Made

from downslope.autodiff import backpropagate, grad, trace
from downslope.explain import check_gradients
from downslope.explain.mistakes.places import Places
from downslope.explain.mistakes.table import MISTAKES, Mistake, mistake
from downslope.explain.mistakes.tape import Changes, Tape

usual = settings().max_examples


@pytest.mark.parametrize("id", MISTAKES)
def test_every_kind_of_mistake_is_found_by_its_own_example(id: str) -> None:
    f, args, mine, more = MISTAKES[id].planted()
    found = check_gradients(f, *args, mine=mine, **more)
    assert not found
    assert found.mistakes == (id,)
    assert found.suspects[0].distance < 1e-9


def test_entries_say_what_they_are_in_sentences_and_two_of_one_id_are_refused() -> None:
    assert all(m.sentence.endswith(".") and m.rule and m.common > 0 and (m.id == id) for id, m in MISTAKES.items())
    entry = MISTAKES["sign"]
    with pytest.raises(ValueError, match="two mistakes are called 'sign'"):
        mistake(Mistake(id="sign", sentence="", rule="", common=1, planted=entry.planted))


# --- the tape ---------------------------------------------------------------------------------------------------------


def taped(place: str, seed: int = 1) -> tuple[Made, Tape]:
    made = Made(NETS[place], seed)
    args = (made.params, made.x, made.y)
    graph = trace(made.loss, *args)
    return made, Tape(graph, args, graph.inputs[: len(made.params)])


@pytest.mark.parametrize("place", ALL)
def test_a_tape_without_changes_is_backpropagation(place: str) -> None:
    made, tape = taped(place)
    right = grad(made.loss)(made.params, made.x, made.y)
    for leaf, g in zip(tape.leaves, right.values(), strict=True):
        np.testing.assert_array_equal(tape.gradient(leaf), g)
        np.testing.assert_array_equal(tape.gradients(Changes())[leaf], g)


@pytest.mark.parametrize("place", ["tanh deep numbers", "relu deep"])
def test_a_changed_step_is_a_changed_rule_of_backpropagation(place: str) -> None:
    """Both ways to plant a mistake give the same numbers: rules= of backpropagate, and steps of the tape."""
    made, tape = taped(place)
    args = (made.params, made.x, made.y)
    name = "tanh" if "tanh" in place else "maximum"
    rule = lambda i, g, out, *xs: 3 * g if i == 0 else None  # noqa: E731
    wrong = backpropagate(tape.graph, tape.leaves, rules={name: rule})(*args)[1:]
    steps = {(n.id, 0): lambda g, part: 3 * g for n in tape.graph.nodes if n.primitive.name == name}
    changed = tape.gradients(Changes(steps=steps))
    for leaf, g in zip(tape.leaves, wrong, strict=True):
        np.testing.assert_allclose(changed[leaf], g, rtol=1e-12, atol=1e-15)


@given(seed=st.integers(0, 999), place=st.sampled_from(ALL), c=st.floats(-3, 3))
@settings(max_examples=usual)
def test_a_factor_at_any_adjoint_is_a_straight_line_in_the_gradients(seed: int, place: str, c: float) -> None:
    _, tape = taped(place, seed)
    nodes = [n.id for n in tape.order if n.id in tape.adjoints]
    v = nodes[seed % len(nodes)]
    none, one, some = (tape.gradients(Changes(adjoints={v: lambda g, k=k: k * g})) for k in (0.0, 1.0, c))  # type: ignore[misc]
    for leaf in tape.leaves:
        size = 1e-4 + float(np.max(np.abs(one[leaf]) + np.abs(none[leaf])))
        np.testing.assert_allclose(some[leaf], none[leaf] + c * (one[leaf] - none[leaf]), atol=1e-11 * size, rtol=0)


@pytest.mark.parametrize("place", ["tanh penalty", "relu deep", "tanh norm", "tanh dropout"])
def test_a_sketch_is_the_random_sums_of_the_gradient(place: str) -> None:
    _, tape = taped(place)
    rng = np.random.default_rng(5)
    changes = [Changes(adjoints={n.id: lambda g: g * 0.3 + 0.1}) for n in tape.order if n.id in tape.adjoints]
    full = [tape.gradients(c) for c in changes]
    tape.sketches.update({k: rng.normal(size=(3, *tape.graph[k].shape)) for k in tape.leaves})
    for c, right in zip(changes, full, strict=True):
        leaf_only = set(c.adjoints) <= set(tape.leaves)  # a sketch is not the place for "+ 0.1"
        for k, sums in tape.gradients(c, light=True).items():
            if not leaf_only:
                np.testing.assert_allclose(sums, tape.sketch(k, right[k]), rtol=1e-9, atol=1e-12)


def test_other_values_change_what_follows_from_them_and_nothing_else() -> None:
    made, tape = taped("tanh deep numbers")
    rolled = np.roll(made.y, 1, axis=0)
    target = next(i for i in tape.graph.inputs if tape.graph[i].name == "y")
    right = grad(made.loss)(made.params, made.x, rolled)
    changed = tape.gradients(Changes(values={target: rolled}))
    for leaf, g in zip(tape.leaves, right.values(), strict=True):
        np.testing.assert_allclose(changed[leaf], g, rtol=1e-12)
    np.testing.assert_array_equal(tape.values[target], made.y)


# --- what is recognised -----------------------------------------------------------------------------------------------


def places(place: str) -> tuple[Made, Places]:
    made, tape = taped(place)
    return made, Places(tape, dict(zip(tape.leaves, made.params, strict=True)))


@pytest.mark.parametrize("place", ["tanh classes", "sigmoid classes", "relu classes", "relu deep", "tanh norm"])
def test_activations_are_recognised_with_their_slopes(place: str) -> None:
    made, found = places(place)
    slopes: dict[str, Any] = {"tanh": lambda z: 1 - np.tanh(z) ** 2, "relu": lambda z: z > 0}
    slope = slopes.get(made.net.act, lambda z: 1 / (2 + np.exp(z) + np.exp(-z)))
    blocks = [b for b in found.blocks if np.allclose(b.slope, slope(found.values[b.z]))]
    assert len(blocks) >= made.layers - 1


def test_penalties_masks_targets_and_batches_are_told_apart() -> None:
    made, found = places("tanh penalty")
    assert {found.names[k] for k in found.penalties} == {"w1", "w2"}
    assert found.batch == made.net.B
    assert [found.graph[t].name for t in found.targets] == ["y"]
    assert not found.masks
    made, found = places("relu dropout deep")
    assert len(found.masks) == 2
    assert found.keep_rates == pytest.approx([0.7])
    assert not found.penalties


def test_weights_that_are_divided_by_their_length_are_no_penalty() -> None:
    def loss(w: Any, x: Any) -> Any:
        return np.mean(np.tanh(x @ (w / np.sqrt(np.sum(w**2)))))

    x, w = np.linspace(-1, 1, 8).reshape(4, 2), np.array([[0.3], [0.7]])
    graph = trace(loss, w, x)
    assert not Places(Tape(graph, (w, x), graph.inputs[:1]), {graph.inputs[0]: "w"}).penalties
