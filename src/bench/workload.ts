import { ADDED } from "../../assembly/abi/record.ts";
import { formatVolume, type Geometry, type NewEntry, writeRecords } from "../formats/edk2-store.ts";
import type { Variable } from "../formats/variable-set.ts";
import { Machine } from "../machine.ts";
import type { Abi } from "../op.ts";
import { NO_BOOT, type Policy } from "../policies/policy.ts";

/** Whose machine is measured. */
export interface Firmware {
  policy: Policy;
  abi: Abi;
}

/** Bytes of data of a generated variable, unless the size is what is varied. */
export const DATA_BYTES = 64;
/** More of them do not fit the largest store of the core. */
export const VARIABLES_MAX = 3000;
/** Guest memory of a measured machine, in bytes: room for an op and a name of each variable that a store can have. */
export const WINDOW_BYTES = 0x1000000;

const NV_BS_RT = 7;
const STORE_BYTES = 0x80000;
const GUIDS = Array.from({ length: 6 }, (_, i) => `5f1c9b0e-2a77-4a0e-9d3b-3c5d2e7a8f1${i}`);

/** Variables with names of 8 to 20 characters under six vendor GUIDs. */
export function generatedVariables(count: number): Variable[] {
  return Array.from({ length: count }, (_, i) => {
    const name = `Var${"abcdefghijklm".slice(0, i % 13)}x${String(i).padStart(4, "0")}`;
    return variableOf(name, i, DATA_BYTES);
  });
}

/** One variable for each size of data. */
export function variablesOfSizes(sizes: readonly number[]): Variable[] {
  return sizes.map((bytes, i) => variableOf(`Sized${String(bytes).padStart(5, "0")}`, i, bytes));
}

function variableOf(name: string, index: number, bytes: number): Variable {
  const guid = GUIDS[index % GUIDS.length] as string;
  return { name, guid, attributes: NV_BS_RT, data: new Uint8Array(bytes).fill(0xab) };
}

/** A machine at run time that holds these variables and nothing else, in a larger store than the firmware's own. */
export function generatedMachine(variables: readonly Variable[], { policy, abi }: Firmware): Machine {
  const geometry: Geometry = {
    ...policy.geometry,
    volumeBytes: STORE_BYTES,
    storeEnd: STORE_BYTES,
    workBytes: 0,
    spareBytes: 0,
  };
  const store = formatVolume(geometry);
  const entries = variables.map(({ name, guid, attributes, data }): NewEntry => {
    return { name, guid, attributes, data, state: ADDED };
  });
  writeRecords(store, geometry, entries);
  const silent = { ...policy, geometry, boot: NO_BOOT };
  return new Machine({ policy: silent, abi, store, start: "attach", windowBytes: WINDOW_BYTES });
}
