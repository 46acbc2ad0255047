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

/** The arguments of one call. Only what a caller may pass as NULL can be NULL. */
export class Arguments {
  readonly name: string;
  readonly guid: string;
  readonly attributes: number;
  readonly size: number;
  readonly data: Uint8Array;
  readonly time: string;
  readonly #nulls: number;

  /** `bytes`: CALL_BYTES of them; 0 is a plain value everywhere. */
  constructor(bytes: Uint8Array, { names, guids, contents }: Choices) {
    const [, name = 0, guid = 0, attributes = 0, size = 0, content = 0, nulls = 0] = bytes;
    this.name = names[name % names.length] as string;
    this.guid = guids[guid % guids.length] as string;
    this.attributes = ATTRIBUTES[attributes % ATTRIBUTES.length] as number;
    this.size = SIZES[size % SIZES.length] as number;
    this.data = contents[content % contents.length] as Uint8Array;
    this.time = TIMES[content % TIMES.length] as string;
    this.#nulls = nulls;
  }

  /** Those of the outputs that are passed as NULL. */
  nulls<Name extends string>(...outputs: Name[]): Name[] {
    return outputs.filter((_, i) => (this.#nulls >> i) & 1);
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
    call: (efi, args) =>
      efi.getVariable(
        args.name,
        args.guid,
        args.size,
        args.nulls("attributes", ...(args.size === 0 ? (["data"] as const) : [])),
      ),
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
    call: (efi, args) => efi.queryVariableInfo(args.attributes),
  },
  {
    name: "xen_efi_query_variable_info_nonblocking",
    call: (efi, args) => efi.queryVariableInfoNonblocking(args.attributes),
  },
  { name: "xen_efi_get_time", call: (efi, args) => efi.getTime(args.nulls("capabilities")) },
  { name: "xen_efi_set_time", call: (efi, args) => efi.setTime(args.time) },
  {
    name: "xen_efi_get_wakeup_time",
    call: (efi) => efi.getWakeupTime(),
  },
  {
    name: "xen_efi_set_wakeup_time",
    call: (efi, args) => setWakeup(efi, args),
  },
  { name: "xen_efi_get_next_high_mono_count", call: (efi) => efi.getNextHighMonoCount() },
  {
    name: "xen_efi_update_capsule",
    call: (efi, args) => efi.updateCapsule([args.data]),
  },
  {
    name: "xen_efi_query_capsule_caps",
    call: (efi, args) => efi.queryCapsuleCaps([args.data]),
  },
];

/** The time may be NULL where the alarm is put off (UEFI 2.10, 8.3.4). */
function setWakeup(efi: ShimEfi, args: Arguments): EfiResult {
  const isOn = (args.attributes & 1) !== 0;
  return efi.setWakeupTime(isOn, isOn || args.nulls("time").length === 0 ? args.time : null);
}
