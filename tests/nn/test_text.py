"""A model's text is the call that makes it: read again it is the same model, and nothing in it is ever run."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import assume, given, settings, strategies as st
from tests.nn.tools import leaves

from downslope import nn
from downslope.errors import DownslopeError, SettingError
from downslope.nn.initialise import initialiser
from downslope.nn.layers import Layer, layer
from downslope.nn.losses import loss
from downslope.nn.text import as_text, from_text, loss_name, loss_named

BLOCKS = ("residual", "sequential")
SHAPES = [(4,), (3, 4), (4, 13, 13)]
SMALL, SHARE, FLAG = st.integers(1, 4), st.floats(0, 0.99), st.booleans()
WINDOW = st.one_of(SMALL, st.tuples(SMALL, SMALL))
MATRIX_INITIALISERS = st.sampled_from(sorted(nn.INITIALISERS))
BY_NAME: dict[str, st.SearchStrategy[Any]] = {
    "activation": st.sampled_from(sorted(nn.ACTIVATIONS)),
    "init": st.one_of(st.none(), MATRIX_INITIALISERS, MATRIX_INITIALISERS.map(nn.INITIALISERS.__getitem__)),
    "name": st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6),
    "shape": st.lists(SMALL, min_size=1, max_size=3).map(tuple),
    "padding": st.sampled_from([0, 1, (0, 1)]),
    **dict.fromkeys(["n", "n_out", "n_heads", "n_axes", "groups"], SMALL),
    **dict.fromkeys(["bias", "last", "causal"], FLAG),
    **dict.fromkeys(["p", "eps", "momentum"], SHARE),
    **dict.fromkeys(["kernel", "stride", "dilation"], WINDOW),
}
"""Values for the settings of the table's layers. A layer with a new setting needs a line here."""


def random_layer(draw: Any, name: str) -> Layer:
    """A layer of this name, with values for its required settings and for some of the others."""
    function = nn.LAYERS[name].function
    if name in BLOCKS:
        return random_block(draw, name)
    given = {
        key: draw(BY_NAME[key])
        for key, parameter in inspect.signature(function).parameters.items()
        if parameter.default is parameter.empty or draw(FLAG)
    }
    return function(**given)


def random_block(draw: Any, name: str, depth: int = 0) -> Layer:
    """A block for examples of shape (3, 4), of layers that keep the shape; one of them may be a block."""
    inside: list[Layer] = [nn.dense(4, draw(BY_NAME["activation"]))]
    for other in draw(st.lists(st.sampled_from(sorted(nn.LAYERS)), max_size=3)):
        if other not in BLOCKS:
            inside += [each for each in [random_layer(draw, other)] if keeps(each, (3, 4))]
        elif depth < 2:
            inside.append(random_block(draw, other, depth + 1))
    inside = [each.named(f"{each.name} {i}") if draw(FLAG) else each.named("") for i, each in enumerate(inside)]
    beside = {"shortcut": nn.dense(4, init="he")} if name == "residual" and draw(FLAG) else {}
    return nn.LAYERS[name].function(*inside, **beside)


def keeps(layer: Layer, shape: tuple[int, ...]) -> bool:
    try:
        return layer.takes == "numbers" and layer.shape_out(shape) == shape
    except DownslopeError:
        return False


def model_of(layer: Layer) -> nn.Model | None:
    """A model of this one layer, for examples that it takes."""
    for shape in (*SHAPES, (math.prod(getattr(layer, "shape", ())),)):
        try:
            return nn.Model(shape, (layer,))
        except DownslopeError:
            continue
    return None


@pytest.mark.parametrize("name", sorted(nn.LAYERS))
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_every_layer_comes_back_with_all_of_its_settings(name: str, data: st.DataObject) -> None:
    try:
        made = random_layer(data.draw, name)
    except DownslopeError:
        assume(False)
    model = model_of(made)
    assume(model is not None)
    assert model is not None
    again = from_text(as_text(model))
    assert again == model
    assert as_text(again) == as_text(model)
    for one, other in zip(leaves(again.init(7)), leaves(model.init(7)), strict=True):
        np.testing.assert_array_equal(one, other)


def test_it_is_what_a_user_would_write() -> None:
    model = nn.Model(
        (1, 8, 8),
        (
            nn.conv2d(4, 3, "relu", padding="same", bias=False),
            nn.max_pool(2),
            nn.flatten(),
            nn.residual(nn.dense(64, "tanh", init=nn.he), nn.dropout(0.25), shortcut=nn.dense(64, init="orthogonal")),
            nn.dense(10, init=partial(nn.normal, std=0.1), name="out"),
        ),
    )
    assert as_text(model) == (
        'Model((1, 8, 8), (conv2d(4, (3, 3), "relu", padding=(1, 1), name="conv1", bias=False), '
        'max_pool((2, 2), stride=(2, 2), name="max_pool1"), flatten(name="flatten1"), '
        'residual(dense(64, "tanh", init=he_normal, name="dense1"), dropout(p=0.25, name="dropout1"), '
        'shortcut=dense(64, init="orthogonal", name="shortcut"), name="residual1"), '
        'dense(10, init=partial(normal, std=0.1), name="out")))'
    )


def test_read_by_python_itself_the_text_makes_the_same_model() -> None:
    model = nn.Model((3, 4), (nn.lstm(5, init=nn.orthogonal), nn.sequential(nn.layer_norm(), nn.dense(2, "gelu"))))
    assert eval(as_text(model), dict(vars(nn))) == from_text(as_text(model)) == model


def test_layers_without_a_name_are_numbered_as_in_a_program() -> None:
    assert from_text('Model((4,), (dense(3, "relu"), dense(2)))') == nn.mlp([4, 3, 2])


def test_options_of_an_initialiser_come_back_with_the_same_numbers() -> None:
    model = nn.mlp([4, 3, 2], init=partial(nn.uniform, bound=0.3))
    again = from_text(as_text(model))
    assert as_text(again) == as_text(model)
    for one, other in zip(leaves(again.init(3)), leaves(model.init(3)), strict=True):
        np.testing.assert_array_equal(one, other)


def test_numbers_of_numpy_are_written_as_plain_ones() -> None:
    model = nn.Model((4,), (nn.dense(3, bias=np.bool_(False)), nn.dropout(np.float32(0.1))))  # type: ignore[arg-type]
    assert "0.10000000149011612" in as_text(model)
    assert from_text(as_text(model)) == model


# --- entries of somebody else's ---------------------------------------------------------------------------------------


@pytest.fixture
def tables() -> Iterator[None]:
    """Takes out again what a test enters."""
    known = [(table, dict(table)) for table in (nn.LAYERS, nn.INITIALISERS, nn.LOSSES)]
    yield
    for table, before in known:
        for name in set(table) - set(before):
            del table[name]


@dataclass(frozen=True)
class Clip(Layer):
    """A layer of a plug-in."""

    low: float
    high: float = math.inf
    kind: ClassVar[str] = "cut"


@pytest.mark.usefixtures("tables")
def test_a_layer_and_an_initialiser_of_a_plugin_are_known_by_their_decorators() -> None:
    @initialiser()
    def threes(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        return np.full(shape, 3.0)

    @layer([0.0], (3,), refuses=None)
    def clip(low: float, high: float = 1.0, name: str | None = None) -> Clip:
        return Clip(low, high, name=name or "")

    model = nn.Model((3,), (clip(-0.0, math.inf), nn.dense(2, init=threes), clip(-1.5)))
    assert as_text(model) == (
        'Model((3,), (clip(-0.0, high=1e999, name="cut1"), dense(2, init=threes, name="dense1"), '
        'clip(-1.5, name="cut2")))'
    )
    assert from_text(as_text(model)) == model
    for unwritable in (clip(float("nan")), clip(np.zeros(2)), clip([1, 2])):  # type: ignore[arg-type]
        with pytest.raises(SettingError, match=r"the model has no text: it holds .*\[model-text\]") as error:
            as_text(nn.Model((3,), (unwritable,)))
        assert error.value.where == "the setting low of layer cut1"


@pytest.mark.usefixtures("tables")
def test_a_layer_that_changes_its_settings_on_the_way_in_gets_no_text_rather_than_a_wrong_one() -> None:
    @layer([0.3], (3,), refuses=None)
    def keep(low: float, high: float = 1.0, name: str | None = None) -> Clip:
        return Clip(1 - low, high, name=name or "")

    with pytest.raises(SettingError, match=r"makes another one: .*\[model-text\]"):
        as_text(nn.Model((3,), (keep(0.3),)))


def test_a_layer_in_no_table_is_refused_by_name() -> None:
    with pytest.raises(SettingError, match=r"no entry of nn\.LAYERS makes a Clip .*\[model-text\]") as error:
        as_text(nn.Model((3,), (Clip(1.0, name="mine"),)))
    assert error.value.where == "layer mine"


@pytest.mark.parametrize("start", [lambda rng, shape: np.zeros(shape), partial(np.full, fill_value=3)])
def test_a_function_in_no_table_is_refused_with_its_place_and_the_remedy(start: Any) -> None:
    with pytest.raises(SettingError, match=r"\[model-text\]") as error:
        as_text(nn.mlp([4, 2], init=start))
    assert error.value.where == "the setting init of layer dense1"
    assert "@initialiser()" in error.value.do
    assert len(str(error.value).splitlines()) == 4


# --- reading what somebody wrote --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "",
        "3",
        "dense(3)",
        "Model((4,), (dense(3),)",
        "Model((4,), (dense(2 + 1),))",
        "Model((4,), [dense(3)])",
        "Model((4,), dense(3))",
        "Model((4,), (dense(),))",
        "Model((4,), (dense(3, n_out=3),))",
        "Model((4,), (dense(3, bias=True, bias=False),))",
        "Model((4,), (dense(3, **{'bias': False}),))",
        "Model((4,), (dense(*(3,)),))",
        "Model((4,), (dense(3, size=3),))",
        "Model((4,), (dense(3, init=partial(normal, width=3)),))",
        "Model((4,), (nn.dense(3),))",
        "Model((), (dense(3),))",
        "Model((4,), (dense(3, init=lambda rng, shape: 0),))",
        "Model((4,), (dense(3j),))",
        "1" + "+1" * 5000,
        "a" + ".b" * 5000,
        "(" * 500 + ")" * 500,
    ],
)
def test_anything_but_a_call_with_plain_settings_is_refused(text: str) -> None:
    with pytest.raises(SettingError, match=r"\[model-text\]") as error:
        from_text(text)
    assert len(str(error.value).splitlines()) == 4
    assert len(str(error.value)) < 30_000


def test_nothing_is_run() -> None:
    for text in (
        "print(1)",
        "__import__('os')",
        "Model((4,), (dense(exit()),))",
        "Model((4,), (dense(3, init=exit),))",
    ):
        with pytest.raises(SettingError, match=r"\[unknown-name\]"):
            from_text(text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Model((4,), (dens(3),))", "dense"),
        ('Model((4,), (dense(3, "rleu"),))', "relu"),
        ('Model((4,), (dense(3, init="xaver"),))', "xavier"),
        ("Model((4,), (dense(3, init=ortogonal),))", "orthogonal"),
    ],
)
def test_for_an_unknown_name_the_nearest_is_suggested(text: str, meant: str) -> None:
    with pytest.raises(SettingError, match=r"\[unknown-name\]") as error:
        from_text(text)
    assert f"Did you mean '{meant}'?" in error.value.do


# --- losses -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(nn.LOSSES))
def test_every_loss_is_found_by_the_name_that_it_has(name: str) -> None:
    function = nn.LOSSES[name]
    assert loss_named(str(loss_name(function))) is function
    assert loss_named(name) is function


def test_a_loss_with_options_comes_back_with_them() -> None:
    name = loss_name(partial(nn.huber, delta=2.0))
    assert name == "partial(huber, delta=2.0)"
    p, y = np.array([[5.0], [0.5]]), np.zeros((2, 1))
    assert loss_named(name)(p, y) == nn.huber(p, y, delta=2.0) != nn.huber(p, y)


@pytest.mark.usefixtures("tables")
def test_a_loss_of_ones_own_has_a_name_once_it_is_in_the_table() -> None:
    def gap(p: Any, y: Any) -> Any:
        return np.mean(abs(p - y))

    assert loss_name(gap) is None
    assert loss_name(partial(gap)) is None
    assert loss_name(loss()(gap)) == "gap"


@pytest.mark.parametrize("name", ["", "3", '"mse"', "dense(3)", "partial(mse, delta=2)", "mse(3)", "partial(3)"])
def test_what_is_no_loss_is_refused(name: str) -> None:
    with pytest.raises(SettingError, match=r"\[(model-text|unknown-name)\]"):
        loss_named(name)
