import {
  ADDED,
  ERASED,
  HEADER_VALID,
  IN_TRANSITION,
  RECORD_COUNT,
  START_ID,
  STORE_HEADER_BYTES,
} from "../../assembly/abi/record.ts";
import { NON_VOLATILE } from "../../assembly/abi/variable.ts";
import { CERT_DB, isPrivate, parseCertDb } from "./cert-db.ts";
import { isStanding, type LogEntry, liveEntries, logEnd, logStart, readLog } from "./edk2-log.ts";
import { layoutOf, RECORD_KEY_INDEX, RECORD_RESERVED, type RecordLayout } from "./edk2-record.ts";
import { BLOCK_COUNT, locateVolume, REVISION, readVolume, STORE_RESERVED, type Volume } from "./edk2-volume.ts";
import { checkFtw } from "./edk2-work-area.ts";
import type { Finding, FindingSink } from "./finding.ts";
import { firstOther, hex, viewOf } from "./flash-bytes.ts";
import { FormatError, keyOf, offsetText, type Variable } from "./variable-set.ts";

/** Attribute bits that the UEFI specification gives a meaning. */
const KNOWN_ATTRIBUTES = 0xff;
/** With more than this part of its store live, or less than the rest left behind the log, a store is nearly full. */
const FULL = 0.9;

/**
 * All that is wrong or odd with a volume file, in the order of the file's areas; nothing for a stock one. Goes on behind
 * an error wherever it can, and never throws.
 */
export function checkVolume(file: Uint8Array): Finding[] {
  const findings: Finding[] = [];
  const find: FindingSink = (offset, severity, text) => findings.push({ place: offsetText(offset), severity, text });
  try {
    checkAt(file, locateVolume(file), find);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    const text = `expected ${error.message.slice(error.place.length + 2)}`;
    findings.push({ place: error.place, severity: "error", text });
  }
  return findings;
}

function checkAt(file: Uint8Array, offset: number, find: FindingSink): void {
  const report = (at: number, expectation: string) => find(at, "error", `expected ${expectation}`);
  const volume = readVolume(file, offset, report);
  if (volume === undefined) return;
  checkHeaders(file, volume, find);
  const log = readLog(file, volume, report);
  const live = liveEntries(log);
  for (const entry of log) checkEntry(file, volume, entry, find);
  checkTwins(volume, log, live, find);
  checkFree(file, volume, log, find);
  checkFtw(file, offset, volume.geometry, find);
  checkCertDb(volume, live, find);
  checkSpace(volume, log, live, find);
}

function checkHeaders(file: Uint8Array, { offset, geometry }: Volume, find: FindingSink): void {
  const { storeOffset, blockBytes, blockCount, volumeBytes } = geometry;
  const map = offset + BLOCK_COUNT;
  if (blockBytes === 0) find(map + 4, "error", "blocks of 0 bytes");
  else if (blockBytes * blockCount < volumeBytes) {
    find(map, "warning", `a block map of ${hex(blockBytes * blockCount)} bytes for a volume of ${hex(volumeBytes)}`);
  }
  if (file[offset + REVISION] !== 2) {
    find(offset + REVISION, "warning", `volume header revision ${file[offset + REVISION]}, not 2`);
  }
  const start = offset + storeOffset + STORE_HEADER_BYTES;
  const used = firstOther(file, 0, offset + storeOffset + STORE_RESERVED, start);
  if (used < start) find(used, "warning", "a reserved byte that is not 0");
}

function checkEntry(file: Uint8Array, volume: Volume, entry: LogEntry, find: FindingSink): void {
  const at = volume.offset + entry.offset;
  const layout = layoutOf(volume);
  if (entry.state === ERASED) find(at, "warning", "a dead record whose header was never completed");
  if (entry.state === HEADER_VALID)
    find(at, "warning", `a dead record whose data was never completed: ${title(entry)}`);
  if (entry.state === ERASED) return;
  if (file[at + RECORD_RESERVED] !== 0) find(at + RECORD_RESERVED, "warning", "a reserved byte that is not 0");
  if (isStanding(entry)) checkStanding(at, entry, find);
  const next = volume.offset + Math.min(entry.offset + entry.bytes, volume.geometry.storeEnd);
  const pad = firstOther(file, 0xff, at + layout.headerBytes + sizesOf(file, at, entry, layout), next);
  if (pad < next) find(pad, "warning", `padding that is not 0xff: ${title(entry)}`);
}

/** Bytes of name and data; 0 where the header was never completed. */
function sizesOf(file: Uint8Array, at: number, entry: LogEntry, layout: RecordLayout): number {
  if (entry.bytes === layout.headerBytes) return 0;
  return viewOf(file).getUint32(at + layout.nameBytesAt, true) + entry.data.length;
}

function checkStanding(at: number, entry: LogEntry, find: FindingSink): void {
  const warn = (what: string, offset = at) => find(offset, "warning", `${what}: ${title(entry)}`);
  if (entry.name === "") find(at, "error", "a live record without a name");
  else if (entry.data.length === 0) find(at, "error", `a live record without data: ${title(entry)}`);
  if ((entry.attributes & NON_VOLATILE) === 0) warn("a volatile variable in flash");
  if (entry.attributes > KNOWN_ATTRIBUTES) warn(`attributes ${hex(entry.attributes)}, with unknown bits`);
  if (entry.count !== undefined) warn(`monotonic count ${entry.count}, not 0`, at + RECORD_COUNT);
  if (entry.keyIndex !== undefined) warn(`public key index ${entry.keyIndex}, not 0`, at + RECORD_KEY_INDEX);
}

/** Records of one name that could each stand for it. */
function checkTwins(volume: Volume, log: LogEntry[], live: LogEntry[], find: FindingSink): void {
  const standing = new Map(live.map((entry) => [keyOf(entry), entry]));
  for (const entry of log.filter(isStanding)) {
    const at = volume.offset + entry.offset;
    const first = standing.get(keyOf(entry));
    if (first === entry) {
      if (entry.state === IN_TRANSITION) find(at, "warning", `a replacement or deletion was begun: ${title(entry)}`);
    } else if (entry.state === ADDED) {
      const where = offsetText(volume.offset + (first?.offset ?? 0));
      find(at, "error", `a second live record, that of ${where} counts: ${title(entry)}`);
    } else {
      find(at, "warning", `a replaced record that was not marked deleted: ${title(entry)}`);
    }
  }
}

/** Behind the log all is erased, or the next boot reclaims. */
function checkFree(file: Uint8Array, volume: Volume, log: LogEntry[], find: FindingSink): void {
  const end = volume.offset + volume.geometry.storeEnd;
  const start = volume.offset + logEnd(log, volume.geometry);
  const dirty = firstOther(file, 0xff, start, end);
  if (dirty >= end) return;
  if (dirty + 1 < end && dirty % 4 !== 0 && viewOf(file).getUint16(dirty, true) === START_ID) {
    find(dirty, "error", "a record that does not start on a multiple of 4: it and what follows are not seen");
    return;
  }
  const what = firstOther(file, 0, dirty, end) === end ? "zeros in free space" : "bytes behind the log are not 0xff";
  find(dirty, "warning", `${what}: the next boot reclaims`);
}

/** Each node has its private authenticated variable, and the other way round. */
function checkCertDb(volume: Volume, live: LogEntry[], find: FindingSink): void {
  const certDb = live.find(({ name, guid }) => name === CERT_DB.name && guid === CERT_DB.guid);
  if (certDb === undefined) return;
  const at = volume.offset + certDb.offset;
  const nodes = parseCertDb(certDb.data);
  if (nodes === undefined) {
    find(at, "error", "certdb's sizes do not agree: its signers are lost");
    return;
  }
  const signed = new Map(live.filter(isPrivate).map((entry) => [keyOf(entry), entry]));
  for (const node of nodes) {
    if (!signed.has(keyOf(node))) find(at, "warning", `certdb has a signer of no variable: ${title(node)}`);
  }
  const known = new Set(nodes.map(keyOf));
  for (const [key, entry] of signed) {
    const where = volume.offset + entry.offset;
    if (!known.has(key)) find(where, "warning", `certdb has no signer, no write will be let pass: ${title(entry)}`);
  }
}

function checkSpace(volume: Volume, log: LogEntry[], live: LogEntry[], find: FindingSink): void {
  const start = logStart(volume.geometry);
  const room = volume.geometry.storeEnd - start;
  const used = logEnd(log, volume.geometry) - start;
  const liveBytes = live.reduce((sum, { bytes }) => sum + bytes, 0);
  const figures = `${liveBytes} bytes live, ${used - liveBytes} dead, ${Math.max(0, room - used)} of ${room} free`;
  const at = volume.offset + start;
  if (liveBytes > FULL * room) find(at, "warning", `the store is nearly full: ${figures}`);
  else if (used > FULL * room) find(at, "warning", `a reclaim is near: ${figures}`);
}

function title({ name, guid }: Pick<Variable, "name" | "guid">): string {
  return `${JSON.stringify(name)}-${guid}`;
}
