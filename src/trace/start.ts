import { ADDED, DELETED_IN_TRANSITION, HEADER_BYTES } from "../../assembly/abi/record.ts";
import { BOOTSERVICE_ACCESS, NON_VOLATILE, RUNTIME_ACCESS } from "../../assembly/abi/variable.ts";
import type { Verifier } from "../crypto/verifier.ts";
import { formatVolume, type NewEntry, writeRecords } from "../formats/edk2-store.ts";
import { FormatError } from "../formats/variable-set.ts";
import type { GuestMemory } from "../guest-memory.ts";
import { fromHex } from "../hex.ts";
import { Machine, type MachineOptions } from "../machine.ts";
import type { FirmwareFacts } from "../platform.ts";
import { ovmf4m } from "../policies/ovmf.ts";
import type { BootWrite } from "../policies/policy.ts";
import { toUcs2 } from "../ucs2.ts";
import { bootWrite, preloadOf, type Trace, type TraceHeader, toBigInt, toHexInteger } from "./format.ts";
import { PLAYER_WINDOW_BYTES } from "./player.ts";
import { scenarioOptions } from "./scenario.ts";

/** A machine in the state in which a trace begins. */
export interface Start {
  machine: Machine;
  /** How the state was had: by booting a store, or from the trace's header. */
  how: "booted" | "seeded";
  /** Fields of answers that the state was made from, by line: they are not compared. */
  seeds: Map<number, string[]>;
  /** What boot services made before the first call; the header's `preload` or `preset_variables`. */
  preload: readonly BootWrite[];
}

/**
 * Makes the machine of a trace. `store` is the file that the trace's machine was booted over, if it is known; without
 * it the state is made from the header and from the first answers about free space. `guestMemory`: the guest has it in place
 * of a window; PLAYER_WINDOW_BYTES of it, to be had as bytes that stay, nothing else in them. `windowBytes`: a larger window,
 * for who keeps something behind the player's.
 */
export function startMachine(
  trace: Trace,
  store: Uint8Array | undefined,
  verifier?: Verifier,
  guestMemory?: GuestMemory,
  windowBytes = PLAYER_WINDOW_BYTES,
): Start {
  const { header } = trace;
  const options = header.assume === undefined ? capturedOptions(header) : scenarioOptions(header);
  if (guestMemory === undefined) options.windowBytes = windowBytes;
  else options.guestMemory = guestMemory;
  if (verifier !== undefined) options.verifier = verifier;
  if (store === undefined && (header.initial_variables ?? []).length > 0) return seededMachine(trace, options);
  if (store !== undefined) options.store = store;
  // Another firmware than OVMF leaves the store alone.
  if (options.platform?.efiBoot === false) options.start = "attach";
  return { machine: makeMachine(trace, options), how: "booted", seeds: new Map(), preload: options.preload ?? [] };
}

/** What no machine can be is the header's mistake. */
function makeMachine({ header }: Trace, options: MachineOptions): Machine {
  try {
    return new Machine(options);
  } catch (error) {
    if (header.assume === undefined || !(error instanceof RangeError)) throw error;
    throw new FormatError("line 1", `assume: a machine that can be (${error.message})`);
  }
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
    preload: preloadOf(header),
    allocationLimit: CAPTURED_ALLOCATION_LIMIT,
    ...(powerOn === undefined ? {} : { clock: Date.parse(`${powerOn}Z`) / 1000 + BOOT_SECONDS }),
  };
}

/**
 * The machine of a header alone: its variables in order, what boot services made that nobody sees, and records that nobody sees for the space that they do not
 * explain: one without RUNTIME_ACCESS for what the boot snapshot counts as live, a dead one for the rest. Right for
 * statuses and sizes, not for the bytes of the flash.
 */
function seededMachine(trace: Trace, options: MachineOptions): Start {
  const seeds: Start["seeds"] = new Map();
  const seen = (trace.header.initial_variables ?? []).map(bootWrite);
  const unseen = preloadOf(trace.header).filter((variable) => (variable.attributes & RUNTIME_ACCESS) === 0);
  const variables = [...seen, ...unseen];
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
  const policy = { ...base, boot: { ...base.boot, volatile, hiddenVolatileBytes } };
  return { machine: new Machine({ ...options, policy, store, start: "attach" }), how: "seeded", seeds, preload: [] };
}

/** Bytes in use by the trace's first answer to such a query, which is thereby a seed; undefined without one. */
function usedBytes(trace: Trace, attr: number, misc: number, seeds: Start["seeds"]): number | undefined {
  const isAnswer = ({ call }: Trace["calls"][number]) =>
    call.fn === "query_variable_info" && call.in.attr === attr && (call.in.misc ?? 0) === misc && call.out.ret === 0;
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
