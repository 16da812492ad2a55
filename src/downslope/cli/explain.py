"""``downslope explain RUN WORDS``: where a number of a step comes from, by the chain rule and with its numbers."""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from downslope.cli import at, lines, messages, table, which_run
from downslope.errors import SettingError

if TYPE_CHECKING:
    from downslope.explain import Derivation
    from downslope.runs import Step

EXAMPLES = """\
[bold]Examples[/bold]

[cyan]downslope explain last[/cyan]

[cyan]downslope explain digits-1 --step 1234 'dense1.w[3, 2]'[/cyan]

[cyan]downslope explain digits-1 'dense1.w[3, 2]' --open "row 812" --open "unit 7"[/cyan]

[cyan]downslope explain last dense1[/cyan]

[cyan]downslope explain last 'activations.dense1.h[5, 2]' --latex[/cyan]
"""

_HEAD = re.compile(r"\d+\. |the update$")


def explain(
    run: which_run.RunName,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="WORDS",
            help="dense1.w[3,2] a gradient and its update, dense1.w the whole array, dense1 a layer; "
            "without it what can be asked.",
        ),
    ] = None,
    step: Annotated[str, typer.Option("--step", help="A number, or first, last, or next.")] = "last",
    to_open: Annotated[
        list[str] | None,
        typer.Option(
            "--open", metavar="PART", help="Go on with another part: 'row 812', 'unit 7', a layer. May be repeated."
        ),
    ] = None,
    depth: Annotated[int, typer.Option("--depth", min=1, help="Branchings that are shown.")] = 8,
    most: Annotated[int, typer.Option("--most", min=1, help="Contributions that are listed at each branching.")] = 5,
    latex: Annotated[bool, typer.Option("--latex", help="Print the formulas as LaTeX.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="As JSON, with the LaTeX; NaN and infinities as words.")
    ] = False,
    model: which_run.ModelFunction = None,
    loss: which_run.LossFunction = None,
    debug: which_run.Debug = False,
) -> int:
    """Explain WORDS at a step of RUN: the chain rule in symbols, with the numbers put in, and what the update made."""
    run, asked = _in_order(run, words or [])
    opened = which_run.opened(run, model, loss)
    found = opened.at(at.number(step, opened, "--step"))
    with np.errstate(all="ignore"):
        if not asked:
            _show_what_can_be_asked(found, run, opened.steps, as_json=as_json)
            return 0
        derivation = _opened(found.explain(" ".join(asked), most=most, depth=depth), to_open or [])
    if as_json:
        print(table.as_json({"step": found.t, **derivation.data()}))
    elif latex:
        print(derivation.latex())
    else:
        lines.show(_styled(derivation))
    return 0


def _in_order(run: str, words: list[str]) -> tuple[str, list[str]]:
    """RUN and WORDS; in the other order where only so there is such a run."""
    if words and not _is_run(run) and _is_run(words[-1]):
        return words[-1], [run, *words[:-1]]
    return run, words


def _is_run(word: str) -> bool:
    try:
        which_run.find(word)
    except SettingError:
        return False
    return True


def _opened(derivation: Derivation, parts: list[str]) -> Derivation:
    if parts and derivation.kind not in ("gradient", "adjoint"):
        raise SettingError(
            "cli-open",
            f"there is nothing to open in this: {derivation.title}",
            where=" ".join(f"--open '{part}'" for part in parts),
            why="only the way from one number to the loss has branchings",
            do="Ask for one entry of a gradient, as dense1.w[3, 2], or leave --open out.",
        )
    return derivation.open(*parts) if parts else derivation


def _styled(derivation: Derivation) -> Iterator[tuple[str, str]]:
    """The text, in lines with their styles."""
    bare = replace(derivation, sentence="", ending=messages.as_typed(derivation.ending))
    title, *body = str(bare).splitlines()
    yield title, "bold"
    for line in textwrap.wrap(derivation.sentence, table.width() - 2, break_long_words=False):
        yield f"  {line}", ""
    before = ""
    for line in body:
        yield line, "cyan" if _HEAD.match(line) else "dim" if _HEAD.match(before) and line[:6].isspace() else ""
        before = line


# --- what can be asked ------------------------------------------------------------------------------------------------


def _show_what_can_be_asked(step: Step, run: str, steps: int, *, as_json: bool) -> None:
    examples = dict(_examples(step))
    if as_json:
        known = {name: _shapes(some) for name, some in (("parameters", step.params), ("values", step.activations))}
        print(table.as_json({"step": step.t, "examples": list(examples), **known, "layers": list(step.layers)}))
        return
    rows = [[f"  downslope explain {shlex.join([run, asked])}", meaning] for asked, meaning in examples.items()]
    print(f"Step {step.t} of {steps}, {len(step.rows)} rows. What can be asked, for example:\n")
    print(table.columns(rows))
    for kind, some in (("parameters", step.params), ("values going forward", step.activations)):
        print(f"\n{kind}\n{table.columns([[f'  {name}', str(shape)] for name, shape in _shapes(some).items()])}")
    if step.layers:
        print(f"\nlayers\n  {', '.join(step.layers)}")


def _examples(step: Step) -> Iterator[tuple[str, str]]:
    """Words for this step, and what they ask for; the largest number of each array, because it says the most."""
    weight = max(step.params, key=lambda name: np.ndim(step.params[name]) == 2)  # the first matrix, else the first
    place = _largest(step.grads[weight])
    yield f"{weight}{place}", "where this gradient comes from, and what the update made of it"
    if np.ndim(step.params[weight]):
        yield weight, "the statements that make the whole array"
    if step.layers:
        layer = next((name for name, facts in step.layers.items() if facts.parameters), next(iter(step.layers)))
        yield layer, "the four equations of backpropagation for this layer"
    value = next((name for name, array in step.activations.items() if np.ndim(array) and name in step.errors), "")
    if value:
        yield f"activations.{value}{_largest(step.activations[value])}", "the terms of a value going forward"
        yield f"errors.{value}{_largest(step.errors[value])}", "the derivative of the loss by it"
    yield f"updates.{weight}{place}", "how the optimizer turned the gradient into the change"


def _largest(array: Any) -> str:
    """The place of the largest number in brackets, empty for a single number."""
    sizes = np.nan_to_num(np.abs(np.asarray(array, float)), nan=np.inf)
    place = np.unravel_index(int(np.argmax(sizes)), sizes.shape)
    return f"[{', '.join(map(str, map(int, place)))}]" if place else ""


def _shapes(arrays: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    return {name: np.shape(array) for name, array in arrays.items()}
