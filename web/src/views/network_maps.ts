// Activation maps of single units as small pictures, drawn inside the units of the network and beside the boundary.
import type { BoundaryView, NetworkView, UnitMap } from "../contract";
import { diverging, mix, rgb, type Colours } from "../draw/theme";
import { picture, type Maps } from "./network_look";

/** By "layer[place]"; inputs are the plane's own axes. */
export function mapsOf(plane: BoundaryView, payload: NetworkView, colours: Colours): Maps {
  const made = new Map<string, { canvas: HTMLCanvasElement; dead: boolean }>();
  const full = fullOf(plane.units);
  for (const unit of plane.units)
    made.set(`${unit.layer}[${unit.unit}]`, { canvas: asPicture(unit.values, full(unit), colours), dead: unit.dead });
  const input = payload.layers[0]!;
  const centred = (axis: readonly number[]): number[] => {
    const half = ((axis.at(-1) ?? 1) - (axis[0] ?? 0)) / 2 || 1;
    return axis.map((value) => (value - (axis[0] ?? 0)) / half - 1);
  };
  const rows = plane.unit_y.length ? centred(plane.unit_y) : [0];
  const across = centred(plane.unit_x);
  input.units.forEach((unit, k) => {
    const values = rows.map((y) => across.map((x) => (unit.place === 0 ? x : y)));
    made.set(`${input.name}[${input.units[k]!.place}]`, { canvas: asPicture(values, 1, colours), dead: false });
  });
  return made;
}

/** What full colour means for a unit: the largest size in its layer, so that the maps of a layer can be compared. */
export function fullOf(units: readonly UnitMap[]): (unit: UnitMap) => number {
  const most = new Map<string, number>();
  for (const { layer, low, high } of units) most.set(layer, Math.max(most.get(layer) ?? 0, Math.abs(low ?? 0), Math.abs(high ?? 0)));
  return (unit) => most.get(unit.layer) || 1;
}

/** Rows from the bottom of the plane to its top, so the picture is turned. */
export function asPicture(values: readonly (readonly (number | null)[])[], most: number, colours: Colours): HTMLCanvasElement {
  return picture([...values].reverse(), most, diverging(colours), mix(rgb(colours("paper")), rgb(colours("alarm")), 0.75));
}
