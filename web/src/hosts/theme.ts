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
  for (const each of [document.documentElement, document.body]) watcher.observe(each, { attributes: true });
  return () => {
    stop();
    system?.removeEventListener("change", set);
    watcher.disconnect();
  };
}

/** What JupyterLab, VS Code, Colab and marimo say about their colours; null where none of them speaks. */
export function notebookIsDark(): boolean | null {
  const { body, documentElement: page } = document;
  const { jpThemeLight, vscodeThemeKind, theme } = body.dataset;
  if (jpThemeLight !== undefined) return jpThemeLight === "false";
  if (vscodeThemeKind !== undefined) return VSCODE_DARK.includes(vscodeThemeKind);
  const said = theme ?? page.getAttribute("theme"); // marimo, and Colab's frame of an output
  if (said) return said === "dark";
  if ([body, page].some((each) => each.classList.contains("dark"))) return true;
  return null;
}

const VSCODE_DARK = ["vscode-dark", "vscode-high-contrast"]; // the light one is called vscode-high-contrast-light
