// What each host of a notebook says about its colours, and where its still picture stands, as seen in the hosts themselves.
import { afterEach, expect, test } from "vitest";
import { hideStill } from "../src/hosts/still";
import { notebookIsDark } from "../src/hosts/theme";

afterEach(() => {
  document.body.innerHTML = "";
  for (const each of [document.documentElement, document.body]) {
    for (const name of each.getAttributeNames()) each.removeAttribute(name);
  }
});

test.each([
  ["JupyterLab, light", {}, { "data-jp-theme-light": "true" }, false],
  ["JupyterLab, dark", {}, { "data-jp-theme-light": "false" }, true],
  ["VS Code, light", {}, { class: "vscode-light", "data-vscode-theme-kind": "vscode-light" }, false],
  ["VS Code, dark", {}, { class: "vscode-dark", "data-vscode-theme-kind": "vscode-dark" }, true],
  ["VS Code, high contrast", {}, { "data-vscode-theme-kind": "vscode-high-contrast" }, true],
  ["VS Code, light high contrast", {}, { "data-vscode-theme-kind": "vscode-high-contrast-light" }, false],
  ["marimo, light", {}, { class: "light light-theme", "data-theme": "light" }, false],
  ["marimo, dark", {}, { class: "dark dark-theme", "data-theme": "dark" }, true],
  ["Colab, dark", { theme: "dark" }, {}, true],
  ["a page that says nothing", {}, {}, null],
] as const)("%s", (_, page, body, isDark) => {
  for (const [name, value] of Object.entries(page)) document.documentElement.setAttribute(name, value);
  for (const [name, value] of Object.entries(body)) document.body.setAttribute(name, value);
  expect(notebookIsDark()).toBe(isDark);
});

test.each([
  ["JupyterLab", "jp-Cell", "jp-OutputArea-child", ""],
  ["VS Code", "cell_container", "output_container", "output"],
  ["nbclassic", "cell code_cell", "output_area", ""],
])("in %s the picture of the own cell is hidden, even where the widget is put there late", async (_, cell, around, within) => {
  const output = (mark: string): string => `<div class="${around}"><div class="${within}">${mark}</div></div>`;
  const one = `<div class="${cell}">${output("<img>")}${output("<p></p>")}</div>`;
  document.body.innerHTML = one + one;
  const [first, second] = [...document.querySelectorAll("img")] as [HTMLImageElement, HTMLImageElement];
  for (const each of [first, second]) Object.defineProperties(each, { naturalWidth: { value: 8 }, naturalHeight: { value: 6 } });
  const el = document.createElement("div");
  hideStill(el, [8, 6]);
  document.querySelector("p")!.append(el);
  await new Promise((done) => setTimeout(done, 60));
  const isHidden = (each: Element | null): boolean =>
    each instanceof HTMLElement && (each.style.display === "none" || isHidden(each.parentElement));
  expect([isHidden(first), isHidden(second), isHidden(el)]).toEqual([true, false, false]);
});
