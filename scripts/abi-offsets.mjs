// Runs the commands of test/fixtures/abi-offsets.json and writes their numbers back into it: node scripts/abi-offsets.mjs
// Needs Debian's gcc, gcc-multilib, clang and libxen-dev.
import { execSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const FIXTURE = new URL("../test/fixtures/abi-offsets.json", import.meta.url);

const fixture = JSON.parse(readFileSync(FIXTURE, "utf8"));
for (const [abi, command] of Object.entries(fixture.commands)) {
  const lines = execSync(command, { cwd: ROOT, encoding: "utf8" }).trim().split("\n");
  fixture.abis[abi] = Object.fromEntries(lines.map(pair));
}
writeFileSync(FIXTURE, `${JSON.stringify(fixture, null, 2)}\n`);

function pair(line) {
  const match = /^(\w+) (\d+)$/.exec(line);
  if (match === null) throw new Error(`not a name and a value: ${JSON.stringify(line)}`);
  return [match[1], Number(match[2])];
}
