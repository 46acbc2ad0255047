import { ORDER_LOG, ORDER_NEWEST_FIRST, POLICY_ORDER, RECORD_IN_ONE_WRITE } from "../abi/policy";
import {
  ADDED,
  ERASED,
  HEADER_BYTES,
  HEADER_VALID,
  IN_TRANSITION,
  RECORD_ATTRIBUTES,
  RECORD_COUNT,
  RECORD_DATA_BYTES,
  RECORD_GUID,
  RECORD_KEY_INDEX,
  RECORD_NAME_BYTES,
  RECORD_STAMP,
  RECORD_STATE,
  START_ID,
} from "../abi/record";
import { NON_VOLATILE } from "../abi/variable";
import { copyBytes, copyGuid, sameBytes, sameGuid } from "../bytes";
import { has, limit } from "../policy";
import { Draft, HEADER_BUFFER, nvRegion, Region, state, volatileRegion } from "../state";
import { barrier, clearBits, clearInSteps, hasSteps, program } from "./flash";
import { clear, find as findEntry, hashOf, insert, remove, replace } from "./index";
import {
  alignedBytes,
  attributesOf,
  DELETED_MASK,
  guidOf,
  nameBytesOf,
  nameOf,
  nextOf,
  sequenceOf,
  stateOf,
  TRANSITION_MASK,
} from "./record";
import { account, isErrorRecord, isValid, measure } from "./region";

/** The record that stands for the draft's name, or 0. */
export function find(d: Draft): usize {
  return findEntry(d.hash, d.guid, d.name, d.nameBytes);
}

/** True for a record of the volatile store. */
export function isVolatile(record: usize): bool {
  return record >= volatileRegion.first;
}

/** Bytes that a new record of the draft takes, not rounded. */
export function recordBytes(d: Draft): u64 {
  return <u64>HEADER_BYTES + d.nameBytes + d.headBytes + d.dataBytes;
}

/** The region that the draft's attributes put it into. */
export function regionFor(d: Draft): Region {
  return d.attributes & NON_VOLATILE ? nvRegion : volatileRegion;
}

/**
 * Writes the draft as a new record at the tail of its region and lets it stand for its name; `old`, the record that
 * stood for it (0: none) and is in transition, becomes deleted. The caller has made sure that it fits. Order of the
 * writes as in edk2's UpdateVariable: header with state 0xff, state 0x7f, name and data, state 0x3f, then the older one.
 */
export function append(d: Draft, old: usize): void {
  const region = regionFor(d);
  const record = region.tail;
  setSequence(d, old);
  writeRecord(record, d);
  region.tail = record + <usize>alignedBytes(recordBytes(d));
  account(region, d.attributes, <u32>(region.tail - record));
  if (old === 0) {
    if (!insert(d.hash, record)) rebuildIndex();
    return;
  }
  clearState(old, DELETED_MASK);
  replace(d.hash, old, record);
}

/** Gives the draft its place in the order, where that is not the log's: a new one, or that of the replaced record. */
export function setSequence(d: Draft, old: usize): void {
  const order = limit(POLICY_ORDER);
  if (order === ORDER_LOG) return;
  if (old === 0 || order !== ORDER_NEWEST_FIRST) state.sequence++;
  d.sequence = old !== 0 && order === ORDER_NEWEST_FIRST ? <u32>sequenceOf(old) : state.sequence;
}

/** Marks that a replacement of the record has begun. */
export function beginTransition(record: usize): void {
  deleteTwins(record);
  clearBits(record + RECORD_STATE, TRANSITION_MASK);
}

/** Deletes the record that stands for the draft's name. */
export function removeRecord(d: Draft, record: usize): void {
  deleteTwins(record);
  clearState(record, DELETED_MASK);
  remove(d.hash, record);
}

/** Takes a record's state on to one that makes other records count, or not: what was written before is safe by then. */
function clearState(record: usize, mask: u8): void {
  barrier();
  clearBits(record + RECORD_STATE, mask);
}

/** Sums up both regions and rebuilds the index, from the stores' bytes alone. */
export function load(): void {
  measure(nvRegion);
  measure(volatileRegion);
  rebuildIndex();
  state.sequence = 0;
  noteSequences(volatileRegion);
  noteSequences(nvRegion);
}

/** Finds the youngest record's place in the order, so that the next one is younger. */
function noteSequences(region: Region): void {
  if (limit(POLICY_ORDER) === ORDER_LOG) return;
  for (let record = region.first; record < region.tail; record = <usize>nextOf(record)) {
    state.sequence = max(state.sequence, <u32>sequenceOf(record));
  }
}

/** Rebuilds the index from the stores' bytes alone. */
export function rebuildIndex(): void {
  clear(countValid(volatileRegion) + countValid(nvRegion));
  enterAll(volatileRegion);
  enterAll(nvRegion);
}

/** Bytes of a region's live records: its hardware error records, or all others. */
export function liveBytes(region: Region, errorRecords: bool): u32 {
  let bytes: u32 = 0;
  let record = firstLive(region, region.first);
  while (record !== 0) {
    const next = <usize>nextOf(record);
    if (isErrorRecord(attributesOf(record)) === errorRecords) bytes += <u32>(next - record);
    record = firstLive(region, next);
  }
  return bytes;
}

/** The first record at or behind `record` that stands for its name, or 0. */
export function firstLive(region: Region, record: usize): usize {
  while (record < region.tail) {
    const s = stateOf(record);
    if (s === ADDED || (s === IN_TRANSITION && stands(record))) return record;
    record = <usize>nextOf(record);
  }
  return 0;
}

/** True if the index names this very record, or it has no name. An in-transition one does not stand beside an added twin. */
function stands(record: usize): bool {
  if (nameBytesOf(record) === 0) return true;
  return findEntry(hashOf(record), guidOf(record), nameOf(record), nameBytesOf(record)) === record;
}

/**
 * Writes the draft as a record at `at`, in the steps of edk2's UpdateVariable; at once where nobody could tell the
 * difference. That it can be undone needs nothing here: behind a region's tail all is erased.
 */
export function writeRecord(at: usize, d: Draft): void {
  if (hasSteps()) {
    writeInSteps(at, d);
    return;
  }
  putHeader(at, d, <u8>ADDED);
  const name = at + HEADER_BYTES;
  copyBytes(name, d.name, d.nameBytes);
  let data = name + d.nameBytes;
  if (d.headBytes !== 0) {
    copyBytes(data, d.head, d.headBytes);
    data += d.headBytes;
  }
  copyBytes(data, d.data, d.dataBytes);
}

function writeInSteps(at: usize, d: Draft): void {
  putHeader(HEADER_BUFFER, d, <u8>ERASED);
  program(at, HEADER_BUFFER, HEADER_BYTES);
  if (!has(RECORD_IN_ONE_WRITE)) {
    clearInSteps(at + RECORD_STATE, <u8>HEADER_VALID);
    // Behind a header that is lost or not valid the next boot would read the name as a record.
    barrier();
  }
  const name = at + HEADER_BYTES;
  program(name, d.name, d.nameBytes);
  if (d.headBytes !== 0) program(name + d.nameBytes, d.head, d.headBytes);
  program(name + d.nameBytes + d.headBytes, d.data, d.dataBytes);
  barrier();
  clearInSteps(at + RECORD_STATE, <u8>ADDED);
}

/** The 60 bytes of AUTHENTICATED_VARIABLE_HEADER (MdeModulePkg/Include/Guid/VariableFormat.h), in a state. */
function putHeader(at: usize, d: Draft, state: u8): void {
  store<u32>(at, <u32>START_ID | ((<u32>state) << (RECORD_STATE * 8)));
  store<u32>(at, d.attributes, RECORD_ATTRIBUTES);
  store<u64>(at, d.sequence, RECORD_COUNT);
  if (d.stamp !== 0) copyGuid(at + RECORD_STAMP, d.stamp);
  else {
    store<u64>(at, 0, RECORD_STAMP);
    store<u64>(at, 0, RECORD_STAMP + 8);
  }
  store<u32>(at, 0, RECORD_KEY_INDEX);
  store<u32>(at, d.nameBytes, RECORD_NAME_BYTES);
  store<u32>(at, d.headBytes + d.dataBytes, RECORD_DATA_BYTES);
  copyGuid(at + RECORD_GUID, d.guid);
}

/**
 * Deletes the in-transition records of the same name in front of this one, left by power cuts. They go before anything
 * happens to this one, or else an old value could stand again: edk2 deletes one twin only, and it after the append.
 */
function deleteTwins(record: usize): void {
  const region = isVolatile(record) ? volatileRegion : nvRegion;
  if (region.twinCount !== 0) deleteTwinsIn(region, record);
}

function deleteTwinsIn(region: Region, record: usize): void {
  const hash = hashOf(record);
  for (let at = region.first; at < record; at = <usize>nextOf(at)) {
    if (stateOf(at) !== IN_TRANSITION || hashOf(at) !== hash || !isSameName(at, record)) continue;
    clearState(at, DELETED_MASK);
    region.twinCount--;
  }
  // Of two in transition and none added, edk2's Reclaim keeps the older.
  barrier();
}

function isSameName(a: usize, b: usize): bool {
  const bytes = nameBytesOf(a);
  return bytes === nameBytesOf(b) && sameGuid(guidOf(a), guidOf(b)) && sameBytes(nameOf(a), nameOf(b), bytes);
}

function countValid(region: Region): u32 {
  let count: u32 = 0;
  for (let record = region.first; record < region.tail; record = <usize>nextOf(record)) {
    if (isValid(record)) count++;
  }
  return count;
}

/**
 * Enters every record that stands for its name: the first added one, else the last in-transition one
 * (VariableParsing.c, FindVariableEx). A volatile variable hides a non-volatile one.
 */
function enterAll(region: Region): void {
  region.twinCount = 0;
  for (let record = region.first; record < region.tail; record = <usize>nextOf(record)) {
    if (!isValid(record) || nameBytesOf(record) === 0) continue;
    const hash = hashOf(record);
    const entered = findEntry(hash, guidOf(record), nameOf(record), nameBytesOf(record));
    if (entered === 0) insert(hash, record);
    else if (isVolatile(entered) === isVolatile(record) && stateOf(entered) === IN_TRANSITION) {
      replace(hash, entered, record);
      region.twinCount++;
    }
  }
}
