"""Settings that show one thing each, good ones and bad ones, with the reason in one sentence and what to look at.

tests/lab/test_presets.py trains every one of them and measures that it shows what it says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from downslope.lab.args import DescentArgs
from downslope.lab.settings import Choice, DataChoice, Settings
from downslope.views.list_payload import PresetShown, PresetsView


@dataclass(frozen=True)
class Preset:
    """A preset. settings: of a training, or of the view "descent". play: how many steps show it.

    view, view_args: what the page opens beside it, the time line of a training or the way down if "". beside: the id of
    the opposite.
    """

    id: str
    title: str
    good: bool
    reason: str
    look: str
    settings: Settings | DescentArgs
    play: int
    view: str = ""
    view_args: tuple[tuple[str, Any], ...] = ()
    beside: str = ""

    @property
    def page(self) -> Literal["surface", "network"]:
        """Where it is shown."""
        return "network" if isinstance(self.settings, Settings) else "surface"

    @property
    def shown(self) -> str:
        """The view that is opened."""
        return self.view or ("timeline" if self.page == "network" else "descent")


def presets_view() -> PresetsView:
    """The payload of the gallery."""
    shown = tuple(
        PresetShown(
            each.id,
            each.title,
            each.page,
            each.good,
            each.reason,
            each.look,
            _plain(each.settings),
            each.play,
            each.beside,
            each.shown,
            _plain(dict(each.view_args)),
        )
        for each in PRESETS.values()
    )
    good = sum(each.good for each in shown)
    return PresetsView(f"{len(shown)} presets: {good} good and {len(shown) - good} bad settings", shown, ())


def _plain(value: Any) -> dict[str, Any]:
    """As it comes back from JSON."""
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(value))
    return found


def _sgd(lr: float, **more: Any) -> Choice:
    return Choice("gradient_descent", {"lr": lr, **more})


def _adam(lr: float) -> Choice:
    return Choice("adam", {"lr": lr})


_MOONS = DataChoice("moons")
_DEEP = (16,) * 6

_ALL = (
    # --- the learning rate ---------------------------------------------------------------------------------------
    Preset(
        "rate_too_large",
        "Too large a learning rate",
        False,
        "Each step jumps over the valley and lands higher on the other side, so the loss grows until it is no number.",
        "The timeline: the loss rises from the first steps on, and an event marks the first NaN or infinity.",
        Settings(data=DataChoice("diabetes"), hidden=(), optimizer=_sgd(1.0), batch_size=None, steps=400),
        400,
        beside="rate_right",
    ),
    Preset(
        "rate_right",
        "The same with a rate that fits",
        True,
        "The rate is below 2 divided by the largest curvature, so every step goes down.",
        "The timeline: the loss of the whole training set falls at every step.",
        Settings(data=DataChoice("diabetes"), hidden=(), optimizer=_sgd(0.1), batch_size=None, steps=400),
        400,
        beside="rate_too_large",
    ),
    Preset(
        "rate_too_small",
        "Too small a learning rate",
        False,
        "Every step goes down, but by so little that thousands of them are needed for what a hundred could do.",
        "The timeline: the loss hardly bends, and the update ratio stands far below its healthy band.",
        Settings(data=_MOONS, optimizer=_sgd(0.0003), steps=500),
        500,
        "reading",
        (("id", "update_ratio"),),
        "moons_right",
    ),
    Preset(
        "moons_right",
        "Two half moons, well set",
        True,
        "Two small hidden layers, their usual start values and Adam at a usual rate: nothing stands in the way.",
        "The decision boundary: it bends between the moons within a few hundred steps.",
        Settings(data=_MOONS, steps=500),
        500,
        "boundary",
    ),
    Preset(
        "rate_constant_at_the_end",
        "A rate that never falls",
        False,
        "Near the minimum the noise of small mini-batches keeps the parameters moving at the size of the rate.",
        "The timeline: the loss of the last steps still jumps as it did long before.",
        Settings(data=DataChoice("line"), hidden=(), optimizer=_sgd(0.3), batch_size=2, steps=1_500),
        1_500,
        beside="rate_with_cosine",
    ),
    Preset(
        "rate_with_cosine",
        "The same with a rate that falls to 0",
        True,
        "A cosine schedule makes the steps smaller towards the end, so the noise averages out.",
        "The timeline: the learning rate and the steps of the parameters shrink together.",
        Settings(
            data=DataChoice("line"),
            hidden=(),
            optimizer=_sgd(0.3),
            schedule=Choice("cosine"),
            batch_size=2,
            steps=1_500,
        ),
        1_500,
        beside="rate_constant_at_the_end",
    ),
    # --- start values --------------------------------------------------------------------------------------------
    Preset(
        "zero_initialisation",
        "All weights start at zero",
        False,
        "All units of a layer compute the same and get the same gradient, so they stay equal for ever.",
        "The network: the hidden weights stay at 0, and only the bias of the output moves.",
        Settings(data=_MOONS, initialiser=Choice("zeros"), steps=200),
        200,
        "network",
        beside="moons_right",
    ),
    Preset(
        "equal_initialisation",
        "All weights start at the same number",
        False,
        "Equal units get equal gradients: eight units learn as if there were one.",
        "The boundary: it stays a straight line, and the maps of all units of a layer are alike.",
        Settings(data=_MOONS, initialiser=Choice("constant", {"value": 0.5}), steps=500),
        500,
        "boundary",
        beside="moons_right",
    ),
    Preset(
        "saturated_sigmoid",
        "Sigmoids that start saturated",
        False,
        "With such large weights the sigmoids stand at 0 or 1, where their slope is almost 0, so no gradient passes.",
        "The instrument saturation of the hidden layers: most outputs are at an end of their range.",
        Settings(
            data=_MOONS,
            activation="sigmoid",
            initialiser=Choice("normal", {"std": 20.0}),
            optimizer=_sgd(0.1),
            steps=300,
        ),
        300,
        "reading",
        (("id", "saturation"),),
        "sigmoid_right",
    ),
    Preset(
        "sigmoid_right",
        "Sigmoids with Xavier's start values",
        True,
        "Weights of variance 2 / (fan in + fan out) keep the sigmoids in the middle, where their slope is largest.",
        "The instrument saturation: it begins at 0.",
        Settings(data=_MOONS, activation="sigmoid", optimizer=_sgd(0.1), steps=300),
        300,
        "reading",
        (("id", "saturation"),),
        "saturated_sigmoid",
    ),
    Preset(
        "vanishing_gradients",
        "Gradients that vanish on the way back",
        False,
        "Each sigmoid multiplies the error signal by at most 1/4, so little of it reaches the first of many layers.",
        "The layers: the gradients of the first one are many powers of ten smaller than those of the last.",
        Settings(data=_MOONS, hidden=_DEEP, activation="sigmoid", optimizer=_sgd(0.1), steps=300),
        300,
        "layers",
        (("of", "grads"),),
        "deep_right",
    ),
    Preset(
        "exploding_gradients",
        "Gradients that explode on the way back",
        False,
        "Weights of standard deviation 2 enlarge signals and gradients in every layer of relu units.",
        "The layers at the first steps: activations and gradients are many powers of ten too large.",
        Settings(
            data=_MOONS,
            hidden=_DEEP,
            activation="relu",
            initialiser=Choice("normal", {"std": 2.0}),
            optimizer=_sgd(1e-7),
            steps=100,
        ),
        100,
        "layers",
        (("of", "grads"),),
        "deep_right",
    ),
    Preset(
        "deep_right",
        "A deep network with He's start values",
        True,
        "Weights of variance 2 / fan in keep signals and gradients of relu units at one size through all layers.",
        "The layers: the gradients of the first and the last one are of a like size.",
        Settings(data=_MOONS, hidden=_DEEP, activation="relu", optimizer=_sgd(0.1), steps=300),
        300,
        "layers",
        (("of", "grads"),),
        "vanishing_gradients",
    ),
    # --- units ---------------------------------------------------------------------------------------------------
    Preset(
        "dying_relu",
        "Relu units that die",
        False,
        "A large step pushes a unit's inputs below 0 for every row; its gradient is 0 then, so it never returns.",
        "The instrument dead_units, and the maps of the units that are 0 everywhere.",
        Settings(data=_MOONS, hidden=(16, 16), activation="relu", optimizer=_sgd(4.0), steps=300),
        300,
        "reading",
        (("id", "dead_units"),),
        "relu_alive",
    ),
    Preset(
        "relu_alive",
        "The same units at a tenth of the rate",
        True,
        "Smaller steps leave every unit some rows for which its input is above 0, and with them a gradient.",
        "The instrument dead_units: most units stay alive, and the loss falls.",
        Settings(data=_MOONS, hidden=(16, 16), activation="relu", optimizer=_sgd(0.4), steps=300),
        300,
        "reading",
        (("id", "dead_units"),),
        "dying_relu",
    ),
    Preset(
        "xor_without_hidden_layer",
        "Exclusive or, without a hidden layer",
        False,
        "A network without a hidden layer divides the plane by one straight line, and no line divides these corners.",
        "The boundary: a line, and an accuracy near one half, however long it trains.",
        Settings(data=DataChoice("xor"), hidden=(), optimizer=_adam(0.05), steps=400),
        400,
        "boundary",
        beside="xor_with_hidden_layer",
    ),
    Preset(
        "xor_with_hidden_layer",
        "Exclusive or, with four hidden units",
        True,
        "Each hidden unit draws a line of its own, and the output puts the sides of several lines together.",
        "The boundary, and the maps of the four units.",
        Settings(data=DataChoice("xor"), hidden=(4,), optimizer=_adam(0.05), steps=600),
        600,
        "boundary",
        beside="xor_without_hidden_layer",
    ),
    # --- data ----------------------------------------------------------------------------------------------------
    Preset(
        "unscaled_inputs",
        "Inputs of very different size",
        False,
        "The largest feature decides how large a step may be, and the smallest features hardly learn at all.",
        "The timeline: the loss falls a little and then creeps.",
        Settings(
            data=DataChoice("wine", corruptions=(Choice("unscaled_features", {"spread": 100.0}),)),
            hidden=(),
            optimizer=_sgd(2e-4),
            batch_size=None,
            steps=400,
        ),
        400,
        beside="scaled_inputs",
    ),
    Preset(
        "scaled_inputs",
        "The same inputs, standardised",
        True,
        "With mean 0 and standard deviation 1 all features have the same say, and one rate suits all of them.",
        "The timeline: the loss falls to a few hundredths.",
        Settings(data=DataChoice("wine"), hidden=(), optimizer=_sgd(0.5), batch_size=None, steps=400),
        400,
        beside="unscaled_inputs",
    ),
    Preset(
        "label_noise",
        "Learning wrong labels by heart",
        False,
        "Three of ten labels are wrong, and a large network has room enough to learn each wrong one.",
        "The loss curve: the held-out loss falls first and rises later, while the training loss goes on falling.",
        Settings(
            data=DataChoice("moons", {"n": 200, "noise": 0.25}, (Choice("label_noise", {"rate": 0.3}),)),
            hidden=(64, 64),
            activation="relu",
            optimizer=_adam(0.01),
            steps=2_000,
        ),
        2_000,
        "loss_curve",
        beside="label_noise_with_decay",
    ),
    Preset(
        "label_noise_with_decay",
        "Wrong labels, and weights that are held small",
        True,
        "Weight decay keeps the boundary smooth, so that single wrong rows cannot bend it.",
        "The loss curve: the held-out loss stays low.",
        Settings(
            data=DataChoice("moons", {"n": 200, "noise": 0.25}, (Choice("label_noise", {"rate": 0.3}),)),
            hidden=(64, 64),
            activation="relu",
            optimizer=Choice("adamw", {"lr": 0.01}),
            weight_decay=0.5,
            steps=2_000,
        ),
        2_000,
        "loss_curve",
        beside="label_noise",
    ),
    Preset(
        "too_few_rows",
        "A large network and very few rows",
        False,
        "Many boundaries fit twenty rows without a mistake, and most of them are wrong in between.",
        "The loss curve: the training loss goes to 0, the held-out loss does not.",
        Settings(
            data=DataChoice("moons", {"n": 40, "held_out": 0.5, "noise": 0.3}),
            hidden=(64, 64),
            activation="relu",
            optimizer=_adam(0.01),
            batch_size=None,
            steps=600,
        ),
        600,
        "loss_curve",
        beside="moons_right",
    ),
    Preset(
        "imbalance",
        "One class is rare",
        False,
        "With fifty rows of one class to each of the other, always answering the frequent one is nearly right already.",
        "The confusion matrix: the rare class is missed far more often than the other.",
        Settings(
            data=DataChoice("gaussians", {"noise": 1.0}, (Choice("imbalance", {"ratio": 50.0}),)),
            hidden=(8,),
            steps=400,
        ),
        400,
        "confusion",
        beside="balance",
    ),
    Preset(
        "balance",
        "The same clouds in equal numbers",
        True,
        "Both classes weigh the same in the loss, so the boundary stands in the middle between the clouds.",
        "The confusion matrix: both kinds of mistake are about as frequent.",
        Settings(data=DataChoice("gaussians", {"noise": 1.0}), hidden=(8,), steps=400),
        400,
        "confusion",
        beside="imbalance",
    ),
    Preset(
        "outliers_squared",
        "Outliers under a squared error",
        False,
        "A row that is ten times as far away pulls a hundred times as hard in a squared error, so few rows decide.",
        "The rows: the outliers have nearly all of the gradient.",
        Settings(
            data=DataChoice("line", {}, (Choice("outliers", {"rate": 0.1, "size": 10.0, "where": "target"}),)),
            hidden=(),
            loss="mse",
            optimizer=_sgd(0.1),
            batch_size=None,
            steps=300,
        ),
        300,
        "rows",
        beside="outliers_huber",
    ),
    Preset(
        "outliers_huber",
        "The same outliers under Huber's loss",
        True,
        "Beyond a distance of 1 Huber's loss grows in a straight line, so every outlier pulls with a limited force.",
        "The rows: the shares are limited, and the held-out error is smaller.",
        Settings(
            data=DataChoice("line", {}, (Choice("outliers", {"rate": 0.1, "size": 10.0, "where": "target"}),)),
            hidden=(),
            loss="huber",
            optimizer=_sgd(0.1),
            batch_size=None,
            steps=300,
        ),
        300,
        "rows",
        beside="outliers_squared",
    ),
    # --- mini-batches --------------------------------------------------------------------------------------------
    Preset(
        "batch_of_one",
        "A mini-batch of a single row",
        False,
        "The gradient of one row points elsewhere than that of all rows, so the loss jumps from step to step.",
        "The timeline: the loss is a broad band instead of a line.",
        Settings(data=_MOONS, optimizer=_sgd(0.3), batch_size=1, steps=1_000),
        1_000,
        beside="batch_of_all",
    ),
    Preset(
        "batch_of_all",
        "All rows in every step",
        True,
        "The gradient is that of the whole training set, so at a small enough rate every step goes down.",
        "The timeline: a smooth line; each step costs as much as four hundred of those with one row.",
        Settings(data=_MOONS, optimizer=_sgd(0.3), batch_size=None, steps=1_000),
        1_000,
        beside="batch_of_one",
    ),
    # --- surfaces ------------------------------------------------------------------------------------------------
    Preset(
        "bowl_diverges",
        "Above 2/λmax",
        False,
        "On a quadratic bowl a step multiplies the error by 1 − lr·λ, which is beyond −1 above 2/λmax.",
        "The path: each step lands farther on the other side.",
        DescentArgs(optimizers=(_sgd(0.51),), surface="ill_conditioned_bowl", steps=60),
        60,
        "quadratic",
        (("surface", "ill_conditioned_bowl"),),
        "bowl_converges",
    ),
    Preset(
        "bowl_converges",
        "Below 2/λmax",
        True,
        "The factor 1 − lr·λ lies between −1 and 1 along both directions, so the error shrinks along both.",
        "The path: it swings across the valley at first, and arrives.",
        DescentArgs(optimizers=(_sgd(0.45),), surface="ill_conditioned_bowl", steps=200),
        200,
        "quadratic",
        (("surface", "ill_conditioned_bowl"),),
        "bowl_diverges",
    ),
    Preset(
        "ravine_without_momentum",
        "A ravine without momentum",
        False,
        "The steep walls allow only small steps, and along the flat floor these small steps get nowhere.",
        "The path: it goes down the wall at once, and then creeps along the floor.",
        DescentArgs(optimizers=(_sgd(0.01),), surface="narrow_ravine", steps=100),
        100,
        beside="ravine_with_momentum",
    ),
    Preset(
        "ravine_with_momentum",
        "The same ravine with momentum",
        True,
        "Steps along the floor all point the same way and add up; steps across the walls cancel.",
        "The path: the arrow of the momentum grows along the floor.",
        DescentArgs(optimizers=(Choice("momentum", {"lr": 0.01, "beta": 0.95}),), surface="narrow_ravine", steps=100),
        100,
        beside="ravine_without_momentum",
    ),
    Preset(
        "plateau_gradient_descent",
        "Gradient descent on a plateau",
        False,
        "Far from the minimum the slope is almost 0, and so is every step that is a rate times the slope.",
        "The path: after a hundred steps it has hardly left its start.",
        DescentArgs(optimizers=(_sgd(0.1),), surface="plateau", steps=100),
        100,
        beside="plateau_adam",
    ),
    Preset(
        "plateau_adam",
        "Adam on the same plateau",
        True,
        "Adam divides by the usual size of the gradient, so its steps have the size of the rate however flat it is.",
        "The path: even steps across the plateau, and an arrival.",
        DescentArgs(optimizers=(_adam(0.1),), surface="plateau", steps=100),
        100,
        beside="plateau_gradient_descent",
    ),
    Preset(
        "saddle_exact",
        "Exactly on the ridge of a saddle",
        False,
        "Along the ridge the gradient points at the saddle, and nothing pushes the point to either side.",
        "The path: it ends where the gradient is 0 and one curvature is below 0.",
        DescentArgs(optimizers=(_sgd(0.1),), surface="saddle", start=(1.0, 0.0), steps=200),
        200,
        "quadratic",
        (("surface", "saddle"), ("point", (0.0, 0.0))),
        "saddle_beside",
    ),
    Preset(
        "saddle_beside",
        "A hair's breadth beside the ridge",
        True,
        "The smallest distance from the ridge grows by a constant factor each step, so a saddle holds nobody for long.",
        "The path: slow at the saddle, then away from it.",
        DescentArgs(optimizers=(_sgd(0.1),), surface="saddle", start=(1.0, 1e-4), steps=60),
        60,
        beside="saddle_exact",
    ),
    Preset(
        "kink",
        "A kink in the valley floor",
        False,
        "At a kink the slope does not shrink towards the minimum, so steps of a fixed rate jump over it for ever.",
        "The path: it swings around the minimum by the same distance.",
        DescentArgs(optimizers=(_sgd(0.1),), surface="absolute", steps=100),
        100,
    ),
    Preset(
        "noise_constant_rate",
        "Noisy gradients at a constant rate",
        False,
        "The noise of the gradient does not shrink, so the point stays in a cloud whose size grows with the rate.",
        "The path: a cloud around the minimum.",
        DescentArgs(optimizers=(_sgd(0.3),), surface="noisy_bowl", steps=400),
        400,
        beside="noise_falling_rate",
    ),
    Preset(
        "noise_falling_rate",
        "Noisy gradients at a falling rate",
        True,
        "A rate that falls like 1/t averages the noise away.",
        "The path: the cloud contracts to the minimum.",
        DescentArgs(optimizers=(Choice("gradient_descent(inverse_time(0.3, 0.1))"),), surface="noisy_bowl", steps=400),
        400,
        beside="noise_constant_rate",
    ),
)

PRESETS: dict[str, Preset] = {each.id: each for each in _ALL}
"""Id -> preset."""
