import { areSameBytes } from "../../bytes.ts";
import { crc32 } from "../../formats/crc.ts";
import { matches, viewOf } from "../../formats/flash-bytes.ts";
import { FormatError } from "../../formats/variable-set.ts";
import { BOOT_PATHS } from "../../handover/boot-paths.ts";
import { writeDeviceTree } from "../../handover/device-tree.ts";
import { readDeviceTree } from "../../handover/device-tree-reader.ts";
import { deviceTreeText } from "../../handover/device-tree-text.ts";
import { buildHandover } from "../../handover/handover.ts";
import { inspect } from "../../handover/inspection.ts";
import { readMemoryMap, writeMemoryMap } from "../../handover/memory-map.ts";
import { readSystemTable, writeSystemTable } from "../../handover/system-table.ts";
import { uefiParameters } from "../../handover/uefi-parameters.ts";
import type { Behaviours } from "../behaviours.ts";
import type { Subject } from "../byte-target.ts";
import type { Failure } from "../failure.ts";

const BYTES_MAX = 0x2000;
/** Guest-physical address of the inputs; the seeds' tables have their places around it. */
const ADDRESS = 0x50000000n;
const PLACE = /^(offset 0x[0-9a-f]+|\/[!-~]* ?[!-~]*)$/;

/** One of the readers, what it reads to be written again, and a text of it, so that two can be compared. */
interface Reader {
  name: string;
  read(input: Uint8Array): unknown;
  write?(answer: never): Uint8Array;
}

/** The readers, by what a domain is handed over. */
export const HANDOVER_READERS: readonly Reader[] = [
  { name: "device tree", read: readDeviceTree, write: writeDeviceTree },
  { name: "parameters", read: (input) => uefiParameters(readDeviceTree(input)) },
  { name: "source", read: (input) => deviceTreeText(readDeviceTree(input)).length },
  { name: "memory map", read: (input) => readMemoryMap(input), write: (map) => writeMemoryMap(map) },
  { name: "memory map of 48", read: (input) => readMemoryMap(input, 48), write: (map) => writeMemoryMap(map, 48) },
  {
    name: "system table",
    read: (input) => readSystemTable({ address: ADDRESS, bytes: input }),
    write: (table) => writeSystemTable(table, ADDRESS),
  },
];

/**
 * The readers of device trees, memory maps and system tables, and the checks of all three: any bytes are refused with an
 * error that has a place, or are read as what can be written and read again the same.
 */
export class HandoverSubject implements Subject {
  readonly name = "handover";
  readonly bytesMax = BYTES_MAX;
  readonly seeds = handoverSeeds();
  readonly tokens: readonly Uint8Array[];
  readonly #readers: readonly Reader[];

  /** `readers`: for a test that wraps one. */
  constructor(tokens: readonly Uint8Array[], readers = HANDOVER_READERS) {
    this.tokens = tokens;
    this.#readers = readers;
  }

  millisecondsMax(bytes: number): number {
    return 50 + bytes / 64;
  }

  mend(input: Uint8Array): void {
    mendSystemTable(input);
  }

  run(input: Uint8Array, behaviours: Behaviours): Failure | undefined {
    for (const reader of this.#readers) {
      const failure = readWith(reader, input, behaviours);
      if (failure !== undefined) return failure;
    }
    return inspected(input, behaviours);
  }
}

function handoverSeeds(): Uint8Array[] {
  const tables = { configTables: [{ guid: "8868e871-e4f1-11d3-bc22-0080c73c8881", address: 0x50001000n }] };
  const system = writeSystemTable({ revision: 0x20032, firmwareRevision: 0x10000, vendor: "Xen", ...tables }, ADDRESS);
  const parts = Object.values(BOOT_PATHS).flatMap(({ handover, place }) => {
    if (handover === undefined) return [];
    const { parts } = buildHandover({ ...handover, ...place });
    return parts.map(({ bytes }) => bytes);
  });
  return [system, ...parts].filter((bytes) => bytes.length > 0 && bytes.length <= BYTES_MAX);
}

const SIGNATURE = new TextEncoder().encode("IBI SYST");

/** A system table's CRC-32 at 16, of as many bytes as it says at 12, its own being 0 (UEFI 2.10, 4.2). */
function mendSystemTable(input: Uint8Array): void {
  if (!matches(input, 0, SIGNATURE) || input.length < 20) return;
  const view = viewOf(input);
  const bytes = view.getUint32(12, true);
  if (bytes < 20 || bytes > input.length) return;
  view.setUint32(16, 0, true);
  view.setUint32(16, crc32(input.subarray(0, bytes)), true);
}

function readWith({ name, read, write }: Reader, input: Uint8Array, behaviours: Behaviours): Failure | undefined {
  let answer: unknown;
  try {
    answer = read(input);
  } catch (error) {
    return refused(name, error, behaviours);
  }
  behaviours.note(`${name} read`);
  if (write === undefined) return undefined;
  const written = write(answer as never);
  behaviours.noteSize(name, written.length);
  const again = read(written);
  if (sameText(again) === sameText(answer) && areSameBytes(write(again as never), written)) return undefined;
  return { oracle: "store", text: `${name}: what is written is not what is read again` };
}

function refused(name: string, error: unknown, behaviours: Behaviours): Failure | undefined {
  if (!(error instanceof FormatError)) throw error;
  behaviours.noteError(name, error.message);
  return PLACE.test(error.place) ? undefined : { oracle: "place", text: `${name}: an error without a place: ${error}` };
}

function inspected(input: Uint8Array, behaviours: Behaviours): Failure | undefined {
  try {
    const { kind, findings } = inspect(input, { address: ADDRESS });
    for (const { text } of findings) behaviours.noteError(kind, text);
    behaviours.noteSize(kind, findings.length);
    return undefined;
  } catch (error) {
    return refused("inspection", error, behaviours);
  }
}

/** All that an answer says: without where a tree's values lay. */
function sameText(answer: unknown): string {
  return JSON.stringify(answer, (key, value) => {
    if (typeof value === "bigint") return `${value}n`;
    if (key === "offset") return undefined;
    return value instanceof Uint8Array ? Array.from(value).join() : value;
  });
}
