// Calls a shim at random on a hostile hypervisor: node fuzz.js [ROUNDS] [FIRST SEED]. A finding is told with its seed.
import { readFileSync } from "node:fs";
import { hostile, Random } from "xenefi";
import { Shim } from "xenefi/testing";

const GLOBAL = "8be4df61-93ca-11d2-aa0d-00e098032b8c";
const CALLS = 20;
const [rounds = 500, first = 1] = process.argv.slice(2).map(Number);
const module = new WebAssembly.Module(readFileSync("build/shim.wasm"));

const ACTIONS = [
  ({ efi }, name, random) => checkedRead(efi, name, random.below(64)),
  ({ efi }, name, random) => efi.setVariable(name, GLOBAL, random.below(8), new Uint8Array(random.below(32))),
  ({ efi }) => efi.getTime(),
];

/** A caller reads as many bytes of its buffer as a success says. */
function checkedRead(efi, name, room) {
  const { status, size } = efi.getVariable(name, GLOBAL, room);
  if (status === "SUCCESS" && size > room) throw new Error(`SUCCESS, and ${size} bytes in a buffer of ${room}`);
}

for (let seed = first; seed < first + rounds; seed++) {
  const shim = new Shim(module, { abi: "arm32" });
  const random = new Random(seed);
  shim.machine.inject(hostile(seed));
  try {
    for (let i = 0; i < CALLS; i++) random.pick(ACTIONS)(shim, random.pick(["Lang", "Timeout", "Mine"]), random);
  } catch (error) {
    console.error(`seed ${seed}, call ${shim.log.length}: ${error.message}`);
    process.exit(1);
  }
}
console.log(`${rounds} rounds of ${CALLS} calls, no finding`);
