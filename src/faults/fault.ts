import type { EfiTime } from "../time.ts";

/** Fields of an answer that are overwritten, under a trace's names; each is cut to its field's width in the op. */
export interface FaultOutputs {
  misc?: number;
  /** Bytes, of data or of a name with its terminator. */
  size?: bigint;
  /** Of get_next_variable_name. */
  guid?: string;
  /** Single members of the EFI_TIME, of any value: what is not given stays. */
  time?: Partial<EfiTime>;
  /** Hz. */
  resolution?: number;
  /** Parts per 10^12. */
  accuracy?: number;
  /** Bytes. */
  max_store_size?: bigint;
  remain_store_size?: bigint;
  max_size?: bigint;
  max_capsule_size?: bigint;
  reset_type?: number;
}

/** Most bytes of a buffer that a fault tells of. */
export const FAULT_BYTES_MAX = 0x100000;

/** What another CPU writes into a call's op or buffers: bytes from an offset (in bytes) on. What passes the end is lost. */
export interface GuestChange {
  in: "op" | "name" | "data";
  offset: number;
  bytes: Uint8Array;
}

/** When power is lost: before, at half a record, after the call, or after so many steps of writing flash (cutPower). */
export type PowerFault = "before" | "torn" | "after" | number;

/** How one call is disturbed. Members that are absent leave it alone; several act together, in the order of this list. */
export interface Fault {
  /** Virtual seconds that the clock leaps when the call begins; negative ones turn it back. */
  clockJumpSeconds?: number;
  power?: PowerFault;
  /** The hypercall's result, -14 is -EFAULT; positive ones too. Nothing runs and nothing is written, unless `writeBack`. */
  errno?: number;
  /**
   * Another CPU changes guest memory after Xen has copied the op and measured the name, before it copies name and data.
   * A name that then ends elsewhere is -EIO (Xen, xen/common/efi/runtime.c).
   */
  mutateGuest?: GuestChange[];
  /** Copying name and data (not the op) in faults after so many bytes: -EFAULT. */
  copyIn?: { after: number };
  /** Copying the value, the next name or the vendor out faults after so many bytes: -EFAULT, and these are written. */
  copyOut?: { after: number };
  /** A 64-bit EFI status in place of the service, which does not run; Xen's own checks come first. */
  status?: bigint;
  /** The call runs so many times more, on the op as it was passed and on buffers as the last run left them. */
  retry?: number;
  /** The service ran, but this is the status. */
  statusAfter?: bigint;
  /**
   * Bytes of a successful get_variable in place of the value, or of get_next_variable_name in place of the name with its
   * terminator; `size` follows. They may pass the caller's buffer, until memory faults (-EFAULT).
   */
  data?: Uint8Array;
  out?: FaultOutputs;
  /** The op's padding, outputs that the answer does not set, and the data buffer behind the value hold 0xa5. */
  poison?: boolean;
  /** False: the op is not written back although the result is 0. True: it is, although the result is `errno`. */
  writeBack?: boolean;
  /** Virtual seconds that pass until the answer. */
  delaySeconds?: number;
}

/** A status by name ("DEVICE_ERROR") or as 64 bits, warnings without the top bit: 7n, 7 or "0x7". */
export type AnyStatus = string | number | bigint;
/** Bytes, or their hexadecimal text. */
export type AnyBytes = Uint8Array | string;
type AnyInteger = number | bigint | string;

/** A Fault as a rule or a trace states it: statuses and errnos by name too, bytes as hexadecimal text, "0x…" integers. */
export interface FaultKnobs extends Omit<Fault, "errno" | "mutateGuest" | "status" | "statusAfter" | "data" | "out"> {
  errno?: number | string;
  mutateGuest?: (Omit<GuestChange, "bytes"> & { bytes: AnyBytes })[];
  status?: AnyStatus;
  statusAfter?: AnyStatus;
  data?: AnyBytes;
  out?: Partial<Record<Exclude<keyof FaultOutputs, "guid" | "time">, AnyInteger>> & Pick<FaultOutputs, "guid" | "time">;
}

/** Both together; where both state a member, the later one stands. Of `out` each field is a member. */
export function mergeFaults(first: Fault, later: Fault): Fault {
  const merged = { ...first, ...later };
  if (first.out !== undefined && later.out !== undefined) merged.out = { ...first.out, ...later.out };
  return merged;
}
