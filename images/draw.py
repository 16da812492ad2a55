"""Draw the pictures of this folder from runs of Downslope itself: ``make pictures``.

The same versions of Downslope, matplotlib and Pillow write the same bytes: no date is in them, and no chance.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import matplotlib
import msgspec
import numpy as np
from matplotlib.figure import Figure
from PIL import Image

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import descent_steps  # noqa: E402 -- it stands beside this file, and images/ is no package

import downslope as ds  # noqa: E402
from downslope import nn, views  # noqa: E402
from downslope.views.plot import film, flow_film, flow_pen, style  # noqa: E402
from downslope.views.text import text  # noqa: E402

TEXTS = {
    "gradient-descent-steps": (
        "Visualization of gradient descent steps",
        "Three contour maps of the same bowl with the path of gradient descent from the same start, at three "
        "learning rates. Too small, 0.03: after 20 short steps it is still far from the minimum, the loss is 3. "
        "Well chosen, 0.3: the steps turn into the valley and reach the minimum, the loss is 2.3e-7. Too large, "
        "0.43: each step overshoots the valley to its other side, farther every time, and the loss grows to 46. "
        "Black arrows point against the gradient, across the contour lines. Below, the loss after each step on a "
        "logarithmic scale, and one step in numbers: the point (-4.2, -2.4) less 0.3 times the gradient (-8.28, "
        "0.36) is (-1.716, -2.508), which takes the loss from 16.96 to 6.105.",
    ),
    "backpropagation-flow": (
        "Diagram of backpropagation flow",
        "A network of two inputs, two hidden units and two outputs, all sigmoid, in one step of gradient descent, "
        "with every number. Forward, in blue, from left to right: the inputs 0.05 and 0.1 give the hidden values "
        "0.5933 and 0.5969 and the outputs 0.7514 and 0.7729; with the targets 0.01 and 0.99 the loss is 0.2984. "
        "Backward, in orange, from right to left: the error signals 0.7414 and -0.2171 of the outputs come back "
        "through the same weights as 0.03635 and 0.04137 of the hidden units. Each edge shows its weight and, below "
        "it, its gradient, in green above 0 and in purple below. Written out for the weight from h2 to o1: its "
        "gradient is 0.5969 times 0.1385 = 0.08267, and its new value 0.45 less 0.5 times 0.08267 = 0.4087.",
    ),
    "digits-loss": (
        "The loss while handwritten digits are learned",
        "The loss of every one of 900 steps, its running median and the loss on rows that were held out, falling from "
        "about 2.4 by two orders of magnitude on a logarithmic scale.",
    ),
}
"""Name of a picture -> its title, and its text alternative for readers who do not see it."""

LAB = (
    "The page Network of the lab after 3,000 steps on two spirals. Above: Train on, one step, speed, new run, "
    "fork; the loss is 0.0058 and the held-out accuracy 1. To the left the settings: data, two hidden layers of 8 "
    "tanh units, adam at a rate of 0.03. In the middle the network: each unit drawn as a map of what it answers "
    "over the plane, straight borders in the first layer, bent ones in the second, two spiral arms in the "
    "outputs; between them the weights, blue above 0 and orange, dashed, below."
)
"""The text alternative of lab.webp, which is a photograph (photograph.py) and not drawn here."""

PLACES = re.compile(r' (?:d|x|y|transform|points)="[^"]*"')
"""What of an SVG says where something is."""
WIDE = 1000  # dots of an AVIF: sharp where a page shows it 800 wide


def main(folder: Path = HERE) -> None:
    """All pictures into the folder."""
    for draw in (gradient_descent, backpropagation, digits):
        draw(folder)
    lines = ["# Pictures", "", "Drawn by Downslope from its own runs: `make pictures`. Their text alternatives:", ""]
    for name, (title, words) in TEXTS.items():
        files = ", ".join(f"`{path.name}`" for path in sorted(folder.glob(f"{name}*.*")))
        lines += [f"## {title}", "", f"![{title}]({name}.svg)", "", words, "", f"Files: {files}.", ""]
    how = "Taken by `python images/photograph.py`, with Playwright and a Chromium; `make pictures` leaves it alone."
    lines += ["## The lab", "", "![The lab](lab.webp)", "", LAB, "", how, "", "File: `lab.webp`.", ""]
    (folder / "README.md").write_text("\n".join(lines[:-1]) + "\n", encoding="utf-8")


# --- the pictures ---------------------------------------------------------------------------------------------------


def gradient_descent(folder: Path) -> None:
    """Three rates from one start."""
    found = descent_steps.paths()
    still(descent_steps.descent_steps(found), folder, "gradient-descent-steps")
    steps = range(descent_steps.STEPS + 1)
    pauses = [1200, *([450] * 5), *([260] * (len(steps) - 7)), 3500]
    moving([descent_steps.descent_steps(found, step) for step in steps], folder, "gradient-descent-steps", pauses)


def backpropagation(folder: Path) -> None:
    """M. Mazur's example, "A Step by Step Backpropagation Example", 2015, and a second step after it."""
    first, second = worked_example()
    still(figure_of(ds.plot.flow(first)), folder, "backpropagation-flow")
    frames, pauses = [], []
    for view in (first, second):
        for stage, name in enumerate(flow_pen.stages(view)):
            frames.append(figure_of(ds.plot.flow(view, stage=stage)))
            pauses.append({"loss": flow_film.LOSS, "update": 2600}.get(name, 1000))
    moving(frames, folder, "backpropagation-flow", [*pauses[:-1], 3500])


def worked_example() -> list[Any]:
    """Two steps of the 2-2-2 network, as payloads."""
    params = {
        "dense1": {"w": [[0.15, 0.25], [0.20, 0.30]], "b": [0.35, 0.35]},
        "dense2": {"w": [[0.40, 0.50], [0.45, 0.55]], "b": [0.60, 0.60]},
    }
    model = nn.Model((2,), (nn.dense(2, "sigmoid"), nn.dense(2, "sigmoid")))
    names = {"x": ("i1", "i2"), "dense1": ("h1", "h2"), "dense2": ("o1", "o2")}
    found = []
    for t in (1, 2):
        step = views.one_step(model, params, [0.05, 0.10], [0.01, 0.99], loss=half_squares, lr=0.5)
        view = views.network_view(step, names=names)
        title = f"Backpropagation: step {t}, forward, loss, backward, update"
        found.append(msgspec.structs.replace(view, title=title, of="loss: half the sum of squared errors", step=t))
        new = {name: step.params[name] + step.updates[name] for name in step.params}
        params = {layer: {key: new[f"{layer}.{key}"] for key in "wb"} for layer in ("dense1", "dense2")}
    return found


def half_squares(p: Any, y: Any) -> Any:
    """The loss of the worked example: half the squared errors, summed over the outputs."""
    return 0.5 * np.sum((p - y) ** 2) / len(p)


def digits(folder: Path) -> None:
    """The run of ``make demo``."""
    model = ds.nn.mlp([64, 256, 10])
    run = ds.train(model, ds.data.digits(), optimizer=ds.optim.adam(0.005), epochs=20)
    curve = views.loss_curve(run)
    picture = figure_of(ds.plot.loss_curve(curve))
    style.save(picture, folder / "digits-loss.svg", title=curve.title, description=text(curve))
    lighter(folder / "digits-loss.svg", TEXTS["digits-loss"][1])


# --- files ------------------------------------------------------------------------------------------------------------


def still(picture: Figure, folder: Path, name: str) -> None:
    """The SVG and the AVIF of a figure."""
    title, words = TEXTS[name]
    style.save(picture, folder / f"{name}.svg", title=title, description=words)
    lighter(folder / f"{name}.svg", words)
    image(picture).save(folder / f"{name}.avif", quality=80, speed=4, max_threads=1)


def moving(pictures: list[Figure], folder: Path, name: str, pauses: list[int]) -> None:
    """The animated AVIF of figures of one size."""
    film.write([image(picture) for picture in pictures], folder / f"{name}-animated.avif", pauses)


def image(picture: Figure) -> Image.Image:
    """A figure as an image of a fixed width."""
    with matplotlib.rc_context({"font.sans-serif": style.FONTS}):
        return film.drawn(picture.axes[0], round(WIDE / picture.get_figwidth()))


def figure_of(ax: Any) -> Figure:
    """The figure that an Axes belongs to."""
    figure: Figure = ax.get_figure(root=True)
    return figure


def lighter(path: Path, words: str) -> None:
    """Coordinates to a hundredth of a point, and the text alternative where browsers look for it.

    Nobody sees the difference, and rounding hides that another processor rounds the last digits of a run differently.
    """
    svg = path.read_text(encoding="utf-8")
    svg = PLACES.sub(lambda places: re.sub(r"\d+\.\d+", lambda number: f"{float(number[0]):.2f}", places[0]), svg)
    svg = svg.replace("</title>", f"</title>\n <desc>{words}</desc>", 1).replace("<svg ", '<svg role="img" ', 1)
    path.write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
