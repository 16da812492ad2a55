// A sweep: which rates are tried, which run is the best, which settings train it again, and what a dot does.
import { render } from "preact";
import { expect, it, vi } from "vitest";
import type { SweepRun, SweepView } from "../src/contract";
import { State } from "../src/state/state";
import sweep from "../src/views/sweep";
import { alone, best, inOrder, ratesBetween } from "../src/views/sweep_state";
import type { Context } from "../src/views/view";

const run = (number: number, lr: number, seed: number, loss: number | null, accuracy: number): SweepRun => ({
  number, settings: { optimizer: "adam", lr, seed }, values: { loss, accuracy }, steps: 3, seconds: 1, ended: loss === null ? "not finite" : "",
  course_steps: [1, 2, 3], course: [2, 1, loss],
});
const RUNS = [run(0, 0.1, 0, 0.5, 0.9), run(1, 0.01, 0, 0.4, 0.9), run(2, 10, 0, null, 0.3)];
const VIEW: SweepView = {
  type: "sweep", title: "moons: 3 runs", x_label: "lr", y_label: "accuracy", words: [], is_log: true, runs: RUNS, places: [[0.1, 0], [0.01, 0], [10, 0]],
  lines: [{ name: "optimizer adam", points: RUNS.map((each) => ({ x: Number(each.settings.lr), values: [each.values.accuracy!], mean: each.values.accuracy!, spread: null })) }],
  events: [], columns: ["loss", "accuracy"], varied: ["optimizer", "lr", "seed"], done: 3, meant: 4, state: "training", name: "moons-sweep-1", names: ["moons-sweep-1"],
  again: { data: { name: "moons" }, optimizer: { name: "momentum", settings: { lr: 0.3, beta: 0.8 } }, seed: 4 },
};

it("tries rates with equal factors between them, both ends among them", () => {
  expect(ratesBetween(0.001, 1, 4)).toEqual([0.001, 0.01, 0.1, 1]);
  expect(ratesBetween(0.5, 0.5, 5)).toEqual([0.5]);
  expect(ratesBetween(0, 1, 5)).toEqual([]);
});

it("takes the largest accuracy or the smallest loss for the best, of equals the one with the smaller loss", () => {
  expect(best(VIEW)).toBe(1);
  expect(best({ ...VIEW, y_label: "loss" })).toBe(1);
  expect(best({ ...VIEW, runs: [RUNS[2]!], y_label: "loss" })).toBeNull();
});

it("is walked from left to right", () => expect(inOrder(VIEW)).toEqual([1, 0, 2]));

it("trains a run again with its own rate, seed and optimizer, by the program that the sweep ran", () => {
  const made = alone(VIEW.again as never, RUNS[1]!);
  expect(made).toMatchObject({ data: { name: "moons" }, optimizer: { name: "adam", settings: { lr: 0.01 } }, seed: 0, dialect: "machine" });
  expect(made.optimizer!.settings).not.toHaveProperty("beta");
});

it("shows how far it is, stops on request, and opens the picked run as one of its own", async () => {
  const state = new State();
  const act = vi.fn((command: { type: string }) => Promise.resolve(command.type === "create" ? { run: "moons-1" } : {}));
  const ctx = { kind: "lab", state, ask: vi.fn(), act, library: () => Promise.reject(new Error("none")), link: () => null } as unknown as Context;
  const root = document.createElement("div");
  document.body.append(root);
  render(<sweep.View payload={VIEW as never} ctx={ctx} />, root);
  expect(root.querySelector("progress")!.getAttribute("max")).toBe("4");
  const press = async (words: string): Promise<void> => {
    [...root.querySelectorAll("button")].find((each) => each.textContent === words)!.click();
    await new Promise((done) => setTimeout(done, 20));
  };
  await press("stop");
  expect(act).toHaveBeenLastCalledWith({ type: "stop_sweep", sweep: "moons-sweep-1" });
  root.querySelector("svg[role=application]")!.dispatchEvent(new KeyboardEvent("keydown", { key: "End", bubbles: true }));
  await new Promise((done) => setTimeout(done, 20));
  expect(root.querySelector("p[aria-live]")!.textContent).toContain("picked: optimizer adam, lr 10, seed 0");
  await press("open as a run");
  expect(act.mock.calls.map(([command]) => command.type)).toEqual(["stop_sweep", "create", "play"]);
  expect(state.run.value).toBe("moons-1");
});
