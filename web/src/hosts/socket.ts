// The lab's connection: questions and commands over one WebSocket, which comes back by itself when it was lost.
import { signal } from "@preact/signals";
import type { Command, Done, Failure, Payload, Query, Told } from "../contract";
import { Failed } from "../draw/failure";

export const PROTOCOL = 1;
const FIRST_WAIT = 250; // milliseconds before the first new try; doubled each time
const LONGEST_WAIT = 4_000;

type Heard = { id: number; answer?: Payload; done?: Done; failure?: Failure };
type Pending = { body: object; isQuestion: boolean; done: (heard: Heard) => void };

export class Socket {
  /** "on", "off" while it tries again, "ended" after the lab said that it stops. */
  readonly connection = signal<"starting" | "on" | "off" | "ended">("starting");
  private socket: WebSocket | null = null;
  private wait = FIRST_WAIT;
  private count = 0;
  private readonly patient: (() => void)[] = [];
  private readonly pending = new Map<number, Pending>();

  constructor(
    private readonly address: string,
    private readonly told: (event: Told) => void,
  ) {
    this.open();
  }

  ask(query: Query): Promise<Payload> {
    return this.send({ ask: query }, true).then((heard) => heard.answer!);
  }

  act(command: Command): Promise<Done> {
    return this.send({ do: command }, false).then((heard) => heard.done!);
  }

  /** Until no question is on its way; a few seconds at most, because a page that follows a training asks all the time. */
  calm(): Promise<void> {
    return new Promise((done) => {
      this.patient.push(done);
      setTimeout(() => this.release()); // what is asked in the same moment comes first
      setTimeout(done, LONGEST_WAIT);
    });
  }

  private release(): void {
    if (this.pending.size === 0) for (const done of this.patient.splice(0)) done();
  }

  private send(body: object, isQuestion: boolean): Promise<Heard> {
    const id = ++this.count;
    return new Promise((done, failed) => {
      const settle = (heard: Heard): void => (heard.failure ? failed(new Failed(heard.failure)) : done(heard));
      this.pending.set(id, { body, isQuestion, done: settle });
      if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ id, ...body }));
      else if (!isQuestion) this.lose(id);
    });
  }

  private open(): void {
    const socket = new WebSocket(this.address);
    this.socket = socket;
    socket.onopen = () => {
      this.wait = FIRST_WAIT;
      this.connection.value = "on";
      // Questions may be asked twice without harm; commands that were on their way have been given up.
      for (const [id, { body }] of this.pending) socket.send(JSON.stringify({ id, ...body }));
    };
    socket.onmessage = (message) => this.heard(JSON.parse(String(message.data)) as Heard | Told);
    socket.onclose = () => this.closed();
  }

  private heard(message: Heard | Told): void {
    if ("event" in message) {
      if (message.event === "stopping") this.connection.value = "ended";
      this.told(message);
      return;
    }
    const found = this.pending.get(message.id);
    this.pending.delete(message.id);
    found?.done(message);
    setTimeout(() => this.release()); // an answer may lead to another question
  }

  private closed(): void {
    if (this.connection.value !== "ended") this.connection.value = "off";
    for (const [id, { isQuestion }] of this.pending) if (!isQuestion) this.lose(id);
    setTimeout(() => this.open(), this.wait);
    this.wait = Math.min(2 * this.wait, LONGEST_WAIT);
  }

  private lose(id: number): void {
    const found = this.pending.get(id);
    this.pending.delete(id);
    found?.done({ id, failure: LOST });
  }
}

const LOST: Failure = {
  code: "lab-connection",
  what: "the connection to the lab was lost before it answered",
  where: "this page",
  why: "the lab was ended or the machine slept; runs are files, so nothing that was recorded is lost",
  do: "Start `downslope lab` again if it was ended; this page connects by itself. Then try once more.",
};
