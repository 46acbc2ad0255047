import { RECLAIM_AT_RUNTIME } from "../assembly/abi/policy.ts";
import {
  type BootWrite,
  guidBytes,
  Machine,
  type MachineOptions,
  opLayout,
  POLICIES,
  type Policy,
  writeRuntimeCall,
} from "../src/index.ts";
import { NO_BOOT } from "../src/policies/policy.ts";

/** Bytes of data of every variable. */
export const DATA_BYTES = 64;

const GUIDS = Array.from({ length: 6 }, (_, i) => `5f1c9b0e-2a77-4a0e-9d3b-3c5d2e7a8f1${i}`);
const LAYOUT = opLayout("x86_64");

/** Guest addresses: ops, names and data buffers, one of each an entry. */
const OPS = 0x1000;
const OP_STRIDE = 256;
const NAME_OFFSET = 160;

/** A variable of the workload. */
export interface Subject {
  name: string;
  guid: string;
}

/** Names of 8 to 20 characters under six vendor GUIDs. */
export function subjects(count: number): Subject[] {
  return Array.from({ length: count }, (_, i) => {
    const number = String(i).padStart(4, "0");
    return { name: `Var${"abcdefghijklm".slice(0, i % 13)}x${number}`, guid: GUIDS[i % GUIDS.length] as string };
  });
}

/**
 * A machine that holds the subjects and nothing else, and reclaims as soon as a write lacks room, as edk2 never does at
 * run time: updates would fill its store. 3000 variables need a larger store than OVMF's.
 */
export function makeMachine(all: readonly Subject[], guest: Pick<MachineOptions, "guestMemory"> = {}): Machine {
  const edk2 = POLICIES.edk2 as Policy;
  const storeEnd = 0x80000;
  const geometry = { ...edk2.geometry, volumeBytes: storeEnd, storeEnd, workBytes: 0, spareBytes: 0 };
  const policy: Policy = { ...edk2, geometry, flags: edk2.flags | RECLAIM_AT_RUNTIME, boot: NO_BOOT };
  const data = "ab".repeat(DATA_BYTES);
  const preload = all.map(({ name, guid }): BootWrite => ({ name, guid, attributes: 7, data }));
  return new Machine({ policy, preload, ...guest });
}

/** Lays op `index` for a get (6) or set (7) out in guest memory, its name behind it; gives the op's address. */
export function layOp(
  machine: Machine,
  index: number,
  fn: 6 | 7,
  { name, guid }: Subject,
  data: number,
  bytes = DATA_BYTES,
): number {
  const { memory, view } = machine;
  const op = OPS + index * OP_STRIDE;
  writeRuntimeCall(view, op, fn, fn === 7 ? 7 : 0);
  view.setBigUint64(op + LAYOUT.name, BigInt(op + NAME_OFFSET), true);
  view.setBigUint64(op + LAYOUT.size, BigInt(bytes), true);
  view.setBigUint64(op + LAYOUT.data, BigInt(data), true);
  memory.set(guidBytes(guid), op + LAYOUT.guid);
  for (let i = 0; i <= name.length; i++) {
    view.setUint16(op + NAME_OFFSET + 2 * i, i < name.length ? name.charCodeAt(i) : 0, true);
  }
  return op;
}

/** Where data buffers lie: behind all ops. */
export const DATA = 0x200000;
/** Bytes of guest memory that all of it takes. */
export const GUEST_BYTES = 0x300000;

/** A shuffled order of 0 to count - 1, the same at each run. */
export function shuffled(count: number): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  let seed = 12345;
  for (let i = count - 1; i > 0; i--) {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    const j = (seed >>> 8) % (i + 1);
    [order[i], order[j]] = [order[j] as number, order[i] as number];
  }
  return order;
}
