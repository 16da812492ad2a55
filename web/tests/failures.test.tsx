// Failures that only the page can tell: each says in four lines what happened and what to do, in every host.
import { gzipSync } from "node:zlib";
import { render } from "preact";
import { afterEach, expect, test, vi } from "vitest";
import type { Failure, Query } from "../src/contract";
import { Failed, FailureBox, failureOf } from "../src/draw/failure";
import { render as mountWidget, type Model, type Start } from "../src/hosts/notebook";
import { mountReport, type Packed } from "../src/hosts/report";
import { Socket } from "../src/hosts/socket";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
  document.body.innerHTML = "";
  location.hash = "";
});

const root = (): HTMLElement => document.body.appendChild(document.createElement("div"));

/** A failure is complete when none of its lines is empty. */
const isWhole = (failure: Failure): boolean =>
  [failure.code, failure.what, failure.where, failure.why, failure.do].every((line) => line.trim() !== "");

test("an error that is none of ours is told as one of the page, with its own words", () => {
  for (const [error, what] of [
    [new TypeError("x is undefined"), "TypeError: x is undefined"],
    ["a text", "a text"],
  ] as const) {
    const failure = failureOf(error);
    expect([failure.code, failure.what, isWhole(failure)]).toEqual(["page-error", what, true]);
  }
  const own = { ...failureOf("a"), code: "lab-view" };
  expect(failureOf(new Failed(own))).toBe(own);
});

test("all lines of a failure can be read, and asking again is offered where that may help", () => {
  const failure = failureOf(new Error("lost"));
  const again = vi.fn();
  const box = root();
  render(<FailureBox failure={failure} onRetry={again} />, box);
  for (const line of Object.values(failure)) expect(box.textContent).toContain(line);
  expect(box.querySelector("[role=alert]")).not.toBeNull();
  box.querySelector("button")!.click();
  expect(again).toHaveBeenCalledOnce();
});

test("a command whose connection was lost says so, and where to begin again", async () => {
  class Wire {
    static readonly OPEN = 1;
    static last: Wire;
    readyState = 1;
    onopen = (): void => undefined;
    onclose = (): void => undefined;
    onmessage = (): void => undefined;
    constructor() {
      Wire.last = this;
    }
    send(): void {}
  }
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", Wire);
  const socket = new Socket("ws://here/ws", () => undefined);
  Wire.last.onopen();
  const done = socket.act({ type: "step", run: "a" });
  Wire.last.onclose();
  const failure = await done.then(() => null, failureOf);
  expect(failure).toMatchObject({ code: "lab-connection", do: expect.stringContaining("downslope lab") });
});

test("a widget whose kernel says nothing for a minute shows that, and not an empty frame", async () => {
  vi.useFakeTimers();
  const start: Start = { views: ["timeline"], run: "moons-1", steps: 40, state: "", answers: {}, still: null, libraries: {} };
  const asked: Query[] = [];
  const model: Model = {
    get: () => start,
    send: (content) => void asked.push((content as { ask: Query }).ask),
    on: () => undefined,
    off: () => undefined,
  };
  const el = root();
  const end = mountWidget({ model, el });
  await vi.advanceTimersByTimeAsync(30_000);
  expect(asked[0]?.view).toBe("timeline");
  expect(el.textContent).not.toContain("widget-silent");
  await vi.advanceTimersByTimeAsync(31_000);
  expect(el.textContent).toContain("widget-silent");
  expect(el.textContent).toContain("the kernel does not answer");
  end();
  expect(el.textContent).toBe("");
});

test("a report that was never asked something says which, of how many steps, and where the rest is", async () => {
  const packed: Packed = {
    title: "moons-1",
    summary: "moons-1",
    made: "",
    texts: [],
    run: "moons-1",
    n_steps: 40,
    steps: [1, 20, 40],
    selections: [],
    views: ["timeline"],
    answers: {},
  };
  const data = document.body.appendChild(document.createElement("script"));
  data.id = "downslope-data";
  data.type = "application/json";
  data.textContent = gzipSync(JSON.stringify(packed)).toString("base64");
  const page = root();
  await mountReport(page);
  await vi.waitFor(() => expect(page.textContent).toContain("report-not-asked"));
  expect(page.textContent).toContain("the timeline of");
  expect(page.textContent).toContain("3 of its 40 steps");
  expect(page.textContent).toContain("downslope lab");
});
