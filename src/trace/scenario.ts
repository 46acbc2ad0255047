import { PHYSICAL_PRESENCE } from "../../assembly/abi/policy.ts";
import { ADDED, STORE_HEADER_BYTES } from "../../assembly/abi/record.ts";
import { EfiCode } from "../../assembly/abi/status.ts";
import { type CapsuleMode, capsuleFirmware, OVMF_CAPSULES } from "../capsules.ts";
import { formatVolume, type NewEntry, writeRecords } from "../formats/edk2-store.ts";
import { FormatError } from "../formats/variable-set.ts";
import { fromHex, toHex } from "../hex.ts";
import type { BootQuery, MachineOptions } from "../machine.ts";
import type { FirmwareFacts, MemoryRange } from "../platform.ts";
import { POLICIES } from "../policies/index.ts";
import { type BootPlan, type BootWrite, NO_BOOT, type Policy } from "../policies/policy.ts";
import { efiCode } from "../status.ts";
import type { EfiTime } from "../time.ts";
import { Assumed } from "./assumed.ts";
import { bootWrite, checkGuid, checkVariables, preloadOf, type TraceHeader } from "./format.ts";

/**
 * The machine of a scenario: a personality, single values changed as the header's `assume` says. Throws a FormatError that
 * names the member for whatever it does not know, remarks in words aside.
 */
export function scenarioOptions(header: TraceHeader): MachineOptions {
  const assume = new Assumed(header.assume, "assume");
  assume.text("phase", ["runtime"]);
  const config = assume.object("config");
  const xen = assume.object("xen");
  const policy = changedPolicy(personality(assume), config);
  const options: MachineOptions = {
    abi: header.abi,
    policy,
    facts: scenarioFacts(assume.object("efi_info"), xen),
    platform: {
      efiBoot: xen.flag("efi_boot") ?? true,
      runtimeServices: xen.flag("efi_rs") ?? true,
      platformOps: !(xen.flag("arm_stock") ?? false),
    },
    preload: preloadOf(header),
  };
  const clock = config.take("clock");
  if (clock !== undefined) options.clock = powerOnTime(clock);
  const stored = [...storedVariables(assume.take("store")), ...storedZone(options.clock as EfiTime | undefined)];
  if (stored.length > 0) options.store = storeOf(policy, stored);
  const capsules = assume.take("capsules");
  if (capsules !== undefined) options.capsules = capsuleMode(capsules, header);
  const query = xen.take("boot_var");
  if (query !== undefined) options.bootQuery = bootQuery(query);
  for (const part of [assume, config, xen]) part.end();
  return options;
}

function personality(assume: Assumed): Policy {
  return POLICIES[assume.text("personality", Object.keys(POLICIES)) ?? "edk2"] as Policy;
}

function changedPolicy(base: Policy, config: Assumed): Policy {
  const u32 = (member: string) => config.integer(member, 0xffffffffn);
  const policy: Policy = {
    ...withSpace(base, u32("store")),
    flags: withPresence(base.flags, config.flag("physical_presence")),
    maxVariableBytes: u32("max_variable_size") ?? base.maxVariableBytes,
    maxAuthVariableBytes: u32("max_auth_variable_size") ?? base.maxAuthVariableBytes,
    errorStorageBytes: u32("hwerr_storage") ?? base.errorStorageBytes,
    maxErrorRecordBytes: u32("max_hwerr") ?? base.maxErrorRecordBytes,
  };
  const shows = config.text("firmware_variables", ["edk2", "none"]) !== "none";
  const boot = shows ? base.boot : withoutVariables(base);
  const high = u32("monotonic_high");
  return { ...policy, boot: high === undefined ? boot : withCount(boot, high, shows) };
}

function withPresence(flags: number, present: boolean | undefined): number {
  if (present === undefined) return flags;
  return present ? flags | PHYSICAL_PRESENCE : flags & ~PHYSICAL_PRESENCE;
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

const MTC = { name: "MTC", guid: "eb704011-1402-11d3-8e77-00a0c969723b" };

/** The same boot with the stored count that makes its own step end at `high`; the count's variable goes where none is seen. */
function withCount(boot: BootPlan, high: number, shows: boolean): BootPlan {
  const data = new Uint8Array(4);
  new DataView(data.buffer).setUint32(0, high - 1, true);
  const missing = [...boot.missing, { ...MTC, attributes: 7, data: toHex(data) }];
  if (shows) return { ...boot, missing };
  return { ...boot, missing, countsBoots: true, first: [...boot.first, { ...MTC, attributes: 0, data: "" }] };
}

/** What the non-volatile store holds before boot: "empty", or its variables in order. */
function storedVariables(value: unknown): NewEntry[] {
  if (value === undefined || value === "empty") return [];
  return checkVariables(value, 'assume.store: "empty", or').map((variable) => entryOf(bootWrite(variable)));
}

/** Zone and daylight of the clock's face value, where the clock's driver keeps them between boots. */
function storedZone(time: EfiTime | undefined): NewEntry[] {
  if (time === undefined || (time.tz === 2047 && time.daylight === 0)) return [];
  const data = new Uint8Array(4);
  new DataView(data.buffer).setInt16(0, time.tz, true);
  data[2] = time.daylight;
  return [{ name: "RTC", guid: "378d7b65-8da9-4773-b6e4-a47826a833e1", attributes: 7, state: ADDED, data }];
}

function entryOf(variable: BootWrite): NewEntry {
  return { ...variable, data: fromHex(variable.data), state: ADDED };
}

function storeOf({ geometry }: Policy, entries: NewEntry[]): Uint8Array {
  const store = formatVolume(geometry);
  writeRecords(store, geometry, entries);
  return store;
}

const TIME_MEMBERS = ["year", "month", "day", "hour", "min", "sec", "ns", "tz", "daylight"] as const;

function powerOnTime(value: unknown): EfiTime {
  const time = value as EfiTime;
  const whole =
    typeof value === "object" && value !== null && TIME_MEMBERS.every((name) => Number.isInteger(time[name]));
  if (!whole) throw new FormatError("line 1", `assume.config.clock: an object of integers ${TIME_MEMBERS.join(", ")}`);
  return time;
}

/**
 * A machine's `capsules`: a mode's name; GUIDs that the library takes of a firmware that takes capsules across a reset, too;
 * true for OVMF's; or a firmware's table.
 */
function capsuleMode(value: unknown, { abi }: TraceHeader): CapsuleMode {
  if (value === "xen" || value === "firmware") return value;
  if (value === true) return OVMF_CAPSULES;
  const firmware = capsuleFirmware("firmware", abi);
  if (Array.isArray(value) && firmware !== undefined) return { ...firmware, accepts: value.map(capsuleGuid) };
  if (typeof value === "object" && value !== null) {
    const unknown = Object.keys(value).find((member) => !(member in OVMF_CAPSULES));
    if (unknown === undefined) return { ...OVMF_CAPSULES, ...value };
    throw new FormatError("line 1", `assume.capsules.${unknown}: one of ${Object.keys(OVMF_CAPSULES).join(", ")}`);
  }
  throw new FormatError("line 1", "assume.capsules: xen, firmware, true, a list of GUIDs or a table");
}

function capsuleGuid(value: unknown, i: number): string {
  checkGuid(value, `line 1: assume.capsules[${i}]`);
  return value as string;
}

/** [largest store, room, largest variable], or a status in the last place where the query failed. */
function bootQuery(value: unknown): BootQuery {
  const numbers = new Assumed({ ...(Array.isArray(value) ? value : []) }, "assume.xen.boot_var");
  const [max, remain, last] = [numbers.long("0"), numbers.long("1"), numbers.long("2")];
  if (max === undefined || remain === undefined || last === undefined) {
    throw new FormatError("line 1", "assume.xen.boot_var: three integers");
  }
  numbers.end();
  const failed = last >> 63n === 1n;
  if (failed) return { status: efiCode(last), maxStoreBytes: 0n, remainStoreBytes: 0n, maxVariableBytes: 0n };
  return { status: EfiCode.Success, maxStoreBytes: max, remainStoreBytes: remain, maxVariableBytes: last };
}

function scenarioFacts(info: Assumed, xen: Assumed): Partial<FirmwareFacts> {
  const facts: Partial<FirmwareFacts> = {};
  const set = <K extends keyof FirmwareFacts>(key: K, value: FirmwareFacts[K] | undefined) => {
    if (value !== undefined) facts[key] = value;
  };
  set("efiVersion", info.integer("version", 0xffffffffn));
  set("runtimeVersion", xen.integer("rs_rev", 0xffffffffn));
  set("firmwareRevision", info.integer("fw_revision", 0xffffffffn));
  set("configTableAddress", info.long("cfg_addr"));
  set("configTableCount", info.integer("cfg_nent", 0xffffffffn));
  const vendor = info.take("vendor");
  if (vendor !== undefined && vendor !== null && typeof vendor !== "string") {
    throw new FormatError("line 1", "assume.efi_info.vendor: text, or null where none was kept");
  }
  if (vendor === null) facts.vendor = undefined;
  else set("vendor", vendor);
  const map = info.list("memmap");
  if (map !== undefined) facts.memoryMap = map.map(memoryRange);
  info.end();
  return facts;
}

function memoryRange(range: Assumed): MemoryRange {
  const start = range.long("start") ?? 0n;
  const bytes = (range.long("pages") ?? 0n) * 4096n;
  const attributes = range.long("attr") ?? 0n;
  const type = range.integer("type", 0xffffffffn) ?? 0;
  range.end();
  return { start, bytes, attributes, type };
}
