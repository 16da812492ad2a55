"""Every derivation is LaTeX that renders: balanced, no symbol with two exponents; by KaTeX where it is at hand."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from functools import cache
from typing import Any

import numpy as np
import pytest
from tests.explain.test_derivation_step import RULES, step

import downslope as ds
from downslope.autodiff.primitive import TABLE
from downslope.explain.derivation import explain

# The folder with node_modules/katex: `npm install katex` anywhere.
KATEX = os.environ.get("DOWNSLOPE_KATEX", "")
CHECK = """
const katex = require("katex");
const texts = require("fs").readFileSync(0, "utf8").split("\\u0000").filter((text) => text);
for (const text of texts) {
  try { katex.renderToString(text, { throwOnError: true, displayMode: true, strict: "error" }); }
  catch (error) { console.log(error.message + "\\n" + text); }
}
"""


@cache
def formulas() -> tuple[str, ...]:
    """Of every primitive an entry and the whole array, of every optimizer an update, and a layer."""
    found = []
    for entry in TABLE.values():
        for seed in range(2):
            if entry.internal or entry.derivative == "none":
                continue
            rng = np.random.default_rng(seed)
            f, arrays = entry.sample(rng)
            weights = rng.normal(size=np.shape(f(*arrays)))

            def loss(*xs: Any, f: Any = f, weights: Any = weights) -> Any:
                return np.sum(f(*xs) * weights)

            for k, array in enumerate(map(np.asarray, arrays)):
                if array.dtype.kind == "f" and array.size:
                    place = [0] * array.ndim or ""
                    found += [explain(loss, *arrays, f"xs{k}{place}").latex(), explain(loss, *arrays, f"xs{k}").latex()]
                    found.append(explain(loss, *arrays, f"xs{k}{place}", opened=("*",)).latex())
    for name in RULES:
        found.append(step(name).explain("dense1.w[1, 2]").latex())
    at = step()
    for words in ("dense1", "dense1.w", "activations.dense1.h[1, 2]", "errors.dense1.z[1, 2]", None):
        found.append(at.explain(words).latex())
    layers = (ds.nn.conv2d(2, 3, "gelu"), ds.nn.batch_norm(), ds.nn.max_pool(2), ds.nn.flatten(), ds.nn.dense(10))
    run = ds.train(
        ds.nn.Model((1, 8, 8), layers), ds.data.digits(), optimizer=ds.optim.adam(), steps=1, batch_size=8, seed=0
    )
    for name in run.at(1).params:
        shape = run.at(1).params[name].shape
        found += [run.at(1).explain(f"{name}{[0] * len(shape)}").latex(), run.at(1).explain(name).latex()]
    return tuple(text for text in found if text)


def test_every_brace_and_bracket_is_closed() -> None:
    for text in formulas():
        assert text.count("{") == text.count("}"), text
        assert text.count(r"\left") == text.count(r"\right"), text
        assert text.count(r"\begin") == text.count(r"\end"), text


def test_no_symbol_has_two_exponents_or_two_indices() -> None:
    twice = re.compile(r"\^\{[^{}]*\}\^|_\{[^{}]*\}_|\^\{\\mathrm\{[^{}]*\}\}\^")
    for text in formulas():
        assert twice.search(text) is None, text


def test_no_number_of_python_is_left_in_them() -> None:
    for text in formulas():
        outside = re.sub(r"\\math(tt|rm)\{[^{}]*\}", "", text)
        assert re.search(r"\de[+-]\d|\bnan\b|\binf\b", outside) is None, text


@pytest.mark.skipif(not KATEX or shutil.which("node") is None, reason="DOWNSLOPE_KATEX names no folder with KaTeX")
def test_katex_renders_every_one_of_them() -> None:
    texts = "\0".join(formulas())
    ran = subprocess.run(["node", "-e", CHECK], input=texts, capture_output=True, text=True, cwd=KATEX, check=True)
    assert ran.stdout == ""
