// Curves over steps: uPlot draws lines, bands and axes on a canvas, and an SVG above it has the same scales for the rest.
import { scaleLinear, scaleLog } from "d3-scale";
import { createContext, type ComponentChildren } from "preact";
import { useContext, useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Failure } from "../contract";
import { fewTicks, stepTicks, type NumberScale } from "./axes";
import type { CurveLine, CurvePicture } from "./curve_picture";
import type { Drawing } from "./curves_uplot";
import { FailureBox, failureOf } from "./failure";
import { tick, whole } from "./number";
import { Plot, type Box, type PlotProps } from "./plot";
import { painters } from "./svg_context";
import { useTip } from "./tip";

type Draws = typeof Drawing;
interface Layer {
  bring: () => Promise<Draws>;
  isDark: boolean;
}
const Current = createContext<Layer>({ bring: () => new Promise(() => undefined), isDark: false });

interface CurveLayerProps {
  library: (name: string) => Promise<unknown>;
  /** Another one draws all curves in other colours. */
  isDark: boolean;
  children: ComponentChildren;
}

/** Brings uPlot where a picture in it needs it, once for all of them, and says so where it cannot be had. */
export function CurveLayer({ library, isDark, children }: CurveLayerProps) {
  const [failure, say] = useState<Failure | null>(null);
  const [round, again] = useState(0);
  const bring = useMemo(() => {
    let asked: Promise<Draws> | null = null;
    const ask = async (): Promise<Draws> => {
      try {
        return (await library("uplot")) as Draws;
      } catch (error) {
        say(lacking(error));
        throw error;
      }
    };
    return () => (asked ??= ask());
  }, [library, round]);
  const layer = useMemo(() => ({ bring, isDark }), [bring, isDark]);
  const retry = (): void => {
    say(null);
    again(round + 1);
  };
  return (
    <Current.Provider value={layer}>
      {failure && <FailureBox failure={failure} onRetry={retry} />}
      {children}
    </Current.Provider>
  );
}

/** Of what comes later than the page, and may not come at all. */
function lacking(error: unknown): Failure {
  const { what, ...rest } = failureOf(error);
  return { ...rest, what: `the curves cannot be drawn here: ${what}` };
}

/** The canvas of one picture, with its upper edge at `top` of the plot that it lies under. */
export function CurveCanvas({ picture, top = 0 }: { picture: CurvePicture; top?: number }) {
  const { bring } = useContext(Current);
  const [Draws, set] = useState<Draws | null>(null);
  const place = useRef<HTMLDivElement>(null);
  const drawing = useRef<Drawing | null>(null);
  useEffect(() => {
    let wanted = true;
    const take = (found: Draws): void => {
      if (!wanted) return;
      // Some notebooks draw a widget first and put it into its cell afterwards; before that it has no colours.
      if (place.current?.isConnected) set(() => found);
      else requestAnimationFrame(() => take(found));
    };
    bring().then(take, () => undefined); // the layer says why not
    return () => {
      wanted = false;
    };
  }, [bring]);
  useLayoutEffect(() => {
    if (!Draws || drawing.current?.show(picture)) return;
    drawing.current?.close();
    const made = (drawing.current = new Draws(place.current!, picture));
    painters.set(made.canvas, (context) => made.paint(context));
  });
  useLayoutEffect(() => () => drawing.current?.close(), []);
  return <div ref={place} class="ds-curves" style={{ top: `${top}px` }} aria-hidden="true" />;
}

export interface CurvesProps extends Omit<PlotProps, "children" | "under"> {
  /** The same array as long as nothing in it changes: then nothing is drawn anew. */
  lines: readonly CurveLine[];
  /** First and last step that are seen. label: "step" unless it is said. */
  x: { domain: readonly [number, number]; label?: string };
  /** From the lowest to the highest number; the axis ends at round numbers around them. */
  y: { domain: readonly [number, number]; isLog: boolean; count?: number; format?: (value: number) => string };
  /** What there is to know at a step: beside the pointer. */
  tell?: (step: number) => string[];
  onPick?: (step: number) => void;
  /** What lies above the curves. */
  children?: (box: Box & { x: NumberScale; y: NumberScale }) => ComponentChildren;
}

/** A plot of curves. Where its steps and numbers lie is known before uPlot is there. */
export function Curves({ lines, x, y, tell, onPick, children, ...plot }: CurvesProps) {
  const tip = useTip();
  const placed = (box: Box) => ({
    ...box,
    x: scaleLinear(x.domain, [0, box.width]),
    y: (y.isLog ? scaleLog : scaleLinear)(y.domain, [box.height, 0]).nice(),
  });
  const under = (box: Box): ComponentChildren => {
    const at = placed(box);
    const across = { scale: at.x, ticks: stepTicks(at.x, box.width), format: whole, label: x.label ?? "step" };
    const up = { scale: at.y, ticks: fewTicks(at.y, y.count ?? 5), format: y.format ?? tick };
    return <CurveCanvas picture={{ box, x: across, y: up, isLog: y.isLog, lines }} />;
  };
  return (
    <Plot {...plot} under={under}>
      {(box) => {
        const at = placed(box);
        const stepAt = (event: MouseEvent): number => at.x.invert(event.clientX - (event.currentTarget as Element).getBoundingClientRect().left);
        return (
          <>
            {children?.(at)}
            {tell && (
              <rect
                data-role="steps"
                width={box.width}
                height={box.height}
                fill="transparent"
                style={{ cursor: "crosshair" }}
                onPointerMove={(event) => tip.at(event.clientX, event.clientY, tell(stepAt(event)))}
                onPointerLeave={tip.hide}
                {...(onPick ? { onClick: (event: MouseEvent) => onPick(stepAt(event)) } : {})}
              />
            )}
          </>
        );
      }}
    </Plot>
  );
}

/** Crosses at some places, below `top`: where numbers are not finite. */
export function Crosses({ at, top }: { at: readonly number[]; top: number }) {
  if (!at.length) return null;
  return <path data-role="not-finite" d={at.map((x) => `M${x - 4} ${top}l8 8m-8 0l8 -8`).join("")} stroke="var(--alarm)" stroke-width="1.6" />;
}
