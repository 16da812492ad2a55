// The panels of a page: those of its views that are open, and a list to open and close them by.
import { Board } from "../views/board";
import { VIEWS } from "../views/table";
import type { Context } from "../views/view";

/** `steps`: whether the scrubber stands above them; a page that has it elsewhere says no. */
export function Panels({ page, ctx, steps = true }: { page: string; ctx: Context; steps?: boolean }) {
  const { panels } = ctx.state;
  const here = VIEWS.filter((each) => each.pages.includes(page));
  const isOpen = (id: string): boolean => panels.value?.includes(id) ?? !VIEWS.find((each) => each.id === id)?.closed;
  const shown = here.filter((each) => isOpen(each.id));
  const toggle = (id: string): void => {
    const open = VIEWS.map((each) => each.id).filter(isOpen); // of all pages: the others keep theirs
    panels.value = isOpen(id) ? open.filter((each) => each !== id) : [...open, id];
  };
  return (
    <Board views={shown} ctx={ctx} steps={steps}>
      {here.length > 1 && (
        <div class="ds-panels" role="group" aria-label="Panels of this page">
          {here.map((each) => (
            <button key={each.id} type="button" class="ds-chip" aria-pressed={isOpen(each.id)} onClick={() => toggle(each.id)}>
              {each.title}
            </button>
          ))}
        </div>
      )}
      {!shown.length && <p class="ds-empty">All panels are closed: choose one above.</p>}
    </Board>
  );
}
