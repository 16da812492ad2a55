// The connection to the lab: answers find their questions, a lost connection comes back, commands are never sent twice.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Failed } from "../src/draw/failure";
import { Socket } from "../src/hosts/socket";

class Wire {
  static readonly OPEN = 1;
  static all: Wire[] = [];
  readyState = 0;
  sent: { id: number; ask?: object; do?: object }[] = [];
  onopen = (): void => undefined;
  onclose = (): void => undefined;
  onmessage = (_: { data: string }): void => undefined;

  constructor(readonly address: string) {
    Wire.all.push(this);
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  open(): void {
    this.readyState = 1;
    this.onopen();
  }

  close(): void {
    this.readyState = 3;
    this.onclose();
  }

  hear(message: object): void {
    this.onmessage({ data: JSON.stringify(message) });
  }
}

beforeEach(() => {
  Wire.all = [];
  vi.stubGlobal("WebSocket", Wire);
  vi.useFakeTimers();
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const last = (): Wire => Wire.all.at(-1)!;

test("an answer goes to the question that it belongs to, in whatever order they come", async () => {
  const socket = new Socket("ws://here/ws", () => undefined);
  const [a, b] = [socket.ask({ view: "a" }), socket.ask({ view: "b" })];
  last().open();
  const [first, second] = last().sent;
  last().hear({ id: second!.id, answer: { type: "text", title: "b" } });
  last().hear({ id: first!.id, answer: { type: "text", title: "a" } });
  expect([await a, await b].map((each) => each.title)).toEqual(["a", "b"]);
});

test("a failure of four lines is what the question is rejected with", async () => {
  const socket = new Socket("ws://here/ws", () => undefined);
  const asked = socket.ask({ view: "a" });
  last().open();
  const failure = { code: "lab-view", what: "w", where: "x", why: "y", do: "z" };
  last().hear({ id: 1, failure });
  await expect(asked).rejects.toMatchObject({ failure });
});

test("questions survive a lost connection and are asked again when it is back", async () => {
  const socket = new Socket("ws://here/ws", () => undefined);
  last().open();
  const asked = socket.ask({ view: "a" });
  last().close();
  expect(socket.connection.value).toBe("off");
  vi.advanceTimersByTime(300);
  expect(Wire.all).toHaveLength(2);
  last().open();
  expect(socket.connection.value).toBe("on");
  expect(last().sent).toEqual([{ id: 1, ask: { view: "a" } }]);
  last().hear({ id: 1, answer: { type: "text", title: "a" } });
  expect((await asked).title).toBe("a");
});

test("a command that was on its way is given up, because doing it twice would do harm", async () => {
  const socket = new Socket("ws://here/ws", () => undefined);
  last().open();
  const done = socket.act({ type: "step", run: "a", n: 1 });
  const check = expect(done).rejects.toBeInstanceOf(Failed);
  last().close();
  vi.advanceTimersByTime(300);
  last().open();
  expect(last().sent).toEqual([]);
  await check;
});

test("tries come less and less often, and never stop", () => {
  new Socket("ws://here/ws", () => undefined);
  for (let k = 0; k < 8; k += 1) {
    last().close();
    vi.advanceTimersByTime(4_000);
  }
  expect(Wire.all).toHaveLength(9);
});

test("what the lab tells unasked goes to the listener", () => {
  const told = vi.fn();
  new Socket("ws://here/ws", told);
  last().open();
  last().hear({ event: "changed", what: "runs" });
  expect(told).toHaveBeenCalledWith({ event: "changed", what: "runs" });
});
