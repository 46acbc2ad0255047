import { FAULT_BYTES_MAX, type GuestChange } from "./fault.ts";
import type { FaultMemory } from "./fault-memory.ts";
import type { CallBuffer, PlatformCall } from "./platform-call.ts";

const PLACES = ["op", "name", "data"] as const;

/** Writes changes into a call's op and buffers; what passes their end, or cannot be written, is lost. */
export function applyChanges(guest: FaultMemory, call: PlatformCall, changes: readonly GuestChange[]): void {
  for (const { in: place, offset, bytes } of changes) {
    const { at, bytes: room } = bufferOf(call, place);
    const fits = Math.min(bytes.length, room - offset, guest.writableBytes(at + offset));
    if (fits > 0) guest.write(at + offset, bytes.subarray(0, fits));
  }
}

/** Lets a function write guest memory, and gives what it has changed in the call's op and buffers. */
export function observeChanges(
  guest: FaultMemory,
  call: PlatformCall,
  mutate: (memory: Uint8Array) => void,
): GuestChange[] {
  const before = PLACES.map((place) => readBuffer(guest, bufferOf(call, place)));
  mutate(guest.whole);
  return PLACES.flatMap((place, i) => {
    const now = readBuffer(guest, bufferOf(call, place));
    return changedRange(place, before[i] as Uint8Array, now);
  });
}

function bufferOf(call: PlatformCall, place: GuestChange["in"]): CallBuffer {
  if (place === "op") return { at: call.at, bytes: call.op.length };
  return place === "name" ? call.nameBuffer : call.dataBuffer;
}

function readBuffer(guest: FaultMemory, { at, bytes }: CallBuffer): Uint8Array {
  return guest.read(at, Math.min(bytes, FAULT_BYTES_MAX));
}

/** One change from the first byte that differs to the last; none if none does. */
function changedRange(place: GuestChange["in"], before: Uint8Array, now: Uint8Array): GuestChange[] {
  const differs = (byte: number, i: number) => byte !== before[i];
  const first = now.findIndex(differs);
  if (first < 0) return [];
  return [{ in: place, offset: first, bytes: now.slice(first, now.findLastIndex(differs) + 1) }];
}
