import { statusName } from "../status.ts";
import { type EfiTime, parseTime } from "../time.ts";
import type { Passed } from "./host.ts";
import { type Probe, readProbe } from "./probe.ts";
import type * as results from "./results.ts";
import type { EfiResult } from "./results.ts";
import type { ShimMemory } from "./shim-memory.ts";

/** What shim.call does. */
type Call = (name: string, ...args: Passed[]) => unknown;

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
  readonly #call: Call;

  constructor(mem: ShimMemory, call: Call) {
    this.#mem = mem;
    this.#call = call;
  }

  /** xen_efi_get_variable with a buffer of `size` bytes, or without a size. */
  getVariable(
    name: string | null,
    guid: string | null,
    size: number | null = 1024,
    nulls: results.Nulls<"attributes" | "data"> = [],
  ): results.VariableResult {
    return this.#mem.scoped(() => {
      const bytes = this.#ulong(size);
      const attributes = this.#out("attributes", nulls, 4);
      const data = this.#out("data", nulls, size ?? 0);
      const result = this.#service("xen_efi_get_variable", this.#name(name), this.#guid(guid), attributes, bytes, data);
      const isRead = result.status === "SUCCESS" && data !== 0 && bytes !== 0;
      const filled = bytes === 0 ? 0 : this.#mem.readUlong(bytes);
      return {
        ...result,
        size: filled,
        attributes: this.#u32(attributes),
        data: isRead ? this.#mem.readBytes(data, filled) : undefined,
      };
    });
  }

  /** xen_efi_set_variable; `size` in place of the data's own. */
  setVariable(
    name: string | null,
    guid: string | null,
    attributes: number,
    data: ArrayLike<number> | null,
    size = data?.length ?? 0,
  ): EfiResult {
    return this.#setVariable("xen_efi_set_variable", name, guid, attributes, data, size);
  }

  /** The same through struct efi's set_variable_nonblocking. */
  setVariableNonblocking(
    name: string | null,
    guid: string | null,
    attributes: number,
    data: ArrayLike<number> | null,
    size = data?.length ?? 0,
  ): EfiResult {
    return this.#setVariable("xen_efi_set_variable_nonblocking", name, guid, attributes, data, size);
  }

  /** xen_efi_get_next_variable with a buffer of `size` bytes that holds the name; an empty name starts the walk. */
  getNextVariable(name: string | null, guid: string | null, size: number | null = 1024): results.NextResult {
    return this.#mem.scoped(() => {
      const bytes = this.#ulong(size);
      const buffer = name === null ? 0 : this.#mem.utf16(name, size ?? 0);
      const vendor = this.#guid(guid);
      const result = this.#service("xen_efi_get_next_variable", bytes, buffer, vendor);
      const isFound = result.status === "SUCCESS";
      return {
        ...result,
        size: bytes === 0 ? 0 : this.#mem.readUlong(bytes),
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
      const time = this.#out("time", nulls, 16);
      const capabilities = this.#out("capabilities", nulls, 12);
      const result = this.#service("xen_efi_get_time", time, capabilities);
      return {
        ...result,
        time: time === 0 ? undefined : this.#mem.readTime(time),
        resolution: this.#u32(capabilities),
        accuracy: this.#u32(capabilities, 4),
        setsToZero: capabilities !== 0 && this.#mem.readU8(capabilities + 8) !== 0,
      };
    });
  }

  /** xen_efi_set_time; a time as fields or as in "2030-02-28T23:59:58". */
  setTime(time: EfiTime | string | null): EfiResult {
    return this.#mem.scoped(() => this.#service("xen_efi_set_time", this.#time(time)));
  }

  getWakeupTime(nulls: results.Nulls<"enabled" | "pending" | "time"> = []): results.WakeupResult {
    return this.#mem.scoped(() => {
      const [enabled, pending] = [this.#out("enabled", nulls, 1), this.#out("pending", nulls, 1)];
      const time = this.#out("time", nulls, 16);
      const result = this.#service("xen_efi_get_wakeup_time", enabled, pending, time);
      return {
        ...result,
        enabled: enabled !== 0 && this.#mem.readU8(enabled) !== 0,
        pending: pending !== 0 && this.#mem.readU8(pending) !== 0,
        time: time === 0 ? undefined : this.#mem.readTime(time),
      };
    });
  }

  setWakeupTime(enabled: boolean, time: EfiTime | string | null): EfiResult {
    return this.#mem.scoped(() =>
      this.#serviceOf("xen_efi_set_wakeup_time", enabled ? 1 : 0, this.#long(this.#time(time))),
    );
  }

  /** xen_efi_update_capsule of capsules, each an image, and of a scatter-gather list at a machine address. */
  updateCapsule(capsules: readonly Uint8Array[] | null, sgList = 0): EfiResult {
    return this.#mem.scoped(() =>
      this.#service("xen_efi_update_capsule", this.#capsules(capsules), capsules?.length ?? 0, sgList),
    );
  }

  queryCapsuleCaps(
    capsules: readonly Uint8Array[] | null,
    nulls: results.Nulls<"maxSize" | "resetType"> = [],
  ): results.CapsuleResult {
    return this.#mem.scoped(() => {
      const [maxSize, resetType] = [this.#out("maxSize", nulls, 8), this.#out("resetType", nulls, 4)];
      const array = this.#capsules(capsules);
      const result = this.#service("xen_efi_query_capsule_caps", array, capsules?.length ?? 0, maxSize, resetType);
      return { ...result, maxSize: this.#u64(maxSize), resetType: this.#u32(resetType) };
    });
  }

  getNextHighMonoCount(nulls: results.Nulls<"count"> = []): results.CountResult {
    return this.#mem.scoped(() => {
      const count = this.#out("count", nulls, 4);
      return { ...this.#service("xen_efi_get_next_high_mono_count", count), count: this.#u32(count) };
    });
  }

  /** xen_efi_reset_system; real kernels do not come back from it. A number is a type that the specification has not. */
  resetSystem(type: (typeof RESETS)[number] | number): void {
    const number = typeof type === "number" ? type : RESETS.indexOf(type);
    this.#call("xen_efi_reset_system", number, this.#long(0), this.#long(0), this.#long(0));
  }

  /** The x86 shim's xen_efi_init from a cleared struct efi on, and what it left there and in boot_params. */
  probe({ initialDomain = true } = {}): Probe {
    return this.#mem.scoped(() => {
      const found = this.#mem.alloc(PROBE_BYTES);
      this.#call("shim_set_initial_domain", initialDomain ? 1 : 0);
      this.#call("shim_probe", this.#long(found));
      return readProbe(this.#mem, found, Number(this.#call("shim_physical_offset")));
    });
  }

  /** Sets efi.flags, bits as the kernel numbers them: EFI_BOOT 0, EFI_MEMMAP 4, EFI_64BIT 5, EFI_PARAVIRT 6. */
  setFlags(...bits: number[]): void {
    this.#call("shim_set_flags", this.#long(bits.reduce((flags, bit) => flags | (1 << bit), 0)));
  }

  /** efi_mem_desc_lookup, in Linux from 6.2 on; `ret` is 0 or a negative errno. */
  memDescLookup(address: bigint): results.DescriptorResult {
    return this.#mem.scoped(() => {
      const descriptor = this.#mem.alloc(DESCRIPTOR_BYTES);
      const ret = this.#call("efi_mem_desc_lookup", address, this.#long(descriptor)) as number;
      return {
        ret,
        type: this.#u32(descriptor),
        start: this.#u64(descriptor + 8),
        pages: this.#u64(descriptor + 24),
        attributes: this.#u64(descriptor + 32),
      };
    });
  }

  /** xen_efi_config_table_is_usable, in Linux from 6.2 on. */
  configTableIsUsable(guid: string | null, table: number): boolean {
    return this.#mem.scoped(() => {
      const usable = this.#call("xen_efi_config_table_is_usable", this.#long(this.#guid(guid)), this.#long(table));
      return Number(usable) !== 0;
    });
  }

  #setVariable(
    fn: string,
    name: string | null,
    guid: string | null,
    attributes: number,
    data: ArrayLike<number> | null,
    size: number,
  ): EfiResult {
    return this.#mem.scoped(() => {
      const value = data === null ? 0 : this.#mem.bytes(data);
      const [units, vendor] = [this.#name(name), this.#guid(guid)];
      return this.#serviceOf(
        fn,
        this.#long(units),
        this.#long(vendor),
        attributes,
        this.#long(size),
        this.#long(value),
      );
    });
  }

  #queryVariableInfo(fn: string, attributes: number, nulls: results.Nulls<results.Space>): results.SpaceResult {
    return this.#mem.scoped(() => {
      const [max, remain, largest] = (["maxStoreSize", "remainStoreSize", "maxSize"] as const).map((name) =>
        this.#out(name, nulls, 8),
      ) as [number, number, number];
      const result = this.#serviceOf(fn, attributes, this.#long(max), this.#long(remain), this.#long(largest));
      return {
        ...result,
        maxStoreSize: this.#u64(max),
        remainStoreSize: this.#u64(remain),
        maxSize: this.#u64(largest),
      };
    });
  }

  /** Calls a service whose arguments are all addresses and longs. */
  #service(name: string, ...args: number[]): EfiResult {
    return this.#serviceOf(name, ...args.map((arg) => this.#long(arg)));
  }

  #serviceOf(name: string, ...args: Passed[]): EfiResult {
    const returned = this.#call(name, ...args);
    const statusRaw = BigInt.asUintN(8 * this.#mem.longBytes, BigInt(returned as Passed));
    return { status: statusName(statusRaw), statusRaw };
  }

  /** An address or a long as wasm takes it: the one place where that is decided. */
  #long(value: number): Passed {
    return this.#mem.longBytes === 8 ? BigInt(value) : value;
  }

  #out<Name extends string>(name: Name, nulls: results.Nulls<Name>, bytes: number): number {
    return nulls.includes(name) ? 0 : this.#mem.alloc(bytes);
  }

  #ulong(value: number | null): number {
    return value === null ? 0 : this.#mem.ulong(value);
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

  /** An array of pointers to images. */
  #capsules(capsules: readonly Uint8Array[] | null): number {
    if (capsules === null) return 0;
    const { longBytes } = this.#mem;
    const images = capsules.map((image) => this.#mem.bytes(image));
    const array = this.#mem.alloc(images.length * longBytes);
    for (const [i, image] of images.entries()) this.#mem.view.setUint32(array + i * longBytes, image, true);
    return array;
  }

  #u32(address: number, offset = 0): number {
    return address === 0 ? 0 : this.#mem.readU32(address + offset);
  }

  #u64(address: number): bigint {
    return address === 0 ? 0n : this.#mem.readU64(address);
  }
}
