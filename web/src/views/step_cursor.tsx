// The cursor of all views over a picture of steps. By itself, so that a moving cursor draws one line and not the curves.
import type { ComponentChildren } from "preact";
import type { NumberScale } from "../draw/axes";
import type { Context } from "./view";

interface StepCursorProps {
  ctx: Context;
  x: NumberScale;
  height: number;
  /** What else moves with it. */
  children?: (at: number) => ComponentChildren;
}

export function StepCursor({ ctx, x, height, children }: StepCursorProps) {
  const at = ctx.state.at.value;
  const [first, last] = x.domain() as [number, number];
  return (
    <>
      {at >= first && at <= last && <line data-role="cursor" class="ds-cursor" x1={x(at)} x2={x(at)} y1={0} y2={height} />}
      {children?.(at)}
    </>
  );
}
