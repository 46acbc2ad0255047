import { BLOCK_ADDRESS, BLOCK_BYTES, BLOCK_LENGTH } from "../assembly/abi/capsule.ts";
import * as abi from "../assembly/abi/op.ts";
import { SCHEDOP_SHUTDOWN } from "../assembly/abi/sched.ts";
import { EfiCode, type Reason } from "../assembly/abi/status.ts";
import { guidBytes, guidText } from "./guid.ts";
import type { Machine } from "./machine.ts";
import { getLong, type OpLayout, opLayout, pointerBytes, setLong, writeFirmwareInfo, writeRuntimeCall } from "./op.ts";
import { SHUTDOWN_NAMES, type ShutdownName } from "./shutdown.ts";
import { efiCode, errnoName, reasonText, statusName } from "./status.ts";
import { type EfiTime, readTime, writeTime } from "./time.ts";
import { fromUcs2, toUcs2 } from "./ucs2.ts";

/** What a call answered. A field that the answer lacks is undefined. */
export interface Reply {
  /** True if the hypercall returned 0 and the status is SUCCESS. */
  ok: boolean;
  /** The hypercall's result: 0 or a negative Xen errno, and its name, such as "-EFAULT". */
  ret: number;
  errno: string;
  /** The EFI status as the caller's ABI sees it; undefined if the hypercall failed. */
  status: bigint | undefined;
  /** Its name, such as "NOT_FOUND"; the errno's name if the hypercall failed. */
  statusName: string;
  /** Why the call was refused, which no real machine says; empty if it was not. */
  reason: string;
}

export interface VariableReply extends Reply {
  /** Bytes of the data, also on BUFFER_TOO_SMALL. */
  size: number;
  attributes: number;
  data: Uint8Array | undefined;
}

export interface NameReply extends Reply {
  /** Bytes of the name with its terminator, also on BUFFER_TOO_SMALL. */
  size: number;
  name: string | undefined;
  guid: string | undefined;
}

export interface SpaceReply extends Reply {
  maxStoreSize: bigint;
  remainStoreSize: bigint;
  maxSize: bigint;
}

export interface TimeReply extends Reply {
  time: EfiTime | undefined;
  /** Hz. */
  resolution: number;
  /** Parts per 10^12. */
  accuracy: number;
}

export interface WakeupReply extends Reply {
  time: EfiTime | undefined;
  enabled: boolean;
  pending: boolean;
}

export interface CapabilitiesReply extends Reply {
  /** Largest capsules, all together, in bytes. */
  maxCapsuleSize: bigint;
  /** EFI_RESET_TYPE: 0 cold, 1 warm. */
  resetType: number;
}

export interface CountReply extends Reply {
  /** High 32 bits of the monotonic count; set whatever the status. */
  high: number;
}

/** Guest addresses that a client uses: an op, a name, and data up to the end of guest memory. */
const OP = 0x1000;
const NAME = 0x2000;
const NAME_BYTES_MAX = 0x10000;
const DATA = NAME + NAME_BYTES_MAX;

/** What answers a platform op: a Machine, or a Recorder before one. */
export interface Hypervisor {
  hypercall(op: number): number;
}

/**
 * A Dom0 kernel's typed calls: puts ops and buffers into a machine's guest memory from 0x1000 on. Foreign memory must be one
 * that can be had as bytes, and hold nothing else there.
 */
export class Client {
  readonly machine: Machine;
  readonly #through: Hypervisor;
  readonly #layout: OpLayout;

  /** Calls go to the machine, or through what stands in front of it, such as a Recorder. */
  constructor(machine: Machine, through: Hypervisor = machine) {
    this.machine = machine;
    this.#through = through;
    this.#layout = opLayout(machine.abi);
  }

  /** Asked for at each use: foreign memory may have grown. */
  get #view(): DataView {
    return this.machine.view;
  }

  get #bytes(): Uint8Array {
    return this.machine.memory;
  }

  /** GetVariable with a buffer of `size` bytes; by default as large as guest memory allows. */
  getVariable(name: string, guid: string, size = this.#dataBytesMax()): VariableReply {
    const layout = this.#layout;
    writeRuntimeCall(this.#view, OP, abi.FN_GET_VARIABLE, 0);
    this.#putName(name, layout.name);
    this.#setLong(layout.size, size);
    this.#setLong(layout.data, DATA);
    this.#bytes.set(guidBytes(guid), OP + layout.guid);
    const reply = this.#call();
    const bytes = reply.ret === 0 ? this.#long(layout.size) : 0;
    const attributes = reply.ret === 0 ? this.#u32(abi.OP_MISC) : 0;
    return { ...reply, size: bytes, attributes, data: reply.ok ? this.#bytes.slice(DATA, DATA + bytes) : undefined };
  }

  /** SetVariable; no data deletes. Throws a RangeError for data larger than guest memory. */
  setVariable(name: string, guid: string, attributes: number, data: Uint8Array = new Uint8Array(0)): Reply {
    const layout = this.#layout;
    if (data.length > this.#dataBytesMax()) throw new RangeError(`data: at most ${this.#dataBytesMax()} bytes`);
    writeRuntimeCall(this.#view, OP, abi.FN_SET_VARIABLE, attributes);
    this.#putName(name, layout.name);
    this.#setLong(layout.size, data.length);
    this.#setLong(layout.data, DATA);
    this.#bytes.set(guidBytes(guid), OP + layout.guid);
    this.#bytes.set(data, DATA);
    return this.#call();
  }

  /** GetNextVariableName with a buffer of `size` bytes; an empty name starts the walk. */
  getNextVariableName(name: string, guid: string, size = 1024): NameReply {
    const layout = this.#layout;
    const bytes = Math.min(size, NAME_BYTES_MAX);
    writeRuntimeCall(this.#view, OP, abi.FN_GET_NEXT_VARIABLE_NAME, 0);
    this.#bytes.fill(0, NAME, NAME + bytes);
    this.#bytes.set(toUcs2(`${name}\0`).subarray(0, bytes), NAME);
    this.#setLong(layout.nextSize, size);
    this.#setLong(layout.nextName, NAME);
    this.#bytes.set(guidBytes(guid), OP + layout.nextGuid);
    const reply = this.#call();
    const needed = reply.ret === 0 ? this.#long(layout.nextSize) : 0;
    if (!reply.ok) return { ...reply, size: needed, name: undefined, guid: undefined };
    const next = fromUcs2(this.#bytes.subarray(NAME, NAME + needed - 2));
    return { ...reply, size: needed, name: next, guid: guidText(this.#bytes, OP + layout.nextGuid) };
  }

  /** Walks all visible variables; ends at the first answer that is not SUCCESS. */
  *variableNames(): Generator<{ name: string; guid: string }> {
    let next = this.getNextVariableName("", "00000000-0000-0000-0000-000000000000");
    while (next.name !== undefined && next.guid !== undefined) {
      yield { name: next.name, guid: next.guid };
      const { name, guid } = next;
      next = this.getNextVariableName(name, guid);
      if (next.statusName === "BUFFER_TOO_SMALL") next = this.getNextVariableName(name, guid, next.size);
    }
  }

  /** QueryVariableInfo, live or as it was before ExitBootServices. */
  queryVariableInfo(attributes: number, bootSnapshot = false): SpaceReply {
    const layout = this.#layout;
    writeRuntimeCall(this.#view, OP, abi.FN_QUERY_VARIABLE_INFO, bootSnapshot ? abi.VARINFO_BOOT_SNAPSHOT : 0);
    this.#view.setUint32(OP + layout.queryAttr, attributes, true);
    const reply = this.#call();
    const count = (offset: number) => (reply.ret === 0 ? this.#view.getBigUint64(OP + offset, true) : 0n);
    return {
      ...reply,
      maxStoreSize: count(layout.maxStoreSize),
      remainStoreSize: count(layout.remainStoreSize),
      maxSize: count(layout.maxSize),
    };
  }

  getTime(): TimeReply {
    const layout = this.#layout;
    writeRuntimeCall(this.#view, OP, abi.FN_GET_TIME, 0);
    const reply = this.#call();
    return {
      ...reply,
      time: reply.ok ? readTime(this.#view, OP + layout.time) : undefined,
      resolution: reply.ok ? this.#u32(layout.resolution) : 0,
      accuracy: reply.ok ? this.#u32(layout.accuracy) : 0,
    };
  }

  setTime(time: EfiTime): Reply {
    writeRuntimeCall(this.#view, OP, abi.FN_SET_TIME, 0);
    writeTime(this.#view, OP + this.#layout.time, time);
    return this.#call();
  }

  getWakeupTime(): WakeupReply {
    writeRuntimeCall(this.#view, OP, abi.FN_GET_WAKEUP_TIME, 0);
    const reply = this.#call();
    const misc = reply.ok ? this.#u32(abi.OP_MISC) : 0;
    return {
      ...reply,
      time: reply.ok ? readTime(this.#view, OP + this.#layout.time) : undefined,
      enabled: (misc & abi.GET_WAKEUP_TIME_ENABLED) !== 0,
      pending: (misc & abi.GET_WAKEUP_TIME_PENDING) !== 0,
    };
  }

  /** SetWakeupTime; without a time the ENABLE_ONLY flag tells the firmware that none is passed. */
  setWakeupTime(enable: boolean, time?: EfiTime): Reply {
    const flags = (enable ? abi.SET_WAKEUP_TIME_ENABLE : 0) | (time ? 0 : abi.SET_WAKEUP_TIME_ENABLE_ONLY);
    writeRuntimeCall(this.#view, OP, abi.FN_SET_WAKEUP_TIME, flags);
    if (time !== undefined) writeTime(this.#view, OP + this.#layout.time, time);
    return this.#call();
  }

  getNextHighMonotonicCount(): CountReply {
    writeRuntimeCall(this.#view, OP, abi.FN_GET_NEXT_HIGH_MONOTONIC_COUNT, 0);
    const reply = this.#call();
    return { ...reply, high: reply.ret === 0 ? this.#u32(abi.OP_MISC) : 0 };
  }

  /** QueryCapsuleCapabilities of capsules, each an image or its header alone (capsuleImage makes one). */
  queryCapsuleCapabilities(capsules: readonly Uint8Array[] = []): CapabilitiesReply {
    writeRuntimeCall(this.#view, OP, abi.FN_QUERY_CAPSULE_CAPABILITIES, 0);
    this.#putCapsules(capsules);
    const reply = this.#call();
    const layout = this.#layout;
    return {
      ...reply,
      maxCapsuleSize: reply.ok ? this.#view.getBigUint64(OP + layout.maxCapsuleSize, true) : 0n,
      resetType: reply.ok ? this.#u32(layout.resetType) : 0,
    };
  }

  /**
   * UpdateCapsule of capsules, whose images go to the end of guest memory, where they stay, and of a scatter-gather list:
   * one that names these images, or the one at the given machine address.
   */
  updateCapsule(capsules: readonly Uint8Array[] = [], list?: bigint): Reply {
    writeRuntimeCall(this.#view, OP, abi.FN_UPDATE_CAPSULE, 0);
    const own = this.#putCapsules(capsules);
    this.#view.setBigUint64(OP + this.#layout.sgList, list ?? own, true);
    return this.#call();
  }

  /**
   * SCHEDOP_shutdown, which stands for ResetSystem: Linux asks for "reboot" on a cold and a warm reset, for "poweroff" on
   * a shutdown. A reason may be any u32.
   */
  shutdown(reason: ShutdownName | number): Reply {
    const number = typeof reason === "number" ? reason : SHUTDOWN_NAMES.indexOf(reason);
    this.#view.setUint32(DATA, number, true);
    return this.#reply(this.machine.schedOp(SCHEDOP_SHUTDOWN, DATA), undefined);
  }

  /** Revision of the system table, or of the runtime services table: 0x20046 is 2.70. */
  efiVersion(table: "system" | "runtime" = "system"): Reply & { version: number } {
    const index = table === "system" ? abi.EFI_INFO_VERSION : abi.EFI_INFO_RT_VERSION;
    const reply = this.#info(index);
    return { ...reply, version: reply.ok ? this.#u32(abi.INFO_VERSION) : 0 };
  }

  configTable(): Reply & { address: bigint; count: number } {
    const reply = this.#info(abi.EFI_INFO_CONFIG_TABLE);
    const address = reply.ok ? this.#view.getBigUint64(OP + abi.INFO_CONFIG_ADDR, true) : 0n;
    return { ...reply, address, count: reply.ok ? this.#u32(abi.INFO_CONFIG_NENT) : 0 };
  }

  /** The firmware's vendor in a buffer of `bufsz` bytes, and its revision. */
  vendor(bufsz = 200): Reply & { vendor: string; revision: number } {
    const reply = this.#info(abi.EFI_INFO_VENDOR, () => {
      this.#bytes.fill(0, DATA, DATA + bufsz);
      this.#view.setUint32(OP + abi.INFO_VENDOR_BUFSZ, bufsz, true);
      this.#setLong(abi.INFO_VENDOR_NAME, DATA);
    });
    const text = fromUcs2(this.#bytes.subarray(DATA, DATA + bufsz));
    const vendor = reply.ok ? (text.split("\0")[0] as string) : "";
    return { ...reply, vendor, revision: reply.ok ? this.#u32(abi.INFO_VENDOR_REVISION) : 0 };
  }

  /** The memory descriptor that holds `address`, `bytes` cut at its end. */
  memoryInfo(address: bigint, bytes: bigint): Reply & { bytes: bigint; attributes: bigint; type: number } {
    const reply = this.#info(abi.EFI_INFO_MEM_INFO, () => {
      this.#view.setBigUint64(OP + abi.INFO_MEM_ADDR, address, true);
      this.#view.setBigUint64(OP + abi.INFO_MEM_SIZE, bytes, true);
    });
    const u64 = (offset: number) => (reply.ok ? this.#view.getBigUint64(OP + offset, true) : 0n);
    const type = reply.ok ? this.#u32(abi.INFO_MEM_TYPE) : 0;
    return { ...reply, bytes: u64(abi.INFO_MEM_SIZE), attributes: u64(abi.INFO_MEM_ATTR), type };
  }

  #info(index: number, fill?: () => void): Reply {
    writeFirmwareInfo(this.#view, OP, abi.FW_EFI_INFO, index);
    fill?.();
    const ret = this.#through.hypercall(OP);
    return this.#reply(ret, undefined);
  }

  /** Makes the call that lies at OP. */
  #call(): Reply {
    const ret = this.#through.hypercall(OP);
    return this.#reply(ret, ret === 0 ? getLong(this.#view, this.#layout, OP + abi.OP_STATUS) : undefined);
  }

  #reply(ret: number, status: bigint | undefined): Reply {
    const ok = ret === 0 && (status === undefined || efiCode(status) === EfiCode.Success);
    const name = status === undefined ? errnoName(ret) : statusName(status);
    const reason: Reason = this.machine.reason;
    return { ok, ret, errno: errnoName(ret), status, statusName: name, reason: ok ? "" : reasonText(reason) };
  }

  #putName(name: string, offset: number): void {
    const units = toUcs2(`${name}\0`);
    if (units.length > NAME_BYTES_MAX) throw new RangeError(`name: at most ${NAME_BYTES_MAX / 2 - 1} units`);
    this.#bytes.set(units, NAME);
    this.#setLong(offset, NAME);
  }

  /** Puts images and a list of them at the end of guest memory, pointers at NAME; gives the list's address, 0 for none. */
  #putCapsules(capsules: readonly Uint8Array[]): bigint {
    if (capsules.length === 0) return 0n;
    const width = pointerBytes(this.machine.abi);
    const imageBytes = capsules.reduce((sum, image) => sum + image.length, 0);
    const list = (this.#bytes.length - imageBytes - (capsules.length + 1) * BLOCK_BYTES) & ~7;
    if (list < DATA || capsules.length * width > NAME_BYTES_MAX) {
      throw new RangeError("capsules: at most what guest memory holds");
    }
    this.#setLong(this.#layout.capsuleHeaders, NAME);
    this.#setLong(this.#layout.capsuleCount, capsules.length);
    this.#bytes.fill(0, list);
    let image = list + (capsules.length + 1) * BLOCK_BYTES;
    for (const [i, bytes] of capsules.entries()) {
      this.#bytes.set(bytes, image);
      if (width === 4) this.#view.setUint32(NAME + 4 * i, image, true);
      else this.#view.setBigUint64(NAME + 8 * i, BigInt(image), true);
      this.#view.setBigUint64(list + BLOCK_BYTES * i + BLOCK_LENGTH, BigInt(bytes.length), true);
      this.#view.setBigUint64(list + BLOCK_BYTES * i + BLOCK_ADDRESS, BigInt(image), true);
      image += bytes.length;
    }
    return BigInt(list);
  }

  #setLong(offset: number, value: number): void {
    setLong(this.#view, this.#layout, OP + offset, BigInt(value));
  }

  #long(offset: number): number {
    return Number(getLong(this.#view, this.#layout, OP + offset));
  }

  #u32(offset: number): number {
    return this.#view.getUint32(OP + offset, true);
  }

  #dataBytesMax(): number {
    return this.#bytes.length - DATA;
  }
}
