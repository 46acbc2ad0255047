import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { formatVolume, OVMF_2M, OVMF_4M } from "../formats/edk2-store.ts";
import { FormatError } from "../formats/variable-set.ts";
import type { TraceHeader } from "../trace/format.ts";
import { readBytes, sha256 } from "./bytes.ts";

/** Files beside a trace that are looked at, in bytes at most: a store of 64 MiB packs to less. */
const STORE_FILE_BYTES_MAX = 0x4200000;

/**
 * The store over which a trace's machine was booted, found by the header's `vars_before_sha256`: a blank OVMF store, or a
 * `.fd` or `.fd.gz` file beside the trace. Undefined if it is none of them, or the header names none.
 */
export function findStartStore(header: TraceHeader, tracePath: string): Uint8Array | undefined {
  const wanted = header.vars_before_sha256;
  if (wanted === undefined) return undefined;
  for (const geometry of [OVMF_4M, OVMF_2M]) {
    const blank = formatVolume(geometry);
    if (sha256(blank) === wanted) return blank;
  }
  const folder = tracePath === "-" ? "." : dirname(tracePath);
  if (!existsSync(folder)) return undefined;
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (!/\.fd(\.gz)?$/.test(name) || statSync(path).size > STORE_FILE_BYTES_MAX) continue;
    const bytes = readBytes(path);
    if (sha256(bytes) === wanted) return bytes;
  }
  return undefined;
}

/** Throws a FormatError unless the store is the one that the header names, if it names one. */
export function checkStartStore(header: TraceHeader, store: Uint8Array): void {
  const wanted = header.vars_before_sha256;
  if (wanted === undefined || sha256(store) === wanted) return;
  throw new FormatError("line 1", `vars_before_sha256 ${wanted}; the given store has ${sha256(store)}`);
}
