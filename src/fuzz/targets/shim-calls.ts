import type { ShimEfi } from "../../testing/efi.ts";
import type { EfiResult } from "../../testing/results.ts";

/** Bytes of one call in an input: the function, then what chooses its arguments. */
export const CALL_BYTES = 8;

/** What a call's bytes choose from. */
export interface Choices {
  names: readonly string[];
  guids: readonly string[];
  contents: readonly Uint8Array[];
}

/** The arguments of one call. */
export class Arguments {
  readonly name: string | null;
  readonly guid: string | null;
  readonly attributes: number;
  readonly size: number | null;
  readonly data: Uint8Array | null;
  readonly #nulls: number;

  /** `bytes`: CALL_BYTES of them; 0 is a plain value everywhere. */
  constructor(bytes: Uint8Array, { names, guids, contents }: Choices) {
    const [, name = 0, guid = 0, attributes = 0, size = 0, content = 0, nulls = 0, inputs = 0] = bytes;
    this.name = (inputs & 7) === 7 ? null : (names[name % names.length] as string);
    this.guid = (inputs & 0x38) === 0x38 ? null : (guids[guid % guids.length] as string);
    this.attributes = ATTRIBUTES[attributes % ATTRIBUTES.length] as number;
    this.size = size === 0xff ? null : (SIZES[size % SIZES.length] as number);
    this.data = (inputs & 0xc0) === 0xc0 ? null : (contents[content % contents.length] as Uint8Array);
    this.#nulls = nulls;
  }

  /** The outputs that are passed as NULL: half of the time none is. */
  nulls<Name extends string>(...outputs: Name[]): Name[] {
    return (this.#nulls & 0x80) === 0 ? [] : outputs.filter((_, i) => (this.#nulls >> i) & 1);
  }
}

const ATTRIBUTES = [7, 3, 6, 0, 0x27, 0x47, 0x67, 0x0f, 0xffffffff];
const SIZES = [1024, 0, 1, 2, 3, 16, 64, 255, 256, 4096];
const TIMES = ["2030-02-28T23:59:58", "1998-01-01T00:00:00", "9999-12-31T23:59:59"];

/** One function of struct efi: the export that it needs, and a call of it. */
export interface ShimCall {
  name: string;
  call(efi: ShimEfi, args: Arguments): EfiResult;
}

/** What a shim can have, by its exports' names (shim/glue.c). */
export const SHIM_CALLS: readonly ShimCall[] = [
  {
    name: "xen_efi_get_variable",
    call: (efi, args) => efi.getVariable(args.name, args.guid, args.size, args.nulls("attributes", "data")),
  },
  {
    name: "xen_efi_set_variable",
    call: (efi, args) => efi.setVariable(args.name, args.guid, args.attributes, args.data),
  },
  {
    name: "xen_efi_set_variable_nonblocking",
    call: (efi, args) => efi.setVariableNonblocking(args.name, args.guid, args.attributes, args.data),
  },
  {
    name: "xen_efi_get_next_variable",
    call: (efi, args) => efi.getNextVariable(args.name, args.guid, args.size),
  },
  {
    name: "xen_efi_query_variable_info",
    call: (efi, args) =>
      efi.queryVariableInfo(args.attributes, args.nulls("maxStoreSize", "remainStoreSize", "maxSize")),
  },
  {
    name: "xen_efi_query_variable_info_nonblocking",
    call: (efi, args) => efi.queryVariableInfoNonblocking(args.attributes),
  },
  { name: "xen_efi_get_time", call: (efi, args) => efi.getTime(args.nulls("time", "capabilities")) },
  { name: "xen_efi_set_time", call: (efi, args) => efi.setTime(timeOf(args)) },
  {
    name: "xen_efi_get_wakeup_time",
    call: (efi, args) => efi.getWakeupTime(args.nulls("enabled", "pending", "time")),
  },
  {
    name: "xen_efi_set_wakeup_time",
    call: (efi, args) => efi.setWakeupTime((args.attributes & 1) !== 0, timeOf(args)),
  },
  { name: "xen_efi_get_next_high_mono_count", call: (efi, args) => efi.getNextHighMonoCount(args.nulls("count")) },
  {
    name: "xen_efi_update_capsule",
    call: (efi, args) => efi.updateCapsule(args.data === null ? null : [args.data]),
  },
  {
    name: "xen_efi_query_capsule_caps",
    call: (efi, args) =>
      efi.queryCapsuleCaps(args.data === null ? null : [args.data], args.nulls("maxSize", "resetType")),
  },
];

function timeOf({ data, attributes }: Arguments): string | null {
  return data === null ? null : (TIMES[attributes % TIMES.length] as string);
}
