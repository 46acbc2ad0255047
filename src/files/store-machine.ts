import { NON_VOLATILE } from "../../assembly/abi/variable.ts";
import { nodeVerifier } from "../crypto/node-verifier.ts";
import { withDigests } from "../formats/cert-db.ts";
import { edk2Format } from "../formats/edk2-format.ts";
import { AAVMF, findVolume, OVMF_2M } from "../formats/edk2-store.ts";
import type { FormatName } from "../formats/format.ts";
import { areSame } from "../formats/sameness.ts";
import { keyOf, type Variable } from "../formats/variable-set.ts";
import { CERT_DB_GUID } from "../guid.ts";
import { Machine, type MachineOptions } from "../machine.ts";
import { openvmm } from "../policies/openvmm.ts";
import { aavmf, ovmf2m, ovmf4m } from "../policies/ovmf.ts";
import type { Policy } from "../policies/policy.ts";
import { uboot } from "../policies/uboot.ts";
import { varstored } from "../policies/varstored.ts";
import { type Content, changedContent, type StoreFile } from "./store-file.ts";

/** The firmware that owns stores of a format; formats that any firmware's variables are exported to have OVMF's. */
const OWNERS: Partial<Record<FormatName, Policy>> = { uboot, varstored, hyperv: openvmm };

/** The personality whose SetVariable edits a store, unless another is asked for. */
export function ownerOf(store: StoreFile): Policy {
  if (store.format !== "edk2") return OWNERS[store.format] ?? ovmf4m;
  const { geometry } = findVolume(store.content as Uint8Array);
  if (geometry.volumeBytes === AAVMF.volumeBytes) return aavmf;
  return geometry.storeEnd === OVMF_2M.storeEnd ? ovmf2m : ovmf4m;
}

/**
 * A machine at run time over the store's variables as they lie. Throws a RangeError for more of them than the machine's
 * own store takes.
 */
export function attachStore(
  store: StoreFile,
  policy: Policy = ownerOf(store),
  options: Pick<MachineOptions, "abi" | "windowBytes"> = {},
): Machine {
  return new Machine({ ...options, policy, store: imageOf(store, policy), verifier: nodeVerifier, start: "attach" });
}

/** What calls on a machine over a store gave, and the content that the store then has. */
export interface Edit<T> {
  result: T;
  content(): Content;
}

/** Runs calls on a machine over the store; the store itself stays. Throws a RangeError as attachStore does. */
export function editThrough<T>(store: StoreFile, policy: Policy, calls: (machine: Machine) => T): Edit<T> {
  const machine = attachStore(store, policy);
  const before = storedIn(machine);
  const result = calls(machine);
  const content = () => {
    if (isImage(store)) return machine.flash();
    return changedContent(store, variablesAfter(store.variables, before, storedIn(machine)));
  };
  return { result, content };
}

/** True for a store that a machine takes as it is: its flash writes are the change. */
function isImage(store: StoreFile): boolean {
  return store.format === "edk2" && findVolume(store.content as Uint8Array).authenticated;
}

function imageOf(store: StoreFile, { geometry }: Policy): Uint8Array {
  if (isImage(store)) return store.content as Uint8Array;
  return edk2Format.serialize(store.variables.filter(isStored), { geometry });
}

/** What the machine has stored, its signers' digests included: for U-Boot what its variable VarToFile would hold. */
function storedIn(machine: Machine): Variable[] {
  return withDigests(machine.variables().filter(isStored));
}

/**
 * The file's variables with what calls have changed: in their old places, new ones behind them. What the machine made for
 * itself before the calls is no change.
 */
function variablesAfter(
  file: readonly Variable[],
  before: readonly Variable[],
  after: readonly Variable[],
): Variable[] {
  const old = new Map(before.map((variable) => [keyOf(variable), variable]));
  const now = new Map(after.map((variable) => [keyOf(variable), variable]));
  const isChanged = (key: string) => {
    const [was, is] = [old.get(key), now.get(key)];
    return was === undefined || is === undefined ? was !== is : !areSame(was, is);
  };
  const kept = file.flatMap((variable) => {
    const found = now.get(keyOf(variable));
    if (!isChanged(keyOf(variable))) return [variable];
    return found === undefined ? [] : [plain(found)];
  });
  const known = new Set(file.map(keyOf));
  const made = after.filter((variable) => isChanged(keyOf(variable)) && !known.has(keyOf(variable)));
  return [...kept, ...made.filter((variable) => !isCertDb(variable)).map(plain)];
}

/** The machine's own places in an order are no part of a variable. */
function plain({ name, guid, attributes, data, stamp, digest }: Variable): Variable {
  return {
    name,
    guid,
    attributes,
    data,
    ...(stamp?.some((byte) => byte !== 0) ? { stamp } : {}),
    ...(digest === undefined ? {} : { digest }),
  };
}

function isStored({ attributes }: Variable): boolean {
  return (attributes & NON_VOLATILE) !== 0;
}

/** Where a format keeps a signer's digest beside the variable, the firmware's own list of them is no variable. */
function isCertDb({ name, guid }: Variable): boolean {
  return name === "certdb" && guid === CERT_DB_GUID;
}
