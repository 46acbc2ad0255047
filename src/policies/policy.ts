import type { Geometry } from "../formats/edk2-store.ts";
import type { Definition } from "./definitions.ts";

/** A variable that the firmware writes at boot; `data` is hexadecimal text. */
export interface BootWrite {
  name: string;
  guid: string;
  attributes: number;
  data: string;
  /** The value follows from the keys in the store; `data` holds it for a store without keys. */
  derived?: true;
}

/** What a machine's firmware writes at boot besides recovery, reclaim and the monotonic count. */
export interface BootPlan {
  /** The firmware takes one high monotonic count per boot and stores it. */
  countsBoots: boolean;
  /** Written where the variable is missing, before the count. */
  missing: BootWrite[];
  /** Written in order after the count, on a store that held no variable. */
  first: BootWrite[];
  /** The same, on any other store. */
  later: BootWrite[];
  /** Volatile variables, made anew at each boot. */
  volatile: BootWrite[];
  /** Bytes of the volatile store that no walk shows. */
  hiddenVolatileBytes: number;
}

/** Firmware that writes nothing at boot. */
export const NO_BOOT: BootPlan = {
  countsBoots: false,
  missing: [],
  first: [],
  later: [],
  volatile: [],
  hiddenVolatileBytes: 0,
};

/** A personality: everything in which firmwares differ, as data. Sizes in bytes. */
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
  definitions: Definition[];
  boot: BootPlan;
}
