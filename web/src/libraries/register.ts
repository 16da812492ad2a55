// Where a library is found once it is loaded, whichever way: fetched by the lab, sent to a notebook, put into a report.

const PLACE = Symbol.for("downslope.libraries");
type Place = { [PLACE]?: Map<string, unknown> };

function shelf(): Map<string, unknown> {
  return ((globalThis as Place)[PLACE] ??= new Map());
}

export function register(name: string, library: unknown): void {
  shelf().set(name, library);
}

/** The library; `bring` is called where it is not there yet, and must have run its module when it is done. */
export async function library(name: string, bring: (name: string) => Promise<unknown>): Promise<unknown> {
  if (!shelf().has(name)) await bring(name);
  const found = shelf().get(name);
  if (found === undefined) throw new Error(`the library ${name} is not at hand here`);
  return found;
}

const PATIENCE = 5_000; // milliseconds

/** Until a library that stands in the page itself has run: scripts of a report are unpacked one after another. */
export async function arrival(name: string): Promise<void> {
  for (let waited = 0; waited < PATIENCE && !shelf().has(name); waited += 50) {
    await new Promise((done) => setTimeout(done, 50));
  }
}
