// Writes a shim's calls as a trace: node record.js [TRACE]. Then: npx xenefi replay build/trace.jsonl
import { writeFileSync } from "node:fs";
import { formatLine, recordHeader } from "xenefi";
import { loadShim } from "xenefi/testing";

const MINE = "11111111-2222-3333-4444-555555555555";
const path = process.argv[2] ?? "build/trace.jsonl";

const { efi, log, machine } = await loadShim("build/shim.wasm", { abi: "arm32" });
const header = recordHeader(machine, { source: "record.js" });

efi.setVariable("Mine", MINE, 7, [1, 2, 3]);
efi.getVariable("Mine", MINE, 2);
efi.getVariable("Mine", MINE);
for (let next = efi.getNextVariable("", MINE); next.status === "SUCCESS"; ) {
  next = efi.getNextVariable(next.name, next.guid);
}
efi.getTime();

writeFileSync(path, [header, ...log].map((line) => `${formatLine(line)}\n`).join(""));
console.log(`${path}: ${log.length} calls`);
