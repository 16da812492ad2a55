// Work that is wanted more often than it is needed, such as with every frame of a cursor that is dragged.

export interface Paced {
  /** At once where the work has rested long enough, or else when it has. */
  soon(): void;
  now(): void;
  /** What waits is not done. */
  drop(): void;
}

/** `rest`: milliseconds between two times of the work. */
export function paced(rest: number, work: () => void): Paced {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last = -Infinity;
  const drop = (): void => {
    clearTimeout(timer);
    timer = undefined;
  };
  const now = (): void => {
    drop();
    last = performance.now();
    work();
  };
  const soon = (): void => {
    const wait = last + rest - performance.now();
    if (wait <= 0) now();
    else timer ??= setTimeout(now, wait);
  };
  return { soon, now, drop };
}
