import type { Variable } from "../../formats/variable-set.ts";
import type { Abi } from "../../op.ts";
import type { FirmwareFacts } from "../../platform.ts";
import type { Numbers } from "./numbers.ts";

/** Sizes of a firmware, in bytes but for the clock's. */
export interface Limits {
  /** Of the log: the store without its header. */
  storeBytes: number;
  volatileStoreBytes: number;
  /** Largest record by class, header included. */
  maxVariable: number;
  maxAuth: number;
  maxVolatile: number;
  maxErrorRecord: number;
  /** Largest buffer that Xen allocates. */
  allocation: number;
  /** First of the hundred years that the clock shows; Hz; parts per 10^12. */
  minimalYear: number;
  resolution: number;
  accuracy: number;
}

/** All that answers hang on at the start: of a firmware like OVMF 2022.11 whose operating system begins to run. */
export interface ModelStart {
  abi: Abi;
  /** Live ones in enumeration order, those that the operating system cannot see included. */
  variables: readonly Variable[];
  /** Bytes in the volatile store, and of live non-volatile records: what the boot snapshot counts. */
  volatileBytes: number;
  liveBytes: number;
  limits: Limits;
  numbers: Partial<Numbers>;
  /** Variables that the boot manager has locked. */
  locked: readonly { name: string; guid: string }[];
  facts: FirmwareFacts;
}
