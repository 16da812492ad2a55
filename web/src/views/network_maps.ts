// Activation maps of single units as small pictures, drawn inside the units of the network and beside the boundary.
import type { BoundaryView, NetworkView, UnitMap } from "../contract";
import type { Cells } from "../draw/cells";
import type { Colours } from "../draw/theme";
import { picture, type Maps } from "./network_look";

/** Of all units; inputs are the plane's own axes. */
export function mapsOf(plane: BoundaryView, payload: NetworkView, colours: Colours): Maps {
  const at = new Map<string, { top: number; dead: boolean }>();
  const cells: (number | null)[][] = [];
  const add = (address: string, values: Cells, most: number, dead: boolean): void => {
    at.set(address, { top: cells.length, dead });
    for (const row of upright(values)) cells.push(row.map((value) => (value === null ? null : value / most)));
  };
  const full = fullOf(plane.units);
  for (const unit of plane.units) add(`${unit.layer}[${unit.unit}]`, unit.values, full(unit), unit.dead);
  const rows = plane.unit_y.length ? centred(plane.unit_y) : [0];
  const across = centred(plane.unit_x);
  const input = payload.layers[0]!;
  for (const unit of input.units)
    add(
      `${input.name}[${unit.place}]`,
      rows.map((y) => across.map((x) => (unit.place === 0 ? x : y))),
      1,
      false,
    );
  return { picture: picture(cells, 1, colours), width: across.length, height: rows.length, at };
}

/** An axis from -1 to 1. */
function centred(axis: readonly number[]): number[] {
  const half = ((axis.at(-1) ?? 1) - (axis[0] ?? 0)) / 2 || 1;
  return axis.map((value) => (value - (axis[0] ?? 0)) / half - 1);
}

/** What full colour means for a unit: the largest size in its layer, so that the maps of a layer can be compared. */
export function fullOf(units: readonly UnitMap[]): (unit: UnitMap) => number {
  const most = new Map<string, number>();
  for (const { layer, low, high } of units) most.set(layer, Math.max(most.get(layer) ?? 0, Math.abs(low ?? 0), Math.abs(high ?? 0)));
  return (unit) => most.get(unit.layer) || 1;
}

/** Rows from the bottom of the plane to its top, so the picture is turned. */
const upright = (values: Cells): Cells => [...values].reverse();

export const asPicture = (values: Cells, most: number, colours: Colours): HTMLCanvasElement => picture(upright(values), most, colours);
