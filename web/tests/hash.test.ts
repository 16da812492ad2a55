// A link holds the whole state: what was written is read again, and a hash that somebody broke still opens.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decode, encode, type Json } from "../src/state/hash";
import { State } from "../src/state/state";

const name = fc.string({ minLength: 1, unit: "grapheme" });
const json = fc.jsonValue({ noUnicodeString: false }) as fc.Arbitrary<Json>;

describe("the hash", () => {
  test("gives back every entry that was written", () => {
    fc.assert(
      fc.property(fc.dictionary(name, json, { noNullPrototype: true }), (table) => {
        const entries = new Map(Object.entries(table).map(([key, value]) => [key.toWellFormed(), wellFormed(value)]));
        expect(decode(encode(entries))).toEqual(new Map([...entries].filter(([key]) => key !== "")));
      }),
    );
  });

  test("is the same for the same state, whatever the order in which it was set", () => {
    fc.assert(
      fc.property(fc.dictionary(name, json), (table) => {
        const entries = Object.entries(table);
        expect(encode(new Map(entries))).toBe(encode(new Map(entries.reverse())));
      }),
    );
  });

  test("opens with anything in it", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const state = new State();
        state.read(text);
        expect(typeof state.hash.value).toBe("string");
      }),
    );
  });

  test("holds only what an address may hold", () => {
    fc.assert(
      fc.property(fc.dictionary(name, json), (table) => {
        const hash = encode(new Map(Object.entries(table)));
        expect(new URL(`http://localhost/#${hash}`).hash.slice(1)).toBe(hash.replaceAll('"', "%22"));
      }),
    );
  });

  test("can be read by people", () => {
    const entries = new Map<string, Json>([["select", "dense1.w[3, 2]"], ["step", 1234], ["run", "12"]]);
    expect(encode(entries)).toBe('run="12"&select=dense1.w[3,+2]&step=1234');
  });
});

describe("the state", () => {
  test("is in its link, and the link makes it again", () => {
    const here = new State();
    here.run.value = "digits-1";
    here.step.value = 1234;
    here.select.value = "dense1.w[3, 2]";
    here.setting("timeline", "from", 0).value = 10;
    const there = new State();
    there.read(here.hash.value);
    expect(there.run.value).toBe("digits-1");
    expect(there.step.value).toBe(1234);
    expect(there.select.value).toBe("dense1.w[3, 2]");
    expect(there.setting("timeline", "from", 0).value).toBe(10);
    expect(there.hash.value).toBe(here.hash.value);
  });

  test("leaves out what is as usual, so that the first link is empty", () => {
    const state = new State();
    state.setting("timeline", "scale", "log");
    expect(state.hash.value).toBe("");
  });

  test("keeps the settings of views that were not drawn yet", () => {
    const state = new State();
    state.read("surface.lr=0.5&step=3");
    expect(state.hash.value).toBe("step=3&surface.lr=0.5");
    expect(state.setting("surface", "lr", 0.1).value).toBe(0.5);
  });

  test("takes no text where a number belongs", () => {
    const state = new State();
    state.read("step=abc&surface.lr=abc&panels=7");
    expect(state.step.value).toBeNull();
    expect(state.panels.value).toBeNull();
    expect(state.setting("surface", "lr", 0.1).value).toBe(0.1);
  });

  test("follows the last step until a step is chosen", () => {
    const state = new State();
    state.steps.value = 10;
    expect(state.at.value).toBe(10);
    state.steps.value = 20;
    expect(state.at.value).toBe(20);
    state.go(7);
    state.steps.value = 30;
    expect(state.at.value).toBe(7);
  });
});

/** Halves of surrogate pairs can stand in no address; they come back as the replacement sign. */
function wellFormed(value: Json): Json {
  if (typeof value === "string") return value.toWellFormed();
  if (Array.isArray(value)) return value.map(wellFormed);
  if (value === null || typeof value !== "object") return Object.is(value, -0) ? 0 : value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key.toWellFormed(), wellFormed(each as Json)]));
}
