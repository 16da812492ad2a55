// The four views of a step: one address is one number in all of them, and what they draw says what the payload says.
import { render } from "preact";
import { describe, expect, it, vi } from "vitest";
import type { DerivationView, GraphItem, GraphView, ProgramLine, ProgramView, Sum } from "../src/contract";
import { explaining, isParameter, nodesOf, parse, placeOf, unitOf, write } from "../src/state/address";
import { State } from "../src/state/state";
import derivation from "../src/views/derivation";
import { barsOf, span } from "../src/views/derivation_bars";
import { heldIn, words } from "../src/views/derivation_state";
import graph from "../src/views/graph";
import { centred, drawn, fit, zoomed } from "../src/views/graph_camera";
import { readable } from "../src/views/graph_boxes";
import { among, at, beside, layout, sizeOf } from "../src/views/graph_layout";
import { inOrder } from "../src/views/graph_plain";
import { search } from "../src/views/graph_words";
import { chosenLines, linesOf, shortened, tokens, windowed } from "../src/views/program_lines";
import program from "../src/views/program";
import { closed } from "../src/draw/picture";
import { lastAnswered, stepOf } from "../src/views/step_query";
import type { Context, View } from "../src/views/view";

const VALUES = { size: 4, low: -1, mean: 0.5, high: 2, not_finite: 0, first: [-1, 0, 1, 2] };

function item(id: number, changes: Partial<GraphItem> = {}): GraphItem {
  return {
    id, node: id, count: 1, name: "", primitive: "add", scope: "dense1", shape: [2, 2], dtype: "float32", backward: false, of: null, adjoint: null,
    line: "", code: "", flops: 4, values: VALUES, latex: "a + b", address: `%${id}`, nodes: [id], holds: {}, ...changes,
  };
}

// x -> z -> L, and back: g_z -> g_w
const GRAPH: GraphView = {
  type: "graph", title: "the graph", step: 3, n_nodes: 5, groups: ["inputs", "dense1", "dense1 backward"], open: ["inputs", "dense1", "dense1 backward"], outputs: [2], not_finite: 0, events: [],
  items: [
    item(0, { name: "x", primitive: "input", scope: "inputs" }),
    item(1, { name: "dense1.z", primitive: "matmul", adjoint: 3, address: "activations.dense1.z" }),
    item(2, { name: "loss", primitive: "mean", shape: [] }),
    item(3, { name: "g_dense1.z", backward: true, of: 2, scope: "dense1 backward", address: "errors.dense1.z" }),
    item(4, { name: "g_dense1.w", backward: true, of: 1, scope: "dense1 backward", address: "dense1.w" }),
  ],
  edges: [[0, 1], [1, 2], [1, 3], [0, 4], [3, 4]],
  names: { "dense1.z": [1, 3], "dense1.w": [0, 4], dense1: [1, 3], "loss.loss": [2, null] },
};

function line(target: string, nodes: number[], backward = false): ProgramLine {
  return { text: `    ${target} = x @ ${target}`, target, note: "", nodes, scope: "dense1", backward, shape: [2, 2], dtype: "float32", values: VALUES, address: "", line: "a.py:1", code: "z" };
}
const comment = (text: string): ProgramLine => ({ ...line("", []), text: `    ${text}`, values: null });

const PROGRAM: ProgramView = {
  type: "program", title: "the program", step: 3, not_finite: 0, events: [], names: GRAPH.names!,
  lines: [comment("def f(x):"), line("z", [0, 1]), line("loss", [2]), comment("# --- backward ---"), comment("# back through z"), line("g_z", [3], true), line("g_w", [4], true), comment("return g_w")],
};

describe("an address", () => {
  it("is read and written again", () => {
    for (const text of ["dense1.w[3, 2]", "errors.dense1.z[0]", "activations.dense1", "dense1[3]", "%17", "updates.dense1.b[1]"]) expect(write(parse(text))).toBe(text);
    expect(parse("dense1.w[3,2]")).toEqual({ kind: null, name: "dense1.w", place: [3, 2] });
  });

  it("names a unit and a row where it does", () => {
    expect(unitOf("dense1[3]")).toEqual({ layer: "dense1", unit: 3, row: null });
    expect(unitOf("errors.dense1.z[8, 3]")).toEqual({ layer: "dense1", unit: 3, row: 8 });
    expect(unitOf("dense1.w[3, 2]")).toEqual({ layer: "dense1", unit: 2, row: null });
  });

  it("of a unit is explained as its value for the row that is looked at", () => {
    expect(explaining("dense1[3]", null)).toBe("activations.dense1[0, 3]");
    expect(explaining("dense1[3]", 7)).toBe("activations.dense1[7, 3]");
    expect(explaining("dense1.w[3, 2]", 7)).toBe("dense1.w[3, 2]");
    expect(isParameter(parse("dense1.w[3, 2]"))).toBe(true);
    expect(isParameter(parse("activations.dense1.z"))).toBe(false);
  });

  it("of a parameter is its gradient, of a value the value; the other half is beside it", () => {
    expect(nodesOf("dense1.w[0, 1]", GRAPH.names)).toEqual({ main: 4, other: 0 });
    expect(nodesOf("activations.dense1.z[0, 1]", GRAPH.names)).toEqual({ main: 1, other: 3 });
    expect(nodesOf("errors.dense1.z", GRAPH.names)).toEqual({ main: 3, other: 1 });
    expect(nodesOf("dense1[1]", GRAPH.names)).toEqual({ main: 1, other: 3 });
    expect(nodesOf("%2", GRAPH.names)).toEqual({ main: 2, other: null });
    expect(nodesOf("nothing", GRAPH.names)).toEqual({ main: null, other: null });
  });

  it("counts places row by row", () => {
    expect([0, 1, 2, 5].map((k) => placeOf(k, [2, 3]))).toEqual([[0, 0], [0, 1], [0, 2], [1, 2]]);
  });
});

const SUM: Sum = {
  name: "dL/dw", formula: "sum", where: "", others: 2, rest: 0.5, value: 3, latex: "", address: "dense1.w[0, 1]", by: "row", layer: "",
  parts: [
    { label: "row 1", product: "-2 · -1", value: 2, note: "", taken: true, address: "errors.dense1.z[0, 1]" },
    { label: "row 2", product: "1 · 0.5", value: 0.5, note: "", taken: false, address: "" },
  ],
};

describe("bars", () => {
  it("begin where the last one ended and reach the value", () => {
    const bars = barsOf(SUM);
    expect(bars.map((bar) => [bar.from, bar.to])).toEqual([[0, 2], [2, 2.5], [2.5, 3], [0, 3]]);
    expect(bars.map((bar) => bar.kind)).toEqual(["taken", "part", "rest", "sum"]);
    expect(bars[0]!.product).toBe("−2 · −1");
    expect(span(bars)).toEqual([0, 3]);
  });

  it("are not drawn for what is not finite, and the others are", () => {
    const bars = barsOf({ ...SUM, value: null, parts: [{ ...SUM.parts[0]!, value: null }, SUM.parts[1]!] });
    expect(bars[0]!.to).toBeNull();
    expect(bars[1]!.to).toBe(0.5);
    expect(bars.at(-1)!.to).toBeNull();
    expect(span([])).toEqual([-1, 1]);
  });
});

describe("what a derivation is about", () => {
  it("stays where one of its own terms is selected, and follows any other selection", () => {
    const state = new State();
    expect(words(state)).toBeNull();
    state.select.value = "dense1.w[0, 1]";
    expect(words(state)).toBe("dense1.w[0, 1]");
    heldIn(state).value = { words: "dense1.w[0, 1]", select: "errors.dense1.z[0, 1]" };
    state.select.value = "errors.dense1.z[0, 1]";
    expect(words(state)).toBe("dense1.w[0, 1]");
    state.select.value = "dense1[1]";
    expect(words(state)).toBe("activations.dense1[0, 1]");
  });

  it("is asked with nothing but what is not usual", () => {
    const state = new State();
    state.run.value = "digits-1";
    state.step.value = 3;
    expect(derivation.query(state)).toEqual({ view: "derivation", run: "digits-1", step: 3, args: {} });
    state.select.value = "dense1.w[0, 1]";
    expect(derivation.query(state)).toEqual({ view: "derivation", run: "digits-1", step: 3, args: { words: "dense1.w[0, 1]" } });
    state.setting("derivation", "opened", null as null | object as never).value = { of: "dense1.w[0, 1]", parts: ["row 2"], layers: ["loss"] } as never;
    expect(derivation.query(state)?.args).toEqual({ words: "dense1.w[0, 1]", opened: ["row 2", "loss"] });
    state.select.value = "dense1.w[0, 0]";
    expect(derivation.query(state)?.args).toEqual({ words: "dense1.w[0, 0]" });
  });
});

describe("the layout of a graph", () => {
  const sizes = GRAPH.items.map((each) => sizeOf([each.name, ""]));
  const placed = layout(GRAPH.items, GRAPH.edges, sizes, null);

  it("goes down forward and up backward, the two halves side by side", () => {
    const y = placed.places.map((place) => place.y);
    expect(y[0]! < y[1]! && y[1]! < y[2]!).toBe(true);
    expect(y[4]!).toBeLessThan(y[3]!);
    for (const id of [0, 1, 2]) expect(placed.places[id]!.x).toBeLessThan(placed.middle!);
    for (const id of [3, 4]) expect(placed.places[id]!.x).toBeGreaterThan(placed.middle!);
    expect(y[3]!).toBeLessThanOrEqual(y[1]! + 1e-9); // beside its value, never below it
  });

  it("lets no two boxes overlap and every line begin and end at its boxes", () => {
    placed.places.forEach((a, k) =>
      placed.places.slice(k + 1).forEach((b) => {
        expect(Math.abs(a.x - b.x) >= (a.width + b.width) / 2 || Math.abs(a.y - b.y) >= (a.height + b.height) / 2).toBe(true);
      }),
    );
    for (const edge of placed.edges) {
      for (const [id, [x, y]] of [[edge.from, edge.points[0]!], [edge.to, edge.points.at(-1)!]] as const) {
        const box = placed.places[id]!;
        expect(Math.abs(x - box.x)).toBeLessThanOrEqual(box.width / 2 + 1e-9);
        expect(Math.abs(y - box.y)).toBeLessThanOrEqual(box.height / 2 + 1e-9);
      }
    }
    expect(placed.edges.filter((edge) => edge.kind === "across")).toHaveLength(2);
  });

  it("takes thousands of operations and circles of folded groups", () => {
    const many = Array.from({ length: 4000 }, (_, k) => item(k));
    const chain = many.slice(1).map((_, k) => [k, k + 1] as [number, number]);
    expect(layout(many, chain, many.map(() => sizeOf(["add"])), null).places.every((place) => Number.isFinite(place.x + place.y))).toBe(true);
    expect(inOrder([0, 1, 2], [[0, 1], [1, 2], [2, 1]])).toHaveLength(3);
    const circle = layout([item(0), item(1)], [[0, 1], [1, 0]], [sizeOf(["a"]), sizeOf(["b"])], null);
    expect(circle.places.every((place) => Number.isFinite(place.x + place.y))).toBe(true);
  });

  it("is walked with arrow keys", () => {
    expect(beside(placed.places, 0, [0, 1])).toBe(1);
    expect(beside(placed.places, 1, [1, 0])).toBe(3);
    expect(beside(placed.places, 0, [0, -1])).toBe(0);
  });
});

describe("a folded graph", () => {
  const group = (id: number, name: string, backward = false) => item(id, { node: null, count: 20, name, scope: name, backward, address: name.split(" ")[0]! });
  const items = [group(0, "inputs"), group(1, "conv1"), group(2, "conv2"), group(3, "loss"), group(4, "conv2 backward", true)];
  const links = [[0, 1], [0, 2], [0, 3], [0, 4], [1, 2], [2, 3], [3, 4]] as [number, number][];

  it("stands in columns that fit a phone, whatever its inputs are needed for", () => {
    const placed = layout(items, links, items.map((each) => sizeOf([each.name, "20 operations"], 20)), null, true);
    expect(placed.width).toBeLessThan(336);
    expect(new Set([1, 2, 3].map((id) => placed.places[id]!.x)).size).toBe(1);
    expect(placed.edges).toHaveLength(links.length);
  });

  it("says what it can in letters that do not shrink, the layer's name last", () => {
    const box = { x: 0, y: 0, width: 100, height: 38 };
    expect(readable(group(1, "conv1"), box, 1)).toEqual(["conv1", "20 operations"]);
    expect(readable(group(1, "conv1"), box, 0.7)).toEqual(["conv1", "20 ops"]);
    expect(readable(group(1, "conv1"), box, 0.5)).toEqual(["conv1"]);
    expect(readable(group(1, "conv1"), box, 0.2)).toEqual([]);
    expect(readable(item(1, { name: "dense1.weights" }), { ...box, width: 60 }, 1)[0]).toBe("weights");
  });
});

describe("a finger", () => {
  const places = [{ x: 50, y: 50, width: 40, height: 20 }, { x: 100, y: 50, width: 40, height: 20 }, { x: 0, y: 0, width: 0, height: 0 }];
  it("hits the box that it is on, or the nearest one in its breadth", () => {
    expect(at(places, 60, 50)).toBe(0);
    expect(at(places, 74, 50)).toBeNull();
    expect(at(places, 74, 50, 12)).toBe(0);
    expect(at(places, 77, 50, 12)).toBe(1);
    expect(at(places, 0, 0, 12)).toBeNull();
  });
});

describe("the camera", () => {
  const frame = { width: 600, height: 400 };
  it("begins where letters have their size, with the most around what is looked at", () => {
    expect(fit({ width: 4000, height: 9000 }, { width: 336, height: 420 }, [10, 10]).zoom).toBe(1);
    expect(fit({ width: 360, height: 9000 }, { width: 336, height: 420 }, [10, 10]).zoom).toBeCloseTo(336 / 376);
    const box = (x: number, y: number) => ({ x, y, width: 40, height: 20 });
    expect(among([box(0, 0), box(200, 0), box(260, 0), box(900, 0)], 1, 300, 100)).toEqual([130, 0]);
    expect(among([box(0, 0), box(200, 500)], 0, 300, 100)).toEqual([0, 0]);
  });
  it("zooms around a point that stays", () => {
    const camera = zoomed({ zoom: 1, x: 10, y: 20 }, 2, 100, 50);
    expect((100 - camera.x) / camera.zoom).toBeCloseTo(90);
    expect((50 - camera.y) / camera.zoom).toBeCloseTo(30);
  });
  it("shows all of what fits, and no more than is needed beyond the edge", () => {
    const whole = fit({ width: 300, height: 200 }, frame, null);
    expect(whole.x).toBeGreaterThan(0);
    expect(centred(1, [0, 0], frame, { width: 2000, height: 2000 })).toEqual({ zoom: 1, x: 12, y: 12 });
  });
  it("draws at least what is seen", () => {
    for (const camera of [{ zoom: 0.7, x: -300, y: 40 }, { zoom: 3.3, x: 12, y: -900 }, { zoom: 0.02, x: 0, y: 0 }]) {
      const seen = drawn(camera, frame);
      expect(seen.left).toBeLessThanOrEqual(-camera.x / camera.zoom);
      expect(seen.top).toBeLessThanOrEqual(-camera.y / camera.zoom);
      expect(seen.right).toBeGreaterThanOrEqual((frame.width - camera.x) / camera.zoom);
      expect(seen.bottom).toBeGreaterThanOrEqual((frame.height - camera.y) / camera.zoom);
    }
  });
});

describe("the step that is asked for", () => {
  it("is the one that is looked at, and behind a training not every one", async () => {
    const state = new State();
    state.run.value = "a";
    state.steps.value = 10;
    expect(stepOf(state)).toBe(10);
    state.live.value = new Map([["a", { event: "live", run: "a", steps: 10, taken: 10, until: 100, state: "training", rate: 1 }]]);
    expect(stepOf(state)).toBe(10);
    state.steps.value = 11;
    state.steps.value = 12;
    expect(stepOf(state)).toBe(10);
    await new Promise((done) => setTimeout(done, 450));
    expect(stepOf(state)).toBe(12);
    state.step.value = 4;
    expect(stepOf(state)).toBe(4);
    state.available.value = [1, 9];
    expect(lastAnswered(state)).toBe(9);
  });
});

describe("a saved picture", () => {
  it("has no gaps where words stood, and its parts stay in order", () => {
    const place = (y: number, height: number) => ({ x: 0, y, width: 10, height });
    const places = [place(300, 50), place(100, 100), place(320, 20)];
    expect(closed(places)).toBe(206);
    expect(places.map((each) => each.y)).toEqual([156, 40, 176]);
  });
});

describe("search", () => {
  it("finds names, operations, and names inside of folded groups", () => {
    expect(search(GRAPH, "MATMUL").map((found) => found.item)).toEqual([1]);
    const folded: GraphView = { ...GRAPH, open: [], items: [item(0, { node: null, count: 3, name: "dense1", nodes: [0, 1, 2], holds: { matmul: 1 } })], edges: [] };
    expect(search(folded, "matmul")[0]).toMatchObject({ item: 0, inside: "matmul" });
    expect(search(folded, "dense1.z").at(-1)).toMatchObject({ item: 0, inside: "dense1.z", address: "activations.dense1.z" });
    expect(search(GRAPH, " ")).toEqual([]);
  });
});

describe("the lines of a program", () => {
  it("belong to what is selected, also where it is a part of one", () => {
    expect(chosenLines(PROGRAM, "errors.dense1.z")).toEqual({ main: 5, other: 1 });
    expect(chosenLines(PROGRAM, "%0")).toEqual({ main: 1, other: null });
    expect(chosenLines(PROGRAM, null)).toEqual({ main: null, other: null });
  });
  it("are parted at the heading of the backward half", () => {
    expect(linesOf(PROGRAM, "forward")).toEqual([0, 1, 2]);
    expect(linesOf(PROGRAM, "backward")).toEqual([3, 4, 5, 6, 7]);
  });
  it("lose no letter when they are coloured", () => {
    for (const code of ["g_z = -0.0625 * y + g_e * e", "def probe(params, x):", "# back through z = x @ w", "c = 1e-08 * np.sqrt(v2) ** 2.5", 'w = params["dense1"]["w"]', "return {'a': g_w, 3: None}"]) {
      for (const target of ["", code.split(" = ")[0]!]) expect(tokens(code, target).map((token) => token.text).join("")).toBe(code);
    }
    expect(tokens("g_z = 2 * g_h", "g_z").filter((token) => token.kind === "error").map((token) => token.text)).toEqual(["g_z", "g_h"]);
    expect(shortened(tokens("abcdefghij", ""), 5).map((token) => token.text).join("")).toBe("abcd…");
  });
  it("are drawn where they are seen", () => {
    const [first, last] = windowed(3000, 20, 20_000, 400);
    expect(first).toBeLessThanOrEqual(1000);
    expect(last).toBeGreaterThanOrEqual(1020);
    expect(last - first).toBeLessThan(60);
  });
});

describe("what is drawn", () => {
  const context = (state: State): Context => ({ kind: "lab", state, ask: vi.fn(), act: null, library: () => Promise.reject(new Error("none")), link: () => null });
  const show = async (view: View, payload: DerivationView | GraphView | ProgramView, state: State): Promise<HTMLElement> => {
    const root = document.createElement("div");
    document.body.append(root);
    render(<view.View payload={payload as never} ctx={context(state)} />, root);
    await new Promise((done) => setTimeout(done, 30));
    return root;
  };

  it("has a part for each part, which is selected by a click while the derivation stays", async () => {
    const state = new State();
    state.run.value = "a";
    state.select.value = "dense1.w[0, 1]";
    const payload: DerivationView = { type: "derivation", title: "t", sentence: "s", value: 3, sums: [SUM], ending: "", equations: [], update: [], not_finite: 0, events: [], kind: "gradient", whole: [] };
    const root = await show(derivation, payload, state);
    const rows = [...root.querySelectorAll("[data-part]")];
    expect(rows.map((row) => row.getAttribute("data-part"))).toEqual(["row 1", "row 2", "2 others", "together"]);
    rows[0]!.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    expect(state.select.value).toBe("errors.dense1.z[0, 1]");
    expect(words(state)).toBe("dense1.w[0, 1]");
  });

  it("has a box for each operation, and tells what is selected", async () => {
    const state = new State();
    const root = await show(graph, GRAPH, state);
    expect(root.querySelectorAll(".ds-node")).toHaveLength(5);
    root.querySelector('[data-node="3"]')!.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    expect(state.select.value).toBe("errors.dense1.z");
    await new Promise((done) => setTimeout(done, 30));
    expect(root.querySelector(".ds-details")?.textContent).toContain("g_dense1.z");
  });

  it("has a line for each line, the selected one marked", async () => {
    const state = new State();
    state.select.value = "errors.dense1.z";
    const root = await show(program, PROGRAM, state);
    const lines = [...root.querySelectorAll("[role=option]")];
    expect(lines).toHaveLength(PROGRAM.lines.length);
    expect(lines.filter((each) => each.getAttribute("aria-selected") === "true").map((each) => each.getAttribute("data-line"))).toEqual(["5"]);
  });
});
