// The picture of a reading, by the shape of its values; and the same in a sentence.
import type { BarsView, CourseView, CurveView, HeatView, HistogramView, SliceView } from "../contract";
import { number, whole } from "../draw/number";
import { Bars } from "./reading_bars";
import { middleSize } from "./reading_bins";
import { Course } from "./reading_course";
import { Curves } from "./reading_curve";
import { HeatOverSteps } from "./reading_heat";
import { Histograms } from "./reading_histogram";
import { lowest, Plane } from "./reading_slice";
import type { Context } from "./view";

export type Reading = CourseView | BarsView | HeatView | CurveView | HistogramView | SliceView;

export function ReadingPicture({ payload, ctx }: { payload: Reading; ctx: Context }) {
  switch (payload.type) {
    case "course":
      return <Course payload={payload} ctx={ctx} />;
    case "bars":
      return <Bars payload={payload} ctx={ctx} />;
    case "heat":
      return <HeatOverSteps payload={payload} ctx={ctx} />;
    case "curve":
      return <Curves payload={payload} ctx={ctx} />;
    case "histogram":
      return <Histograms payload={payload} ctx={ctx} />;
    case "slice":
      return <Plane payload={payload} ctx={ctx} />;
  }
}

const MOST = 6;

/** The main numbers in words. */
export function described(payload: Reading): string {
  const bad = payload.not_finite ? ` ${whole(payload.not_finite)} values are not finite.` : "";
  return `${payload.title}. ${numbers(payload)}${bad}`;
}

function numbers(payload: Reading): string {
  switch (payload.type) {
    case "course":
      return listed(payload.panels.flatMap(({ title, lines }) => lines.map((each) => `${[title, each.name].filter(Boolean).join(" ")} from ${number(each.values[0])} to ${number(each.values.at(-1))}`)));
    case "bars":
      return listed(payload.panels.flatMap(({ title, lines }) => payload.names.map((name, k) => `${[title, name].filter(Boolean).join(" ")} ${number(lines[0]?.values[k])}`)));
    case "heat":
      return `${payload.names.length} rows over ${whole(payload.n_steps)} steps.`;
    case "curve":
      return listed(payload.marks.map((mark) => `${mark.name} ${number(mark.x)}`));
    case "histogram":
      return `Half of the numbers are at least this large at the first and at the last step: ${listed(payload.panels.map((panel) => `${panel.name} ${number(middleSize(payload, panel, 0))} and ${number(middleSize(payload, panel, payload.steps.length - 1))}`))}`;
    case "slice": {
      const least = lowest(payload);
      return least ? `The lowest loss of the plane is ${number(least.value)}.` : "No loss of the plane is finite.";
    }
  }
}

const listed = (parts: readonly string[]): string => (parts.length ? `${parts.slice(0, MOST).join("; ")}${parts.length > MOST ? `; and ${parts.length - MOST} more` : ""}.` : "");
