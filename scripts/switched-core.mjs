// A copy of the tree whose core has switches in it: a number in its memory names the one change that is on.
import { cpSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Where a core's memory holds the number, an i32: below its own blocks. 0: nothing is changed. */
export const SWITCH = 0xff0;

/** Copies files and folders of the tree to a new folder; gives the folder. Whoever asks removes it. */
export function copyTree(paths) {
  const folder = mkdtempSync(join(tmpdir(), "xenefi-switched-"));
  for (const path of paths) cpSync(join(ROOT, path), join(folder, path), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  return folder;
}

/** Writes assembly/switches.ts of a copy: `isOn(number)`, and the functions of `more`. */
export function writeSwitches(folder, more = "") {
  const isOn = `export function isOn(change: i32): bool { return load<i32>(${SWITCH}) === change; }\n`;
  writeFileSync(join(folder, "assembly/switches.ts"), isOn + more);
}

/** The source text of a file of the core, with an import of `names` from assembly/switches.ts. */
export function withSwitches(file, names, text) {
  const up = "../".repeat(file.split("/").length - 2) || "./";
  return `import { ${names} } from "${up}switches";\n${text}`;
}
