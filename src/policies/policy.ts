import type { EfiCode } from "../../assembly/abi/status.ts";
import type { Geometry } from "../formats/edk2-store.ts";
import type { AttributeRule } from "./attribute-rules.ts";
import type { Definition } from "./definitions.ts";
import type { VariablePolicy } from "./variable-policy.ts";

/** A variable that the firmware writes at boot; `data` is hexadecimal text. */
export interface BootWrite {
  name: string;
  guid: string;
  attributes: number;
  data: string;
  /** The value follows from the keys in the store; `data` holds it for a store without keys. */
  derived?: true;
  /** Written at each boot, also where the variable is there. */
  always?: true;
}

/** What a machine's firmware writes at boot besides recovery, reclaim and the monotonic count. */
export interface BootPlan {
  /** The firmware takes one high monotonic count per boot and stores it. */
  countsBoots: boolean;
  /** Written where the variable is missing, before the count. */
  missing: BootWrite[];
  /** The same, once there is a PK. */
  withPlatformKey: BootWrite[];
  /** Written in order after the count, on a store that held no variable. */
  first: BootWrite[];
  /** The same, on any other store. */
  later: BootWrite[];
  /** Volatile variables, made anew at each boot. */
  volatile: BootWrite[];
  /** Those are made before the count: what keeps variables makes its own before the firmware writes any. */
  volatileFirst?: true;
  /** Bytes of the volatile store that no walk shows. */
  hiddenVolatileBytes: number;
}

/** Firmware that writes nothing at boot. */
export const NO_BOOT: BootPlan = {
  countsBoots: false,
  missing: [],
  withPlatformKey: [],
  first: [],
  later: [],
  volatile: [],
  hiddenVolatileBytes: 0,
};

/** What calls get in cases in which firmwares differ; Success: the call goes on. */
export interface PolicyStatuses {
  /** GetVariable of a variable without RUNTIME_ACCESS at run time. */
  hiddenRead: EfiCode;
  /** SetVariable of such a variable: a write, a deletion. */
  hiddenWrite: EfiCode;
  hiddenDelete: EfiCode;
  /** A write of a volatile variable at run time. */
  volatileWrite: EfiCode;
  deleteMissing: EfiCode;
  /** Append to a variable that is not there: with data, without. */
  appendMissing: EfiCode;
  appendNothing: EfiCode;
  /** Append to an existing variable that holds no signature lists. */
  appendPlain: EfiCode;
  /** Append to an existing PK. */
  platformKeyAppend: EfiCode;
  /** A write without authentication of a variable that has it. */
  plainWrite: EfiCode;
  /** A descriptor of another revision, type or certificate type than the specification's. */
  descriptor: EfiCode;
  /** db, dbx or dbt not signed by PK while there is no KEK. */
  noKek: EfiCode;
  /** A name, data or a variable larger than the policy's limits. */
  nameTooLong: EfiCode;
  dataTooLong: EfiCode;
  tooLarge: EfiCode;
  /** GetTime and SetTime; GetNextHighMonotonicCount. */
  clock: EfiCode;
  monotonicCount: EfiCode;
}

/** Accounting by living variables, where flash does not count. Bytes. */
export interface EntryAccounting {
  /** Of each variable, beside its name with terminator and its data. */
  overheadBytes: number;
  /** To which each is rounded up. */
  alignmentBytes: number;
  /** For all variables, volatile ones included. */
  spaceBytes: number;
  /** Largest variable that QueryVariableInfo tells. */
  toldLargestBytes: number;
}

/**
 * A personality: everything in which firmwares differ, as data. Sizes in bytes. Machines keep what they have encoded of its
 * parts: to have another one, copy what differs, and change nothing in place.
 */
export interface Policy {
  /** As the CLI spells it. */
  name: string;
  /** Which firmware this is, in a line. */
  title: string;
  /** Layout of a blank store. */
  geometry: Geometry;
  /** Flag bits of assembly/abi/policy.ts. */
  flags: number;
  maxVariableBytes: number;
  maxAuthVariableBytes: number;
  maxVolatileVariableBytes: number;
  maxErrorRecordBytes: number;
  /** Part of the store for hardware error records; 0: none are kept. */
  errorStorageBytes: number;
  bootReservedBytes: number;
  /** Room for variables that no definition names; 0: no limit of its own. */
  maxUserBytes: number;
  /** The volatile store with its header. */
  volatileStoreBytes: number;
  /** First of the hundred years that the clock can show. */
  minimalYear: number;
  clockResolutionHz: number;
  /** Parts per 10^12. */
  clockAccuracy: number;
  /** What SetVariable and QueryVariableInfo say of attributes alone at run time: the first rule that holds. */
  setAttributes: readonly AttributeRule[];
  queryAttributes: readonly AttributeRule[];
  statuses: PolicyStatuses;
  /** Longest name, terminator included; most data with their descriptor; most data that an append may leave. */
  maxNameBytes: number;
  maxDataBytes: number;
  maxMergedBytes: number;
  entries?: EntryAccounting;
  /** Order of GetNextVariableName, an ORDER_ of assembly/abi/policy.ts. */
  order: number;
  /** Attributes that GetVariable shows, a mask. */
  shownAttributes: number;
  /** What the run time writes is kept over a reboot; else only what was stored before it. */
  keepsRuntimeWrites: boolean;
  /** Volatile variables that can be made at boot, by name; undefined: any. Others are UNSUPPORTED. */
  bootVolatileNames?: readonly string[];
  definitions: readonly Definition[];
  /** In the order in which they were registered. */
  variablePolicies: readonly VariablePolicy[];
  boot: BootPlan;
}
