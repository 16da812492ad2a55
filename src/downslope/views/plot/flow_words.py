"""What a network's picture says in words and equations, with its own numbers."""

from __future__ import annotations

from downslope.views.network_payload import NetworkView, Wire
from downslope.views.plot.style import short

MOST_SUMMED = 3  # products in an equation


def fmt(value: float | None, digits: int = 4) -> str:
    """A number in few digits, with a minus sign that is one; × for what is not finite."""
    if value is None:
        return "×"
    return short(f"{value:.{digits}g}").replace("-", "−")


def forward_words() -> str:
    """Beside the arrow to the right."""
    return "forward: values"


def backward_words() -> str:
    """Beside the arrow to the left."""
    return "backward: error signals dL/d(value)"


def equations(payload: NetworkView) -> list[str]:
    """The edge that moves most: its gradient as a product, where one row is shown, and its update."""
    found = _largest(payload)
    if found is None:
        return []
    wire, i, j = found
    source, target = payload.layers[wire.source].units[i], payload.layers[wire.target].units[j]
    name = f"{wire.name}[{source.place}, {target.place}]"
    weight, gradient, update = wire.weights[i][j], wire.gradients[i][j], wire.updates[i][j]
    assert weight is not None and gradient is not None and update is not None  # noqa: PT018 -- _largest took care
    lines = _came_back(payload, wire, i)
    error = target.error_before if target.error_before is not None else target.error
    sign = "dL/dz" if target.error_before is not None else "error signal"
    one_row = payload.row is not None or payload.n_rows == 1
    if one_row and source.value is not None and error is not None and _is_product(source.value, error, gradient):
        lines.append(
            f"gradient of {name}:  value of {source.label} × {sign} of {target.label} = "
            f"{fmt(source.value)} × {_in_brackets(error)} = {fmt(gradient)}"
        )
    elif not one_row:
        lines.append(
            f"gradient of {name}:  value × error signal, summed over the {payload.n_rows} rows = {fmt(gradient)}"
        )
    after = fmt(weight + update)
    if payload.plain and payload.lr is not None:
        rest = f"w − rate × gradient = {fmt(weight)} − {fmt(payload.lr)} × {_in_brackets(gradient)} = {after}"
    else:
        rest = f"w + update = {fmt(weight)} {'−' if update < 0 else '+'} {fmt(abs(update))} = {after}"
    return [*lines, f"update of {name}:  {rest}"]


def _came_back(payload: NetworkView, wire: Wire, i: int) -> list[str]:
    """How the error signal of the edge's source is made of those that it feeds, where these are few and all shown."""
    source, layer = payload.layers[wire.source].units[i], payload.layers[wire.target]
    if source.error is None or len(layer.units) < layer.n or layer.n > MOST_SUMMED:
        return []
    errors = [unit.error if unit.error_before is None else unit.error_before for unit in layer.units]
    pairs = [(w, e) for w, e in zip(wire.weights[i], errors, strict=True) if w is not None and e is not None]
    if len(pairs) < layer.n or not _is_product(1.0, sum(w * e for w, e in pairs), source.error):
        return []
    sign = "error signal" if layer.units[0].error_before is None else "dL/dz"
    terms = " + ".join(f"{_in_brackets(w)} × {_in_brackets(e)}" for w, e in pairs)
    return [f"error signal of {source.label}:  sum of weight × {sign} = {terms} = {fmt(source.error)}"]


def _is_product(value: float, error: float, gradient: float) -> bool:
    """Whether the gradient is what the two make: a value without a name in between would make it something else."""
    return abs(value * error - gradient) <= 1e-4 * abs(gradient)


def _in_brackets(value: float) -> str:
    return f"({fmt(value)})" if value < 0 else fmt(value)


def _largest(payload: NetworkView) -> tuple[Wire, int, int] | None:
    """The shown edge that moves most, of those whose numbers are finite."""
    found: tuple[float, Wire, int, int] | None = None
    for wire in payload.wires:
        for i, line in enumerate(wire.updates):
            for j, update in enumerate(line):
                if None in (update, wire.weights[i][j], wire.gradients[i][j]):
                    continue
                if found is None or abs(update or 0.0) > found[0]:
                    found = abs(update or 0.0), wire, i, j
    return None if found is None else found[1:]
