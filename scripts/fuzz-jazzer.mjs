// Runs a target under Jazzer.js: npm run fuzz:jazzer -- TARGET [libFuzzer's flags and corpora]. Its native part needs
// glibc 2.38; it is taken where it is installed, else npx fetches it.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const PACKAGE = "@jazzer.js/core@4.0.0";
const GLIBC = [2, 38];

const [target, ...rest] = process.argv.slice(2);
const { HARNESS_NAMES } = createRequire(import.meta.url)(`${ROOT}fuzz/build/harness.js`);
if (!HARNESS_NAMES.includes(target)) stop(2, `one of ${HARNESS_NAMES.join(", ")}, not ${target}`);

const { glibcVersionRuntime: glibc } = process.report.getReport().header;
if (glibc === undefined || isOlder(glibc.split(".").map(Number), GLIBC)) {
  stop(
    69,
    `Jazzer.js needs glibc ${GLIBC.join(".")}, this Node has ${glibc ?? "none"}: xenefi fuzz ${target} runs anywhere`,
  );
}

const corpus = `${ROOT}fuzz/corpus-found/${target}`;
mkdirSync(corpus, { recursive: true });
const local = `${ROOT}node_modules/.bin/jazzer`;
const command = existsSync(local) ? [local] : ["npx", "--yes", "-p", PACKAGE, "jazzer"];
const args = [`fuzz/${target}.fuzz.js`, corpus, `fuzz/corpus/${target}`, "--sync", "-i", "fuzz/build"];
const flags = ["--", "-dict=fuzz/xenefi.dict", ...rest];
const [name, ...first] = command;
const { status } = spawnSync(name, [...first, ...args, ...flags], { cwd: ROOT, stdio: "inherit" });
process.exit(status ?? 1);

function isOlder([major, minor], [wantedMajor, wantedMinor]) {
  return major < wantedMajor || (major === wantedMajor && minor < wantedMinor);
}

function stop(code, text) {
  console.error(`fuzz:jazzer: ${text}`);
  process.exit(code);
}
