"""``downslope check``: verdicts on files of one's own, and what is said of files that cannot be checked."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from downslope.cli import check

Call = Callable[..., Any]
Refused = Callable[..., str]
Write = Callable[[str, str], Path]

HEAD = """
import numpy as np

rng = np.random.default_rng(0)
params = {"w1": rng.normal(size=(3, 4)), "w2": rng.normal(size=(4, 2))}
x, y = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))


def loss(params, x, y):
    h = np.tanh(x @ params["w1"])
    p = h @ params["w2"]
    return np.mean((p - y) ** 2)
"""
GRADIENT = """

def gradient(params, x, y):
    h = np.tanh(x @ params["w1"])
    g_p = 2 * (h @ params["w2"] - y) / y.size
    return {"w1": x.T @ (g_p @ params["w2"].T * (1 - h**2)), "w2": h.T @ g_p}
"""
LINE = """
import numpy as np

def loss(w, b, x, y=np.array([1.0, 0.0, 2.0])):
    return np.mean((x @ w + b - y) ** 2)

def gradient(w, b, x):
    r = 2 * (x @ w + b - np.array([1.0, 0.0, 2.0])) / 3
    return x.T @ r, np.sum(r)
"""
POINT = "np.array([0.5, -1.0]), 0.25, np.array([[1.0, 2.0], [0.5, -1.0], [3.0, 1.5]])"


def test_a_right_gradient_exits_with_0(downslope: Call, write: Write) -> None:
    done = downslope("check", write("a.py", HEAD + GRADIENT))
    assert done.code == 0
    assert done.out.startswith("right: ")


@pytest.mark.parametrize(
    ("right", "wrong", "sentence"),
    [
        (" * (1 - h**2)", "", "the derivative of h is left out"),
        ("2 * (h", "(h", "factor 2 is missing"),
        ("- y) / y.size", "- y)", "1/n is missing"),
        ("(h @ params", "-(h @ params", ""),
    ],
)
def test_a_wrong_gradient_exits_with_1_and_its_mistake_is_named_with_the_line(
    downslope: Call, write: Write, right: str, wrong: str, sentence: str
) -> None:
    assert right in GRADIENT
    done = downslope("check", write("a.py", HEAD + GRADIENT.replace(right, wrong)))
    assert done.code == check.WRONG
    assert done.out.startswith("wrong: ")
    assert sentence in " ".join(done.out.split())
    if sentence:
        assert re.search(r"code: a\.py:\d+: ", done.out)


def test_functions_may_have_other_names(downslope: Call, write: Write) -> None:
    text = (HEAD + GRADIENT).replace("def loss", "def cost").replace("def gradient", "def mine")
    assert downslope("check", write("a.py", text), "--loss", "cost", "--gradient", "mine").code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        f"arguments = ({POINT})",
        f"def arguments():\n    return [{POINT}]",
        f"w, b, x = {POINT}",
    ],
)
def test_arguments_come_from_a_tuple_a_function_or_their_names(downslope: Call, write: Write, arguments: str) -> None:
    file = write("a.py", f"{LINE}\n{arguments}\n")
    assert downslope("check", file, "--by", "w, b").code == 0


def test_the_gradient_is_by_the_arguments_that_are_named(downslope: Call, write: Write) -> None:
    file = write("a.py", f"{LINE}\nw, b, x = {POINT}\ndef by_b(w, b, x): return 2 * gradient(w, b, x)[1]\n")
    done = downslope("check", file, "--gradient", "by_b", "--by", "b")
    assert done.code == check.WRONG
    assert done.out.startswith("wrong: b is given as ")


def test_the_file_runs_as_an_import_and_finds_what_lies_beside_it(downslope: Call, write: Write) -> None:
    write("own_layers_of_this_test.py", GRADIENT.replace("def", "import numpy as np\n\ndef", 1))
    file = write(
        "a.py", f"{HEAD}\nfrom own_layers_of_this_test import gradient\nif __name__ == '__main__':\n    1 / 0\n"
    )
    assert downslope("check", file).code == 0


def test_a_kink_is_not_called_wrong(downslope: Call, write: Write) -> None:
    file = write("a.py", "import numpy as np\ndef loss(w): return np.abs(w)\ndef gradient(w): return 0.3\nw = 0.0\n")
    done = downslope("check", file)
    assert done.code == 0
    assert done.out.startswith("kink: ")


# --- an optimizer -----------------------------------------------------------------------------------------------------

ADAM = """
import numpy as np

def update(p, g, state, t, lr):
    m, v = state or (0.0, 0.0)
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
    return p - lr * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8), (m, v)
"""


@pytest.mark.parametrize("rule", ["adam", "adam(lr=0.3)"])
def test_a_right_update_exits_with_0(downslope: Call, write: Write, rule: str) -> None:
    done = downslope("check", write("a.py", ADAM), "--update", rule)
    assert (done.code, done.out.split(":")[0]) == (0, "right")


def test_a_wrong_update_exits_with_1_and_its_mistake_is_named(downslope: Call, write: Write) -> None:
    file = write("a.py", ADAM.replace("m / (1 - 0.9**t)", "m").replace("v / (1 - 0.999**t)", "v"))
    done = downslope("check", file, "--update", "adam")
    assert done.code == check.WRONG
    assert "The bias correction is forgotten." in done.out


def test_an_update_is_tried_with_the_parameters_of_the_file(downslope: Call, write: Write) -> None:
    text = """
def update(params, grads, state, t, lr):
    return {name: p - lr * grads[name] for name, p in params.items()}, None
params, grads = {"w": 1.0, "b": 2.0}, {"w": 0.5, "b": -1.0}
"""
    assert downslope("check", write("a.py", text), "--update", "gradient_descent(0.1)").code == 0


# --- files that cannot be checked -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "text", "words", "told"),
    [
        ("cli-check-names", "", [], "Write def loss(params, x, y): ..."),
        ("cli-check-names", HEAD, [], "it defines no function gradient"),
        ("cli-check-names", HEAD + GRADIENT, ["--gradient", "gradeint"], "Did you mean 'gradient'?"),
        ("cli-check-names", f"{HEAD}\ngradient = 3\n", [], "gradient is no function"),
        ("cli-check-names", LINE, [], "the arguments of loss: w, b, x"),
        ("cli-check-names", f"{LINE}\narguments = {{'w': 1}}\n", [], "of type dict"),
        ("cli-check-names", f"{LINE}\narguments = (1.0,)\n", [], "cannot be called with 1 argument"),
        ("cli-check-names", f"{HEAD}\ndef gradient(params): pass\n", [], "cannot be called with 3 arguments"),
        ("cli-check-names", HEAD, ["--update", "adam"], "it defines no function update"),
        ("cli-check-names", f"{ADAM}\nparams = 1.0\n", ["--update", "adam"], "it defines params alone"),
        ("cli-check-by", HEAD + GRADIENT, ["--by", "parms"], "Did you mean 'params'?"),
        ("cli-check-update", ADAM, ["--update", "lbfgs"], "Name an optimizer"),
        ("cli-check-update", ADAM, ["--update", "adam", "--by", "p"], "one after the other"),
        ("unknown-name", ADAM, ["--update", "adamm"], "Did you mean 'adam'?"),
        ("check-structure", f"{HEAD}\ndef gradient(params, x, y): pass\n", [], "what the gradient returned"),
        ("update-mine", "def update(p, g, s, t, lr): return p", ["--update", "adam"], "what update returned"),
    ],
)
def test_what_is_missing_is_said(
    refused: Refused, write: Write, code: str, text: str, words: list[str], told: str
) -> None:
    assert told in refused(code, "check", write("a.py", text), *words)


def test_a_file_that_is_not_there_suggests_the_nearest(refused: Refused, write: Write, tmp_path: Path) -> None:
    write("backprop.py", HEAD)
    assert "Did you mean 'backprop.py'?" in refused("cli-check-file", "check", tmp_path / "bakcprop.py")
    assert "is no Python file" in refused("cli-check-file", "check", write("notes.txt", HEAD))
    assert "is no Python file" in refused("cli-check-file", "check", tmp_path)


@pytest.mark.parametrize(
    ("text", "told", "line"),
    [
        ("x = (1,\ndef f(): pass\n", "SyntaxError", "a.py:1"),
        ("import nothing_of_this_name\n", "ModuleNotFoundError", "a.py:1 in <module>: import nothing_of_this_name"),
        ("raise SystemExit('no data')\n", "SystemExit: no data", "a.py:1 in <module>"),
        (f"{HEAD}\ndef gradient(params, x, y): return params['w3']\n", "KeyError: 'w3'", "in gradient: "),
        (f"{LINE}\ndef arguments(): return 1 / 0\n", "ZeroDivisionError", "in arguments: "),
        (
            f"{HEAD}\ndef gradient(params, x, y): return np.linalg.inv(np.zeros((2, 2)))\n",
            "LinAlgError: Singular matrix",
            "in gradient: def gradient(params, x, y): return np.linalg.inv",
        ),
    ],
)
def test_an_exception_of_the_file_is_told_by_its_own_lines(
    refused: Refused, write: Write, text: str, told: str, line: str
) -> None:
    message = refused("cli-check-raised", "check", write("a.py", text))
    assert told in message.splitlines()[0]
    assert line in message.splitlines()[1]
    assert "downslope/" not in message
    assert "runpy" not in message


def test_the_lines_on_the_way_to_an_exception_are_told_in_order(downslope: Call, write: Write) -> None:
    text = f"{HEAD}\ndef act(z):\n    return 1 / 0\n\ndef gradient(params, x, y):\n    return act(x)\n"
    done = downslope("check", write("a.py", text))
    assert done.code == 2
    first, second = done.err.splitlines()[1:3]
    assert first.endswith("in gradient: return act(x)")
    assert second.endswith("in act: return 1 / 0")


def test_what_downslope_cannot_trace_is_told_with_the_line_of_the_file(downslope: Call, write: Write) -> None:
    text = "def loss(w): return int(w) ** 2\ndef gradient(w): return 2 * w + 1.0\nw = 3.0\n"
    done = downslope("check", write("a.py", text))
    assert done.code in (check.WRONG, 2)
    assert "bug" not in done.err
