// What is drawn of readings: no number of a histogram is lost, scales are chosen as the numbers need them, words are right.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { CompareView, ConfusionMatrix, CurveView, EntryShown, HistogramView, RunShown } from "../src/contract";
import { parting } from "../src/views/compare";
import { mistakes, right } from "../src/views/confusion";
import { upTo } from "../src/views/layers";
import { colourPlaces } from "../src/views/race";
import { ratesOf } from "../src/views/race_state";
import { decades, middleSize, rowsOf, sharesOf } from "../src/views/reading_bins";
import { logarithmic } from "../src/draw/axes";
import { question } from "../src/views/reading_form";
import { percent, power } from "../src/views/reading_histogram";
import { columnsOf } from "../src/views/reading_steps";
import { targetOf } from "../src/views/rows";
import { day, found, stateOf } from "../src/views/runs";
import { heights } from "../src/views/runs_sparkline";
import { argsOf } from "../src/views/slice";
import { stable } from "../src/views/spectrum";

const histogram = (counts: number[][], edges: readonly number[]): HistogramView =>
  ({ type: "histogram", edges, steps: counts.map((_, k) => k + 1), panels: [{ name: "w", counts, zero: counts.map(() => 1), not_finite: counts.map(() => 2) }] }) as unknown as HistogramView;

describe("a histogram", () => {
  const made = fc.integer({ min: 2, max: 12 }).chain((n) =>
    fc.record({
      edges: fc.constant([0, ...Array.from({ length: n - 1 }, (_, k) => 10 ** (k / 4 - 3))]),
      counts: fc.array(fc.array(fc.integer({ min: 0, max: 500 }), { minLength: 2 * n, maxLength: 2 * n }), { minLength: 1, maxLength: 4 }),
    }),
  );

  test("shows every number once, in whichever way it is drawn", () => {
    fc.assert(
      fc.property(made, fc.boolean(), ({ edges, counts }, signed) => {
        const payload = histogram(counts, edges);
        const rows = rowsOf(payload, signed);
        const shown = rows.flatMap((row) => row.bins);
        expect(new Set(shown).size).toBe(shown.length);
        const shares = sharesOf(payload.panels[0]!, rows);
        counts.forEach((_, j) => {
          const sum = shares.rows[j]!.reduce((all, part) => all + part, 0) + shares.zero[j]! + shares.bad[j]!;
          expect(sum).toBeCloseTo(1, 9);
        });
      }),
    );
  });

  test("goes down from the most positive number to the most negative, without a gap", () => {
    fc.assert(
      fc.property(made, ({ edges, counts }) => {
        const rows = rowsOf(histogram(counts, edges), true);
        rows.slice(1).forEach((row, k) => {
          const before = rows[k]!;
          if (before.sign > 0 && row.sign > 0) expect(row.high).toBe(before.low);
          if (before.sign < 0 && row.sign < 0) expect(row.low).toBe(before.high);
        });
        expect(rows.filter((row) => row.low === 0).map((row) => row.sign)).toEqual([1, -1]);
      }),
    );
  });

  test("has its powers of ten where they belong", () => {
    const edges = [0, 0.01, 0.0177827941, 0.0316227766, 0.0562341325, 0.1, 0.177827941];
    const counts = [Array.from({ length: 14 }, (_, k) => (k === 0 || k === 13 ? 0 : 10))];
    const rows = rowsOf(histogram(counts, edges), true);
    const marks = decades(rows, 20).map(([place, value]) => [place, Number(value.toPrecision(6))]);
    expect(marks).toEqual([[1, 0.1], [5, 0.01], [7, -0.01], [11, -0.1]]);
    expect(rows[0]).toMatchObject({ sign: 1, low: 0.1, high: 0.177827941 });
  });

  test("has the size that half of its numbers reach", () => {
    const payload = histogram([[0, 0, 0, 0, 3, 2], [0, 0, 0, 0, 1, 0], [0, 0, 0, 0, 0, 0]], [0, 0.1, 1]);
    const panel = { ...payload.panels[0]!, zero: [0, 5, 0] };
    expect([0, 1, 2].map((step) => middleSize(payload, panel, step))).toEqual([0.1, 0, null]);
  });

  test("says shares and powers shortly, and never 0 or 100 % where it is not", () => {
    expect([0, 1e-6, 0.0123, 0.5, 0.99999, 1].map(percent)).toEqual(["0 %", "<0.1 %", "1.2 %", "50 %", ">99.9 %", "100 %"]);
    expect([1e-12, -0.01, 1, 1e6, -1e5].map(power)).toEqual(["1e-12", "−0.01", "1", "1e6", "−1e5"]);
  });
});

test("a pixel shows the step that is closest to it", () => {
  expect(columnsOf([1, 2, 10], 9)).toEqual([0, 1, 1, 1, 1, 2, 2, 2, 2]);
  expect(columnsOf([7], 3)).toEqual([0, 0, 0]);
});

test("a logarithmic scale is taken where it shows more, and never for numbers below 0", () => {
  expect(logarithmic([1, 1e4], "auto")).toBe(true);
  expect(logarithmic([1, 10], "auto")).toBe(false);
  expect(logarithmic([1, 10], "log")).toBe(true);
  expect(logarithmic([-1, 1e4], "log")).toBe(false);
  expect(logarithmic([0, 1e-3, 1, null], "auto")).toBe(true);
  expect(logarithmic([null], "log")).toBe(false);
});

test("layers are read at the first and the last step, at a hundred at most", () => {
  expect(upTo(3)).toEqual([1, 2, 3]);
  expect(upTo(5000)).toHaveLength(100);
  expect([upTo(5000)[0], upTo(5000).at(-1)]).toEqual([1, 5000]);
});

test("a question leaves out what is usual", () => {
  const entry = { id: "sharpness", kind: "scalar", settings: [{ name: "most", default: 100 }, { name: "seed", default: 0 }] } as unknown as EntryShown;
  expect(question(entry, "run", 10, "dense1", { most: 100, seed: 0 })).toEqual({ id: "sharpness" });
  expect(question(entry, "every", 10, "", { most: 20 })).toEqual({ id: "sharpness", every: 10, settings: { most: 20 } });
  expect(question({ ...entry, kind: "per row" }, "step", 10, " dense1 ", {})).toEqual({ id: "sharpness", at: true, target: "dense1" });
  expect(argsOf("plane", 21, 1, 0)).toEqual({});
  expect(argsOf("gradient plane", 31, 0.5, 2)).toEqual({ points: 31, directions: "gradient", span: 0.5, seed: 2 });
  expect(argsOf("trajectory", 21, 5, 3)).toEqual({ directions: "trajectory" });
});

test("rows can count in the gradient of what is selected, if that has one", () => {
  expect(targetOf("grads.dense1.w[3, 2]")).toBe("dense1.w");
  expect(targetOf("dense1[4]")).toBe("dense1");
  expect(targetOf("%17")).toBeNull();
  expect(targetOf(null)).toBeNull();
});

describe("in words", () => {
  test("where two runs part", () => {
    const two = { here: "a", there: "b", steps_here: 900, steps_there: 300 } as CompareView;
    expect(parting({ ...two, first: null })).toBe("a and b are the same in all 300 steps that both have, bit for bit.");
    expect(parting({ ...two, first: 1 })).toBe("a and b differ from the first step on.");
    expect(parting({ ...two, first: 200 })).toBe("a and b are the same, bit for bit, up to step 199; they part at step 200.");
  });

  test("which rate the curvature allows", () => {
    const marks = (lowest: number, highest: number) => ({ marks: [{ name: "lowest", x: lowest }, { name: "highest", x: highest }] }) as CurveView;
    expect(stable(marks(0, 4))).toContain("2/λmax = 0.5");
    expect(stable(marks(-1, 4))).toContain("no minimum");
    expect(stable(marks(-2, -1))).toContain("curves up nowhere");
    expect(stable({ marks: [] } as unknown as CurveView)).toContain("not finite");
  });

  test("which classes are mistaken", () => {
    const matrix = { counts: [[5, 2], [3, 7]] } as ConfusionMatrix;
    expect(right(matrix)).toBe(12);
    expect(mistakes(matrix)).toEqual([[3, 1, 0], [2, 0, 1]]);
  });
});

describe("the runs of a folder", () => {
  const run = (more: Partial<RunShown>): RunShown =>
    ({ name: "a", state: "finished", why: "", live: false, data: "moons", model: "2-8-2", optimizer: "adam(lr=0.01)", steps: 10, until: 10, last_loss: 1, metric: "accuracy", value: 0.5, began: 1, parent: null, about: "", ...more }) as RunShown;
  const runs = [run({ name: "run-2", last_loss: 0.5, value: 0.9, began: 2 }), run({ name: "run-10", last_loss: null, value: null, began: 1, data: "digits" }), run({ name: "run-1", last_loss: 0.1, value: 0.7, began: 3 })];
  const names = (list: RunShown[]): string[] => list.map((each) => each.name);

  test("are found by words, and sorted with those that failed at the end", () => {
    expect(names(found(runs, "DIGITS adam", "newest"))).toEqual(["run-10"]);
    expect(names(found(runs, "", "newest"))).toEqual(["run-1", "run-2", "run-10"]);
    expect(names(found(runs, "", "name"))).toEqual(["run-1", "run-2", "run-10"]);
    expect(names(found(runs, "", "loss"))).toEqual(["run-1", "run-2", "run-10"]);
    expect(names(found(runs, "", "metric"))).toEqual(["run-2", "run-1", "run-10"]);
    expect(names(found([run({ name: "b", metric: "rmse", value: 2 }), run({ name: "a", metric: "rmse", value: 1 })], "", "metric"))).toEqual(["a", "b"]);
  });

  test("say what they do now", () => {
    const live = { event: "live", run: "a", steps: 5, taken: 6, until: 10, state: "training", rate: 1234.4 } as const;
    expect(stateOf(run({}), live)).toMatchObject({ words: "training, 1,234 steps a second", kind: "live" });
    expect(stateOf(run({ state: "failed", why: "NaN" }), null)).toEqual({ words: "failed", why: "NaN", kind: "alarm" });
    expect(day(0)).toBe("unknown");
  });

  test("have sparklines from 0 to 1, with gaps where the loss is not finite", () => {
    expect(heights([1, 3, 2])).toEqual([0, 1, 0.5]);
    expect(heights([1, null, 100])[1]).toBeNull();
    expect(heights([1, 10, 100]).map((each) => Number(each!.toFixed(6)))).toEqual([0, 0.5, 1]);
    expect(heights([null])).toEqual([null]);
    expect(heights([2, 2])).toEqual([0.5, 0.5]);
  });
});

test("racers keep their colours when the order changes, and one rule can race at several rates", () => {
  expect(colourPlaces(["b", "a", "c"])).toEqual([1, 0, 2]);
  expect(ratesOf({ name: "adam", settings: { lr: 0.1 } }).map((each) => each.settings.lr)).toEqual([0.01, 0.032, 0.1, 0.32, 1]);
});
