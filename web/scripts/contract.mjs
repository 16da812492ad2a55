// Writes src/contract/index.ts anew from the schema that `python -m downslope.lab.schema` prints.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { compile } from "json-schema-to-typescript";

const python = process.env.DOWNSLOPE_PYTHON ?? "python3";
const source = new URL("../../src/", import.meta.url).pathname;
const printed = execFileSync(python, ["-m", "downslope.lab.schema"], {
  env: { ...process.env, PYTHONPATH: source },
  encoding: "utf8",
  maxBuffer: 1e8,
});
const { fingerprint, schema } = JSON.parse(printed);

// Limits of sizes are checked in Python; the generator would write tuples of 5,000 entries out for them.
const LIMITS = ["default", "maxItems", "minItems", "maxLength", "minLength", "pattern", "title", "description"];
const unions = new Map(
  Object.entries(schema.$defs).flatMap(([name, each]) => (each.anyOf ? [[JSON.stringify(each.anyOf), name]] : [])),
);

/** The same schema in the words of the older draft that the generator knows, a union by its name wherever it occurs. */
function older(node, isRoot = false) {
  if (Array.isArray(node)) return node.map((each) => older(each));
  if (node === null || typeof node !== "object") return node;
  const union = node.anyOf && !isRoot && unions.get(JSON.stringify(node.anyOf));
  if (union) return { $ref: `#/$defs/${union}` };
  const kept = {};
  for (const [name, value] of Object.entries(node)) {
    if (name === "properties") kept[name] = named(value);
    else if (name !== "prefixItems" && (isRoot || name === "type" || !LIMITS.includes(name))) kept[name] = older(value);
  }
  if (node.type === "object" && !node.properties) kept.additionalProperties ??= true;
  if (!node.prefixItems) return kept;
  const { length } = node.prefixItems;
  return { ...kept, items: older(node.prefixItems), additionalItems: false, minItems: length, maxItems: length };
}

function named(properties) {
  return Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, older(value)]));
}

const definitions = Object.fromEntries(Object.entries(schema.$defs).map(([name, each]) => [name, older(each, true)]));
const types = await compile({ title: "Contract", type: "object", additionalProperties: false, $defs: definitions }, "Contract", {
  bannerComment: `// Made from the Python records by \`npm run contract\`: edit those, not this file. Fingerprint ${fingerprint}`,
  additionalProperties: false,
  unreachableDefinitions: true,
  strictIndexSignatures: false,
  format: false,
});
const tidy = types
  .replace(/export interface Contract \{\s*\}\n/, "")
  .replace(/ \* (This interface was referenced|via the `definition`).*\n/g, "")
  .replace(/ \* @(min|max)Items .*\n/g, "")
  .replace(/^\/\*\*\n( \* ?\n)*( ?\*\/)\n/gm, "")
  .replace(/( \* ?\n)+ \*\//g, " */")
  .replace(/[ \t]+$/gm, "");
const usual = Object.entries(schema.$defs.Settings.properties).map(([name, each]) => [name, each.default]);
const defaults = `/** Settings of a training in which nothing was chosen. */
export const USUAL: Required<Settings> = ${JSON.stringify(Object.fromEntries(usual), null, 2)};\n`;
writeFileSync(new URL("../src/contract/index.ts", import.meta.url), `${tidy.trimEnd()}\n${defaults}`);
console.log(`src/contract/index.ts: fingerprint ${fingerprint}`);
