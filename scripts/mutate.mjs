// Removes one check of the core at a time and runs the tests: node scripts/mutate.mjs [part of a path...]
// A check is an `if` whose body refuses the call, or answers false or 0, or skips one of a list; or what a
// predicate answers. Works on a copy of the tree; prints the mutants that no test noticed.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** Tests that run the core, the quick ones first. */
const TESTS = [
  "personalities",
  "variable-policies",
  "quotas",
  "auth",
  "traces",
  "abis",
  "boot",
  "languages",
  "faults",
  "reset",
  "profile",
  "capsules",
  "capsule-lists",
  "weaknesses",
  "stores",
  "snapshot",
  "model",
  "hostile",
];
/** The tests take some 30 seconds. */
const LIMIT_MS = 300_000;
const COPIED = [
  "assembly",
  "docs",
  "src",
  "test",
  "scripts",
  "asconfig.json",
  "package.json",
  "tsconfig.json",
  "vitest.config.ts",
];
/** `if (condition)` with a body that gives an error; the condition may span lines. */
const CHECK =
  /if \(((?:[^()]|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))*)\)(?= (?:return |\{\n\s+return )(?:refuse|refused|fail|malformed)\(| (?:return (?:false|0)|continue);)/g;
/** `condition ? refuse(…) : Success` and the other way round; the condition may span lines. */
const CHOICE = /(?<=return )([^;?{]+?)(?=\s+\? (?:refuse|EfiCode\.Success))/g;
/** A predicate, and what it answers. */
const PREDICATE = /function \w+\([^)]*\): bool \{\n([\s\S]*?)\n\}/g;
const ANSWER = /(?<=return )(?!true;|false;)[^;]+(?=;)/g;

const folder = mkdtempSync(join(tmpdir(), "xenefi-mutants-"));
for (const path of COPIED) cpSync(join(ROOT, path), join(folder, path), { recursive: true });
symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));

if (outcome() !== "SURVIVED") throw new Error("the tests fail as they are");
const survivors = [];
let count = 0;
for (const file of sources().filter(isWanted)) {
  const path = join(folder, file);
  const text = readFileSync(path, "utf8");
  for (const mutant of mutants(text)) {
    writeFileSync(path, mutant.text);
    count++;
    const place = `${file}:${text.slice(0, mutant.at).split("\n").length} ${mutant.was}`;
    const end = outcome();
    console.log(`${end} ${place}`);
    if (end === "SURVIVED") survivors.push(place);
  }
  writeFileSync(path, text);
}
rmSync(folder, { recursive: true });
console.log(`\n${count} mutants, ${survivors.length} survived`);
for (const place of survivors) console.log(`  ${place}`);

function sources() {
  const services = readdirSync(join(ROOT, "assembly/services")).map((name) => `assembly/services/${name}`);
  return ["assembly/dispatch.ts", "assembly/capsule-call.ts", "assembly/sched-op.ts", ...services];
}

function isWanted(file) {
  const parts = process.argv.slice(2);
  return parts.length === 0 || parts.some((part) => file.includes(part));
}

/** The source with one check never true, one choice always taken the good way, or one predicate that knows one answer. */
function* mutants(text) {
  for (const match of text.matchAll(CHECK)) {
    const at = match.index;
    yield { at, was: oneLine(match[0]), text: `${text.slice(0, at)}if (false)${text.slice(at + match[0].length)}` };
  }
  for (const match of text.matchAll(CHOICE)) {
    const at = match.index;
    const good = /^\s+\? refuse/.test(text.slice(at + match[0].length)) ? "false" : "true";
    yield { at, was: oneLine(match[0]), text: `${text.slice(0, at)}${good}${text.slice(at + match[0].length)}` };
  }
  for (const predicate of text.matchAll(PREDICATE)) {
    for (const match of predicate[0].matchAll(ANSWER)) {
      const at = predicate.index + match.index;
      for (const answer of ["true", "false"]) {
        const was = `${oneLine(match[0])} is ${answer}`;
        yield { at, was, text: `${text.slice(0, at)}${answer}${text.slice(at + match[0].length)}` };
      }
    }
  }
}

function oneLine(text) {
  return text.replaceAll(/\s+/g, " ");
}

/** What becomes of the tree as it is now; a walk that never ends is noticed by its time. */
function outcome() {
  const files = TESTS.map((name) => `test/${name}.test.ts`);
  const vitest = join(ROOT, "node_modules/vitest/vitest.mjs");
  const options = { cwd: folder, stdio: "ignore", timeout: LIMIT_MS, killSignal: "SIGKILL" };
  const { status, signal } = spawnSync(process.execPath, [vitest, "run", "--bail=1", ...files], options);
  if (signal !== null) return "endless ";
  return status === 0 ? "SURVIVED" : "noticed ";
}
