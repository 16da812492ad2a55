"""The verdict on a gradient with what is wrong with it: the mistakes that give exactly its numbers, as text."""

from __future__ import annotations

from dataclasses import dataclass

from downslope.autodiff.graph import SourceLine
from downslope.autodiff.verdict import GradientCheck

SHOWN = 3


@dataclass(frozen=True)
class Slip:
    """One mistake at one place.

    mistake: its id in the table. sentence: what was done, with the names of the user's code. rule: the line of the
    chain rule that it broke. parameters: whose gradients it changed. line: where in the user's function.
    """

    mistake: str
    sentence: str
    rule: str
    parameters: tuple[str, ...]
    line: SourceLine | None

    def __str__(self) -> str:
        place = ""
        if self.line and self.line.text:  # typed at a prompt, the file has no name that says anything
            file = "" if self.line.file.startswith("<") else f"{self.line}: "
            place = f"\n     code: {file}{self.line.text}"
        return f"{', '.join(self.parameters)}: {self.sentence}\n     chain rule: {self.rule}{place}"


@dataclass(frozen=True)
class Suspect:
    """One explanation of a wrong gradient: one mistake, or several together. distance: how far off, relative."""

    slips: tuple[Slip, ...]
    distance: float

    @property
    def mistakes(self) -> tuple[str, ...]:
        """Ids in the table of mistakes."""
        return tuple(slip.mistake for slip in self.slips)

    def __str__(self) -> str:
        match = (
            "the numbers agree to the last digit"
            if self.distance < 1e-15
            else f"the numbers agree to {self.distance:.0e}"
        )
        return "\n   and ".join(map(str, self.slips)) + f"\n     {match}"


@dataclass(frozen=True, repr=False)
class Diagnosis(GradientCheck):
    """A :class:`GradientCheck`, and where the gradient is wrong, why.

    suspects: explanations that give exactly these numbers, the likeliest first; empty where none is known, and then
    patterns says what can be said. wrong: names of the parameters whose gradients are wrong. shapes: what is wrong with
    the shapes, if so.
    """

    suspects: tuple[Suspect, ...] = ()
    patterns: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    shapes: tuple[str, ...] = ()

    @property
    def mistakes(self) -> tuple[str, ...]:
        """Ids of the likeliest explanation; empty where there is none."""
        return self.suspects[0].mistakes if self.suspects else ()

    def __str__(self) -> str:
        head = f"wrong: {'; '.join(self.shapes)}" if self.shapes else super().__str__()
        if self.verdict == "kink" and self.patterns:
            return "\n".join([f"kink: {self.patterns[0]}", *head.split("\n")[1:]])
        if self.suspects:
            more = "" if len(self.suspects) == 1 else f" ({len(self.suspects)} explanations fit, the likeliest first)"
            lines = [f"the mistake{'s' if len(self.suspects[0].slips) > 1 else ''}{more}:"]
            lines += [f"  {n}. {suspect}" for n, suspect in enumerate(self.suspects[:SHOWN], 1)]
        elif self.patterns:
            lines = ["no known mistake, and no two of them, give these numbers; what can be said:"]
            lines += [f"  {line}" for line in self.patterns]
        else:
            return head
        return "\n".join([head, *lines])
