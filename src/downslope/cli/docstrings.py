"""What a docstring of an entry says, read by its fixed words: formula, settings, ``Source:``, ``Differs from``."""

from __future__ import annotations

import inspect
import re
from collections.abc import Collection
from dataclasses import dataclass

# Where a new part of a paragraph begins: at its start or after a full stop.
_PART = re.compile(
    r"(?:^|(?<=[.;:)”\"`] ))(?=Sources?: |Differs from |Errors(?::| as for) |State: |Parameters: |Also found as )"
)
_ALIASES = re.compile(r"^Also found as [^.]*?(?:\.(?= |$)|: )\s*")
# A short left-hand side, "h_i", "f(x, y)", "dL/dp": a word before the sign makes it a sentence, as in "At z = 0 ...".
_FORMULA = re.compile(r"^(?![A-Z][a-z]+ )[^\s.:]{1,16}(?: [^\s.:]{1,3}){0,3} [=←] \S")
# The end of a sentence; initials ("D. Kingma") and abbreviations never stand before one in the parts that are split.
_SENTENCE = re.compile(r"(?<=[a-z0-9)”\"`²³ᵀ′]\.) (?=[A-Z])|(?<=[a-z0-9)²³ᵀ′];) +(?=\w{1,8} [=←] )")


@dataclass(frozen=True)
class Docstring:
    """The parts of a docstring. A part that is not there is empty.

    sentence: what it is, in words. formula: one line each. settings: (name or names, what it means). text: everything
    else, in paragraphs. example: doctest lines, with the line of text that introduces them.
    """

    sentence: str = ""
    formula: tuple[str, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    state: str = ""
    parameters: str = ""
    source: str = ""
    differs: tuple[str, ...] = ()
    errors: str = ""
    text: tuple[str, ...] = ()
    example: str = ""


def read(docstring: str, arguments: Collection[str] = ()) -> Docstring:
    """The parts of a docstring. arguments: the names that may head a setting, as in ``lr: learning rate, above 0.``

    >>> doc = read("h = max(z, 0). Kinked at 0.\\n\\nSource: V. Nair, 2010. Differs from PyTorch in nothing.")
    >>> doc.formula, doc.text, doc.source, doc.differs
    (('h = max(z, 0)',), ('Kinked at 0.',), 'V. Nair, 2010.', ('from PyTorch in nothing.',))
    """
    prose, example = _without_example(inspect.cleandoc(docstring))
    found: dict[str, list[str]] = {"Source": [], "Differs": [], "Errors": [], "State": [], "Parameters": []}
    settings: list[tuple[str, str]] = []
    rest: list[str] = []
    for paragraph in prose:
        kept = ""
        for part in filter(None, map(str.strip, _PART.split(paragraph))):
            word = part.split()[0].rstrip(":").replace("Sources", "Source")
            if part.startswith("Also found as "):
                kept = f"{kept} {_capital(_ALIASES.sub('', part))}".strip()
            elif word in found:
                found[word].append(re.sub(r"^\w+:? ", "", part))
            else:
                kept = f"{kept} {part}".strip()
        here, kept = _settings(kept, arguments)
        settings += here
        rest += [kept] * bool(kept)
    sentence, formula, rest = _opening(rest)
    return Docstring(
        sentence,
        formula,
        tuple(settings),
        " ".join(found["State"]),
        " ".join(found["Parameters"]),
        " ".join(found["Source"]),
        tuple(found["Differs"]),
        " ".join(found["Errors"]),
        tuple(rest),
        example,
    )


def _without_example(text: str) -> tuple[list[str], str]:
    """Paragraphs of prose on one line each, and the doctest with its introduction."""
    prose: list[str] = []
    example: list[str] = []
    for paragraph in re.split(r"\n\s*\n", text):
        if ">>>" in paragraph:
            if not example and prose and prose[-1].endswith(":"):
                example.append(prose.pop())
            example.append(paragraph)
        elif paragraph.strip():
            prose.append(" ".join(paragraph.split()))
    return prose, "\n\n".join(example)


def _settings(paragraph: str, arguments: Collection[str]) -> tuple[list[tuple[str, str]], str]:
    """``lr: learning rate. beta1, beta2: decays.`` as pairs; what stands before them is left over."""
    if not arguments:
        return [], paragraph
    word = "|".join(sorted(map(re.escape, arguments), key=len, reverse=True))
    heads = list(re.finditer(rf"(?:^|(?<=[.;)] ))((?:{word})(?:(?:, | and )(?:{word}))*): ", paragraph))
    if not heads:
        return [], paragraph
    ends = [head.start() for head in heads[1:]] + [len(paragraph)]
    pairs = [(head[1], paragraph[head.end() : end].strip()) for head, end in zip(heads, ends, strict=True)]
    return pairs, paragraph[: heads[0].start()].strip()


def _opening(paragraphs: list[str]) -> tuple[str, tuple[str, ...], list[str]]:
    """Sentence and formula of the first paragraph, and what remains of all."""
    if not paragraphs:
        return "", (), []
    first, *more = _SENTENCE.split(paragraphs[0])
    sentence, formula = first, []
    words, colon, behind = first.partition(": ")
    if _FORMULA.match(first) or (first.endswith(";") and more and _FORMULA.match(more[0])):
        sentence, formula = "", [first]
        while more and _FORMULA.match(more[0]):
            formula.append(more.pop(0))
    elif colon and _FORMULA.match(behind):
        sentence, formula = f"{words}.", [behind]
    lines = []
    for line in formula:
        line, *words = re.split(r"(?:: |, (?=an? ))", line, maxsplit=1)
        lines.append(line.rstrip(".;").strip())
        sentence = sentence or "".join(map(_capital, words))
    left = [" ".join(more), *paragraphs[1:]]
    return sentence, tuple(lines), [paragraph for paragraph in left if paragraph]


def _capital(text: str) -> str:
    """As the beginning of a sentence; a variable of one letter stays as it is."""
    return text if text[1:2] == " " else text[:1].upper() + text[1:]


def plain(text: str) -> str:
    """Text for a terminal: without the marks of reStructuredText.

    >>> plain("as :func:`~downslope.nn.relu`, see ``tanh``")
    'as relu, see tanh'
    """
    text = re.sub(r":\w+:`~?(?:[^`]*?\.)?([^`.]+)`", r"\1", text)
    return re.sub(r"``?([^`]+)``?", r"\1", text)
