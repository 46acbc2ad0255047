import { INDEX, STAGE, STATE_INDEX_SLOTS } from "../../../assembly/abi/layout.ts";
import { HEADER_BYTES, RECORD_GUID, RECORD_NAME_BYTES } from "../../../assembly/abi/record.ts";
import { EfiCode } from "../../../assembly/abi/status.ts";
import { HARDWARE_ERROR_RECORD, NON_VOLATILE, RUNTIME_ACCESS } from "../../../assembly/abi/variable.ts";
import { CERT_DB } from "../../formats/cert-db.ts";
import type { LogEntry } from "../../formats/edk2-store.ts";
import { FormatError, keyOf } from "../../formats/variable-set.ts";
import type { EntryAccounting } from "../../policies/policy.ts";
import type { Failure } from "../failure.ts";
import type { FuzzMachine } from "../fuzz-machine.ts";
import type { Oracle } from "../sequence-target.ts";
import { GuestProbe } from "./guest-probe.ts";
import { faultsOf, unsoundness } from "./sound-flash.ts";
import { flashOf, type StoredRecords, storedForBoot, storedInFlash } from "./stored-records.ts";

const ERROR_RECORD = NON_VOLATILE | HARDWARE_ERROR_RECORD;
const SLOT_BYTES = 8;

/**
 * The store after each boot of a sequence and at its end, against what the reader of `.fd` files makes of the same bytes:
 * the index, the walk over the records, the sums of their bytes, what GetNextVariableName visits and what QueryVariableInfo
 * has left; and that `xenefi check` finds nothing which a sound store cannot have.
 *
 * Where power was cut the store is looked at behind the next boot: until then answers have no meaning.
 */
export function storeOracle(oneIn: number): Oracle {
  return { name: "store", oneIn, tries: 1, check };
}

/** By machine what is said of the flash that it starts with: some are made with a certdb that does not agree. */
const starts = new WeakMap<FuzzMachine, ReadonlySet<string>>();

function check(machine: FuzzMachine, input: Uint8Array): Failure | undefined {
  const atStart = starts.get(machine) ?? faultsOf(flashOf(machine));
  starts.set(machine, atStart);
  let powerWasCut = false;
  const look = (): Failure | undefined => {
    if (machine.machine.stepsToCut !== undefined) powerWasCut = true;
    else return lookAt(machine, powerWasCut, atStart);
    return undefined;
  };
  let failure = machine.play(machine.lay(input), 1, look);
  if (machine.machine.stepsToCut !== undefined) machine.machine.reboot();
  failure ??= lookAt(machine, powerWasCut, atStart);
  if (failure === undefined && machine.core.exports.compareBeside() === 0) failure = machine.failure();
  machine.recover();
  return failure === undefined ? undefined : { ...failure, oracle: "store" };
}

function lookAt(machine: FuzzMachine, powerWasCut: boolean, atStart: ReadonlySet<string>): Failure | undefined {
  const text = wrongWith(machine, powerWasCut, atStart);
  return text === undefined ? undefined : { oracle: "store", text };
}

/** The first thing that is wrong with a machine's store. */
export function wrongWith(
  machine: FuzzMachine,
  powerWasCut: boolean,
  atStart?: ReadonlySet<string>,
): string | undefined {
  const unsound = unsoundness(flashOf(machine), machine.machine, powerWasCut, atStart);
  if (unsound !== undefined) return unsound;
  try {
    const flash = storedInFlash(machine);
    const volatile = storedForBoot(machine);
    return (
      wrongIndex(machine, [flash, volatile]) ??
      wrongWalk(machine, [flash, volatile]) ??
      wrongSums(machine, flash, volatile) ??
      new GuestProbe(machine).asking(() => wrongAnswers(machine, flash, volatile))
    );
  } catch (error) {
    if (error instanceof FormatError) return error.message;
    throw error;
  }
}

/** The index names each live record and nothing else, as one that is built anew from the stores would. */
function wrongIndex(machine: FuzzMachine, stores: readonly StoredRecords[]): string | undefined {
  let count = 0;
  for (const { live, base } of stores) {
    count += live.length;
    for (const { offset } of live) {
      const found = lookUp(machine, base + offset);
      if (found !== base + offset) return `the index has record ${hex(found)} and not ${hex(base + offset)}`;
    }
  }
  const used = indexed(machine);
  return used === count ? undefined : `an index of ${used} records, not ${count}`;
}

/** The record that the core finds by the name of this one. */
function lookUp({ core }: FuzzMachine, record: number): number {
  const nameBytes = core.view.getUint32(record + RECORD_NAME_BYTES, true);
  core.bytes.copyWithin(STAGE, record + RECORD_GUID, record + HEADER_BYTES + nameBytes);
  return core.exports.lookUp(nameBytes);
}

function indexed({ core }: FuzzMachine): number {
  const slots = core.view.getUint32(STATE_INDEX_SLOTS, true);
  let used = 0;
  for (let slot = 0; slot < slots; slot++) if (core.view.getUint32(INDEX + slot * SLOT_BYTES + 4, true) !== 0) used++;
  return used;
}

function wrongWalk({ core }: FuzzMachine, stores: readonly StoredRecords[]): string | undefined {
  const live = new Set(stores.flatMap(({ live: entries, base }) => entries.map(({ offset }) => base + offset)));
  for (let at = core.exports.firstRecord(); at !== 0; at = core.exports.nextRecord(at)) {
    if (!live.delete(at)) return `a walk over the records meets ${hex(at)} twice, or it does not live`;
  }
  return live.size === 0 ? undefined : `a walk over the records does not meet ${live.size} of them`;
}

function wrongSums(machine: FuzzMachine, flash: StoredRecords, volatile: StoredRecords): string | undefined {
  const { exports } = machine.core;
  const sums = [
    ["common", exports.accountedBytes(0, 0), bytesOf(machine, flash, false)],
    ["hardware error", exports.accountedBytes(0, 1), bytesOf(machine, flash, true)],
    ["volatile", exports.accountedBytes(1, 0), bytesOf(machine, volatile, false)],
  ] as const;
  for (const [what, counted, bytes] of sums) {
    if (counted !== bytes) return `${counted} bytes of ${what} records are counted, and there are ${bytes}`;
  }
  return undefined;
}

/** Bytes of one class of records. Where the living variables count there is but one. */
function bytesOf({ machine }: FuzzMachine, { log }: StoredRecords, errorRecords: boolean): number {
  const isError = ({ attributes }: LogEntry) =>
    (attributes & ERROR_RECORD) === ERROR_RECORD && machine.policy.entries === undefined;
  return log.reduce((sum, entry) => sum + (isError(entry) === errorRecords ? entry.bytes : 0), 0);
}

/** What Dom0 sees of the store. */
function wrongAnswers(machine: FuzzMachine, flash: StoredRecords, volatile: StoredRecords): string | undefined {
  const probe = new GuestProbe(machine);
  const entries = [...volatile.live, ...flash.live];
  const visible = new Set(entries.filter(({ attributes }) => (attributes & RUNTIME_ACCESS) !== 0).map(keyOf));
  const { keys, end } = probe.names(visible.size + 1);
  for (const key of keys) {
    if (!visible.delete(key)) return "GetNextVariableName visits a variable twice, or one that is not to be seen";
  }
  if (visible.size !== 0) return `GetNextVariableName does not visit ${visible.size} variables`;
  if (end !== String(EfiCode.NotFound)) return `GetNextVariableName ends with ${end}`;
  return wrongSpace(machine, probe, flash, entries);
}

function wrongSpace(
  machine: FuzzMachine,
  probe: GuestProbe,
  flash: StoredRecords,
  entries: readonly LogEntry[],
): string | undefined {
  const accounting = machine.machine.policy.entries;
  for (const [attributes, errorRecords] of [
    [0x07, false],
    [0x0f, true],
  ] as const) {
    const space = probe.space(attributes);
    if (space === undefined) continue;
    const used = accounting === undefined ? bytesOf(machine, flash, errorRecords) : livingBytes(entries, accounting);
    const left = Math.max(0, space.maxStoreBytes - used);
    if (space.remainStoreBytes !== left) {
      return `QueryVariableInfo has ${space.remainStoreBytes} bytes left, and there are ${left}`;
    }
  }
  return undefined;
}

/** Bytes of the variables that live; the firmware's list of signers is none of them. */
function livingBytes(entries: readonly LogEntry[], { overheadBytes, alignmentBytes }: EntryAccounting): number {
  const rounded = (bytes: number) => Math.ceil(bytes / alignmentBytes) * alignmentBytes;
  return entries
    .filter(({ guid }) => guid !== CERT_DB.guid)
    .reduce((sum, { name, data }) => sum + rounded(overheadBytes + 2 * (name.length + 1) + data.length), 0);
}

const hex = (address: number) => `0x${address.toString(16)}`;
