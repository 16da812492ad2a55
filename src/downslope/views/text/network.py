"""A step of a network in words: each layer's values and error signals, then each matrix with its largest edges."""

from __future__ import annotations

from downslope.views.network_payload import NetworkView, UnitLayer, UnitPlaces, Wire
from downslope.views.text.words import columns, number, told, wrapped

MOST_EDGES = 9
MOST_PLACES = 9


def network(payload: NetworkView, width: int = 80) -> str:
    """Forward, loss, backward and update, in this order for each layer; numbers that do not exist are left out."""
    lines = [payload.title, *wrapped(", ".join(filter(None, (payload.of, payload.rule))), width)]
    for k, layer in enumerate(payload.layers):
        lines += _layer(layer)
        for wire in payload.wires:
            if wire.source == k:
                lines += _wire(payload, wire, width)
    lines.append(f"loss {number(payload.loss)}")
    if payload.places is not None:
        lines += _places(payload.places, width)
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
    many = f"means over {' x '.join(map(str, layer.places))} places" if layer.places else ""
    return [", ".join(filter(None, (f"{layer.label}{activation}{count}", many))), *columns(table)]


def _places(places: UnitPlaces, width: int) -> list[str]:
    """The largest numbers of a unit, the chosen one first."""
    every = [(i, j) for i in range(len(places.values)) for j in range(len(places.values[0]))]

    def size(at: tuple[int, int]) -> float:
        value = places.values[at[0]][at[1]]
        return float("inf") if value is None else abs(value)

    chosen = places.place if len(places.axes) == 2 else (0, *places.place)
    order = sorted(every, key=lambda at: (at != chosen, -size(at)))[:MOST_PLACES]
    table: list[tuple[str, ...]] = [(places.entries.format(*places.axes), "value", "error signal")]
    for k, (i, j) in enumerate(order):
        why = "" if k else f", {places.why or 'chosen'}"
        error = places.errors[i][j] if places.errors else None
        name = places.entries.format(*((i, j) if len(places.axes) == 2 else (j,)))
        table.append((f"{name}{why}", number(places.values[i][j]), number(error)))
    title = (
        f"unit {places.unit} of {places.layer} in row {places.row}: the largest {len(order)} of {len(every)} numbers"
    )
    return [*wrapped(title, width), *columns(table)]


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
