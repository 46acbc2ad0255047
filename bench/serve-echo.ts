import { readSync, writeSync } from "node:fs";
import * as layout from "../src/protocol/layout.ts";

/**
 * What a round trip costs at the least: frames are read as serveStdio reads them, a HELLO comes back as it is, and anything
 * else is answered by a RESULT of as many bytes as the argument says, with nothing in it.
 */
const result = new Uint8Array(Number(process.argv[2]));
const view = new DataView(result.buffer);
view.setUint32(layout.LENGTH, result.length, true);
view.setUint8(layout.TYPE, layout.RESULT);

const buffer = new Uint8Array(0x10000);
const head = new DataView(buffer.buffer);
let held = 0;
for (let count = readSync(0, buffer); count > 0; count = readSync(0, buffer.subarray(held))) {
  held += count;
  if (held < layout.HEAD_BYTES || held < head.getUint32(layout.LENGTH, true)) continue;
  writeSync(1, head.getUint8(layout.TYPE) === layout.HELLO ? buffer.subarray(0, held) : result);
  held = 0;
}
