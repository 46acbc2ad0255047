import { findVolume, liveEntries, readLog } from "../../../src/formats/edk2-store.ts";
import { keyOf } from "../../../src/formats/variable-set.ts";
import { GLOBAL_GUID, type Variable } from "../../../src/index.ts";
import { Random } from "../../support/random.ts";

const NAMES = [
  "Plain",
  "plain",
  "with space",
  " ",
  "..",
  "a/b\\c:d",
  "-0-1-",
  "quote\"'`$()",
  "Größe 東京 🗝",
  "\ud800",
  "\udc00\ud800",
  "\u0001\u007f\uffff",
  "x".repeat(200),
];
/** All zeros, all ones, and two that differ in one bit. */
const GUIDS = [
  "00000000-0000-0000-0000-000000000000",
  "ffffffff-ffff-ffff-ffff-ffffffffffff",
  "11111111-2222-3333-4444-555555555555",
  "11111111-2222-3333-4444-555555555554",
];
const ATTRIBUTES = [0x03, 0x07, 0x23, 0x27];

/** 2024-03-05 12:00:00 as EFI_TIME: other formats keep times of the calendar only, where edk2 keeps 16 bytes. */
export const NOON = Uint8Array.from([0xe8, 0x07, 3, 5, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

/** Non-volatile variables that no firmware knows: odd names, each under two GUIDs; random ones; sizes from 1 byte on. */
export function oddVariables(seed: number): Variable[] {
  const random = new Random(seed);
  const names = [...NAMES, ...Array.from({ length: 12 }, () => randomName(random))];
  return names.flatMap((name, i) =>
    [GUIDS[i % 4] as string, GUIDS[(i + 1) % 4] as string].map((guid) => randomVariable(random, name, guid)),
  );
}

function randomName(random: Random): string {
  const units = Array.from({ length: 1 + random.below(40) }, () => 1 + random.below(0xffff));
  return String.fromCharCode(...units);
}

function randomVariable(random: Random, name: string, guid: string): Variable {
  const attributes = random.pick(ATTRIBUTES);
  const bytes = (length: number) => Uint8Array.from({ length }, () => random.below(256));
  const data = bytes(1 + random.below(random.oneIn(8) ? 1500 : 100));
  return { name, guid, attributes, data, ...(attributes & 0x20 && { stamp: bytes(16) }) };
}

/** The live variables of an edk2 store, in log order. */
export function storedVariables(store: Uint8Array): Variable[] {
  return liveEntries(readLog(store, findVolume(store)));
}

/** A variable as a line for comparisons; names as JSON writes them, the global GUID left out. */
export function line({ name, guid, attributes, data }: Variable): string {
  const where = guid === GLOBAL_GUID ? "" : `${guid}-`;
  return `${where}${JSON.stringify(name)} 0x${attributes.toString(16)} ${Buffer.from(data).toString("hex")}`;
}

/** Lines of variables, sorted. */
export function lines(variables: readonly Variable[]): string[] {
  return variables.map(line).sort();
}

/** What became of variables, each by its name: sorted. */
export interface Changes {
  added: string[];
  changed: string[];
  removed: string[];
}

export function changes(before: readonly Variable[], after: readonly Variable[]): Changes {
  const [old, now] = [before, after].map((all) => new Map(all.map((variable) => [keyOf(variable), variable])));
  const names = (all: readonly Variable[]) => all.map(({ name }) => name).sort();
  return {
    added: names(after.filter((variable) => !old?.has(keyOf(variable)))),
    removed: names(before.filter((variable) => !now?.has(keyOf(variable)))),
    changed: names(
      after.filter((variable) => {
        const was = old?.get(keyOf(variable));
        return was !== undefined && line(was) !== line(variable);
      }),
    ),
  };
}
