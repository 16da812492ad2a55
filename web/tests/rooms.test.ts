// The import law of the page: hosts → pages → views → draw → contract; draw knows no state, only hosts know a transport.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const ROOMS: Record<string, readonly string[]> = {
  contract: [],
  libraries: ["draw"],
  draw: ["contract"],
  state: ["contract"],
  views: ["contract", "draw", "state"],
  pages: ["contract", "draw", "state", "views"],
  hosts: ["contract", "draw", "state", "views", "pages", "libraries"],
};
const source = join(import.meta.dirname, "../src");
const files = Object.keys(ROOMS).flatMap((room) => readdirSync(join(source, room)).map((file) => [room, file] as const));

test.each(files)("%s/%s keeps it", (room, file) => {
  const text = readFileSync(join(source, room, file), "utf8");
  const imported = [...text.matchAll(/from "\.\.\/(\w+)/g)].map((found) => found[1]!);
  expect(imported.filter((each) => !ROOMS[room]!.includes(each))).toEqual([]);
  if (room !== "hosts") expect(text).not.toMatch(/\b(fetch\(|WebSocket|XMLHttpRequest|model\.send)/);
  if (room === "draw") expect(text).not.toMatch(/@preact\/signals/);
});

test.each(files)("%s/%s writes tabindex as SVG does", (room, file) => {
  // An attribute of SVG has its own case: with a capital letter it makes nothing reachable from the keyboard.
  expect(readFileSync(join(source, room, file), "utf8")).not.toMatch(/\btabIndex(=\{|:)/);
});
