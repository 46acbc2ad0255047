import type { EfiTime } from "../time.ts";

/** What a shim's function returned. */
export interface EfiResult {
  /** The status by the specification's name, such as "NOT_FOUND". */
  status: string;
  /** As the shim returned it, 32 or 64 bits wide. */
  statusRaw: bigint;
}

/** Outputs whose pointer is NULL. */
export type Nulls<Name extends string> = readonly Name[];

export interface VariableResult extends EfiResult {
  /** What the size was set to. */
  size: number;
  attributes: number;
  /** So many bytes of the buffer; undefined unless the status is SUCCESS. */
  data: Uint8Array | undefined;
}

export interface NextResult extends EfiResult {
  size: number;
  /** Undefined unless the status is SUCCESS. */
  name: string | undefined;
  guid: string | undefined;
}

export type Space = "maxStoreSize" | "remainStoreSize" | "maxSize";

export type SpaceResult = EfiResult & Record<Space, bigint>;

/** EFI_TIME_CAPABILITIES. */
export interface Capabilities {
  /** Hz. */
  resolution: number;
  /** Parts per 10^12. */
  accuracy: number;
  setsToZero: boolean;
}

export interface TimeResult extends EfiResult, Capabilities {
  /** Undefined if its pointer was NULL. */
  time: EfiTime | undefined;
}

export interface WakeupResult extends EfiResult {
  enabled: boolean;
  pending: boolean;
  /** Undefined if its pointer was NULL. */
  time: EfiTime | undefined;
}

export interface CapsuleResult extends EfiResult {
  /** Bytes. */
  maxSize: bigint;
  /** EFI_RESET_TYPE. */
  resetType: number;
}

export interface CountResult extends EfiResult {
  /** High 32 bits of the monotonic count. */
  count: number;
}

/** An EFI_MEMORY_DESCRIPTOR. */
export interface DescriptorResult {
  ret: number;
  type: number;
  start: bigint;
  /** Of 4 KiB. */
  pages: bigint;
  attributes: bigint;
}
