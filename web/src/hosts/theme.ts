// Light or dark: as the reader chose, else as the page around it says, else as the system has it.
import { effect } from "@preact/signals";
import type { State } from "../state/state";

const DARK = "(prefers-color-scheme: dark)";

/** Keeps `root` in the right colours until the returned function is called. `around`: what the notebook says. */
export function followTheme(root: HTMLElement, state: State, around: () => boolean | null = () => null): () => void {
  const system = typeof matchMedia === "function" ? matchMedia(DARK) : null;
  const set = (): void => {
    const { value } = state.theme;
    const isDark = value === "auto" ? (around() ?? system?.matches ?? false) : value === "dark";
    root.dataset.theme = isDark ? "dark" : "light";
    state.isDark.value = isDark;
  };
  const stop = effect(set);
  system?.addEventListener("change", set);
  const watcher = new MutationObserver(set);
  watcher.observe(document.body, { attributes: true });
  return () => {
    stop();
    system?.removeEventListener("change", set);
    watcher.disconnect();
  };
}

/** What JupyterLab, VS Code and marimo say about their colours; null where none of them speaks. */
export function notebookIsDark(): boolean | null {
  const { body } = document;
  if (body.dataset.jpThemeLight !== undefined) return body.dataset.jpThemeLight === "false";
  if (body.dataset.vscodeThemeKind !== undefined) return body.dataset.vscodeThemeKind.includes("dark");
  if (body.classList.contains("vscode-dark")) return true;
  if (body.classList.contains("dark") || document.documentElement.classList.contains("dark")) return true;
  return null;
}
