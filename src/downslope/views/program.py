"""The readable program of a step as a payload: each line with the numbers that it made at that step."""

from __future__ import annotations

from typing import Any

from downslope.runs.replayed import ReplayedStep
from downslope.views.addresses import addresses_of, known_names
from downslope.views.graph import culprit, group_of, not_finite, numbers_of
from downslope.views.graph_payload import ProgramLine, ProgramView


def program_view(step: ReplayedStep, *, values: bool = True) -> ProgramView:
    """The payload of the program of a step's loss and gradients: the one that a careful student would write by hand.

    values: whether the numbers of the step stand beside the lines. An operation has the same number as in the graph.
    """
    graph = step.probe.graph
    program = graph.program()
    numbers = numbers_of(step) if values else {}
    addresses = addresses_of(step.probe)
    lines = [
        ProgramLine(f"def {program.graph.name}({', '.join(graph.arguments)}):", "", "", (), "", False, (), "", None)
    ]
    for line in program.lines:
        if isinstance(line, str):
            lines.append(ProgramLine(f"    {line}", "", "", (), "", False, (), "", None))
            continue
        result: Any = graph[line.nodes[-1]]
        lines.append(
            ProgramLine(
                text=f"    {line.target} = {line.expression}",
                target=line.target,
                note=line.note,
                nodes=tuple(line.nodes),
                scope=group_of(result).removesuffix(" backward"),
                backward=result.derived != "",
                shape=tuple(result.shape),
                dtype=result.dtype.name,
                values=numbers.get(result.id),
                address=addresses.get(result.id, f"%{result.id}"),
                line=str(result.line or ""),
                code=result.line.text if result.line else "",
            )
        )
    last = program.source.rstrip().rpartition("\n    return ")[2]
    lines.append(ProgramLine(f"    return {last}", "", "", tuple(graph.outputs), "", False, (), "", None))
    bad, events = not_finite(graph, numbers)
    title = f"the program of step {step.t:,}"
    first = culprit(graph, numbers, addresses)
    return ProgramView(title, int(step.t), tuple(lines), bad, events, known_names(step.probe), first)
