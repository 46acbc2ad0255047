/// <reference lib="esnext.disposable" preserve="true" />
import {
  ATTENTION_CAPSULES,
  ATTENTION_CHECK_ONLY,
  ATTENTION_COMPAT,
  ATTENTION_FOLD_STATUS,
  ATTENTION_FOREIGN,
  ATTENTION_HOLES,
  ATTENTION_MARKED,
  ATTENTION_POWER_CUT,
  ATTENTION_WRITE_THROUGH,
  FLASH,
  FLASH_BYTES,
  HOLE_BYTES,
  HOLE_READ_ONLY,
  HOLE_UNMAPPED,
  HOLES,
  HOLES_MAX,
  NULL_GUARD_BYTES,
  SCRATCH_BYTES,
  STAGE,
  STAGE_BYTES,
  STATE_AT_RUNTIME,
  STATE_ATTENTION,
  STATE_FLASH_STEPS,
  STATE_HOLE_COUNT,
  STATE_REASON,
  STATE_SHUTDOWN,
  STATE_SNAPSHOT_MAX_STORE,
  STATE_SNAPSHOT_MAX_VARIABLE,
  STATE_SNAPSHOT_REMAIN_STORE,
  STATE_SNAPSHOT_STATUS,
  STATE_WINDOW_BYTES,
  WINDOW,
} from "../assembly/abi/layout.ts";
import {
  HEADER_BYTES,
  RECORD_ATTRIBUTES,
  RECORD_DATA_BYTES,
  RECORD_GUID,
  RECORD_NAME_BYTES,
  RECORD_STAMP,
} from "../assembly/abi/record.ts";
import { EfiCode, type Reason } from "../assembly/abi/status.ts";
import { NON_VOLATILE } from "../assembly/abi/variable.ts";
import {
  type CapsuleFirmware,
  type CapsuleList,
  type CapsuleMode,
  capsuleFirmware,
  takeCapsules,
  writeCapsuleFirmware,
} from "./capsules.ts";
import { Clock, DEFAULT_POWER_ON } from "./clock.ts";
import { makeCore } from "./core.ts";
import type { Core, CoreExports } from "./core-exports.ts";
import { WINDOW_BYTES_MAX } from "./core-instance.ts";
import type { Verifier } from "./crypto/verifier.ts";
import type { Fault } from "./faults/fault.ts";
import type { FaultMemory } from "./faults/fault-memory.ts";
import type { FaultTarget } from "./faults/firing.ts";
import { Injector } from "./faults/injector.ts";
import type { Rule } from "./faults/rule.ts";
import { type FlashDevice, FlashPort } from "./flash-device.ts";
import { findVolume, formatVolume, type Geometry, type Volume, WORK_HEADER_BYTES } from "./formats/edk2-store.ts";
import { FormatError, offsetText, type Variable } from "./formats/variable-set.ts";
import { addressHalves, type GuestMemory } from "./guest-memory.ts";
import { GLOBAL_GUID, guidBytes, guidText, SECURE_BOOT_ENABLE_GUID } from "./guid.ts";
import { fromHex } from "./hex.ts";
import type { Abi } from "./op.ts";
import { type FirmwareFacts, Platform, type PlatformState } from "./platform.ts";
import { ovmf4m } from "./policies/ovmf.ts";
import type { BootWrite, Policy } from "./policies/policy.ts";
import { Q35_FACTS } from "./policies/q35-facts.ts";
import { locked, type VariablePolicy } from "./policies/variable-policy.ts";
import { writePolicy, writeRules } from "./policy-block.ts";
import { chooseProfile, type Profile, type ProfileName } from "./profiles.ts";
import { readShutdown, type Shutdown, StoppedError } from "./shutdown.ts";
import { restoreCore, snapshotCore } from "./snapshot.ts";
import type { EfiTime } from "./time.ts";
import { fromUcs2, toUcs2 } from "./ucs2.ts";

export interface MachineOptions {
  /** Whose ops the machine takes. Default x86_64, or the first that the profile takes. */
  abi?: Abi;
  /** Which Xen it runs, by name. Default "xen", which answers. */
  profile?: ProfileName;
  /** Which firmware it has. Default ovmf4m. */
  policy?: Policy;
  /** A variable store file (`.fd`), copied; default a blank store of the policy's layout. */
  store?: Uint8Array;
  /**
   * Where the store comes from: each change is written there, and is safe when the call that made it comes back. Needs
   * `store`, the device's present bytes, in a layout with fault-tolerant-write areas, and a boot.
   */
  flash?: FlashDevice;
  /**
   * "boot" (default): the firmware boots over the store, with the machine's own writes. "attach": the store is taken as
   * it lies and only the volatile variables are made, as if the machine had been running all along.
   */
  start?: "boot" | "attach";
  /** Variables that boot services make, in order, after the firmware's own; data as hexadecimal text. */
  preload?: BootWrite[];
  /** What the platform demands of variables, set before the firmware's boot manager sets its own policies. */
  variablePolicies?: VariablePolicy[];
  /** Face value at power-on, in seconds since 1970 or as a date; "host": follow the host's clock. */
  clock?: "host" | number | EfiTime;
  /** Checks signatures, such as nodeVerifier of xenefi/crypto. Default none: writes that need one are refused. */
  verifier?: Verifier;
  /** Who answers the capsule calls. Default "xen": -ENOSYS. */
  capsules?: CapsuleMode;
  facts?: Partial<FirmwareFacts>;
  platform?: Partial<PlatformState>;
  /** What the firmware told Xen of NV+BS+RT space before ExitBootServices, in place of what the store says. */
  bootQuery?: BootQuery;
  /**
   * Bytes of guest memory from address 0 on; the first 4096 are never mapped. Default 4 MiB. With `guestMemory`, room for
   * the copies of what one call names; default and at most 60 MiB.
   */
  windowBytes?: number;
  /**
   * The guest's memory where it has one of its own, such as fixedMemory or bufferMemory give; then there is no window. A
   * buffer that the core looks at is copied: one that can be read whole and has no room is -ENOMEM.
   */
  guestMemory?: GuestMemory;
  /** Largest buffer that the hypervisor allocates for a call, in bytes. Default 2^32 - 1. */
  allocationLimit?: bigint;
}

/** QueryVariableInfo's answer; the counts are 0 unless the status is Success. */
export interface BootQuery {
  status: EfiCode;
  maxStoreBytes: bigint;
  remainStoreBytes: bigint;
  maxVariableBytes: bigint;
}

const WINDOW_BYTES = 0x400000;
/** Header of the fault-tolerant-write work area, and one entry with its record. */
const WORK_BYTES_MIN = WORK_HEADER_BYTES + 80;

/** A write of the firmware or of a boot service that was refused; boot goes on, as the real one does. */
export interface BootRefusal {
  write: BootWrite;
  status: EfiCode;
}

/** A range of guest addresses, end exclusive. */
interface Hole {
  start: number;
  end: number;
  kind: number;
}

/**
 * A Dom0 machine in a process: guest memory, the hypercall, a variable store as flash image, a clock.
 *
 * The guest's memory is `memory`: address 0 is its first byte. An op or buffer is put there, `hypercall` answers it. It is a
 * window in the machine's own memory, or what `guestMemory` reaches.
 */
export class Machine {
  readonly abi: Abi;
  readonly profile: Profile;
  readonly policy: Policy;
  readonly platform: Platform;
  readonly clock: Clock;
  /** Where the store lies in its file, and its layout. */
  readonly volume: Volume;

  /** The firmware that capsule calls reach; undefined: Xen does not pass them on. */
  readonly capsuleFirmware: CapsuleFirmware | undefined;

  readonly #core: Core;
  readonly #answer: CoreExports["dispatch"];
  /** #answer, or the injector before it while there are fault rules. */
  #dispatch: CoreExports["dispatch"];
  #injector: Injector | undefined;
  /** The window, or what is foreign. */
  readonly #window: Uint8Array | undefined;
  readonly #foreign: GuestMemory | undefined;
  #view: DataView = new DataView(new ArrayBuffer(0));
  /** What #view shows. */
  #viewed: Uint8Array | undefined;
  readonly #port: FlashPort | undefined;
  readonly #file: Uint8Array;
  readonly #preload: readonly BootWrite[];
  readonly #bootQuery: BootQuery | undefined;
  /** Something is to be done before each call: #lookFirst. */
  #looksFirst = false;
  #holes: Hole[] = [];
  #bootRefusals: BootRefusal[] = [];
  /** The volume's bytes at ExitBootServices, where what comes later is not kept. */
  #bootVolume: Uint8Array | undefined;
  #capsules: readonly CapsuleList[] = [];
  /** What undo needs where the core's journal does not lead back. */
  #marked: { snapshot: Uint8Array; holes: Hole[] } | undefined;

  /**
   * Throws a FormatError for a store that is none, a RangeError for one that is too large and for bad options. `make`
   * makes its core, where that is not the usual one.
   *
   * @internal `make`
   */
  constructor(options: MachineOptions = {}, make: typeof makeCore = makeCore) {
    const { profile, abi } = chooseProfile(options.profile, options.abi);
    this.abi = abi;
    this.profile = profile;
    this.policy = options.policy ?? ovmf4m;
    this.#preload = options.preload ?? [];
    this.#bootQuery = options.bootQuery;
    const windowBytes = windowBytesOf(options);
    this.#file = options.store === undefined ? blankVolume(this.policy.geometry) : new Uint8Array(options.store);
    this.volume = findVolume(this.#file, options.start !== "attach");
    checkGeometry(this.volume);
    if (options.flash !== undefined) {
      checkWriteThrough(options, this.volume);
      this.#port = new FlashPort(options.flash, this.volume.offset);
    }
    const core = make(windowBytes, { verifier: options.verifier, flash: this.#port, guest: options.guestMemory });
    this.#core = core;
    this.#answer = committing(core.exports.dispatch, this.#port);
    this.#dispatch = this.#answer;
    this.#foreign = options.guestMemory;
    if (this.#foreign === undefined) this.#window = core.bytes.subarray(WINDOW, WINDOW + windowBytes);
    this.#attend(ATTENTION_FOREIGN, this.#foreign !== undefined);
    core.view.setUint32(STATE_WINDOW_BYTES, windowBytes, true);
    this.#attend(ATTENTION_COMPAT, this.abi === "x86_32");
    this.#attend(ATTENTION_FOLD_STATUS, this.abi === "arm32" || this.abi === "x86_32");
    writePolicy(core, this.policy, this.volume.geometry, options.allocationLimit ?? 0xffffffffn);
    const variablePolicies = [...(options.variablePolicies ?? []), ...this.policy.variablePolicies];
    writeRules(core, this.policy.definitions, [...variablePolicies, ...recoveryLocks(this.policy)]);
    this.capsuleFirmware = capsuleFirmware(options.capsules ?? "xen", abi);
    this.#attend(ATTENTION_CAPSULES, this.capsuleFirmware !== undefined);
    if (this.capsuleFirmware !== undefined) writeCapsuleFirmware(core, this.capsuleFirmware);
    const state = { ...profile.platform, ...options.platform };
    this.platform = new Platform(core, { ...Q35_FACTS, ...options.facts }, state);
    this.clock = new Clock(core, options.clock ?? DEFAULT_POWER_ON);
    core.bytes.set(this.#volumeBytes(), FLASH);
    if (options.start === "attach") this.#attach();
    else this.#boot();
    this.#setLooks();
  }

  /**
   * The guest's memory from address 0 on, all of it, mapped or not. A window stays valid for the machine's life, foreign
   * bytes until that memory grows. Throws a TypeError where they cannot be had in one piece.
   */
  get memory(): Uint8Array {
    const bytes = this.#window ?? this.#foreign?.bytes?.();
    if (bytes === undefined) throw new TypeError("memory: this guest's memory cannot be had as one array");
    return bytes;
  }

  /** The same bytes. */
  get view(): DataView {
    const { memory } = this;
    if (this.#viewed !== memory) {
      this.#view = new DataView(memory.buffer, memory.byteOffset, memory.length);
      this.#viewed = memory;
    }
    return this.#view;
  }

  /**
   * Answers HYPERVISOR_platform_op for the op at guest address `op`: 0 or a negative Xen errno. Outputs are in the op and
   * in the buffers that it names; unless the result is 0 the op is unchanged. Throws a StoppedError after a shutdown,
   * a FlashError once the flash device has failed. An address of 32 bits may have a sign, as wasm passes it.
   */
  hypercall(op: number | bigint): number {
    if (this.#looksFirst) this.#lookFirst();
    if (typeof op === "number" && op < 0x100000000) return this.#dispatch(op, 0);
    return this.#dispatch(...addressHalves(op));
  }

  /**
   * Disturbs calls as the rule says, until it is disposed of. Rules see each call in the order in which they were
   * injected; those that hit it act together, and a later rule's knob stands for an earlier one's. Throws a RangeError
   * for a rule that cannot be.
   */
  inject(rule: Rule): Disposable {
    this.#injector ??= new Injector(this.#faultTarget());
    const injector = this.#injector;
    const remove = injector.add(rule);
    // Rules are for ops in the first 4 GiB, where all guests of 32 bits and all windows are.
    this.#dispatch = (low, high) => (high === 0 ? injector.answer(low >>> 0) : this.#answer(low, high));
    return {
      [Symbol.dispose]: () => {
        remove();
        if (injector.isEmpty) this.#dispatch = this.#answer;
      },
    };
  }

  /** What disturbed the last call; undefined if nothing did. */
  get fault(): Fault | undefined {
    return this.#dispatch === this.#answer ? undefined : this.#injector?.last;
  }

  /**
   * Answers HYPERVISOR_sched_op with its argument at that guest address: 0 or a negative Xen errno. Only SCHEDOP_shutdown
   * (2) is known, whose argument is a u32 reason. Real Xen does not come back from it; here Dom0 has ended when it does,
   * `shutdown` says how, and every further call throws a StoppedError until `reboot`.
   */
  schedOp(cmd: number, argument: number | bigint): number {
    if (this.#looksFirst) this.#lookFirst();
    const ret = this.#core.exports.schedOp(cmd, ...addressHalves(argument));
    this.#setLooks();
    return ret;
  }

  /** How Dom0 ended; undefined while it runs. */
  get shutdown(): Shutdown | undefined {
    return readShutdown(this.#core.view.getUint32(STATE_SHUTDOWN, true));
  }

  /** Why the last call was refused; Reason.None if it was not. */
  get reason(): Reason {
    return this.#core.view.getUint32(STATE_REASON, true);
  }

  /**
   * What the last boot found of capsules that Dom0 had left in memory, list by list; empty for a firmware that takes none
   * across a reset.
   */
  get capsules(): readonly CapsuleList[] {
    return this.#capsules;
  }

  /** Makes guest addresses `start` up to `end` fault on every access, until `map`, whatever memory is there. */
  unmap(start: number, end: number): void {
    this.#cut(start, end, HOLE_UNMAPPED);
  }

  /** Makes guest addresses `start` up to `end` fault on writes only. */
  protect(start: number, end: number): void {
    this.#cut(start, end, HOLE_READ_ONLY);
  }

  /** Maps guest addresses `start` up to `end` again, for reading and writing; without arguments all of them. */
  map(start = 0, end = this.#addressEnd()): void {
    this.#cut(start, end, undefined);
  }

  /** Bytes that can be read from guest address `start` on without a fault. */
  mappedBytes(start: number): number {
    return this.#bytesToHole(start, [HOLE_UNMAPPED]);
  }

  /**
   * Ends Dom0 and boots again over the store; guest memory stays. Power, if it was cut, is back. `preload`: what boot
   * services make this time; default what they made the first time. Throws a FlashError if the flash device fails or has
   * failed.
   */
  reboot(preload: readonly BootWrite[] = this.#preload): void {
    this.#attend(ATTENTION_POWER_CUT, false);
    this.#boot(preload);
    this.#setLooks();
  }

  /**
   * Cuts power after `steps` more steps of writing flash: each byte written is one, and each block erased. Flash then
   * keeps what it has; what calls answer from then on has no meaning, until `reboot`.
   */
  cutPower(steps: number): void {
    this.#core.view.setUint32(STATE_FLASH_STEPS, steps, true);
    this.#attend(ATTENTION_POWER_CUT, true);
  }

  /** Steps that are left until the cut; 0 once power is lost. Undefined unless a cut was ordered. */
  get stepsToCut(): number | undefined {
    const attention = this.#core.view.getUint32(STATE_ATTENTION, true);
    return attention & ATTENTION_POWER_CUT ? this.#core.view.getUint32(STATE_FLASH_STEPS, true) : undefined;
  }

  /** Boots with power cut after `steps` steps of writing flash; `reboot` then goes on. */
  rebootInterrupted(steps: number): void {
    this.cutPower(steps);
    this.#boot();
    this.#setLooks();
  }

  /** The store's file as the next boot would find it: the image that was given, with the volume's present bytes. */
  flash(): Uint8Array {
    const file = this.#file.slice();
    file.set(this.#bootVolume ?? this.#flashVolume(), this.volume.offset);
    return file;
  }

  /** What the last boot could not write, the machine's own writes and those of `preload`. */
  get bootRefusals(): readonly BootRefusal[] {
    return this.#bootRefusals;
  }

  /** Everything that a call can change but guest memory, into `into` if it is large enough, else into a new array. */
  snapshot(into?: Uint8Array): Uint8Array {
    return snapshotCore(this.#core, this.volume.geometry.volumeBytes, into);
  }

  /**
   * Takes a snapshot of this machine back. Throws a RangeError for bytes that are none, and on a machine that writes its
   * flash through: a device cannot go back in an order in which each moment is a sound store.
   */
  restore(snapshot: Uint8Array): void {
    if (this.#port !== undefined) throw new RangeError("snapshot: a machine with a flash device cannot go back");
    restoreCore(this.#core, this.volume.geometry.volumeBytes, snapshot);
    this.#marked = undefined;
    this.#attend(ATTENTION_MARKED, false);
    this.#setLooks();
  }

  /** Marks the present state for `undo`, in place of an earlier mark. Throws a RangeError as `restore`. */
  mark(): void {
    if (this.#port !== undefined) throw new RangeError("mark: a machine with a flash device cannot go back");
    this.#core.exports.mark();
    this.#marked = { snapshot: this.snapshot(this.#marked?.snapshot), holes: this.#holes };
  }

  /**
   * Goes back to the mark, which stays; guest memory is left as it is. Takes as long as what changed since, however many
   * variables there are; after a reclaim or a boot it copies everything. Throws a RangeError where no mark was set, or
   * another snapshot was restored since.
   */
  undo(): void {
    const marked = this.#marked;
    if (marked === undefined) throw new RangeError("undo: there is no mark");
    if (this.#core.exports.undo() === 0) {
      restoreCore(this.#core, this.volume.geometry.volumeBytes, marked.snapshot);
    }
    if (this.#holes !== marked.holes) this.#setHoles(marked.holes);
    this.#setLooks();
  }

  /** All live variables in enumeration order, those that the operating system cannot see included. */
  variables(): Variable[] {
    const { exports } = this.#core;
    const all: Variable[] = [];
    for (let record = exports.firstRecord(); record !== 0; record = exports.nextRecord(record)) {
      all.push(this.#read(record));
    }
    return all;
  }

  /** One live variable, whatever its attributes. */
  variable(name: string, guid: string): Variable | undefined {
    const record = this.#core.exports.lookUp(this.#stage(name, guid));
    return record === 0 ? undefined : this.#read(record);
  }

  /**
   * Stores a variable as boot services do, without SetVariable's rules, while the operating system runs; attributes 0
   * delete it. Throws a RangeError for a name that is too long.
   */
  storeVariable(write: BootWrite): EfiCode {
    const { view } = this.#core;
    const atRuntime = view.getUint32(STATE_AT_RUNTIME, true);
    view.setUint32(STATE_AT_RUNTIME, 0, true);
    try {
      return this.#tryWrite(write, fromHex(write.data));
    } finally {
      view.setUint32(STATE_AT_RUNTIME, atRuntime, true);
      this.#port?.sync();
    }
  }

  #lookFirst(): void {
    this.#port?.check();
    const { shutdown } = this;
    if (shutdown !== undefined) throw new StoppedError(shutdown);
    if (this.clock.followsHost) this.clock.refresh();
  }

  #setLooks(): void {
    const mayReset = this.capsuleFirmware !== undefined;
    const mayFail = this.#port !== undefined;
    this.#looksFirst = this.clock.followsHost || mayReset || mayFail || this.shutdown !== undefined;
  }

  #boot(preload = this.#preload): void {
    this.#port?.sync();
    const { exports } = this.#core;
    const plan = this.policy.boot;
    this.#bootRefusals = [];
    if (this.#bootVolume !== undefined) this.#core.bytes.set(this.#bootVolume, FLASH);
    this.#attend(ATTENTION_WRITE_THROUGH, this.#port !== undefined);
    exports.powerOn();
    const blank = exports.firstRecord() === 0;
    this.#takeCapsules();
    for (const write of [...(this.#hasKey() ? plan.withPlatformKey : []), ...plan.missing]) {
      if (write.always === true || this.variable(write.name, write.guid) === undefined)
        this.#write(write, planned(write));
    }
    exports.cleanCertDb();
    if (plan.volatileFirst === true) this.#makeVolatile();
    if (plan.countsBoots) exports.startMonotonicCount();
    for (const write of blank ? plan.first : plan.later) this.#write(write, planned(write));
    if (plan.volatileFirst !== true) this.#makeVolatile();
    for (const write of preload) this.#write(write);
    exports.readyToBoot();
    this.#leaveBoot();
  }

  #takeCapsules(): void {
    if ((this.capsuleFirmware?.acrossReset ?? "never") === "never") return;
    this.#capsules = takeCapsules(this.#core, {
      find: (name, guid) => this.variable(name, guid),
      remove: (name, guid) => this.#write({ name, guid, attributes: 7, data: "" }),
      // Foreign memory may be larger, or not say how large it is.
      memoryBytes: Math.min((this.#window ?? this.#foreign?.bytes?.())?.length ?? WINDOW_BYTES_MAX, WINDOW_BYTES_MAX),
      reason: () => this.reason,
    });
  }

  #leaveBoot(): void {
    this.#core.exports.exitBootServices();
    this.#port?.sync();
    if (!this.policy.keepsRuntimeWrites) {
      this.#bootVolume = this.#flashVolume().slice();
      this.#attend(ATTENTION_WRITE_THROUGH, false);
    }
    if (this.#bootQuery === undefined) return;
    const { status, maxStoreBytes, remainStoreBytes, maxVariableBytes } = this.#bootQuery;
    const { view } = this.#core;
    view.setUint32(STATE_SNAPSHOT_STATUS, status, true);
    view.setBigUint64(STATE_SNAPSHOT_MAX_STORE, maxStoreBytes, true);
    view.setBigUint64(STATE_SNAPSHOT_REMAIN_STORE, remainStoreBytes, true);
    view.setBigUint64(STATE_SNAPSHOT_MAX_VARIABLE, maxVariableBytes, true);
  }

  #attach(): void {
    this.#core.exports.attach();
    this.#makeVolatile();
    this.#leaveBoot();
  }

  /** SetupMode and its kin follow from the keys in the store (UEFI 2.10, 32.3; AuthVariableLibInitialize). */
  #makeVolatile(): void {
    const hasKey = this.#hasKey();
    const modes: Record<string, string> = {
      SetupMode: hasKey ? "00" : "01",
      SecureBoot: hasKey && this.#mayBootSecurely() ? "01" : "00",
    };
    const { volatile, hiddenVolatileBytes } = this.policy.boot;
    for (const write of volatile) {
      this.#write(write.derived === true ? { ...write, data: modes[write.name] ?? write.data } : write);
    }
    if (hiddenVolatileBytes === 0) return;
    // A record that no walk shows: made, and deleted again.
    const hidden = { name: "-", guid: "00000000-0000-0000-0000-000000000000", attributes: 2, data: "" };
    this.#write(hidden, new Uint8Array(hiddenVolatileBytes - HEADER_BYTES - 4));
    this.#write({ ...hidden, attributes: 0 });
  }

  /** Unless a user has switched it off; any value but 1 does (AuthVariableLibInitialize). */
  #mayBootSecurely(): boolean {
    return (this.variable("SecureBootEnable", SECURE_BOOT_ENABLE_GUID)?.data[0] ?? 1) === 1;
  }

  #hasKey(): boolean {
    return this.variable("PK", GLOBAL_GUID) !== undefined;
  }

  #write(write: BootWrite, data = fromHex(write.data)): void {
    const status = this.#tryWrite(write, data);
    const isDeletion = write.attributes === 0;
    if (status !== EfiCode.Success && !isDeletion) this.#bootRefusals.push({ write, status });
  }

  #tryWrite(write: BootWrite, data: Uint8Array): EfiCode {
    const { bootVolatileNames } = this.policy;
    const isVolatile = (write.attributes & NON_VOLATILE) === 0;
    if (isVolatile && bootVolatileNames !== undefined && !bootVolatileNames.includes(write.name)) {
      return EfiCode.Unsupported;
    }
    const nameBytes = this.#stage(write.name, write.guid);
    if (16 + nameBytes + data.length > STAGE_BYTES) return EfiCode.OutOfResources;
    this.#core.bytes.set(data, STAGE + 16 + nameBytes);
    return this.#core.exports.bootWrite(nameBytes, data.length, write.attributes);
  }

  /** Puts GUID and name where the core reads them; gives the name's bytes, terminator included. */
  #stage(name: string, guid: string): number {
    const units = toUcs2(`${name}\0`);
    if (16 + units.length > STAGE_BYTES) throw new RangeError(`name: at most ${STAGE_BYTES / 2 - 9} units`);
    this.#core.bytes.set(guidBytes(guid), STAGE);
    this.#core.bytes.set(units, STAGE + 16);
    return units.length;
  }

  #read(record: number): Variable {
    const { bytes, view } = this.#core;
    const attributes = view.getUint32(record + RECORD_ATTRIBUTES, true);
    let nameBytes = view.getUint32(record + RECORD_NAME_BYTES, true);
    let dataBytes = view.getUint32(record + RECORD_DATA_BYTES, true);
    // A header that was never completed counts without name and data.
    if ([attributes, nameBytes, dataBytes].includes(0xffffffff)) nameBytes = dataBytes = 0;
    const name = record + HEADER_BYTES;
    const data = name + nameBytes;
    return {
      name: fromUcs2(bytes.subarray(name, name + Math.max(0, nameBytes - 2))),
      guid: guidText(bytes, record + RECORD_GUID),
      attributes,
      data: bytes.slice(data, data + dataBytes),
      stamp: bytes.slice(record + RECORD_STAMP, record + RECORD_STAMP + 16),
    };
  }

  /** The volume in the given file. */
  #volumeBytes(): Uint8Array {
    const { offset, geometry } = this.volume;
    return this.#file.subarray(offset, offset + geometry.volumeBytes);
  }

  /** The volume in flash. */
  #flashVolume(): Uint8Array {
    return this.#core.bytes.subarray(FLASH, FLASH + this.volume.geometry.volumeBytes);
  }

  #bytesToHole(start: number, kinds: readonly number[]): number {
    const firstByte = this.#foreign === undefined ? NULL_GUARD_BYTES : (this.#foreign.unmappedBelow ?? 0);
    if (start < firstByte || start >= this.memory.length) return 0;
    const hole = this.#holes.find(({ end, kind }) => end > start && kinds.includes(kind));
    return Math.max(0, (hole?.start ?? this.memory.length) - start);
  }

  #cut(start: number, end: number, kind: number | undefined): void {
    const last = this.#addressEnd();
    if (!(start >= 0 && start <= end && end <= last)) {
      throw new RangeError(`a range of guest addresses from 0 to ${last}, not ${start} to ${end}`);
    }
    const rest = this.#holes.flatMap((hole) => [
      { ...hole, end: Math.min(hole.end, start) },
      { ...hole, start: Math.max(hole.start, end) },
    ]);
    if (kind !== undefined) rest.push({ start, end, kind });
    this.#setHoles(rest.filter((hole) => hole.start < hole.end).sort((a, b) => a.start - b.start));
  }

  #setHoles(holes: Hole[]): void {
    if (holes.length > HOLES_MAX) throw new RangeError(`at most ${HOLES_MAX} holes`);
    this.#holes = holes;
    const { view } = this.#core;
    for (const [i, hole] of holes.entries()) {
      view.setUint32(HOLES + i * HOLE_BYTES, hole.start, true);
      view.setUint32(HOLES + i * HOLE_BYTES + 4, hole.end, true);
      view.setUint32(HOLES + i * HOLE_BYTES + 8, hole.kind, true);
    }
    view.setUint32(STATE_HOLE_COUNT, holes.length, true);
    this.#attend(ATTENTION_HOLES, holes.length > 0);
  }

  /** Up to where guest addresses can be unmapped: to the window's end, or as far as 32 bits reach. */
  #addressEnd(): number {
    return this.#window?.length ?? 0xffffffff;
  }

  #faultTarget(): FaultTarget {
    const { view } = this.#core;
    const machine = this;
    return {
      abi: this.abi,
      guest: this.#faultMemory(),
      clock: this.clock,
      get reason() {
        return machine.reason;
      },
      set reason(reason: Reason) {
        view.setUint32(STATE_REASON, reason, true);
      },
      dispatch: (op) => this.#answer(op, 0),
      check: (op) => this.#check(op),
      cutPower: (steps) => this.cutPower(steps),
    };
  }

  /** Xen's own checks of an op: their result, and nothing is written. */
  #check(op: number): number {
    this.#attend(ATTENTION_CHECK_ONLY, true);
    try {
      return this.#answer(op, 0);
    } finally {
      this.#attend(ATTENTION_CHECK_ONLY, false);
    }
  }

  #faultMemory(): FaultMemory {
    const machine = this;
    return {
      get whole() {
        return machine.memory;
      },
      readableBytes: (at) => this.mappedBytes(at),
      writableBytes: (at) => this.#bytesToHole(at, [HOLE_UNMAPPED, HOLE_READ_ONLY]),
      read: (at, bytes) => this.memory.slice(at, at + bytes),
      write: (at, bytes) => {
        // No bytes may go anywhere: a handle of size 0 need not point into memory.
        if (bytes.length === 0) return;
        this.memory.set(bytes, at);
        this.#foreign?.wrote?.(at, bytes.length);
      },
      closed: (ranges, run) => {
        const holes = this.#holes;
        try {
          for (const { start, bytes, for: what } of ranges) {
            this.#cut(start, start + bytes, what === "write" ? HOLE_READ_ONLY : HOLE_UNMAPPED);
          }
          return run();
        } finally {
          this.#setHoles(holes);
        }
      },
    };
  }

  #attend(bit: number, on: boolean): void {
    const { view } = this.#core;
    const attention = view.getUint32(STATE_ATTENTION, true);
    view.setUint32(STATE_ATTENTION, on ? attention | bit : attention & ~bit, true);
  }
}

/** The boot manager locks every PlatformRecovery#### that it makes (BmLoadOption.c). */
function recoveryLocks(policy: Policy) {
  const names = policy.boot.volatile.map((write) => write.name).filter((name) => /^PlatformRecovery/.test(name));
  return names.flatMap((name) => locked(GLOBAL_GUID, name));
}

/** What a flash device asks for: no store is safe at each moment without work area, or if a cut is not mended first. */
function checkWriteThrough({ store, start }: MachineOptions, { geometry }: Volume): void {
  if (store === undefined) throw new RangeError("flash: the device's bytes as `store`");
  if (start === "attach") throw new RangeError("flash: a machine that boots, not one that attaches");
  if (geometry.workBytes === 0) throw new RangeError("flash: a store with fault-tolerant-write areas");
}

/** Data of what a personality writes at boot: a test makes a machine of its own, and decoded thousands of digits. */
const plannedData = new WeakMap<BootWrite, Uint8Array>();

function planned(write: BootWrite): Uint8Array {
  const data = plannedData.get(write) ?? fromHex(write.data);
  plannedData.set(write, data);
  return data;
}

/** Machines that start blank share their layout's volume, which they only read. */
const blank = new WeakMap<Geometry, Uint8Array>();

function blankVolume(geometry: Geometry): Uint8Array {
  const volume = blank.get(geometry) ?? formatVolume(geometry);
  blank.set(geometry, volume);
  return volume;
}

/** Bytes of the window, or those for copies where the guest's memory is foreign. */
function windowBytesOf({ windowBytes, guestMemory }: MachineOptions): number {
  const bytes = windowBytes ?? (guestMemory === undefined ? WINDOW_BYTES : WINDOW_BYTES_MAX);
  if (!(bytes >= 2 * NULL_GUARD_BYTES && bytes <= WINDOW_BYTES_MAX)) {
    throw new RangeError(`windowBytes: from ${2 * NULL_GUARD_BYTES} to ${WINDOW_BYTES_MAX}, not ${bytes}`);
  }
  return bytes;
}

/** The dispatcher of a machine with a device: what a call wrote is safe before the guest has its answer. */
function committing(dispatch: CoreExports["dispatch"], port: FlashPort | undefined): CoreExports["dispatch"] {
  if (port === undefined) return dispatch;
  return (low, high) => {
    const ret = dispatch(low, high);
    port.sync();
    return ret;
  };
}

/** The core has fixed room for a volume, its spare area and its largest reclaim, and writes by blocks. */
function checkGeometry({ offset, geometry, authenticated }: Volume): void {
  if (!authenticated) throw new RangeError("store: records with the older 32-byte header cannot be booted");
  if (geometry.blockBytes === 0) throw new FormatError(offsetText(offset + 60), "a block size other than 0");
  const { workBytes, spareBytes, storeEnd } = geometry;
  const queue = offsetText(offset + geometry.workOffset + 24);
  if (workBytes !== 0 && workBytes < WORK_BYTES_MIN) {
    throw new FormatError(
      queue,
      `a work queue of at least ${WORK_BYTES_MIN - WORK_HEADER_BYTES} bytes, not ${workBytes - WORK_HEADER_BYTES}`,
    );
  }
  if (workBytes !== 0 && spareBytes < storeEnd) {
    throw new FormatError(queue, `a work queue that leaves ${storeEnd} bytes for the spare area, not ${spareBytes}`);
  }
  if (geometry.volumeBytes > FLASH_BYTES) {
    throw new RangeError(`store: a volume of at most ${FLASH_BYTES} bytes, not ${geometry.volumeBytes}`);
  }
  if (geometry.storeEnd > SCRATCH_BYTES / 2 || geometry.spareBytes > SCRATCH_BYTES / 2) {
    throw new RangeError(`store: variable and spare area of at most ${SCRATCH_BYTES / 2} bytes each`);
  }
}
