import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { nodeVerifier } from "../crypto/node-verifier.ts";
import { formatVolume, OVMF_2M, OVMF_4M } from "../formats/edk2-store.ts";
import { FormatError } from "../formats/variable-set.ts";
import { parseTrace, replay, startMachine, type TraceHeader } from "../trace/index.ts";
import { readBytes, sha256 } from "./bytes.ts";

/** Files beside a trace that are looked at, in bytes at most: a store of 64 MiB packs to less. */
const STORE_FILE_BYTES_MAX = 0x4200000;

/**
 * The store over which a trace's machine was booted, found by the header's `vars_before_sha256`: a blank OVMF store, a
 * `.fd` or `.fd.gz` file beside the trace, or what another trace beside it leaves behind when it is replayed. Undefined if
 * it is none of them, or the header names none.
 */
export function findStartStore(header: TraceHeader, tracePath: string): Uint8Array | undefined {
  return find(header.vars_before_sha256, tracePath === "-" ? "." : dirname(tracePath), new Set());
}

/** `tried`: digests that are being looked for, so that traces that continue each other have an end. */
function find(wanted: string | undefined, folder: string, tried: Set<string>): Uint8Array | undefined {
  if (wanted === undefined || tried.has(wanted)) return undefined;
  for (const geometry of [OVMF_4M, OVMF_2M]) {
    const blank = formatVolume(geometry);
    if (sha256(blank) === wanted) return blank;
  }
  for (const path of filesOf(folder, /\.fd(\.gz)?$/)) {
    const bytes = readNeighbour(path);
    if (bytes !== undefined && sha256(bytes) === wanted) return bytes;
  }
  tried.add(wanted);
  for (const path of filesOf(folder, /\.jsonl$/)) {
    const bytes = leftBehind(path, wanted, tried);
    if (bytes !== undefined) return bytes;
  }
  return undefined;
}

function filesOf(folder: string, name: RegExp): string[] {
  if (!existsSync(folder)) return [];
  const paths = readdirSync(folder)
    .filter((file) => name.test(file))
    .map((file) => join(folder, file));
  return paths.filter((path) => {
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats?.isFile() && stats.size <= STORE_FILE_BYTES_MAX;
  });
}

/** A file that happens to lie there and cannot be read is not the store. */
function readNeighbour(path: string): Uint8Array | undefined {
  try {
    return readBytes(path);
  } catch {
    return undefined;
  }
}

/** The store that a trace ends with, if its header says that it has this digest, and it comes out so. */
function leftBehind(path: string, wanted: string, tried: Set<string>): Uint8Array | undefined {
  const text = readFileSync(path, "utf8");
  if (!text.slice(0, text.indexOf("\n")).includes(wanted)) return undefined;
  const trace = parseTrace(text);
  if (trace.header.vars_after_sha256 !== wanted) return undefined;
  const store = find(trace.header.vars_before_sha256, dirname(path), tried);
  if (store === undefined) return undefined;
  const start = startMachine(trace, store, nodeVerifier);
  replay(trace, start);
  const flash = start.machine.flash();
  return sha256(flash) === wanted ? flash : undefined;
}

/** Throws a FormatError unless the store is the one that the header names, if it names one. */
export function checkStartStore(header: TraceHeader, store: Uint8Array): void {
  const wanted = header.vars_before_sha256;
  if (wanted === undefined || sha256(store) === wanted) return;
  throw new FormatError("line 1", `vars_before_sha256 ${wanted}; the given store has ${sha256(store)}`);
}
