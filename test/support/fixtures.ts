import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { nodeVerifier } from "../../src/crypto/node-verifier.ts";
import { findStartStore } from "../../src/files/start-store.ts";
import type { GuestMemory } from "../../src/guest-memory.ts";
import { parseTrace, replay, startMachine, type Trace } from "../../src/trace/index.ts";

const ROOT = new URL("../fixtures/", import.meta.url);

/** Path of a fixture, as `stores/ovmf-4m-stock.fd.gz`. */
export function fixturePath(name: string): string {
  return fileURLToPath(new URL(name, ROOT));
}

/** Bytes of a fixture, unpacked. */
export function fixtureBytes(name: string): Uint8Array {
  const bytes = readFileSync(fixturePath(name));
  return name.endsWith(".gz") ? new Uint8Array(gunzipSync(bytes)) : new Uint8Array(bytes);
}

/** Folders of traces: captured ones, the given scenarios, and further ones of the same rules. */
export type TraceFolder = "traces" | "conformance" | "scenarios";

/** Names of a folder's traces. */
export function traceNames(folder: TraceFolder): string[] {
  return readdirSync(fixturePath(folder)).filter((name) => name.endsWith(".jsonl"));
}

export function readTrace(folder: TraceFolder, name: string): Trace {
  return parseTrace(readFileSync(fixturePath(`${folder}/${name}`), "utf8"));
}

/** Replays a trace over the store that its header names; `seeded`: from its header alone; on a window or such memory. */
export function replayTrace(
  folder: TraceFolder,
  trace: Trace,
  name: string,
  seeded = false,
  guestMemory?: GuestMemory,
) {
  const store = seeded ? undefined : findStartStore(trace.header, fixturePath(`${folder}/${name}`));
  const start = startMachine(trace, store, nodeVerifier, guestMemory);
  return { start, result: replay(trace, start) };
}
