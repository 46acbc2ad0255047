import { ADDED, ERASED, HEADER_BYTES, HEADER_VALID, STORE_HEADER_BYTES } from "../../assembly/abi/record.ts";
import { findVolume, type LogEntry, liveEntries, readLog, type Volume } from "../formats/edk2-store.ts";

/**
 * What a byte of a store file can be, the kind that matters most first: a cell of a drawing that has several kinds shows
 * the first of them.
 *
 * - torn: a record whose writing was cut, or bytes behind the log that are not erased
 * - in-transition: a record of state 0x3e that stands, for want of an added twin
 * - live, dead: a record that stands for its name, or does no more
 * - free: erased, behind the log
 * - padding: in the volume, and of no area
 * - outside: in the file, and not of the volume
 */
export const KINDS = [
  "torn",
  "in-transition",
  "live",
  "dead",
  "headers",
  "event log",
  "ftw work",
  "ftw spare",
  "padding",
  "outside",
  "free",
] as const;
export type Kind = (typeof KINDS)[number];

/** Bytes of a file, from `start` up to `end` (excluded). */
export interface Span {
  start: number;
  end: number;
}

/** A stretch of bytes of one kind. */
export interface Region extends Span {
  kind: Kind;
}

/** A record of the log, its padding included. */
export interface RecordRegion extends Region {
  /** UCS-2 units as they lie there: markup, control characters and lone surrogates may occur. */
  name: string;
  guid: string;
  attributes: number;
  state: number;
  dataBytes: number;
}

/** How full the variable area is, in bytes; the sizes count as QueryVariableInfo's for variables that are no error records. */
export interface Quota {
  /** All that records can take. */
  capacityBytes: number;
  /** What records take, the dead ones too. */
  usedBytes: number;
  freeBytes: number;
  /** What one more reclaim would give back. */
  reclaimBytes: number;
  /** Name and data of the largest variable that the free bytes take; the firmware's own limit may be lower. */
  largestVariableBytes: number;
}

/** A store file as a row of regions, which cover each of its bytes exactly once. */
export interface FlashMap {
  fileBytes: number;
  volume: Span;
  /** Where records can lie: from behind the headers to the end of the variable area. */
  variables: Span;
  regions: (Region | RecordRegion)[];
  /** Bytes of each kind. */
  sums: Record<Kind, number>;
  quota: Quota;
}

/** Where FTW areas start: on a border of so many bytes (the smallest block of the known layouts). */
const AREA_STEP = 0x1000;
/** Header of a record without time stamp, key index and count (VariableFormat.h, VARIABLE_HEADER). */
const PLAIN_HEADER_BYTES = 32;

/** Maps a store file. Throws the reader's FormatError for what is no healthy volume, or whose reclaim was cut. */
export function flashMap(file: Uint8Array): FlashMap {
  const volume = findVolume(file);
  const log = readLog(file, volume);
  const { geometry, offset } = volume;
  const variables = { start: offset + geometry.storeOffset + STORE_HEADER_BYTES, end: offset + geometry.storeEnd };
  const regions = cover([
    { end: offset, kind: "outside" },
    { end: variables.start, kind: "headers" },
    ...logEnds(log, offset),
    ...restEnds(file, log, variables, offset),
    ...areaEnds(volume),
    { end: offset + geometry.volumeBytes, kind: "padding" },
    { end: file.length, kind: "outside" },
  ]);
  return {
    fileBytes: file.length,
    volume: { start: offset, end: offset + geometry.volumeBytes },
    variables,
    regions,
    sums: sumsOf(regions),
    quota: quotaOf(log, variables, volume.authenticated ? HEADER_BYTES : PLAIN_HEADER_BYTES),
  };
}

/** True for the regions that are records of the log. */
export function isRecord(region: Region | RecordRegion): region is RecordRegion {
  return "state" in region;
}

/** The records among a map's regions, in log order. */
export function recordsOf(map: FlashMap): RecordRegion[] {
  return map.regions.filter(isRecord);
}

/** Bytes of a region. */
export function bytesOf({ start, end }: Span): number {
  return end - start;
}

/** "0x1a2b" */
export function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

/** The part that `bytes` are of `all`, "4.4%"; anything above zero is at least "<0.1%". */
export function percent(bytes: number, all: number): string {
  if (bytes === 0 || all === 0) return "0%";
  const part = (100 * bytes) / all;
  return part < 0.1 ? "<0.1%" : `${part.toFixed(1)}%`;
}

type End = Omit<RecordRegion, "start"> | Omit<Region, "start">;

/** Regions that start where the one before ends; empty ones are left out. */
function cover(ends: readonly End[]): (Region | RecordRegion)[] {
  let start = 0;
  const regions: (Region | RecordRegion)[] = [];
  for (const end of ends) {
    if (end.end <= start) continue;
    regions.push({ start, ...end });
    start = end.end;
  }
  return regions;
}

function logEnds(log: LogEntry[], volumeOffset: number): End[] {
  const live = new Set(liveEntries(log));
  return log.map((entry) => ({
    end: volumeOffset + entry.offset + entry.bytes,
    kind: kindOf(entry, live.has(entry)),
    name: entry.name,
    guid: entry.guid,
    attributes: entry.attributes,
    state: entry.state,
    dataBytes: entry.data.length,
  }));
}

function kindOf({ state }: LogEntry, isLive: boolean): Kind {
  if (state === ERASED || state === HEADER_VALID) return "torn";
  if (!isLive) return "dead";
  return state === ADDED ? "live" : "in-transition";
}

/** Behind the log: what is not erased makes the next boot reclaim (edk2 Reclaim at InitNonVolatileVariableStore). */
function restEnds(file: Uint8Array, log: LogEntry[], variables: Span, volumeOffset: number): End[] {
  const last = log.at(-1);
  const tail = last === undefined ? variables.start : volumeOffset + last.offset + last.bytes;
  const used = file.subarray(tail, variables.end).findLastIndex((byte) => byte !== ERASED) + 1;
  return [
    { end: tail + used, kind: "torn" },
    { end: variables.end, kind: "free" },
  ];
}

/** The areas behind the variables. What lies between them and the work area is the event log of OVMF's layouts. */
function areaEnds({ offset, geometry }: Volume): End[] {
  if (geometry.workBytes === 0) return [];
  return [
    { end: offset + Math.ceil(geometry.storeEnd / AREA_STEP) * AREA_STEP, kind: "padding" },
    { end: offset + geometry.workOffset, kind: "event log" },
    { end: offset + geometry.workOffset + geometry.workBytes, kind: "ftw work" },
    { end: offset + geometry.spareOffset, kind: "padding" },
    { end: offset + geometry.spareOffset + geometry.spareBytes, kind: "ftw spare" },
  ];
}

function sumsOf(regions: readonly Region[]): Record<Kind, number> {
  const sums = Object.fromEntries(KINDS.map((kind) => [kind, 0])) as Record<Kind, number>;
  for (const region of regions) sums[region.kind] += bytesOf(region);
  return sums;
}

function quotaOf(log: LogEntry[], variables: Span, headerBytes: number): Quota {
  const sum = (entries: readonly LogEntry[]) => entries.reduce((bytes, entry) => bytes + entry.bytes, 0);
  const capacityBytes = bytesOf(variables);
  const usedBytes = sum(log);
  const freeBytes = Math.max(0, capacityBytes - usedBytes);
  return {
    capacityBytes,
    usedBytes,
    freeBytes,
    reclaimBytes: usedBytes - sum(liveEntries(log)),
    largestVariableBytes: Math.max(0, freeBytes - headerBytes),
  };
}
