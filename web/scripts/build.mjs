// Builds what the package carries: downslope.js and downslope.css, which every host loads; lab.js, what the lab's page
// has beside them; and each heavy library as a module of its own, loaded (or put into a report) where a view asks for it.
import { createHash } from "node:crypto";
import { cp, mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const home = process.env.DOWNSLOPE_STATIC ?? here("../../src/downslope/lab/static");
const out = `${home}.new`; // put in place at the end: whoever reads meanwhile finds the old one whole
const LIBRARIES = ["katex", "dagre", "uplot"];

/** Settings of a build; `entry` names the modules that come out of it. */
function settings(entry, options = {}) {
  return {
    root: here(".."),
    configFile: false,
    logLevel: "warn",
    publicDir: false,
    oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
    define: { "process.env.NODE_ENV": '"production"' },
    build: {
      outDir: out,
      emptyOutDir: false,
      target: "es2022",
      minify: true,
      sourcemap: false,
      chunkSizeWarningLimit: 1000,
      lib: { entry, formats: ["es"], fileName: (_, name) => `${name}.js`, cssFileName: "downslope" },
      rollupOptions: { preserveEntrySignatures: "allow-extension", output: { minifyInternalExports: true, minify: true }, ...options },
    },
  };
}

/** Of everything that the build reads; hatch_build.py computes the same, to see whether it must build at all. */
async function fingerprint() {
  const files = ["package.json", "package-lock.json"];
  for (const folder of ["public", "scripts", "src"]) {
    for (const each of await readdir(here(`../${folder}`), { recursive: true, withFileTypes: true })) {
      if (each.isFile()) files.push(`${each.parentPath}/${each.name}`.slice(here("..").length).replaceAll("\\", "/"));
    }
  }
  const hash = createHash("sha256");
  for (const file of files.sort()) hash.update(`${file}\n`).update(await readFile(here(`../${file}`)));
  return hash.digest("hex");
}

/** Ids of all views: what widgets and reports may ask the module to draw. */
async function views() {
  const found = [];
  for (const file of await readdir(here("../src/views"))) {
    if (!file.endsWith(".tsx")) continue;
    const text = await readFile(here(`../src/views/${file}`), "utf8");
    const id = /export default view[^]*?\bid: "(\w+)"/.exec(text);
    if (id) found.push(id[1]);
  }
  return found.sort();
}

const sources = await fingerprint(); // before the build: what changes while it runs makes it stale
await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
// lab.js takes what both need from downslope.js, which stands alone: a blob or an inline script can hold it.
await build(settings({ downslope: here("../src/main.ts"), lab: here("../src/lab.ts") }));
for (const name of LIBRARIES) {
  await build(settings({ [name]: here(`../src/libraries/${name}.ts`) }));
}
const modules = (await readdir(out)).filter((name) => name.endsWith(".js")).sort();
const expected = ["downslope.js", "lab.js", ...LIBRARIES.map((name) => `${name}.js`)].sort();
if (String(modules) !== String(expected)) throw new Error(`the build made ${modules}, and not ${expected}`);
if (/(^|;)import[^(]/.test(await readFile(`${out}/downslope.js`, "utf8"))) throw new Error("downslope.js imports another module");
await cp(here("../public"), out, { recursive: true });
await writeFile(`${out}/built.json`, `${JSON.stringify({ sources, views: await views() }, null, 1)}\n`);
await rm(home, { recursive: true, force: true });
await rename(out, home);
