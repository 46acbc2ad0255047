import * as layout from "../assembly/abi/layout.ts";
import { ByteWriter } from "./formats/byte-writer.ts";
import { crc32 } from "./formats/crc.ts";
import type { Machine } from "./machine.ts";
import { snapshotBlocks } from "./snapshot.ts";

/**
 * A machine image: what the C library opens. "XEFI", layout version u32, CRC-32 u32 of what lies behind the header, its
 * bytes u32; then runs of core memory by address: core address u32, bytes u32, filler u32. A filler of 0 to 0xff is the
 * run's only byte, repeated; LITERAL: the bytes follow, padded with zeros to a multiple of 4. What no run covers is 0.
 * Little-endian.
 */
const MAGIC = 0x49464558;
const LITERAL = 0x100;
/** So many equal bytes are shorter as a run of their own. */
const REPEATED_MIN = 32;

/**
 * The machine as it stands now, for xenefi_open of c/xenefi.h: store, clock, rules and facts. Guest memory, its holes, a flash
 * device and the verifier stay here.
 */
export function machineImage(machine: Machine): Uint8Array {
  const runs = new ByteWriter();
  for (const { address, bytes } of snapshotBlocks(machine.snapshot())) {
    if (address === layout.STATE) detach(bytes);
    writeRuns(runs, address, bytes);
  }
  const body = runs.done();
  return new ByteWriter().u32(MAGIC).u32(layout.LAYOUT_VERSION).u32(crc32(body)).u32(body.length).bytes(body).done();
}

/** What the state has of this process: holes of the guest's memory, and a device. */
function detach(state: Uint8Array): void {
  const view = new DataView(state.buffer, state.byteOffset, state.length);
  const attention = layout.STATE_ATTENTION - layout.STATE;
  const here = layout.ATTENTION_HOLES | layout.ATTENTION_WRITE_THROUGH;
  view.setUint32(attention, view.getUint32(attention, true) & ~here, true);
}

function writeRuns(writer: ByteWriter, address: number, bytes: Uint8Array): void {
  let literal = 0;
  let at = 0;
  while (at < bytes.length) {
    const end = endOfRepeat(bytes, at);
    if (end - at >= REPEATED_MIN) {
      writeLiteral(writer, address + literal, bytes.subarray(literal, at));
      const filler = bytes[at] as number;
      if (filler !== 0)
        writer
          .u32(address + at)
          .u32(end - at)
          .u32(filler);
      literal = end;
    }
    at = end;
  }
  writeLiteral(writer, address + literal, bytes.subarray(literal));
}

function writeLiteral(writer: ByteWriter, address: number, bytes: Uint8Array): void {
  if (bytes.length === 0) return;
  writer
    .u32(address)
    .u32(bytes.length)
    .u32(LITERAL)
    .bytes(bytes)
    .zeros(-bytes.length & 3);
}

/** Up to where the byte at `at` is repeated. */
function endOfRepeat(bytes: Uint8Array, at: number): number {
  let end = at + 1;
  while (end < bytes.length && bytes[end] === bytes[at]) end++;
  return end;
}
