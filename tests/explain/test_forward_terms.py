"""A number of any layer at any place: what made it adds up to it, and its adjoint is the slope of the loss by it."""

from __future__ import annotations

import itertools
import math
import re
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import downslope as ds
from downslope import nn
from downslope.explain.derivation import explain, named_values
from downslope.explain.records import Derivation
from downslope.nn.layers import LAYERS

IMAGE, SEQUENCE = (2, 5, 4), (4, 4)
BLOCKS: dict[str, tuple[tuple[int, ...], tuple[Any, ...]]] = {
    "groups": (IMAGE, (nn.conv2d(4, 3, "tanh", 2, 1, 1, 2),)),
    "dilation": (IMAGE, (nn.conv2d(2, 2, "gelu", 1, 1, 2),)),
    "no bias": (IMAGE, (nn.conv2d(3, 3, "relu", bias=False),)),
    "pooled": (IMAGE, (nn.conv2d(3, 3, "relu", padding=1), nn.max_pool(3, 1, 1), nn.conv2d(2, 2))),
    "batch norm": (IMAGE, (nn.conv2d(3, 3), nn.batch_norm(), nn.activate("relu"))),
    "residual": (IMAGE, (nn.residual(nn.conv2d(3, 3, padding=1), nn.batch_norm(), shortcut=nn.conv2d(3, 1)),)),
    "recurrent": (SEQUENCE, (nn.rnn(3), nn.gru(3), nn.lstm(3))),
    "transformer": (SEQUENCE, (nn.residual(nn.layer_norm(), nn.multi_head_attention(2)), nn.dense(3, "silu"))),
}


def steps_of(shape: tuple[int, ...], layers: tuple[Any, ...], takes: str = "numbers") -> Any:
    rng, size = np.random.default_rng(3), math.prod(shape)
    x = rng.normal(size=(9, size)) if takes == "numbers" else rng.integers(0, 5, (9, size))
    before = (nn.reshape(shape, name="input1"),) if takes == "numbers" else ()
    model = nn.Model((size,), (*before, *layers, nn.flatten(name="flat"), nn.dense(2, name="out")))
    data = ds.data.arrays(x, np.arange(9) % 2, held_out=0)
    return ds.train(model, data, optimizer=ds.optim.sgd(0.1), batch_size=3, steps=2, dtype="float64").at(2)


@cache
def step_of(name: str) -> Any:
    if name in BLOCKS:
        return steps_of(*BLOCKS[name])
    entry = LAYERS[name]
    layer = entry.function(*entry.settings)
    return steps_of(entry.shape_in, (layer,), layer.takes)


def parts_add_up(derivation: Derivation) -> None:
    for level in derivation.levels:
        if level.contributions:
            parts = [c.value for c in level.contributions]
            size = sum(map(abs, parts)) + abs(level.value)
            assert abs(math.fsum([*parts, level.rest]) - level.value) <= 1e-12 * size
            assert abs(level.rest) <= 1e-12 * size  # nothing is left out
            for c in level.contributions:
                if c.factor is not None and c.adjoint is not None:
                    assert c.value == pytest.approx(c.factor * c.adjoint, rel=1e-12, abs=1e-300)


def slopes(step: Any, id: int, place: tuple[int, ...]) -> list[float]:
    """Of the loss to both sides, when this one entry is moved and all after it follows; at a kink they differ."""
    graph = step.probe.graph
    known = graph.values(step.at, keep=lambda _: True)

    def loss(by: float) -> float:
        moved = {i: value for i, value in known.items() if i <= id or i in graph.inputs}
        moved[id] = np.array(known[id], float)
        moved[id][place] += by
        return float(graph.resume(moved, id + 1, lambda _: True)[graph.outputs[0]])

    return sorted([(loss(1e-6) - loss(0)) / 1e-6, (loss(0) - loss(-1e-6)) / 1e-6])


@pytest.mark.parametrize("name", [*LAYERS, *BLOCKS])
def test_every_number_of_every_layer_is_explained(name: str) -> None:
    step, rng = step_of(name), np.random.default_rng(0)
    for array, id in step.probe.places.items():
        values = np.asarray(step.activations[array])
        if not values.ndim or array.startswith("loss"):
            continue
        place = tuple(int(rng.integers(n)) for n in values.shape)
        at = ", ".join(map(str, place))
        forward = step.explain(f"activations.{array}[{at}]", most=100_000)
        assert forward.value == pytest.approx(values[place], rel=1e-12)
        parts_add_up(forward)
        assert forward.levels or not step.probe.graph[id].inputs
        backward = step.explain(f"errors.{array}[{at}]", most=100_000)
        parts_add_up(backward)
        low, high = slopes(step, id, place)
        assert backward.value is not None
        assert low - 1e-7 <= backward.value <= high + 1e-7


# --- convolution ------------------------------------------------------------------------------------------------------

ENTRY = re.compile(r"([\w.]+)\[([\d, ]*)\]")


def entries(label: str) -> list[tuple[str, tuple[int, ...]]]:
    return [(name, tuple(map(int, places.split(",")))) for name, places in ENTRY.findall(label)]


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_the_terms_of_a_convolution_are_its_definition(data: st.DataObject) -> None:
    kernel, stride = data.draw(st.tuples(*[st.integers(1, 3)] * 2)), data.draw(st.tuples(*[st.integers(1, 2)] * 2))
    padding, dilation = data.draw(st.tuples(*[st.integers(0, 2)] * 2)), data.draw(st.tuples(*[st.integers(1, 2)] * 2))
    groups = data.draw(st.sampled_from([1, 2]))
    layer = nn.conv2d(4, kernel, "identity", stride, padding, dilation, groups).named("conv1")
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    x = rng.normal(size=(2, 4, 6, 5))
    params = {name: rng.normal(size=shape) for name, shape in layer.shapes((4, 6, 5)).items()}
    made = layer(params, x)
    place = tuple(data.draw(st.integers(0, n - 1)) for n in made.shape)

    def loss(params: Any, x: Any) -> Any:
        return np.sum(layer(params, x))

    derivation = explain(loss, params, x, f"activations.conv1.z{list(place)}", most=1000)
    b, o, i, j = place
    expected = {}
    for k, m, c in itertools.product(range(kernel[0]), range(kernel[1]), range(4 // groups)):
        channel = c + o // (4 // groups) * (4 // groups)
        row, column = (
            s * at + d * own - p for s, at, d, own, p in zip(stride, (i, j), dilation, (k, m), padding, strict=True)
        )
        if 0 <= row < 6 and 0 <= column < 5:
            expected[(b, channel, row, column)] = (k, m, c, o)
    found = {}
    for term in derivation.levels[-1].contributions:
        (name, pixel), *weight = entries(term.label)
        if weight:
            assert (name, weight[0][0]) == ("x", "w")
            found[pixel] = weight[0][1]
            assert term.value == pytest.approx(x[pixel] * params["w"][weight[0][1]])
        else:
            assert (name, pixel) == ("b", (o,))
    assert found == expected or (not expected and not derivation.levels[-1].by)


def test_a_convolution_is_written_with_a_letter_for_each_axis_of_its_kernel() -> None:
    x, w = np.ones((1, 2, 9, 9)), np.ones((3, 3, 2, 1))
    layer = nn.conv2d(1, 3, stride=2, padding=1, dilation=2, bias=False)

    def loss(w: Any, x: Any) -> Any:
        return np.sum(layer({"w": w}, x))

    level = explain(loss, w, x, "activations.conv.z[0, 0, 1, 1]").levels[-1]
    assert level.into == "x[0, k, 1 + 2 · i, 1 + 2 · j] · w[i, j, k, 0]"
    assert level.formula_latex.startswith(r"\sum_{i, j, k} ")


def test_a_weight_that_is_not_finite_is_named_though_it_meets_the_frame_alone() -> None:
    x, w = np.ones((1, 1, 3, 3)), np.ones((3, 3, 1, 1))
    w[0, 0, 0, 0] = np.inf  # times the zero beyond the corner: NaN
    layer = nn.conv2d(1, 3, padding=1, bias=False)

    def loss(w: Any, x: Any) -> Any:
        return np.sum(layer({"w": w}, x))

    derivation = explain(loss, w, x, "activations.conv.z[0, 0, 0, 0]")
    assert derivation.value is not None
    assert math.isnan(derivation.value)
    first = derivation.levels[-1].contributions[0]
    assert math.isnan(first.value)
    assert "w[0, 0, 0, 0]" in first.label


def test_what_comes_back_to_a_pixel_names_the_weight_on_the_way_and_to_a_weight_the_pixel() -> None:
    step = step_of("no bias")
    into = step.explain("errors.input1[1, 1, 2, 1]", most=100).levels[0]
    weights = {entries(c.note)[0]: c.factor for c in into.contributions}
    assert len(weights) > 1
    assert all(factor == pytest.approx(step.params[name][at]) for (name, at), factor in weights.items())
    row, places = step.explain("conv1.w[0, 1, 1, 2]", most=100).levels[:2]
    pixels = {entries(c.note)[0]: c.factor for c in places.contributions}
    assert row.by == "row"
    assert len(pixels) > 1
    assert all(factor == pytest.approx(step.activations[name][at]) for (name, at), factor in pixels.items())


def test_places_beside_each_other_are_entries_and_no_units() -> None:
    back = step_of("dilation").explain("errors.input1[1, 1, 0, 2]", most=100).levels[0]
    beside = [entries(c.of)[0][1] for c in back.contributions]
    assert back.by == "entry"
    assert len({place[1] for place in beside}) == 2  # both channels
    alone = step_of("groups").explain("conv1.b[1]", most=100)
    assert all(level.by != "unit" for level in alone.levels if level.into.startswith("conv1"))


# --- pooling ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kernel", "stride", "padding"), [(2, 2, 0), (2, 1, 1), (3, 1, 1), (3, 2, 0), ((1, 3), 1, 0)])
@pytest.mark.parametrize("seed", range(3))
def test_the_first_of_the_largest_of_a_window_wins_and_alone_gets_its_error(
    kernel: Any, stride: int, padding: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    x = rng.integers(-2, 3, (1, 1, 5, 5)).astype(float)  # many are equal
    layer = nn.max_pool(kernel, stride, padding).named("pool")
    pooled, (high, wide) = layer({}, x), layer.kernel

    def loss(x: Any) -> Any:
        return np.sum(layer({}, x))

    name = [name for name in named_values(ds.trace(loss, x)) if name.startswith("pool.h")][
        -1
    ]  # all maxima are called h
    row, column = (int(rng.integers(n)) for n in pooled.shape[2:])
    derivation = explain(loss, x, f"activations.{name}[0, 0, {row}, {column}]", most=100)
    assert derivation.value == pooled[0, 0, row, column]
    (level,) = derivation.levels
    starts = row * stride - padding, column * stride - padding
    window = itertools.product(*(range(start, start + n) for start, n in zip(starts, (high, wide), strict=True)))
    inside = [(0, 0, i, j) for i, j in window if 0 <= i < 5 and 0 <= j < 5]
    assert {entries(c.label)[0][1] for c in level.contributions} == set(inside)
    winner = max(inside, key=lambda at: x[at])  # the first one of several
    assert [entries(c.label)[0][1] for c in level.contributions if c.adjoint] == [winner]
    back = ds.grad(lambda x: layer({}, x)[0, 0, row, column])(x)
    assert np.argwhere(back).tolist() == [list(winner)]


# --- sequences, and what is only moved --------------------------------------------------------------------------------


def test_each_step_of_a_sequence_is_the_state_of_that_step() -> None:
    step = step_of("recurrent")
    for layer, t in itertools.product(("rnn1", "gru1", "lstm1"), range(4)):
        derivation = step.explain(f"activations.{layer}[1, {t}, 2]")
        ((name, place),) = entries(derivation.levels[0].into)
        assert name == (f"{layer}.h.{t + 1}" if t else f"{layer}.h")
        assert place == (1, 2)
        assert step.activations[name][place] == derivation.value


def test_the_states_before_are_named_and_not_gone_through() -> None:
    derivation = step_of("recurrent").explain("activations.rnn1[1, 3, 2]")
    assert [level.of for level in derivation.levels] == ["rnn1[1, 3, 2]", "rnn1.h.4[1, 2]", "rnn1.z.4[1, 2]"]
    labels = [
        c.label for c in step_of("recurrent").explain("activations.rnn1[1, 3, 2]", most=50).levels[-1].contributions
    ]
    assert sum("rnn1.h.3[" in label for label in labels) == 3
    first = step_of("recurrent").explain("activations.rnn1[1, 0, 2]", most=50).levels[-1]
    assert all("input1" in c.label or "rnn1.b" in c.label for c in first.contributions)  # the state of zeros adds none


def test_an_embedding_is_the_row_that_the_data_name() -> None:
    step = step_of("embedding")
    derivation = step.explain("activations.embedding1[2, 3, 1]")
    ((name, place),) = entries(derivation.levels[0].into)
    assert name == "embedding1.w"
    assert place == (int(step.batch.x[2, 3]), 1)


def test_a_sentence_says_where_the_number_comes_from() -> None:
    pooled = step_of("pooled").explain("activations.max_pool1[1, 2]")
    assert re.fullmatch(
        r"max_pool1\[1, 2, \d, \d\] is [\d.e+-]+: that of conv1\.h\[1, 2, \d, \d\], the largest of \d\.",
        pooled.sentence,
    )
    assert "reshape" not in step_of("residual").explain("activations.residual1[1, 2]").sentence
    moved = step_of("embedding").explain("activations.embedding1[2, 3, 1]").sentence
    assert moved.endswith("embedding1.w[" + moved.partition("embedding1.w[")[2])


def test_batch_norm_goes_on_to_mean_and_variance_of_the_whole_channel() -> None:
    step = step_of("batch norm")
    derivation = step.explain("activations.batch_norm1[1, 2, 0, 1]", most=1000)
    by_name = {level.of.partition("[")[0]: level for level in derivation.levels}
    channel = step.activations["conv1"][:, 2]
    assert by_name["batch_norm1.mean"].value == pytest.approx(channel.mean())
    assert by_name["batch_norm1.var"].value == pytest.approx(channel.var())
    assert len(by_name["batch_norm1.mean"].contributions) == channel.size
