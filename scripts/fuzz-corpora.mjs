// Writes fuzz/xenefi.dict and the seed corpora fuzz/corpus/TARGET, after scripts/build-fuzz.mjs: node scripts/fuzz-corpora.mjs
import { createHash } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const { corpusOf, dictionaryText, HARNESS_NAMES } = createRequire(import.meta.url)(`${ROOT}fuzz/build/harness.js`);

writeFileSync(`${ROOT}fuzz/xenefi.dict`, dictionaryText());
for (const name of HARNESS_NAMES) {
  const folder = `${ROOT}fuzz/corpus/${name}`;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const input of corpusOf(name)) {
    writeFileSync(`${folder}/${createHash("sha1").update(input).digest("hex")}`, input);
  }
}
