// Lends `coverage.hit` to every coverage core of a process and leaves the counts in a file of the folder that
// XENEFI_COVERAGE names. Loaded by node --import before anything else, so that the host need not know of it.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { threadId } from "node:worker_threads";

// Both as they are now: vitest puts its own in their place.
const exit = process.exit.bind(process);
const folder = process.env.XENEFI_COVERAGE;

const hits = [];

function hit(point) {
  hits[point] = (hits[point] ?? 0) + 1;
}

WebAssembly.Instance = new Proxy(WebAssembly.Instance, {
  construct(Instance, [module, imports], target) {
    const counts = WebAssembly.Module.imports(module).some((wanted) => wanted.module === "coverage");
    return Reflect.construct(Instance, [module, counts ? { ...imports, coverage: { hit } } : imports], target);
  },
});

process.on("exit", () => {
  if (hits.length === 0) return;
  writeFileSync(join(folder, `${process.pid}-${threadId}.json`), JSON.stringify(hits));
});
// How vitest ends its workers.
process.on("SIGTERM", () => exit());
