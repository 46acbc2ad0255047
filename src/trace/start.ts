import { PHYSICAL_PRESENCE } from "../../assembly/abi/policy.ts";
import { ADDED, DELETED_IN_TRANSITION, HEADER_BYTES, STORE_HEADER_BYTES } from "../../assembly/abi/record.ts";
import { EfiCode } from "../../assembly/abi/status.ts";
import { BOOTSERVICE_ACCESS, NON_VOLATILE } from "../../assembly/abi/variable.ts";
import { type CapsuleMode, OVMF_CAPSULES } from "../capsules.ts";
import type { Verifier } from "../crypto/verifier.ts";
import { formatVolume, type NewEntry, writeRecords } from "../formats/edk2-store.ts";
import { FormatError } from "../formats/variable-set.ts";
import { fromHex, toHex } from "../hex.ts";
import { type BootQuery, Machine, type MachineOptions } from "../machine.ts";
import type { FirmwareFacts, PlatformState } from "../platform.ts";
import { POLICIES } from "../policies/index.ts";
import { ovmf4m } from "../policies/ovmf.ts";
import { type BootPlan, type BootWrite, NO_BOOT, type Policy } from "../policies/policy.ts";
import { efiCode } from "../status.ts";
import type { EfiTime } from "../time.ts";
import { fromUcs2, toUcs2 } from "../ucs2.ts";
import {
  type Assumptions,
  type Trace,
  type TraceHeader,
  type TraceVariable,
  toBigInt,
  toHexInteger,
} from "./format.ts";
import { PLAYER_WINDOW_BYTES } from "./player.ts";

/** A machine in the state in which a trace begins. */
export interface Start {
  machine: Machine;
  /** How the state was had: by booting a store, or from the trace's header. */
  how: "booted" | "seeded";
  /** Fields of answers that the state was made from, by line: they are not compared. */
  seeds: Map<number, string[]>;
}

/**
 * Makes the machine of a trace. `store` is the file that the trace's machine was booted over, if it is known; without
 * it the state is made from the header and from the first answers about free space.
 */
export function startMachine(trace: Trace, store: Uint8Array | undefined, verifier?: Verifier): Start {
  const { header } = trace;
  const options = header.assume === undefined ? capturedOptions(header) : scenarioOptions(header, header.assume);
  if (verifier !== undefined) options.verifier = verifier;
  if (store === undefined && (header.initial_variables ?? []).length > 0) return seededMachine(trace, options);
  if (store !== undefined) options.store = store;
  // Another firmware than OVMF leaves the store alone.
  if (options.platform?.efiBoot === false) options.start = "attach";
  return { machine: new Machine(options), how: "booted", seeds: new Map() };
}

/** Seconds from power-on to the first call of a captured trace: the firmware, the hypervisor and Dom0 boot. */
const BOOT_SECONDS = 15;
/** Xen on the machine of the captured traces (1536 MiB) does not allocate a buffer of 1 GiB. */
const CAPTURED_ALLOCATION_LIMIT = 0x3fffffffn;

/** The machine of a captured trace: OVMF on q35, as far as the header does not say otherwise. */
function capturedOptions(header: TraceHeader): MachineOptions {
  const facts: Partial<FirmwareFacts> = {};
  if (header.efi_memory_map !== undefined) {
    facts.memoryMap = header.efi_memory_map.map((range) => {
      const start = toHexInteger(range.start) as bigint;
      const bytes = (toHexInteger(range.end) as bigint) - start + 1n;
      return { start, bytes, attributes: toHexInteger(range.attr) as bigint, type: range.type };
    });
  }
  const powerOn = /RTC base (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)/.exec(String(header.machine ?? ""))?.[1];
  return {
    abi: header.abi,
    policy: ovmf4m,
    facts,
    platform: {
      efiBoot: !/no UEFI/.test(String(header.firmware ?? "")),
      runtimeServices: !/(^|[ ,=])no-rs\b/.test(header.hypervisor_options ?? ""),
    },
    preload: (header.preset_variables ?? []).map(bootWrite),
    allocationLimit: CAPTURED_ALLOCATION_LIMIT,
    windowBytes: PLAYER_WINDOW_BYTES,
    ...(powerOn === undefined ? {} : { clock: Date.parse(`${powerOn}Z`) / 1000 + BOOT_SECONDS }),
  };
}

/** The machine of a scenario: a personality, single values changed as the header's `assume` says. */
function scenarioOptions(header: TraceHeader, assume: Assumptions): MachineOptions {
  const name = assume.personality ?? "edk2";
  const base = POLICIES[name];
  if (base === undefined) {
    throw new FormatError(
      "line 1",
      `assume.personality one of ${Object.keys(POLICIES).join(", ")}, not ${JSON.stringify(name)}`,
    );
  }
  const config = assume.config ?? {};
  const number = (field: string, fallback: number) => Number(toBigInt(config[field]) ?? BigInt(fallback));
  const policy: Policy = {
    ...withSpace(base, config.store === undefined ? undefined : number("store", 0)),
    flags: withPresence(base.flags, config.physical_presence),
    maxVariableBytes: number("max_variable_size", base.maxVariableBytes),
    maxAuthVariableBytes: number("max_auth_variable_size", base.maxAuthVariableBytes),
    errorStorageBytes: number("hwerr_storage", base.errorStorageBytes),
    maxErrorRecordBytes: number("max_hwerr", base.maxErrorRecordBytes),
    boot: config.firmware_variables === "none" ? withoutVariables(base) : base.boot,
  };
  const high = toBigInt(config.monotonic_high);
  if (high !== undefined)
    policy.boot = { ...policy.boot, missing: [...policy.boot.missing, countBefore(Number(high))] };
  const xen = assume.xen ?? {};
  const facts = scenarioFacts(assume.efi_info ?? {}, xen);
  const platform: Partial<PlatformState> = {
    efiBoot: xen.efi_boot !== false,
    runtimeServices: xen.efi_rs !== false,
    platformOps: xen.arm_stock !== true,
  };
  const preload = (header.preload ?? []).map(bootWrite);
  const options: MachineOptions = {
    abi: header.abi,
    policy,
    facts,
    platform,
    preload,
    windowBytes: PLAYER_WINDOW_BYTES,
  };
  if (assume.capsules !== undefined) options.capsules = capsuleMode(assume.capsules);
  if (xen.boot_var !== undefined) options.bootQuery = bootQuery(xen.boot_var);
  if (config.clock !== undefined) options.clock = config.clock as EfiTime;
  return options;
}

function withPresence(flags: number, present: unknown): number {
  if (present === undefined) return flags;
  return present === true ? flags | PHYSICAL_PRESENCE : flags & ~PHYSICAL_PRESENCE;
}

/** The personality with so many usable bytes for variables; undefined: its own. */
function withSpace(base: Policy, bytes: number | undefined): Policy {
  if (bytes === undefined) return base;
  if (base.entries !== undefined) return { ...base, entries: { ...base.entries, spaceBytes: bytes } };
  const storeEnd = base.geometry.storeOffset + STORE_HEADER_BYTES + bytes;
  return { ...base, geometry: { ...base.geometry, storeEnd } };
}

/** A boot that leaves nothing to be seen; what the store needs beside the variables stays where it takes no room. */
function withoutVariables({ entries, boot }: Policy): BootPlan {
  return entries === undefined ? NO_BOOT : { ...NO_BOOT, missing: boot.missing };
}

/** A machine's `capsules`: a mode's name; GUIDs that the library of an OVMF takes, true for none; or a firmware's table. */
function capsuleMode(value: unknown): CapsuleMode {
  if (value === "xen" || value === "firmware") return value;
  if (value === true) return OVMF_CAPSULES;
  if (Array.isArray(value)) return { ...OVMF_CAPSULES, accepts: value.map(String) };
  if (typeof value === "object" && value !== null) return { ...OVMF_CAPSULES, ...value };
  throw new FormatError("line 1", "assume.capsules: xen, firmware, true, a list of GUIDs or a table");
}

/** [largest store, room, largest variable], or a status in the last place where the query failed. */
function bootQuery(value: unknown): BootQuery {
  const [max, remain, last] = Array.isArray(value) ? value.map(toBigInt) : [];
  if (max === undefined || remain === undefined || last === undefined) {
    throw new FormatError("line 1", "assume.xen.boot_var: three integers");
  }
  const failed = last >> 63n === 1n;
  if (failed) return { status: efiCode(last), maxStoreBytes: 0n, remainStoreBytes: 0n, maxVariableBytes: 0n };
  return { status: EfiCode.Success, maxStoreBytes: max, remainStoreBytes: remain, maxVariableBytes: last };
}

function scenarioFacts(info: Record<string, unknown>, xen: Record<string, unknown>): Partial<FirmwareFacts> {
  const facts: Partial<FirmwareFacts> = {};
  const set = <K extends keyof FirmwareFacts>(key: K, value: FirmwareFacts[K] | undefined) => {
    if (value !== undefined) facts[key] = value;
  };
  const number = (value: unknown) => (toBigInt(value) === undefined ? undefined : Number(toBigInt(value)));
  set("efiVersion", number(info.version));
  set("runtimeVersion", number(xen.rs_rev));
  set("firmwareRevision", number(info.fw_revision));
  set("vendor", info.vendor as string | undefined);
  set("configTableAddress", toBigInt(info.cfg_addr));
  set("configTableCount", number(info.cfg_nent));
  const map = info.memmap as Record<string, unknown>[] | undefined;
  if (map !== undefined) {
    facts.memoryMap = map.map((range) => ({
      start: toBigInt(range.start) ?? 0n,
      bytes: (toBigInt(range.pages) ?? 0n) * 4096n,
      attributes: toBigInt(range.attr) ?? 0n,
      type: Number(toBigInt(range.type) ?? 0n),
    }));
  }
  return facts;
}

/** The stored count that makes the boot's own step end at `high`. */
function countBefore(high: number): BootWrite {
  const data = new Uint8Array(4);
  new DataView(data.buffer).setUint32(0, high - 1, true);
  return { name: "MTC", guid: "eb704011-1402-11d3-8e77-00a0c969723b", attributes: 7, data: toHex(data) };
}

/**
 * The machine of a header alone: its variables in order, and records that nobody sees for the space that they do not
 * explain: one without RUNTIME_ACCESS for what the boot snapshot counts as live, a dead one for the rest. Right for
 * statuses and sizes, not for the bytes of the flash.
 */
function seededMachine(trace: Trace, options: MachineOptions): Start {
  const seeds: Start["seeds"] = new Map();
  const variables = (trace.header.initial_variables ?? []).map(bootWrite);
  const stored = variables.filter((variable) => (variable.attributes & NON_VOLATILE) !== 0);
  const volatile = variables.filter((variable) => (variable.attributes & NON_VOLATILE) === 0);
  const snapshot = usedBytes(trace, 7, 1, seeds);
  const live = usedBytes(trace, 7, 0, seeds);
  const entries: NewEntry[] = stored.map((variable) => ({ ...variable, data: fromHex(variable.data), state: ADDED }));
  const known = recordBytes(stored);
  const hidden = filler("hidden", Math.max(0, (snapshot ?? known) - known), ADDED);
  const deadBytes = Math.max(0, (live ?? known) - Math.max(known, snapshot ?? known));
  const dead = filler("dead", deadBytes, DELETED_IN_TRANSITION);
  const base = options.policy ?? ovmf4m;
  const { geometry } = base;
  const store = formatVolume(geometry);
  writeRecords(store, geometry, [...hidden, ...dead, ...entries]);
  const volatileUsed = usedBytes(trace, 6, 0, seeds);
  const hiddenVolatileBytes = volatileUsed === undefined ? 0 : Math.max(0, volatileUsed - recordBytes(volatile));
  const policy = { ...base, boot: { ...NO_BOOT, volatile, hiddenVolatileBytes } };
  return { machine: new Machine({ ...options, policy, store, start: "attach" }), how: "seeded", seeds };
}

/** Bytes in use by the trace's first answer to such a query, which is thereby a seed; undefined without one. */
function usedBytes(trace: Trace, attr: number, misc: number, seeds: Start["seeds"]): number | undefined {
  const isAnswer = ({ call }: Trace["calls"][number]) =>
    call.fn === "query_variable_info" && call.in.attr === attr && call.in.misc === misc && call.out.ret === 0;
  const first = trace.calls.find(isAnswer);
  const max = toBigInt(first?.call.out.max_store_size);
  const remain = toBigInt(first?.call.out.remain_store_size);
  if (first === undefined || max === undefined || remain === undefined) return undefined;
  seeds.set(first.line, ["remain_store_size"]);
  return Number(max - remain);
}

/** One record without RUNTIME_ACCESS of just so many bytes, if they are enough for one. */
function filler(name: string, bytes: number, state: number): NewEntry[] {
  const dataBytes = bytes - HEADER_BYTES - toUcs2(`${name}\0`).length;
  if (dataBytes < 0) return [];
  const guid = "00000000-0000-0000-0000-000000000000";
  return [{ name, guid, attributes: NON_VOLATILE | BOOTSERVICE_ACCESS, state, data: new Uint8Array(dataBytes) }];
}

function recordBytes(variables: readonly BootWrite[]): number {
  const sizes = variables.map(({ name, data }) => HEADER_BYTES + toUcs2(`${name}\0`).length + data.length / 2);
  return sizes.reduce((sum, size) => sum + ((size + 3) & ~3), 0);
}

function bootWrite(variable: TraceVariable): BootWrite {
  const name = variable.name ?? fromUcs2(fromHex(variable.nameHex as string));
  return { name, guid: variable.guid, attributes: variable.attr, data: variable.data };
}
