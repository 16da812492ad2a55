// The maps of all units, layer by layer: what each of them answers over the plane, dead ones said.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { line } from "d3-shape";
import type { BoundaryView, UnitMap } from "../contract";
import { extent } from "../draw/axes";
import { number } from "../draw/number";
import { coloursOf } from "../draw/theme";
import { useTip } from "../draw/tip";
import { asPicture, fullOf } from "./network_maps";
import type { Context } from "./view";

const SIDE = 44; // pixels of a map

export function Units({ payload, ctx }: { payload: BoundaryView; ctx: Context }) {
  const layers = [...new Set(payload.units.map((unit) => unit.layer))];
  const full = useMemo(() => fullOf(payload.units), [payload]);
  const chosen = ctx.state.select.value;
  const stop = payload.units.find((unit) => `${unit.layer}[${unit.unit}]` === chosen) ?? payload.units[0];
  return (
    <div class="ds-unit-maps" onKeyDown={walk}>
      {layers.map((layer) => {
        const units = payload.units.filter((unit) => unit.layer === layer);
        const dead = units.filter((unit) => unit.dead).length;
        return (
          <div key={layer} role="group" aria-label={`Units of ${layer}`}>
            <span class="ds-note">
              {layer}
              {dead > 0 && <strong>, {dead === units.length ? "all" : dead} 0 everywhere</strong>}
            </span>
            <div>
              {units.map((unit) => (
                <UnitMapButton
                  key={unit.unit}
                  unit={unit}
                  full={full(unit)}
                  isStop={unit === stop}
                  isLine={payload.y.length === 0}
                  ctx={ctx}
                />
              ))}
            </div>
          </div>
        );
      })}
      {payload.left_out > 0 && <p class="ds-note">and {payload.left_out} units more</p>}
    </div>
  );
}

/** All maps are one stop of the keyboard; the arrow keys go from one to the next. */
function walk(event: KeyboardEvent & { currentTarget: HTMLElement }): void {
  const way = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -1, ArrowDown: 1, Home: -Infinity, End: Infinity }[event.key];
  const maps = [...event.currentTarget.querySelectorAll<HTMLElement>(".ds-unit-map")];
  const at = maps.indexOf(document.activeElement as HTMLElement);
  if (!way || at < 0) return;
  event.preventDefault();
  maps[Math.min(Math.max(at + way, 0), maps.length - 1)]?.focus();
}

interface MapProps {
  unit: UnitMap;
  full: number;
  isStop: boolean;
  isLine: boolean;
  ctx: Context;
}

function UnitMapButton({ unit, full, isStop, isLine, ctx }: MapProps) {
  const mark = useRef<SVGSVGElement>(null);
  const [link, set] = useState("");
  const tip = useTip();
  const address = `${unit.layer}[${unit.unit}]`;
  const isDark = ctx.state.isDark.value;
  // A picture in an SVG: a canvas for each unit would cost the browser time in every frame, also while nothing changes.
  useEffect(() => {
    if (mark.current && !isLine) set(asPicture(unit.values, full, coloursOf(mark.current)).toDataURL());
  }, [unit, isDark]);
  const words = (): string[] => [address, unit.dead ? "0 everywhere: a dead unit" : `from ${number(unit.low)} to ${number(unit.high)}`];
  const { "aria-label": label, ...handlers } = tip.of(words, true);
  return (
    <button
      type="button"
      class={unit.dead ? "ds-unit-map ds-dead" : "ds-unit-map"}
      aria-label={String(label)}
      aria-pressed={ctx.state.select.value === address}
      onClick={() => ctx.state.choose(address)}
      {...handlers}
      tabindex={isStop ? 0 : -1}
    >
      <svg ref={mark} width={SIDE} height={SIDE} aria-hidden="true">
        {isLine ? (
          <path d={curve(unit.values[0] ?? [])} fill="none" stroke="var(--first)" stroke-width="2" />
        ) : (
          link && <image href={link} width={SIDE} height={SIDE} preserveAspectRatio="none" />
        )}
      </svg>
    </button>
  );
}

/** Of one input: what the unit answers to it, from its lowest to its highest. */
function curve(values: readonly (number | null)[]): string {
  const [low, high] = extent(values);
  const path = line<number | null>(
    (_, k) => (k / (values.length - 1)) * SIDE,
    (value) => 3 + (1 - ((value ?? 0) - low) / (high - low)) * (SIDE - 6),
  ).defined((value) => value !== null);
  return path(values) ?? "";
}
