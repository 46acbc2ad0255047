import { FLASH, VOLATILE, VOLATILE_BYTES } from "../../../assembly/abi/layout.ts";
import { type Geometry, type LogEntry, liveEntries, readLog } from "../../formats/edk2-store.ts";
import type { FuzzMachine } from "../fuzz-machine.ts";

/** A store as the reader of `.fd` files finds it in the core's memory. */
export interface StoredRecords {
  /** All records, dead ones included. */
  log: readonly LogEntry[];
  /** Those that stand for their names. */
  live: readonly LogEntry[];
  /** Core address of the volume's first byte, from which the records' offsets count. */
  base: number;
}

/** The flash volume in the core's memory, with what the run time wrote there, kept or not. */
export function flashOf({ core, machine }: FuzzMachine): Uint8Array {
  return core.bytes.subarray(FLASH, FLASH + machine.volume.geometry.volumeBytes);
}

/** Throws a FormatError for a log that the reader refuses. */
export function storedInFlash(machine: FuzzMachine): StoredRecords {
  return read(flashOf(machine), machine.machine.volume.geometry, FLASH);
}

/** The volatile store has the same format, from its first byte on. */
export function storedForBoot({ core, machine }: FuzzMachine): StoredRecords {
  const { geometry } = machine.volume;
  const storeEnd = Math.min(machine.policy.volatileStoreBytes, VOLATILE_BYTES);
  return read(
    core.bytes.subarray(VOLATILE, VOLATILE + VOLATILE_BYTES),
    { ...geometry, storeOffset: 0, storeEnd },
    VOLATILE,
  );
}

function read(bytes: Uint8Array, geometry: Geometry, base: number): StoredRecords {
  const log = readLog(bytes, { offset: 0, geometry, authenticated: true });
  return { log, live: liveEntries(log), base };
}
