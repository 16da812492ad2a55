"""A step of a network in words: each layer's values and error signals, then each matrix with its largest edges."""

from __future__ import annotations

from downslope.views.network_payload import NetworkView, UnitLayer, Wire
from downslope.views.text.words import columns, number, told, wrapped

MOST_EDGES = 9


def network(payload: NetworkView, width: int = 80) -> str:
    """Forward, loss, backward and update, in this order for each layer; numbers that do not exist are left out."""
    lines = [payload.title, *wrapped(", ".join(filter(None, (payload.of, payload.rule))), width)]
    for k, layer in enumerate(payload.layers):
        lines += _layer(layer)
        for wire in payload.wires:
            if wire.source == k:
                lines += _wire(payload, wire, width)
    lines.append(f"loss {number(payload.loss)}")
    return "\n".join([*lines, *told(payload.events)])


def _layer(layer: UnitLayer) -> list[str]:
    hidden = layer.n - len(layer.units)
    count = f", {len(layer.units)} of {layer.n:,} units" if hidden else ""
    activation = f", {layer.activation}" if layer.activation else ""
    titles = {"value": "value", "error": "error signal", "before": "z", "error_before": "dL/dz", "bias": "bias"}
    titles |= {"bias_gradient": "gradient of it", "target": "target"}
    if all(unit.error is None for unit in layer.units):
        titles = {"value": "value"}
    held = [name for name in titles if any(getattr(unit, name) is not None for unit in layer.units)]
    table: list[tuple[str, ...]] = [("", *(titles[name] for name in held))]
    table += [(unit.label, *(number(getattr(unit, name)) for name in held)) for unit in layer.units]
    return [f"{layer.label}{activation}{count}", *columns(table)]


def _wire(payload: NetworkView, wire: Wire, width: int) -> list[str]:
    if not wire.weights:
        return wrapped(f"{payload.layers[wire.target].label}: {wire.text}, no matrix of weights", width)
    source, target = payload.layers[wire.source].units, payload.layers[wire.target].units
    every = [(i, j) for i in range(len(source)) for j in range(len(target))]

    def size(place: tuple[int, int]) -> float:
        gradient = wire.gradients[place[0]][place[1]]
        return float("inf") if gradient is None else abs(gradient)

    shown = sorted(sorted(every, key=size, reverse=True)[:MOST_EDGES])
    which = f"the {len(shown)} of largest gradient of {wire.n:,}" if len(shown) < wire.n else f"{wire.n} edges"
    table: list[tuple[str, ...]] = [("", "weight", "gradient", "update")]
    for i, j in shown:
        numbers = (wire.weights[i][j], wire.gradients[i][j], wire.updates[i][j])
        table.append((f"{source[i].label} to {target[j].label}", *map(number, numbers)))
    return [f"  {wire.name}: {which}", *(f"  {line}" for line in columns(table))]
