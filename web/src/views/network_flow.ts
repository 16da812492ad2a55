// The stages of one step as they are told: forward wire by wire, the loss, backward wire by wire, the update.
import type { NetworkView } from "../contract";
import { number } from "../draw/number";

export type Stage = { kind: "forward" | "backward"; wire: number } | { kind: "loss" } | { kind: "update" };

export const SECONDS = 1; // of a stage while it plays

/** After all stages, however many there are. */
export const REST = Infinity;

/** A place of the flow that is wished for, inside of it or at rest. */
export const placed = (p: number, last: number): number => (p >= last ? REST : Math.max(p, 0));

/** In the order of time. Place p of the flow is inside stage floor(p); from the length on it is after all of them. */
export function stagesOf(payload: NetworkView): Stage[] {
  const wires = payload.wires.map((_, wire) => wire);
  return [
    ...wires.map((wire): Stage => ({ kind: "forward", wire })),
    { kind: "loss" },
    ...wires.reverse().map((wire): Stage => ({ kind: "backward", wire })),
    { kind: "update" },
  ];
}

/** Where a stage of a kind begins, for the buttons that lead there. */
export const placeOf = (stages: readonly Stage[], kind: Stage["kind"]): number => stages.findIndex((each) => each.kind === kind);

const ramp = (p: number, from: number, to: number): number => Math.min(Math.max((p - from) / (to - from), 0), 1);

/** How far everything is visible at place p of the flow, each from 0 to 1. */
export interface Seen {
  value(layer: number): number;
  error(layer: number): number;
  /** Whether the gradients of a wire are known. */
  gradient(wire: number): boolean;
  loss: number;
  update: number;
  /** The wire that something runs along now, which way, and how far it is. */
  running: { wire: number; back: boolean; part: number } | null;
}

export function seenAt(payload: NetworkView, p: number): Seen {
  const n = payload.wires.length;
  const into = (layer: number): number => payload.wires.findIndex((wire) => wire.target === layer);
  const back = (wire: number): number => n + 1 + (n - 1 - wire); // the stage that goes back along it
  const out = (layer: number): number[] => payload.wires.flatMap((wire, k) => (wire.source === layer ? [k] : []));
  const stage = stagesOf(payload)[Math.floor(p)];
  const moves = stage && "wire" in stage ? stage : null;
  return {
    value: (layer) => (into(layer) < 0 ? 1 : ramp(p, into(layer) + 0.72, into(layer) + 1)),
    error: (layer) => {
      const ways = out(layer);
      // The errors of the output come with the loss, those of a layer when the last of its edges has brought its part.
      return ways.length ? ramp(p, Math.max(...ways.map(back)) + 0.72, Math.max(...ways.map(back)) + 1) : ramp(p, n + 0.5, n + 1);
    },
    gradient: (wire) => p >= back(wire) + 0.9,
    loss: ramp(p, n + 0.2, n + 0.6),
    update: ramp(p, 2 * n + 1, 2 * n + 1.6),
    running: moves ? { wire: moves.wire, back: moves.kind === "backward", part: p - Math.floor(p) } : null,
  };
}

/** What happens at place p, as a heading, a formula in plain signs, and a sentence. */
export function told(payload: NetworkView, p: number): [string, string, string] {
  const stage = stagesOf(payload)[Math.floor(p)];
  if (!stage) {
    return [
      "The whole step",
      "",
      `All numbers of step ${payload.step.toLocaleString("en-US")}: values, error signals, gradients and updates. The loss is ${number(payload.loss)}.`,
    ];
  }
  if (stage.kind === "loss") {
    const over = payload.row === null && payload.n_rows > 1 ? ` It is the mean over ${payload.n_rows} rows.` : "";
    return [
      "Loss",
      `L = ${number(payload.loss)}`,
      `The outputs are compared with the targets; the slope of the loss at each output is the first error signal.${over}`,
    ];
  }
  if (stage.kind === "update") {
    const formula = payload.plain ? "w ← w − lr · dL/dw" : "w ← w + update";
    const rate = payload.lr === null ? "" : `, at the rate ${number(payload.lr)}`;
    return ["Update", formula, `All weights and biases move at once, by ${payload.rule.split("(")[0]}${rate}.`];
  }
  const wire = payload.wires[stage.wire]!;
  const [a, b] = [payload.layers[wire.source]!, payload.layers[wire.target]!];
  if (stage.kind === "forward") {
    if (wire.text) return [`Forward into ${b.label}`, wire.text, "This layer is no matrix of weights; its outputs are shown as they come."];
    const sum = `Σᵢ ${short(a.label)}[i] · w[i, j] + b[j]`;
    const formula = b.activation ? `${short(b.label)}[j] = ${b.activation}(${sum})` : `${short(b.label)}[j] = ${sum}`;
    return [`Forward: ${a.label} → ${b.label}`, formula, "Each value times the weight of its edge; a unit adds up what arrives."];
  }
  if (wire.text) return [`Backward through ${b.label}`, wire.text, "The error signals go back through this layer as its own rule says."];
  return [
    `Backward: ${b.label} → ${a.label}`,
    `dL/dw[i, j] = ${short(a.label)}[i] · δ[j]${wire.source ? ",   error[i] = Σⱼ w[i, j] · δ[j]" : ""}`,
    wire.source
      ? "Each error signal δ goes back over the same weights; it meets the value that came, and their product is the gradient."
      : "The error signals arrive at the first weights; with the inputs they make the last gradients.",
  ];
}

const short = (label: string): string => (label === "input" ? "x" : label);
