import { statusName } from "../status.ts";
import { type EfiTime, parseTime } from "../time.ts";
import type { Passed } from "./host.ts";
import { type Answers, CAPABILITIES, FLAG, type Output, placeOf, sizeOf, TIME, U32, U64 } from "./outputs.ts";
import { type Probe, readProbe } from "./probe.ts";
import type * as results from "./results.ts";
import type { EfiResult } from "./results.ts";
import type { ShimMemory } from "./shim-memory.ts";

/** What shim.call does. */
type Call = (name: string, ...args: Passed[]) => unknown;

/** An address or a long, or an integer of a width that is no long's. */
type Argument = number | { u32: number } | { u64: bigint };
type Outputs = Record<string, Output<unknown>>;

/** What a variable is written with; `size` in place of the data's own. */
type VariableArguments = [
  name: string | null,
  guid: string | null,
  attributes: number,
  data: ArrayLike<number> | null,
  size?: number,
];

/** Bytes of glue.c's struct shim_probe, and of an EFI_MEMORY_DESCRIPTOR. */
const PROBE_BYTES = 52;
const DESCRIPTOR_BYTES = 40;

/** EFI_RESET_TYPE (UEFI 2.10, 8.5.1). */
const RESETS = ["cold", "warm", "shutdown"] as const;

/**
 * The functions of Linux's struct efi, and those around them, by the names that glue.c exports them under. Plain values go
 * in and come out; every pointer can be passed as NULL: inputs as null, outputs by naming them in `nulls`. An output that
 * the shim leaves alone is 0.
 */
export class ShimEfi {
  readonly #mem: ShimMemory;
  readonly #callWasm: Call;

  constructor(mem: ShimMemory, call: Call) {
    this.#mem = mem;
    this.#callWasm = call;
  }

  /** xen_efi_get_variable with a buffer of `size` bytes, or without a size. */
  getVariable(
    name: string | null,
    guid: string | null,
    size: number | null = 1024,
    nulls: results.Nulls<"attributes" | "data"> = [],
  ): results.VariableResult {
    return this.#mem.scoped(() => {
      const inputs = [this.#name(name), this.#guid(guid)];
      const outputs = { attributes: U32, size: sizeOf(size), data: placeOf((mem) => mem.alloc(size ?? 0)) };
      const { data, ...result } = this.#service("xen_efi_get_variable", inputs, outputs, nulls);
      const isRead = result.status === "SUCCESS" && data !== 0 && size !== null;
      return { ...result, data: isRead ? this.#mem.readBytes(data, result.size) : undefined };
    });
  }

  /** xen_efi_set_variable; `size` in place of the data's own. */
  setVariable(...variable: VariableArguments): EfiResult {
    return this.#setVariable("xen_efi_set_variable", ...variable);
  }

  /** The same through struct efi's set_variable_nonblocking. */
  setVariableNonblocking(...variable: VariableArguments): EfiResult {
    return this.#setVariable("xen_efi_set_variable_nonblocking", ...variable);
  }

  /** xen_efi_get_next_variable with a buffer of `size` bytes that holds the name; an empty name starts the walk. */
  getNextVariable(name: string | null, guid: string | null, size: number | null = 1024): results.NextResult {
    return this.#mem.scoped(() => {
      const buffer = name === null ? 0 : this.#mem.utf16(name, size ?? 0);
      const vendor = this.#guid(guid);
      const outputs = { size: sizeOf(size), name: placeOf(() => buffer), guid: placeOf(() => vendor) };
      const result = this.#service("xen_efi_get_next_variable", [], outputs);
      const isFound = result.status === "SUCCESS";
      return {
        ...result,
        name: isFound && buffer !== 0 ? this.#mem.readUtf16(buffer) : undefined,
        guid: isFound && vendor !== 0 ? this.#mem.readGuid(vendor) : undefined,
      };
    });
  }

  queryVariableInfo(attributes: number, nulls: results.Nulls<results.Space> = []): results.SpaceResult {
    return this.#queryVariableInfo("xen_efi_query_variable_info", attributes, nulls);
  }

  /** The same through struct efi's query_variable_info_nonblocking. */
  queryVariableInfoNonblocking(attributes: number, nulls: results.Nulls<results.Space> = []): results.SpaceResult {
    return this.#queryVariableInfo("xen_efi_query_variable_info_nonblocking", attributes, nulls);
  }

  getTime(nulls: results.Nulls<"time" | "capabilities"> = []): results.TimeResult {
    return this.#mem.scoped(() => {
      const outputs = { time: TIME, capabilities: CAPABILITIES };
      const { capabilities, ...result } = this.#service("xen_efi_get_time", [], outputs, nulls);
      return { ...result, ...capabilities };
    });
  }

  /** xen_efi_set_time; a time as fields or as in "2030-02-28T23:59:58". */
  setTime(time: EfiTime | string | null): EfiResult {
    return this.#mem.scoped(() => this.#service("xen_efi_set_time", [this.#time(time)]));
  }

  getWakeupTime(nulls: results.Nulls<"enabled" | "pending" | "time"> = []): results.WakeupResult {
    const outputs = { enabled: FLAG, pending: FLAG, time: TIME };
    return this.#mem.scoped(() => this.#service("xen_efi_get_wakeup_time", [], outputs, nulls));
  }

  setWakeupTime(enabled: boolean, time: EfiTime | string | null): EfiResult {
    return this.#mem.scoped(() =>
      this.#service("xen_efi_set_wakeup_time", [{ u32: enabled ? 1 : 0 }, this.#time(time)]),
    );
  }

  /** xen_efi_update_capsule of capsules, each an image, and of a scatter-gather list at a machine address. */
  updateCapsule(capsules: readonly Uint8Array[] | null, sgList = 0): EfiResult {
    return this.#mem.scoped(() => this.#service("xen_efi_update_capsule", [...this.#capsules(capsules), sgList]));
  }

  queryCapsuleCaps(
    capsules: readonly Uint8Array[] | null,
    nulls: results.Nulls<"maxSize" | "resetType"> = [],
  ): results.CapsuleResult {
    const outputs = { maxSize: U64, resetType: U32 };
    return this.#mem.scoped(() =>
      this.#service("xen_efi_query_capsule_caps", this.#capsules(capsules), outputs, nulls),
    );
  }

  getNextHighMonoCount(nulls: results.Nulls<"count"> = []): results.CountResult {
    return this.#mem.scoped(() => this.#service("xen_efi_get_next_high_mono_count", [], { count: U32 }, nulls));
  }

  /** xen_efi_reset_system; real kernels do not come back from it. A number is a type that the specification has not. */
  resetSystem(type: (typeof RESETS)[number] | number): void {
    const number = typeof type === "number" ? type : RESETS.indexOf(type);
    this.#call("xen_efi_reset_system", { u32: number }, 0, 0, 0);
  }

  /** The x86 shim's xen_efi_init from a cleared struct efi on, and what it left there and in boot_params. */
  probe({ initialDomain = true } = {}): Probe {
    return this.#mem.scoped(() => {
      const found = this.#mem.alloc(PROBE_BYTES);
      this.#call("shim_set_initial_domain", { u32: initialDomain ? 1 : 0 });
      this.#call("shim_probe", found);
      return readProbe(this.#mem, found, Number(this.#call("shim_physical_offset")));
    });
  }

  /** Sets efi.flags, bits as the kernel numbers them: EFI_BOOT 0, EFI_MEMMAP 4, EFI_64BIT 5, EFI_PARAVIRT 6. */
  setFlags(...bits: number[]): void {
    this.#call(
      "shim_set_flags",
      bits.reduce((flags, bit) => flags | (1 << bit), 0),
    );
  }

  /** efi_mem_desc_lookup, in Linux from 6.2 on; `ret` is 0 or a negative errno. */
  memDescLookup(address: bigint): results.DescriptorResult {
    return this.#mem.scoped(() => {
      const at = this.#mem.alloc(DESCRIPTOR_BYTES);
      const ret = this.#call("efi_mem_desc_lookup", { u64: address }, at) as number;
      const [start, pages, attributes] = [8, 24, 32].map((offset) => this.#mem.readU64(at + offset)) as [
        bigint,
        bigint,
        bigint,
      ];
      return { ret, type: this.#mem.readU32(at), start, pages, attributes };
    });
  }

  /** xen_efi_config_table_is_usable, in Linux from 6.2 on. */
  configTableIsUsable(guid: string | null, table: number): boolean {
    return this.#mem.scoped(() => this.#call("xen_efi_config_table_is_usable", this.#guid(guid), table) !== 0);
  }

  #setVariable(fn: string, ...[name, guid, attributes, data, size = data?.length ?? 0]: VariableArguments): EfiResult {
    return this.#mem.scoped(() => {
      const value = data === null ? 0 : this.#mem.bytes(data);
      return this.#service(fn, [this.#name(name), this.#guid(guid), { u32: attributes }, size, value]);
    });
  }

  #queryVariableInfo(fn: string, attributes: number, nulls: results.Nulls<results.Space>): results.SpaceResult {
    const outputs = { maxStoreSize: U64, remainStoreSize: U64, maxSize: U64 };
    return this.#mem.scoped(() => this.#service(fn, [{ u32: attributes }], outputs, nulls));
  }

  /** Calls a function of struct efi with its inputs, and its outputs behind them in order. */
  #service<O extends Outputs = Record<never, never>>(
    fn: string,
    inputs: Argument[],
    outputs: O = {} as O,
    nulls: readonly (keyof O)[] = [],
  ): EfiResult & Answers<O> {
    const places = Object.entries(outputs).map(([name, output]) => ({
      ...{ name, output, at: nulls.includes(name) ? 0 : output.put(this.#mem) },
    }));
    const returned = this.#call(fn, ...inputs, ...places.map(({ at }) => at));
    const statusRaw = BigInt.asUintN(8 * this.#mem.longBytes, BigInt(returned as Passed));
    const answers = places.map(({ name, output, at }) => [name, at === 0 ? output.none : output.read(this.#mem, at)]);
    return { status: statusName(statusRaw), statusRaw, ...(Object.fromEntries(answers) as Answers<O>) };
  }

  /** Calls an exported function: the one place where it is decided how wasm takes addresses and longs. */
  #call(fn: string, ...args: Argument[]): unknown {
    const isWide = this.#mem.longBytes === 8;
    const passed = args.map((arg) => {
      if (typeof arg === "number") return isWide ? BigInt(arg) : arg;
      return "u32" in arg ? arg.u32 : arg.u64;
    });
    return this.#callWasm(fn, ...passed);
  }

  #name(name: string | null): number {
    return name === null ? 0 : this.#mem.utf16(name);
  }

  #guid(guid: string | null): number {
    return guid === null ? 0 : this.#mem.guid(guid);
  }

  #time(time: EfiTime | string | null): number {
    if (time === null) return 0;
    return this.#mem.time(typeof time === "string" ? parseTime(time) : time);
  }

  /** The address of an array of pointers to images, and their count. */
  #capsules(capsules: readonly Uint8Array[] | null): [number, number] {
    if (capsules === null) return [0, 0];
    const { longBytes } = this.#mem;
    const images = capsules.map((image) => this.#mem.bytes(image));
    const array = this.#mem.alloc(images.length * longBytes);
    for (const [i, image] of images.entries()) this.#mem.view.setUint32(array + i * longBytes, image, true);
    return [array, images.length];
  }
}
