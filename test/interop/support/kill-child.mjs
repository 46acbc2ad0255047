// Writes variables to a store file until it is killed: kill-child.mjs COMPILED STORE SEED. One line before a call, "try
// NAME FILL BYTES", one after it, "ok" or "no"; "boot" and "ready" before and after each boot.
import { writeSync } from "node:fs";

const [compiled, store, seed] = process.argv.slice(2);
const { openMachine } = await import(`${compiled}/src/files/machine-file.js`);
const { Client } = await import(`${compiled}/src/client.js`);

let state = Number(seed);
function below(end) {
  state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
  return (state >> 8) % end;
}

writeSync(1, "boot\n");
const machine = openMachine(store, { create: true });
const dom0 = new Client(machine);
writeSync(1, "ready\n");
while (true) {
  const name = `V${below(12)}`;
  const [fill, bytes] = [below(256), below(6) === 0 ? 0 : below(25) === 0 ? below(20000) : below(900)];
  writeSync(1, `try ${name} ${fill} ${bytes}\n`);
  const data = Uint8Array.from({ length: bytes }, (_, i) => fill + i);
  const { ok, statusName } = dom0.setVariable(name, "11111111-2222-3333-4444-555555555555", 7, data);
  writeSync(1, ok || statusName === "NOT_FOUND" ? "ok\n" : "no\n");
  // The next boot reclaims.
  if (statusName === "OUT_OF_RESOURCES" || below(200) === 0) {
    writeSync(1, "boot\n");
    machine.reboot();
    writeSync(1, "ready\n");
  }
}
