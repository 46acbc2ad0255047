// Compiles the fuzzing core with all planted faults in it, each under a switch, into build/planted.wasm, with the map of
// its edges beside it: node scripts/build-planted.mjs

import { execFileSync } from "node:child_process";
import { copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { FAULTS } from "./planted/faults.mjs";
import { copyTree, withSwitches, writeSwitches } from "./switched-core.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Throws if the text of a fault is not in its file just once, or where two faults' texts meet. */
export function buildPlanted() {
  const folder = copyTree(["assembly", "scripts", "asconfig.json", "package.json"]);
  try {
    writeSwitches(folder);
    for (const file of new Set(FAULTS.map((fault) => fault.file))) {
      const path = join(folder, file);
      writeFileSync(path, withSwitches(file, "isOn", plant(file, readFileSync(path, "utf8"), FAULTS)));
    }
    execFileSync(process.execPath, ["scripts/build-core.mjs", "fuzz"], { cwd: folder, stdio: "inherit" });
    copyFileSync(join(folder, "build/fuzz.wasm"), join(ROOT, "build/planted.wasm"));
    copyFileSync(join(folder, "build/fuzz-edges.json"), join(ROOT, "build/planted-edges.json"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The file's text with those of the faults that are its own. A fault's number is its place in the list, from 1 on. */
export function plant(file, text, faults) {
  const places = faults
    .map((fault, i) => ({ ...fault, number: i + 1 }))
    .filter((fault) => fault.file === file)
    .map((fault) => ({ ...fault, at: placeOf(fault, text) }))
    .sort((a, b) => a.at - b.at);
  let planted = "";
  let end = 0;
  for (const { name, was, at, becomes, number } of places) {
    if (at < end) throw new Error(`${name}: its text meets that of another fault in ${file}`);
    planted += text.slice(end, at) + switched(number, was, becomes);
    end = at + was.length;
  }
  return planted + text.slice(end);
}

function placeOf({ name, was }, text) {
  const at = text.indexOf(was);
  if (at === -1) throw new Error(`${name}: not in the file: ${was}`);
  if (text.indexOf(was, at + 1) !== -1) throw new Error(`${name}: more than once in the file: ${was}`);
  return at;
}

/** Statements end with a semicolon or a brace; all else is an expression. */
function switched(number, was, becomes) {
  if (/[;}]$/.test(was)) return `if (isOn(${number})) { ${becomes} } else { ${was} }`;
  return `(isOn(${number}) ? (${becomes}) : (${was}))`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) buildPlanted();
