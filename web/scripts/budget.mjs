// The promise that what every host loads is small, kept by the build: it fails when the module grows over it.
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const MOST = 130_000; // bytes of downslope.js and downslope.css, compressed
const out = process.env.DOWNSLOPE_STATIC ?? fileURLToPath(new URL("../../src/downslope/lab/static", import.meta.url));
let shared = 0;
for (const name of readdirSync(out).filter((each) => /\.(js|css)$/.test(each)).sort()) {
  const bytes = readFileSync(`${out}/${name}`);
  const packed = gzipSync(bytes, { level: 9 }).length;
  if (name.startsWith("downslope.")) shared += packed;
  console.log(`${name.padEnd(16)} ${String(bytes.length).padStart(8)} bytes ${String(packed).padStart(8)} compressed`);
}
console.log(`all hosts load    ${shared} of ${MOST} bytes, compressed`);
if (shared > MOST) {
  console.error("Too large: move what only some views need into src/libraries, or draw with less.");
  process.exit(1);
}
