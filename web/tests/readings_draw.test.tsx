// Every shape of a reading, and every list, is drawn: with numbers, with some that are not finite, and with none at all.
import { h, render } from "preact";
import { describe, expect, test } from "vitest";
import type { Event, Payload } from "../src/contract";
import { State } from "../src/state/state";
import compare from "../src/views/compare";
import confusion from "../src/views/confusion";
import layers from "../src/views/layers";
import race from "../src/views/race";
import reading from "../src/views/reading";
import residuals from "../src/views/residuals";
import rows from "../src/views/rows";
import runs from "../src/views/runs";
import slice from "../src/views/slice";
import spectrum from "../src/views/spectrum";
import type { Context, View } from "../src/views/view";

const none: Event[] = [];
const common = { title: "a title", unit: "units", sentence: "It tells ``something``.", not_finite: 0, events: none };
const line = (values: (number | null)[]) => ({ name: "dense1.w", values });
const band = { low: 1e-4, high: 1e-2, source: "folklore" };

const course = (steps: number[], values: (number | null)[]) => ({ type: "course", ...common, n_steps: steps.length, steps, panels: [{ title: "", lines: [line(values)] }], band });
const bars = (names: string[], values: (number | null)[]) => ({ type: "bars", ...common, step: 3, axis: "layer", names, panels: [{ title: "", lines: [{ name: "", values }] }], band: null });
const heat = (names: string[], values: (number | null)[][]) => ({ type: "heat", ...common, n_steps: 2, steps: [1, 2], axis: "row", names, values });
const curve = (x: number[], y: (number | null)[]) => ({ type: "curve", ...common, x_label: "eigenvalue", is_log: false, curves: x.length ? [{ step: 3, x, y }] : [], marks: [{ name: "highest", x: 2 }] });
const histogram = (counts: number[][], bad: number) => ({
  type: "histogram", ...common, n_steps: counts.length, steps: counts.map((_, k) => k + 1), edges: [0, 0.1, 1], left_out: ["dense9.w"],
  panels: counts.length ? [{ name: "dense1.w", counts, zero: counts.map(() => 1), not_finite: counts.map(() => bad) }] : [],
});
const plane = (z: (number | null)[][]) => ({ type: "slice", ...common, step: 3, x_label: "a", y_label: "b", x: [-1, 0, 1], y: [-1, 0, 1], z, levels: [0.5], path: [[1, 1], [null, null], [0, 0]], path_steps: [1, 2, 3], explained: [0.9, 0.05] });
const flat = (value: number | null) => [0, 1, 2].map(() => [value, value, 1]);
const example = (share: number | null) => ({ place: 0, row: 7, share, loss: share, target: "3", predicted: share === null ? "not finite" : "4", values: [0, 1, 0.5, share], faults: ["label_noise"] });
const rowsOf = (shares: (number | null)[], image: [number, number] | null) => ({ type: "rows", ...common, step: 3, loss: shares[0] ?? null, n: 4, features: image ? [] : ["a", "b", "c", "d"], image_shape: image, rows: shares.map(example) });
const run = (more: object) => ({ name: "digits-1", state: "finished", why: "", live: false, data: "digits", model: "64-32-10", optimizer: "adam", steps: 900, until: 900, first_loss: 2, last_loss: 0.1, course: [2, 1, 0.1], metric: "accuracy", value: 0.9, size: 2048, began: 1, parent: null, parent_step: null, about: "", ...more });
const two = (first: number | null, loss: (number | null)[]) => ({ type: "compare", ...common, here: "a", there: "b", steps_here: 9, steps_there: 5, first, settings: [{ name: "lr", here: "1", there: "" }], steps: loss.map((_, k) => k + 1), distance: loss, relative: loss, loss_here: loss, loss_there: loss, metric: "", metric_here: null, metric_there: null });
const racer = (values: (number | null)[]) => ({ name: "adam(beta1=0.9)", lr: "0.1", tuned: false, evaluations: 9, tuning: 0, low: values, median: values, high: values, diverged: values.includes(null) ? 1 : 0 });
const raced = (all: (number | null)[][], lowest: number | null) => ({ type: "race", ...common, surface: "bowl", budget: 3, runs: 2, lowest, at: [1, 2, 3], entrants: all.map(racer), notes: ["the starts are given"] });
const left = (predicted: (number | null)[]) => ({ type: "residuals", ...common, unit: "price", part: "held-out", target: predicted.map((_, k) => k), predicted, rows: predicted.map((_, k) => k), n: predicted.length, rmse: null, mae: null, r2: null, quantiles: predicted.length ? [-1, -0.5, 0, 0, 0, 0.5, 1] : [] });
const taken = (classes: string[], counts: number[][]) => ({ type: "confusion", ...common, target: "digit", part: "held-out", classes, counts, n: counts.flat().length });

const CASES: [View, string, object][] = [
  [reading, "a course", course([1, 2, 3], [0.1, null, 1e-5])],
  [reading, "a course of nothing", course([], [])],
  [reading, "a course that is not finite", course([1], [null])],
  [reading, "bars", bars(["a", "a long name of a layer in a block"], [1, -2])],
  [reading, "bars of one that is not finite", bars(["a"], [null])],
  [reading, "no bars", bars([], [])],
  [reading, "many bars", bars(Array.from({ length: 90 }, (_, k) => `${k}`), Array.from({ length: 90 }, (_, k) => (k ? k : null)))],
  [reading, "a heat map", heat(["a", "b"], [[1, null], [-1, 0]])],
  [reading, "an empty heat map", heat([], [])],
  [reading, "a curve", curve([0, 1, 2], [1, null, 3])],
  [reading, "no curve", curve([], [])],
  [layers, "histograms", histogram([[0, 1, 2, 3, 4, 0], [0, 0, 0, 0, 5, 0]], 2)],
  [layers, "a histogram of zeros", histogram([[0, 0, 0, 0, 0, 0]], 0)],
  [layers, "no histogram", histogram([], 0)],
  [layers, "update ratios", course([1, 2], [1e-3, 2e-3])],
  [slice, "a plane", plane(flat(0.2))],
  [slice, "a plane that is not finite", plane([0, 1, 2].map(() => [null, null, null]))],
  [slice, "a line", curve([-1, 0, 1], [1, 0, 1])],
  [spectrum, "a spectrum", curve([-1, 0, 2], [0.1, 1, 0.2])],
  [spectrum, "a spectrum that is not finite", curve([0, 1], [null, null])],
  [rows, "images", rowsOf([0.5, -0.5], [2, 2])],
  [rows, "values", rowsOf([0.5, null], null)],
  [rows, "no rows", rowsOf([], null)],
  [race, "a race", raced([[3, 2, 1], [3, 3, 3]], 0)],
  [race, "a race that somebody lost to NaN", raced([[3, 2, 1], [null, null, null]], null)],
  [compare, "two runs that part", two(3, [0, 1])],
  [compare, "two runs that are the same", two(null, [])],
  [compare, "two runs of other shapes", two(1, [null, null])],
  [confusion, "classes", taken(["a", "b"], [[3, 1], [0, 0]])],
  [residuals, "residuals", left([0.5, null, 2.5])],
  [residuals, "no residuals", left([])],
  [runs, "runs", { type: "runs", ...common, folder: "/runs", total: 2, runs: [run({}), run({ name: "nan", state: "failed", last_loss: null, value: null, course: [1, null], parent: "digits-1", parent_step: 3, about: "lr 1 -> 9" })] }],
  [runs, "no runs", { type: "runs", ...common, folder: "/runs", total: 0, runs: [] }],
];

function context(): Context {
  const state = new State();
  state.run.value = "digits-1";
  state.steps.value = 3;
  return { kind: "lab", state, ask: () => new Promise(() => undefined), act: null, library: () => new Promise(() => undefined), link: () => null };
}

describe("is drawn and told", () => {
  test.each(CASES.map(([view, what, payload]) => [view.id, what, view, payload] as const))("%s: %s", (_, __, view, payload) => {
    const root = document.createElement("div");
    const ctx = context();
    const { View: Drawn, Head } = view;
    render(h("div", {}, Head && h(Head, { ctx }), h(Drawn, { payload: payload as Payload, ctx })), root);
    expect(root.textContent).not.toMatch(/undefined|NaN(?!,)|\[object/);
    for (const element of root.querySelectorAll("path, rect, circle, line, text")) {
      for (const { name, value } of element.attributes) expect(`${name}=${value}`).not.toMatch(/NaN|undefined|Infinity/);
    }
    expect(view.describe(payload as Payload)).not.toMatch(/undefined|NaN/);
    render(null, root);
  });
});
