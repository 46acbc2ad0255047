import { nodeVerifier } from "../crypto/node-verifier.ts";
import { readBytes } from "../files/bytes.ts";
import { findVolume, type LogEntry, liveEntries, OVMF_2M, readLog, type Volume } from "../formats/edk2-store.ts";
import { FormatError } from "../formats/variable-set.ts";
import { findGuid, GLOBAL_GUID } from "../guid.ts";
import { Machine } from "../machine.ts";
import { ovmf2m, ovmf4m } from "../policies/ovmf.ts";
import type { Policy } from "../policies/policy.ts";
import { CommandError, Exit } from "./io.ts";

/** A store file that was read and checked. */
export interface StoreFile {
  path: string;
  bytes: Uint8Array;
  volume: Volume;
  log: LogEntry[];
  live: LogEntry[];
}

/** Reads a store file, "-" for standard input. Errors name the file. */
export function openStore(path: string): StoreFile {
  const bytes = readBytes(path);
  return named(path, () => {
    const volume = findVolume(bytes);
    const log = readLog(bytes, volume);
    return { path, bytes, volume, log, live: liveEntries(log) };
  });
}

/** A machine over a store as it lies, at run time, with the limits of the OVMF build that has such a layout. */
export function attachStore(store: StoreFile): Machine {
  const machine = { policy: policyOf(store.volume), store: store.bytes, verifier: nodeVerifier };
  return named(store.path, () => new Machine({ ...machine, start: "attach" }));
}

export function policyOf({ geometry }: Volume): Policy {
  return geometry.storeEnd === OVMF_2M.storeEnd ? ovmf2m : ovmf4m;
}

/** Puts the file's name in front of what is wrong with its bytes. */
export function named<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const name = path === "-" ? "standard input" : path;
    if (error instanceof FormatError || error instanceof RangeError) {
      throw new CommandError(Exit.Unreadable, `${name}: ${expectation(error)}`);
    }
    throw error;
  }
}

function expectation(error: FormatError | RangeError): string {
  if (!(error instanceof FormatError)) return error.message;
  return `${error.place}: expected ${error.message.slice(error.place.length + 2)}`;
}

/**
 * Name and GUID of a VAR argument: `Name-GUID`, `GUID-Name`, `GUID:Name`, with short GUID names in the last form; a bare
 * name is the store's only variable of that name, else a global one.
 */
export function parseVariableName(text: string, live: readonly LogEntry[] = []): { name: string; guid: string } {
  const front = /^\{?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\}?[-:](.+)$/is.exec(text);
  if (front) return { guid: (front[1] as string).toLowerCase(), name: front[2] as string };
  const back = /^(.+)-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/is.exec(text);
  if (back) return { guid: (back[2] as string).toLowerCase(), name: back[1] as string };
  const short = /^\{?(\w+)\}?:(.+)$/s.exec(text);
  const guid = short && findGuid(short[1] as string);
  if (short && guid) return { guid, name: short[2] as string };
  const found = live.filter((entry) => entry.name === text);
  if (found.length > 1) {
    const all = found.map((entry) => `${entry.name}-${entry.guid}`).join(", ");
    throw new CommandError(Exit.Usage, `${text}: more than one variable has this name: ${all}`);
  }
  return { name: text, guid: found[0]?.guid ?? GLOBAL_GUID };
}
