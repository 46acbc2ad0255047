// Opens a store, says so, and holds it until its standard input ends or it is killed: lock-child.mjs COMPILED STORE.
import { readSync, writeSync } from "node:fs";

const [compiled, store] = process.argv.slice(2);
const { openMachine } = await import(`${compiled}/src/files/machine-file.js`);
try {
  openMachine(store);
  writeSync(1, "held\n");
  readSync(0, Buffer.alloc(1));
} catch (error) {
  writeSync(1, `${error.name}: ${error.message}\n`);
}
