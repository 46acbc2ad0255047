import { ADDED, DELETED_IN_TRANSITION, RECORD_STATE } from "../../assembly/abi/record.ts";
import { areSameBytes } from "../bytes.ts";
import { checkRoom, isStanding, type LogEntry, liveEntries, logEnd, logStart, readLog, sizeOf } from "./edk2-log.ts";
import { DELETED_MASK, layoutOf, type RecordLayout, recordBytes, writeRecord } from "./edk2-record.ts";
import type { Volume } from "./edk2-volume.ts";
import { firstOther } from "./flash-bytes.ts";
import { keyOf, type Variable } from "./variable-set.ts";

/** What becomes of a log: its live records that stay, the names whose records end, and the records to come. */
interface Changes {
  kept: LogEntry[];
  ended: Map<string, "replaced" | "deleted">;
  added: Variable[];
}

/**
 * The file with the volume's variables changed to these, as flash writes leave it: records that end have bits of their
 * state cleared, new ones stand behind the log. Where the log has no room, its live records are put together first, as by
 * a reclaim, without a trace of that in the fault-tolerant-write areas. Throws a RangeError if they do not fit then.
 */
export function editLog(base: Uint8Array, volume: Volume, variables: readonly Variable[]): Uint8Array {
  const log = readLog(base, volume);
  const changes = compare(liveEntries(log), variables, layoutOf(volume));
  const bytes = base.slice();
  if (hasRoom(base, volume, log, changes)) {
    endRecords(bytes, volume, log, changes.ended);
    writeAdded(bytes, volume, logEnd(log, volume.geometry), changes.added);
  } else {
    compact(bytes, base, volume, changes);
  }
  return bytes;
}

/** True if a variable's record would be the one that is there. */
export function isSameRecord(a: Variable, b: Variable, layout: RecordLayout): boolean {
  if (a.attributes !== b.attributes || !areSameBytes(a.data, b.data)) return false;
  if (!layout.authenticated) return true;
  const isSameCounter = (a.count ?? 0n) === (b.count ?? 0n) && (a.keyIndex ?? 0) === (b.keyIndex ?? 0);
  return isSameCounter && areSameBytes(a.stamp ?? NO_STAMP, b.stamp ?? NO_STAMP);
}

const NO_STAMP = new Uint8Array(16);

function compare(live: readonly LogEntry[], variables: readonly Variable[], layout: RecordLayout): Changes {
  const wanted = new Map(variables.map((variable) => [keyOf(variable), variable]));
  const kept: LogEntry[] = [];
  const ended: Changes["ended"] = new Map();
  for (const entry of live) {
    const key = keyOf(entry);
    const variable = wanted.get(key);
    if (variable !== undefined && isSameRecord(entry, variable, layout)) {
      kept.push(entry);
      wanted.delete(key);
    } else {
      ended.set(key, variable === undefined ? "deleted" : "replaced");
    }
  }
  return { kept, ended, added: [...wanted.values()] };
}

/** Records can only follow the log where the flash behind it is erased: other bytes could be taken for records. */
function hasRoom(base: Uint8Array, volume: Volume, log: LogEntry[], { added }: Changes): boolean {
  if (added.length === 0) return true;
  const { geometry, offset } = volume;
  const first = logEnd(log, geometry);
  if (sizeOf(added, layoutOf(volume)) > geometry.storeEnd - first) return false;
  const end = offset + geometry.storeEnd;
  return firstOther(base, 0xff, offset + first, end) === end;
}

/**
 * The states that edk2's UpdateVariable leaves (VariableDxe, Variable.c): a replaced record passes through in-transition, a deleted one
 * does not. Other records of the name that could stand in its place end, too.
 */
function endRecords(bytes: Uint8Array, volume: Volume, log: LogEntry[], ended: Changes["ended"]): void {
  const live = new Set(liveEntries(log));
  for (const entry of log) {
    if (!isStanding(entry)) continue;
    const end = ended.get(keyOf(entry));
    if (end === undefined) continue;
    const state = end === "replaced" && live.has(entry) ? DELETED_IN_TRANSITION : entry.state & DELETED_MASK;
    bytes[volume.offset + entry.offset + RECORD_STATE] = state;
  }
}

function writeAdded(bytes: Uint8Array, volume: Volume, start: number, added: readonly Variable[]): void {
  const layout = layoutOf(volume);
  let at = volume.offset + start;
  for (const variable of added) {
    writeRecord(bytes, at, { ...variable, state: ADDED }, layout);
    at += recordBytes(variable, layout);
  }
}

/** What stays, added records before in-transition ones (VariableDxe, Reclaim), all as added; behind them what is new. */
function compact(bytes: Uint8Array, base: Uint8Array, volume: Volume, { kept, added }: Changes): void {
  const { geometry, offset } = volume;
  const keptBytes = kept.reduce((sum, entry) => sum + entry.bytes, 0);
  checkRoom(keptBytes + sizeOf(added, layoutOf(volume)), geometry.storeEnd - logStart(geometry));
  bytes.fill(0xff, offset + logStart(geometry), offset + geometry.storeEnd);
  let at = logStart(geometry);
  for (const entry of [...kept.filter(isAdded), ...kept.filter((entry) => !isAdded(entry))]) {
    const from = offset + entry.offset;
    bytes.set(base.subarray(from, from + entry.bytes), offset + at);
    bytes[offset + at + RECORD_STATE] = ADDED;
    at += entry.bytes;
  }
  writeAdded(bytes, volume, at, added);
}

function isAdded({ state }: LogEntry): boolean {
  return state === ADDED;
}
