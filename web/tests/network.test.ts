// The network: places, addresses and keys; the stages of a step; settings of a training; what is drawn by hand.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { USUAL, type NetworkView, type Payload, type Unit, type UnitPlaces } from "../src/contract";
import { BATCHES, RATES, withSetting } from "../src/pages/network_fields";
import { opened } from "../src/pages/network_training";
import { thinned } from "../src/pages/network_transport";
import { State } from "../src/state/state";
import { changesOf, NEW, ownerOf, settingsOf, unusual, wanted, type Wanted } from "../src/state/training";
import { added } from "../src/views/data_draw";
import { outline, shapeOf } from "../src/views/data_marks";
import { header } from "../src/views/data_table";
import { factsOf } from "../src/views/network_details";
import { placed, placeOf, REST, seenAt, stagesOf, told } from "../src/views/network_flow";
import { addressOf, along, edge, found, hit, layoutOf, middle, moved, type Hit } from "../src/views/network_layout";
import { addressOfPlace, cellOf, sizeOf } from "../src/views/network_places";
import { tight } from "../src/views/network_units";
import type { Context } from "../src/views/view";

/** A network of dense layers of these sizes; units of a layer are every `every`-th of it, as if others were left out. */
function network(sizes: readonly number[], every = 1): NetworkView {
  const units = (n: number): Unit[] =>
    Array.from({ length: Math.ceil(n / every) }, (_, k) => ({
      label: `h[${k * every}]`,
      place: k * every,
      value: k / 10,
      error: -k / 20,
      before: k,
      error_before: 0.5,
      bias: 0.1,
      bias_gradient: 0.2,
      bias_update: -0.1,
      target: null,
    }));
  const layers = sizes.map((n, k) => ({
    name: k ? `dense${k}` : "x",
    label: k ? `dense${k}` : "input",
    activation: k ? "tanh" : "",
    n,
    units: units(n),
  }));
  const matrix = (k: number): number[][] => layers[k]!.units.map((_, i) => layers[k + 1]!.units.map((__, j) => i - j));
  const wires = sizes
    .slice(1)
    .map((n, k) => ({
      name: `dense${k + 1}.w`,
      source: k,
      target: k + 1,
      n: n * sizes[k]!,
      weights: matrix(k),
      gradients: matrix(k),
      updates: matrix(k),
      text: "",
    }));
  return {
    type: "network",
    title: "t",
    of: "one row",
    step: 3,
    row: 0,
    n_rows: 1,
    layers,
    wires,
    loss: 0.5,
    lr: 0.1,
    rule: "adam(lr=0.1)",
    plain: false,
    not_finite: 0,
    events: [],
  };
}

const shapes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 2, maxLength: 6 });

test("every unit and every cell of an edge is found where it is drawn", () => {
  fc.assert(
    fc.property(shapes, fc.integer({ min: 300, max: 1400 }), fc.boolean(), (sizes, width, fold) => {
      const payload = network(sizes);
      const layout = layoutOf(payload, width, fold);
      for (const column of layout.columns) {
        expect(column.x).toBeGreaterThanOrEqual(0);
        expect(column.x + column.width).toBeLessThanOrEqual(width);
        column.layer.units.forEach((_, unit) => {
          expect(hit(layout, ...middle(column, unit))).toEqual({ kind: "unit", layer: column.k, unit });
        });
      }
    }),
    { numRuns: 60 },
  );
});

test("an edge is found in its middle, and ends at its units", () => {
  const payload = network([2, 3, 2]);
  const layout = layoutOf(payload, 1000, true);
  for (const ribbon of layout.ribbons) {
    const curve = edge(layout, ribbon, 0, 1);
    expect(along(curve, 0)).toEqual(curve[0]);
    expect(along(curve, 1)).toEqual(curve[1]);
  }
  expect(hit(layout, ...along(edge(layout, layout.ribbons[0]!, 1, 1), 0.3))).toEqual({ kind: "edge", wire: 0, from: 1, to: 1 });
});

test("an address names the same unit or edge again, also where units are left out", () => {
  const payload = network([12, 9, 4], 3);
  const all: Hit[] = [
    { kind: "unit", layer: 1, unit: 2 },
    { kind: "edge", wire: 1, from: 2, to: 1 },
  ];
  for (const each of all) expect(found(payload, addressOf(payload, each))).toEqual(each);
  expect(addressOf(payload, all[1]!)).toBe("dense2.w[6, 3]");
  expect(found(payload, "grads.dense2.w[6, 3]")).toEqual(all[1]);
  expect(found(payload, "dense1.h[20, 6]")).toEqual(all[0]);
  expect(found(payload, "dense1.b[6]")).toEqual(all[0]);
  for (const none of [null, "", "dense1", "dense9[0]", "dense1[1]", "nonsense[", "dense2.w[1, 1]"]) expect(found(payload, none)).toBeNull();
});

describe("a unit of many numbers", () => {
  const payload = network([4, 3, 5, 2]);
  payload.layers[1] = { ...payload.layers[1]!, name: "conv1", places: [6, 7] };
  payload.layers[2] = { ...payload.layers[2]!, name: "lstm1", places: [4] };
  const unit = (layer: number, k: number): Hit => ({ kind: "unit", layer, unit: k });

  test("is found by the address of any of them", () => {
    for (const address of ["conv1[2]", "activations.conv1[9, 2, 5, 6]", "errors.conv1.z[9, 2, 0, 1]", "activations.conv1.h.2[9, 2, 0, 1]"])
      expect(found(payload, address)).toEqual(unit(1, 2));
    for (const address of ["lstm1[3]", "activations.lstm1[9, 1, 3]", "errors.lstm1.h.2[9, 3]"]) expect(found(payload, address)).toEqual(unit(2, 3));
    expect(found(payload, "conv1.w[0, 1, 3, 2]")).toEqual(unit(1, 2)); // the channel that this weight makes
    expect(found(payload, "activations.conv1[9, 7, 5, 6]")).toBeNull();
  });

  const places = (changes: Partial<UnitPlaces> = {}): UnitPlaces => ({
    layer: "conv1",
    unit: 2,
    row: 9,
    axes: ["row", "column"],
    values: Array.from({ length: 6 }, () => Array.from({ length: 7 }, () => 0.5)),
    errors: [],
    place: [2, 5],
    why: "",
    entries: "conv1[9, 2, {0}, {1}]",
    ...changes,
  });

  test("has an address for each place, which leads back to the unit", () => {
    expect(cellOf(places())).toEqual([2, 5]);
    const address = addressOfPlace(places(), "activations", [4, 1]);
    expect(address).toBe("activations.conv1[9, 2, 4, 1]");
    expect(found(payload, address)).toEqual(unit(1, 2));
    const steps = places({ layer: "lstm1", axes: ["step"], values: [[1, 2, 3, null]], place: [3], entries: "lstm1[9, {0}, 3]" });
    expect(cellOf(steps)).toEqual([0, 3]);
    expect(addressOfPlace(steps, "errors", [0, 1])).toBe("errors.lstm1[9, 1, 3]");
    expect(found(payload, "errors.lstm1[9, 1, 3]")).toEqual(unit(2, 3));
  });

  test("is drawn in square cells that a finger can meet, and no larger than a phone", () => {
    for (const [rows, columns] of [[1, 1], [6, 7], [28, 28], [64, 3], [1, 8], [1, 40]] as const) {
      const values = Array.from({ length: rows }, () => Array.from({ length: columns }, () => 0));
      const [wide, high] = sizeOf(values);
      expect(wide).toBeLessThanOrEqual(320);
      if (rows > 1) expect(wide / columns).toBeCloseTo(high / rows);
    }
  });

  test("says that its value is a mean over them, and shows no error signal where none is computed", () => {
    const { facts } = factsOf(payload, unit(1, 2));
    expect(facts[0]![0]).toBe("mean value over 6 × 7 places");
    const first = { ...payload.layers[1]!, units: payload.layers[1]!.units.map((each) => ({ ...each, error: null })) };
    const without = { ...payload, layers: payload.layers.map((each, k) => (k === 1 ? first : each)) };
    expect(factsOf(without, unit(1, 2)).facts.map(([name]) => name)).not.toContain("summed error signal dL/dvalue");
    expect(factsOf({ ...without, not_finite: 3 }, unit(1, 2)).facts.map(([name]) => name)).toContain("summed error signal dL/dvalue");
  });
});

test("arrow keys never leave the network, and Page keys go round the edges into a unit", () => {
  const keys = fc.array(fc.constantFrom("ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "PageUp", "PageDown"), { maxLength: 30 });
  fc.assert(
    fc.property(shapes, keys, (sizes, pressed) => {
      const payload = network(sizes);
      let at: Hit | null = null;
      for (const key of pressed) {
        at = moved(payload, at, key);
        expect(found(payload, addressOf(payload, at!))).toEqual(at);
      }
    }),
  );
  expect(moved(network([2, 2]), null, "x")).toBeNull();
});

describe("the flow", () => {
  const payload = network([2, 3, 2]);
  const stages = stagesOf(payload);

  test("goes forward, to the loss, backward the same way, and to the update", () => {
    expect(stages.map((each) => ("wire" in each ? `${each.kind} ${each.wire}` : each.kind))).toEqual([
      "forward 0",
      "forward 1",
      "loss",
      "backward 1",
      "backward 0",
      "update",
    ]);
    expect(placeOf(stages, "backward")).toBe(3);
    expect(placed(stages.length, stages.length)).toBe(REST);
    expect(placed(-1, 6)).toBe(0);
  });

  test("shows nothing before it is known, and hides nothing again", () => {
    const before = seenAt(payload, 0);
    expect([before.value(0), before.value(1), before.error(2), before.loss, before.update]).toEqual([1, 0, 0, 0, 0]);
    let last = [0, 0, 0, 0, 0];
    for (let p = 0; p <= stages.length; p += 0.05) {
      const seen = seenAt(payload, p);
      const now = [seen.value(1), seen.value(2), seen.error(2), seen.error(1), seen.update];
      now.forEach((part, k) => expect(part).toBeGreaterThanOrEqual(last[k]!));
      expect(seen.error(1) === 0 || seen.error(2) === 1).toBe(true);
      last = now;
    }
    expect(last).toEqual([1, 1, 1, 1, 1]);
  });

  test("says at each stage what happens", () => {
    for (let p = 0; p <= stages.length; p += 1) expect(told(payload, p)[2].length).toBeGreaterThan(20);
    expect(told({ ...payload, plain: true }, 5)[1]).toContain("lr");
    expect(told(payload, 0)[1]).toContain("tanh");
  });
});

test("numbers of an edge: the weight after is weight and update together, and what is not finite is said", () => {
  const payload = network([2, 2]);
  const { facts, edits, value } = factsOf(payload, { kind: "edge", wire: 0, from: 1, to: 0 });
  expect(Object.fromEntries(facts)["weight after"]).toBe("2");
  expect([edits, value]).toEqual(["dense1.w[1, 0]", 1]);
  payload.wires[0]!.weights[1]![0] = null;
  expect(Object.fromEntries(factsOf(payload, { kind: "edge", wire: 0, from: 1, to: 0 }).facts)["weight after"]).toBe("not finite");
});

test("numbers inside of circles are short", () => {
  fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => tight(value).length <= 7));
  expect([tight(-0.5), tight(-4.654, true), tight(0), tight(-2e-5), tight(-2e-9)]).toEqual(["−0.50", "−4.7", "0.00", "−2e−5", "≈ 0"]);
});

describe("settings of a training", () => {
  test("a link holds what is not usual, and gives all of it back", () => {
    const settings: Wanted = { ...USUAL, hidden: [4], schedule: { name: "cosine" }, batch_size: null };
    expect(unusual(settings)).toEqual({ hidden: [4], schedule: { name: "cosine" }, batch_size: null });
    expect(wanted(unusual(settings))).toEqual(settings);
    expect(unusual(USUAL)).toEqual({});
  });

  test("a run takes what leaves its weights as they are", () => {
    const rate: Wanted = { ...USUAL, optimizer: { name: "adam", settings: { lr: 0.1 } } };
    expect(changesOf("optimizer", USUAL, rate)).toEqual({ lr: 0.1 });
    expect(changesOf("optimizer", USUAL, { ...rate, schedule: { name: "cosine" } })).toMatchObject({
      optimizer: rate.optimizer,
      schedule: { name: "cosine" },
    });
    expect(changesOf("batch_size", USUAL, { ...USUAL, batch_size: null })).toEqual({ batch_size: "all" });
    expect(changesOf("activation", USUAL, { ...USUAL, activation: "relu" })).toEqual({ activation: "relu" });
    expect(changesOf("hidden", USUAL, { ...USUAL, hidden: [3] })).toBeNull();
    expect(changesOf("data", USUAL, { ...USUAL, data: { name: "xor" } })).toBeNull();
    expect(changesOf("dropout", USUAL, { ...USUAL, dropout: 0.5 })).toBeNull();
  });

  test("fill with those of a run that is opened, unless something was chosen meanwhile", async () => {
    const settings = { hidden: [3], optimizer: { name: "adam", settings: { lr: 0.5 } }, weight_decay: 0 };
    const answer = { type: "text", title: "", view: "summary", text: "", events: [], settings } as Payload;
    const open = async (given: Payload | null, meanwhile: (state: State) => void = () => undefined): Promise<State> => {
      const state = new State();
      state.run.value = "moons-1";
      const done = opened(
        { state, ask: () => (given ? Promise.resolve(given) : Promise.reject(new Error())) } as unknown as Context,
        "moons-1",
      );
      meanwhile(state);
      await done;
      return state;
    };
    const state = await open(answer);
    expect(wanted(settingsOf(state).value)).toEqual({ ...USUAL, ...settings });
    expect(ownerOf(state).value).toBe("moons-1");
    const others = [
      open({ ...answer, settings: null } as Payload),
      open(null),
      open(answer, (now) => (now.run.value = "moons-2")),
      open(answer, (now) => (ownerOf(now).value = NEW)),
    ];
    for (const each of await Promise.all(others)) {
      expect(settingsOf(each).value).toEqual({});
      expect(ownerOf(each).value).not.toBe("moons-1");
    }
  });

  test("a setting that is usual again is not given any more", () => {
    expect(withSetting(withSetting({ name: "adam" }, "beta1", 0.5), "beta1", undefined)).toEqual({ name: "adam", settings: {} });
    for (const rungs of [RATES, BATCHES]) expect([...rungs].sort((a, b) => a - b)).toEqual([...rungs]);
  });
});

test("the small curve keeps its beginning and its end when it is thinned", () => {
  let points: (readonly [number, number | null])[] = [];
  for (let step = 1; step <= 5_000; step += 1) points = thinned([...points, [step, 1 / step]]);
  expect(points.length).toBeLessThanOrEqual(600);
  expect([points[0]![0], points.at(-1)![0]]).toEqual([1, 5_000]);
});

test("columns of a pasted table are found once there is a row under them", () => {
  expect(header("a;b;c\n1;2;3")).toEqual(["a", "b", "c"]);
  expect(header('\ufeff"x y",kind\r\n1,2')).toEqual(["x y", "kind"]);
  expect(header("a,b\n")).toEqual([]);
  expect(header("")).toEqual([]);
});

test("points are put, sprayed inside of the board, and rubbed out", () => {
  const point = { x: 2.9, y: -2.9, k: 1 };
  const sprayed = added(added([], point, "point"), point, "spray");
  expect(sprayed).toHaveLength(6);
  for (const each of sprayed) expect(Math.max(Math.abs(each.x), Math.abs(each.y))).toBeLessThanOrEqual(3);
  expect(added([point, { ...point, x: -1 }], point, "rubber")).toEqual([{ ...point, x: -1 }]);
});

test("thirty-six classes have marks of their own", () => {
  const marks = Array.from({ length: 36 }, (_, k) => `${k % 6}/${shapeOf(k)}`);
  expect(new Set(marks).size).toBe(36);
  expect(new Set(Array.from({ length: 6 }, (_, k) => outline(shapeOf(k), 3))).size).toBe(6);
});
