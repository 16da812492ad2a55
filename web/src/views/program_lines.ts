// Lines of a program: which of them belong to what is selected, how their code is coloured, and which are seen.
import type { ProgramLine, ProgramView } from "../contract";
import { nodesOf } from "../state/address";

export type Half = "all" | "forward" | "backward";

export interface Chosen {
  main: number | null;
  other: number | null;
}

/** The lines that compute what is selected and its counterpart in the other half, as places in `lines`. */
export function chosenLines(payload: ProgramView, select: string | null): Chosen {
  const { main, other } = nodesOf(select, payload.names);
  return { main: lineOf(payload.lines, main), other: lineOf(payload.lines, other) };
}

/** The line whose result a node is; else the one that it is a part of. The last line names results and computes none. */
export function lineOf(lines: readonly ProgramLine[], node: number | null): number | null {
  if (node === null) return null;
  let inside: number | null = null;
  for (const [k, line] of lines.entries()) {
    if (!line.target) continue;
    if (line.nodes.at(-1) === node) return k;
    if (inside === null && line.nodes.includes(node)) inside = k;
  }
  return inside;
}

/** Lines of a half with their headings; the heading of the backward half parts them. */
export function linesOf(payload: ProgramView, half: Half): number[] {
  const all = payload.lines.map((_, k) => k);
  if (half === "all") return all;
  const border = payload.lines.findIndex((line) => line.backward);
  const begin = border < 0 ? all.length : heading(payload.lines, border);
  return half === "forward" ? all.slice(0, begin) : all.slice(begin);
}

/** Where the comments above a line begin. */
function heading(lines: readonly ProgramLine[], k: number): number {
  let at = k;
  while (at > 0 && !lines[at - 1]!.target && lines[at - 1]!.text.trimStart().startsWith("#")) at -= 1;
  return at;
}

export interface Token {
  text: string;
  kind: "comment" | "word" | "number" | "text" | "error" | "target" | "plain";
}

const PARTS =
  /(#.*$)|("[^"]*"|'[^']*')|\b(def|return|lambda|if|else|for|in|True|False|None)\b|\b(g_\w+)\b|(?<![\w.])(\d[\w.]*(?:[eE][+-]?\d+)?)/g;

/** The code in pieces; names of error signals are a kind of their own. */
export function tokens(code: string, target: string): Token[] {
  const found: Token[] = [];
  let at = 0;
  const put = (text: string, kind: Token["kind"]): void => {
    if (text) found.push({ text, kind });
  };
  const start = target ? code.indexOf(target) : -1;
  if (start >= 0) {
    put(code.slice(0, start), "plain");
    put(target, target.startsWith("g_") ? "error" : "target");
    at = start + target.length;
  }
  for (const match of code.slice(at).matchAll(PARTS)) {
    const from = (start >= 0 ? start + target.length : 0) + match.index;
    put(code.slice(at, from), "plain");
    const [text, comment, quoted, word, error] = match;
    put(text, comment ? "comment" : quoted ? "text" : word ? "word" : error ? "error" : "number");
    at = from + text.length;
  }
  put(code.slice(at), "plain");
  return found;
}

/** The first letters of the tokens, with an ellipsis where some are left out. */
export function shortened(list: readonly Token[], most: number): Token[] {
  const kept: Token[] = [];
  let room = most;
  const total = list.reduce((sum, token) => sum + token.text.length, 0);
  if (total <= most) return [...list];
  for (const token of list) {
    if (room <= 1) break;
    kept.push({ ...token, text: token.text.slice(0, room - 1) });
    room -= token.text.length;
  }
  return [...kept, { text: "…", kind: "comment" }];
}

/** Which rows of equal height are seen in a window, some more to either side. */
export function windowed(count: number, tall: number, top: number, seen: number): [number, number] {
  const extra = 12;
  return [Math.max(Math.floor(top / tall) - extra, 0), Math.min(Math.ceil((top + seen) / tall) + extra, count)];
}
