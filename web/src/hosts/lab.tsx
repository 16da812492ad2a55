// The lab's page: tabs, panels and the connection to the server; its whole state is its address.
import { effect } from "@preact/signals";
import { render } from "preact";
import type { Live, Told } from "../contract";
import { library } from "../libraries/register";
import { PAGES } from "../pages/table";
import { paced, type Paced } from "../state/paced";
import { State } from "../state/state";
import type { Context } from "../views/view";
import { remembering } from "./cache";
import { PROTOCOL, Socket } from "./socket";
import { followTheme } from "./theme";
import { ThemeSwitch } from "./theme_switch";

export function mountLab(root: HTMLElement): void {
  const state = new State();
  const isFirst = location.hash === "";
  state.read(location.hash);
  const address = `${location.origin.replace(/^http/, "ws")}/ws?protocol=${PROTOCOL}`;
  const socket = new Socket(address, follower(state, isFirst));
  const ctx: Context = {
    kind: "lab",
    state,
    ask: remembering((query) => (LATER.includes(query.view) ? socket.calm().then(() => socket.ask(query)) : socket.ask(query))),
    act: (command) => socket.act(command),
    library: (name) => library(name, fetched),
    link: () => `#${state.hash.value}`,
  };
  root.classList.add("ds");
  followTheme(root, state);
  linkTo(state);
  countSteps(ctx);
  render(<Shell ctx={ctx} socket={socket} />, root);
}

/** What fills lists of choices waits for the first pictures: to make it, a fresh lab loads much of the library. */
const LATER = ["catalogue", "presets"];

/** Beside this module. The address is put together here so that the bundler leaves it alone. */
const fetched = (name: string): Promise<unknown> => {
  const here = import.meta.url;
  return import(/* @vite-ignore */ new URL(`${name}.js`, here).href);
};

const LINK_REST = 120; // milliseconds between two places of a moved cursor in the link

/** Another page is a new entry of the browser's history; a moved cursor is not. */
function linkTo(state: State): void {
  let page = state.page.peek();
  let isReading = false;
  // A cursor that is dragged moves with every frame: writing each place costs time, and a browser refuses it after a while.
  const link = paced(LINK_REST, () => {
    const hash = `#${state.hash.peek()}`;
    if (state.page.peek() !== page) history.pushState(null, "", hash);
    else history.replaceState(null, "", hash);
    page = state.page.peek();
  });
  effect(() => {
    const hash = `#${state.hash.value}`;
    if (isReading || hash === location.hash || (hash === "#" && location.hash === "")) return;
    if (state.page.peek() !== page) link.now();
    else link.soon();
  });
  addEventListener("popstate", () => {
    isReading = true;
    link.drop();
    state.read(location.hash);
    page = state.page.peek();
    isReading = false;
  });
}

/** How many steps the run has that is looked at; of one that trains the live news tell it. */
function countSteps(ctx: Context): void {
  const { state } = ctx;
  effect(() => {
    const run = state.run.value;
    state.steps.value = state.live.peek().get(run ?? "")?.steps ?? 0;
    state.failed.value = failedIn(state.live.peek().get(run ?? ""));
    if (run === null || state.live.peek().has(run)) return;
    ctx.ask({ view: "timeline", run, args: { scalars: ["loss"], most: 2 } }).then(
      (found) => {
        if (found.type !== "timeline" || state.run.peek() !== run) return;
        state.steps.value = Math.max(state.steps.peek(), found.n_steps);
        state.failed.value = found.events.find((each) => each.kind === "failure")?.step ?? 0;
      },
      () => undefined, // the panels say what is wrong with the run
    );
  });
}

/** The step after the last one that was finished, where the training failed in it. */
const failedIn = (news: Live | undefined): number => (news?.state === "failed" ? news.steps + 1 : 0);

const COUNT_REST = 125; // milliseconds between two numbers of steps of a run that trains

/** Takes what the lab tells. The news of a run change with each report; how many steps it has, on which slider, views and questions hang, less often. */
function follower(state: State, isFirst: boolean): (event: Told) => void {
  const count = paced(COUNT_REST, () => {
    const news = state.news.peek();
    if (!news) return;
    state.steps.value = news.steps;
    state.failed.value = failedIn(news);
  });
  return (event) => follow(state, event, isFirst, count);
}

function follow(state: State, event: Told, isFirst: boolean, count: Paced): void {
  if (event.event === "hello") {
    state.live.value = new Map(event.trainings.map((each) => [each.run, each]));
    state.listed.value += 1; // whatever happened while nobody listened
    if (event.opened && isFirst && state.run.peek() === null) {
      state.run.value = event.opened;
      state.page.value = "network";
    }
  } else if (event.event === "live") {
    if (state.live.peek().get(event.run)?.state !== event.state) state.listed.value += 1; // the list says what each run does
    state.live.value = new Map(state.live.peek()).set(event.run, event);
    if (event.run !== state.run.peek()) return;
    if (event.state === "training") count.soon();
    else count.now();
  } else if (event.event === "changed") {
    state.listed.value += 1;
  }
}

function Shell({ ctx, socket }: { ctx: Context; socket: Socket }) {
  const { state } = ctx;
  const page = PAGES.find((each) => each.id === state.page.value) ?? PAGES[0]!;
  const connection = socket.connection.value;
  return (
    <div class="ds-page">
      <header class="ds-top">
        <span class="ds-brand">Downslope</span>
        <nav aria-label="Pages">
          {PAGES.map((each) => (
            <button
              key={each.id}
              type="button"
              class="ds-tab"
              {...(each === page ? { "aria-current": "page" as const } : {})}
              onClick={() => (state.page.value = each.id)}
            >
              {each.title}
            </button>
          ))}
        </nav>
        <ThemeSwitch state={state} />
      </header>
      {connection !== "on" && connection !== "starting" && (
        <p class="ds-banner" role="status">
          {connection === "ended"
            ? "The lab was ended; its run files are complete. Start `downslope lab` again and open the address that it prints."
            : "The connection to the lab is lost; trying again. Nothing that was recorded is lost."}
        </p>
      )}
      <main>
        <h1 class="ds-hidden">{page.title}</h1>
        <page.Page ctx={ctx} />
      </main>
    </div>
  );
}
