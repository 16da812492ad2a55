// A loss over all steps in the height of a line of text.
import { line } from "d3-shape";

const WIDE = 104;
const HIGH = 26;

export function Sparkline({ values }: { values: readonly (number | null)[] }) {
  if (!values.length) return null;
  const bad = values.flatMap((value, k) => (value === null ? [k] : []));
  const up = heights(values);
  const x = (k: number): number => 2 + (k / Math.max(values.length - 1, 1)) * (WIDE - 4);
  const y = (part: number): number => HIGH - 3 - part * (HIGH - 6);
  const path = line<number | null>((_, k) => x(k), (part) => y(part!)).defined((part) => part !== null)(up);
  const end = up.findLastIndex((part) => part !== null);
  return (
    <svg class="ds-sparkline" width={WIDE} height={HIGH} viewBox={`0 0 ${WIDE} ${HIGH}`} role="img" aria-label={said(values)}>
      <title>{said(values)}</title>
      <path d={path ?? ""} fill="none" stroke="var(--first)" stroke-width="1.5" />
      {end >= 0 && <circle cx={x(end)} cy={y(up[end]!)} r="2.2" fill="var(--first)" />}
      {bad.map((k) => (
        <path key={k} d={`M${x(k) - 2.5} ${HIGH - 7}l5 5m-5 0l5 -5`} stroke="var(--alarm)" stroke-width="1.3" />
      ))}
    </svg>
  );
}

/** From 0, the lowest, to 1, the highest; by powers of ten where the numbers reach over more than thirty-fold. */
export function heights(values: readonly (number | null)[]): (number | null)[] {
  const sound = values.filter((value): value is number => value !== null);
  if (!sound.length) return values.map(() => null);
  const [low, high] = [Math.min(...sound), Math.max(...sound)];
  if (low === high) return values.map((value) => (value === null ? null : 0.5));
  const of = low > 0 && high / low > 30 ? Math.log : (value: number): number => value;
  return values.map((value) => (value === null ? null : (of(value) - of(low)) / (of(high) - of(low))));
}

function said(values: readonly (number | null)[]): string {
  const sound = values.filter((value): value is number => value !== null);
  const bad = values.length > sound.length ? ", in part not finite" : "";
  if (!sound.length) return "the loss is not finite";
  return `loss from ${sound[0]!.toPrecision(3)} to ${sound.at(-1)!.toPrecision(3)}, lowest ${Math.min(...sound).toPrecision(3)}${bad}`;
}
