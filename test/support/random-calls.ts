import { GUEST_BYTES, subjects } from "../../bench/workload.ts";
import { guidBytes, opLayout, Random, writeRuntimeCall } from "../../src/index.ts";

/** Guest addresses of names, ops and data, and some that lead nowhere. */
const NAMES = 0x2000;
const NAME_STRIDE = 0x100;
const OPS = 0x10000;
const OP_STRIDE = 0x100;
const DATA = 0x200000;
const NOWHERE = [0, 0xfff, GUEST_BYTES - 2, GUEST_BYTES, 0xffffffff];
const GUIDS = subjects(2).map((subject) => subject.guid);
const ATTRIBUTES = [0, 1, 2, 3, 4, 5, 6, 7, 7, 7, 7, 7, 0x0f, 0x17, 0x47, 0x47, 0x47, 0x40, 0x87, 0x107];
const SIZES = [0, 0, 1, 7, 8, 64, 64, 65, 300, 0x8000, 0x83b0, 0x8400];

/**
 * A guest's memory with calls of GetVariable and SetVariable, most of them right, for eight names: guest addresses of the
 * ops, in order. None names a variable that has a rule, or asks for an authenticated write.
 */
export function randomCalls(seed: number, count: number): { guest: Uint8Array<ArrayBuffer>; ops: number[] } {
  const random = new Random(seed);
  const guest = new Uint8Array(GUEST_BYTES);
  layNames(guest);
  // Few values, so that one is often written again.
  for (let i = 0; i < 0x10000; i++) guest[DATA + i] = random.below(64) === 0 ? 1 : 0;
  const ops = Array.from({ length: count }, (_, i) => layCall(guest, OPS + i * OP_STRIDE, random));
  return { guest, ops };
}

/** The first name is empty. */
function layNames(guest: Uint8Array): void {
  const view = new DataView(guest.buffer);
  for (let i = 1; i < 8; i++) {
    const at = NAMES + i * NAME_STRIDE;
    for (let unit = 0; unit < 3 * i - 2; unit++) view.setUint16(at + 2 * unit, 0x61 + i + unit, true);
  }
}

function layCall(guest: Uint8Array, op: number, random: Random): number {
  const view = new DataView(guest.buffer);
  const { name, size, data, guid } = opLayout("x86_64");
  const handle = (right: number) => BigInt(random.oneIn(20) ? random.pick(NOWHERE) : right);
  const fn = random.oneIn(50) ? random.pick([0, 12]) : random.pick([6, 7]);
  writeRuntimeCall(view, op, fn, fn === 6 ? Number(random.oneIn(20)) : random.pick(ATTRIBUTES));
  view.setBigUint64(op + name, handle(NAMES + random.below(8) * NAME_STRIDE), true);
  view.setBigUint64(op + size, random.oneIn(200) ? 1n << 32n : BigInt(random.pick(SIZES)), true);
  view.setBigUint64(op + data, handle(DATA + random.below(64)), true);
  guest.set(guidBytes(random.pick(GUIDS)), op + guid);
  if (random.oneIn(100)) view.setUint32(op + random.pick([0, 4]), random.below(49), true);
  return op;
}
