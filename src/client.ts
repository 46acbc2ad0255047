import { BLOCK_ADDRESS, BLOCK_BYTES, BLOCK_LENGTH } from "../assembly/abi/capsule.ts";
import * as abi from "../assembly/abi/op.ts";
import { SCHEDOP_SHUTDOWN } from "../assembly/abi/sched.ts";
import { EfiCode } from "../assembly/abi/status.ts";
import { guidText, writeGuid } from "./guid.ts";
import type { Machine } from "./machine.ts";
import { getLong, type OpLayout, opLayout, pointerBytes, writeFirmwareInfo, writeRuntimeCall } from "./op.ts";
import { SHUTDOWN_NAMES, type ShutdownName } from "./shutdown.ts";
import { efiCode, errnoName, reasonText, statusName } from "./status.ts";
import { type EfiTime, readTime, writeTime } from "./time.ts";
import { fromUcs2, writeUcs2 } from "./ucs2.ts";

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
  /** Guest memory as it was last looked at; foreign memory may have grown since. */
  #bytes!: Uint8Array;
  #view!: DataView;

  /** Calls go to the machine, or through what stands in front of it, such as a Recorder. */
  constructor(machine: Machine, through: Hypervisor = machine) {
    this.machine = machine;
    this.#through = through;
    this.#layout = opLayout(machine.abi);
  }

  /** GetVariable with a buffer of `size` bytes; by default as large as guest memory allows. */
  getVariable(name: string, guid: string, size = this.#dataBytesMax()): VariableReply {
    const layout = this.#layout;
    this.#begin(abi.FN_GET_VARIABLE, 0);
    this.#putName(name, layout.name);
    this.#setLong(layout.size, size);
    this.#setPointer(layout.data, DATA);
    writeGuid(this.#view, OP + layout.guid, guid);
    const reply: VariableReply = this.#call();
    reply.size = reply.ret === 0 ? this.#long(layout.size) : 0;
    reply.attributes = reply.ret === 0 ? this.#u32(abi.OP_MISC) : 0;
    reply.data = reply.ok ? this.#bytes.slice(DATA, DATA + reply.size) : undefined;
    return reply;
  }

  /** SetVariable; no data deletes. Throws a RangeError for data larger than guest memory. */
  setVariable(name: string, guid: string, attributes: number, data: Uint8Array = new Uint8Array(0)): Reply {
    const layout = this.#layout;
    if (data.length > this.#dataBytesMax()) throw new RangeError(`data: at most ${this.#dataBytesMax()} bytes`);
    this.#begin(abi.FN_SET_VARIABLE, attributes);
    this.#putName(name, layout.name);
    this.#setLong(layout.size, data.length);
    this.#setPointer(layout.data, DATA);
    writeGuid(this.#view, OP + layout.guid, guid);
    this.#bytes.set(data, DATA);
    return this.#call();
  }

  /** GetNextVariableName with a buffer of `size` bytes; an empty name starts the walk. */
  getNextVariableName(name: string, guid: string, size = 1024): NameReply {
    const layout = this.#layout;
    const bytes = Math.max(0, Math.min(size, NAME_BYTES_MAX));
    this.#begin(abi.FN_GET_NEXT_VARIABLE_NAME, 0);
    this.#bytes.fill(0, NAME, NAME + bytes);
    writeUcs2(this.#view, NAME, name.slice(0, bytes >> 1));
    this.#setLong(layout.nextSize, size);
    this.#setPointer(layout.nextName, NAME);
    writeGuid(this.#view, OP + layout.nextGuid, guid);
    const reply: NameReply = this.#call();
    reply.size = reply.ret === 0 ? this.#long(layout.nextSize) : 0;
    reply.name = reply.ok ? fromUcs2(this.#bytes.subarray(NAME, NAME + reply.size - 2)) : undefined;
    reply.guid = reply.ok ? guidText(this.#bytes, OP + layout.nextGuid) : undefined;
    return reply;
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
    this.#begin(abi.FN_QUERY_VARIABLE_INFO, bootSnapshot ? abi.VARINFO_BOOT_SNAPSHOT : 0);
    this.#view.setUint32(OP + layout.queryAttr, attributes, true);
    const reply: SpaceReply = this.#call();
    const answered = reply.ret === 0;
    reply.maxStoreSize = answered ? this.#u64(layout.maxStoreSize) : 0n;
    reply.remainStoreSize = answered ? this.#u64(layout.remainStoreSize) : 0n;
    reply.maxSize = answered ? this.#u64(layout.maxSize) : 0n;
    return reply;
  }

  getTime(): TimeReply {
    const layout = this.#layout;
    this.#begin(abi.FN_GET_TIME, 0);
    const reply: TimeReply = this.#call();
    reply.time = reply.ok ? readTime(this.#view, OP + layout.time) : undefined;
    reply.resolution = reply.ok ? this.#u32(layout.resolution) : 0;
    reply.accuracy = reply.ok ? this.#u32(layout.accuracy) : 0;
    return reply;
  }

  setTime(time: EfiTime): Reply {
    this.#begin(abi.FN_SET_TIME, 0);
    writeTime(this.#view, OP + this.#layout.time, time);
    return this.#call();
  }

  getWakeupTime(): WakeupReply {
    this.#begin(abi.FN_GET_WAKEUP_TIME, 0);
    const reply: WakeupReply = this.#call();
    const misc = reply.ok ? this.#u32(abi.OP_MISC) : 0;
    reply.time = reply.ok ? readTime(this.#view, OP + this.#layout.time) : undefined;
    reply.enabled = (misc & abi.GET_WAKEUP_TIME_ENABLED) !== 0;
    reply.pending = (misc & abi.GET_WAKEUP_TIME_PENDING) !== 0;
    return reply;
  }

  /** SetWakeupTime; without a time the ENABLE_ONLY flag tells the firmware that none is passed. */
  setWakeupTime(enable: boolean, time?: EfiTime): Reply {
    const flags = (enable ? abi.SET_WAKEUP_TIME_ENABLE : 0) | (time ? 0 : abi.SET_WAKEUP_TIME_ENABLE_ONLY);
    this.#begin(abi.FN_SET_WAKEUP_TIME, flags);
    if (time !== undefined) writeTime(this.#view, OP + this.#layout.time, time);
    return this.#call();
  }

  getNextHighMonotonicCount(): CountReply {
    this.#begin(abi.FN_GET_NEXT_HIGH_MONOTONIC_COUNT, 0);
    const reply: CountReply = this.#call();
    reply.high = reply.ret === 0 ? this.#u32(abi.OP_MISC) : 0;
    return reply;
  }

  /** QueryCapsuleCapabilities of capsules, each an image or its header alone (capsuleImage makes one). */
  queryCapsuleCapabilities(capsules: readonly Uint8Array[] = []): CapabilitiesReply {
    this.#begin(abi.FN_QUERY_CAPSULE_CAPABILITIES, 0);
    this.#putCapsules(capsules);
    const reply: CapabilitiesReply = this.#call();
    const layout = this.#layout;
    reply.maxCapsuleSize = reply.ok ? this.#u64(layout.maxCapsuleSize) : 0n;
    reply.resetType = reply.ok ? this.#u32(layout.resetType) : 0;
    return reply;
  }

  /**
   * UpdateCapsule of capsules, whose images go to the end of guest memory, where they stay, and of a scatter-gather list:
   * one that names these images, or the one at the given machine address.
   */
  updateCapsule(capsules: readonly Uint8Array[] = [], list?: bigint): Reply {
    this.#begin(abi.FN_UPDATE_CAPSULE, 0);
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
    this.machine.view.setUint32(DATA, number, true);
    return this.#reply(this.machine.schedOp(SCHEDOP_SHUTDOWN, DATA), undefined);
  }

  /** Revision of the system table, or of the runtime services table: 0x20046 is 2.70. */
  efiVersion(table: "system" | "runtime" = "system"): Reply & { version: number } {
    const index = table === "system" ? abi.EFI_INFO_VERSION : abi.EFI_INFO_RT_VERSION;
    const reply: Reply & { version: number } = this.#info(index);
    reply.version = reply.ok ? this.#u32(abi.INFO_VERSION) : 0;
    return reply;
  }

  configTable(): Reply & { address: bigint; count: number } {
    const reply: Reply & { address: bigint; count: number } = this.#info(abi.EFI_INFO_CONFIG_TABLE);
    reply.address = reply.ok ? this.#u64(abi.INFO_CONFIG_ADDR) : 0n;
    reply.count = reply.ok ? this.#u32(abi.INFO_CONFIG_NENT) : 0;
    return reply;
  }

  /** The firmware's vendor in a buffer of `bufsz` bytes, and its revision. */
  vendor(bufsz = 200): Reply & { vendor: string; revision: number } {
    const reply: Reply & { vendor: string; revision: number } = this.#info(abi.EFI_INFO_VENDOR, () => {
      this.#bytes.fill(0, DATA, DATA + bufsz);
      this.#view.setUint32(OP + abi.INFO_VENDOR_BUFSZ, bufsz, true);
      this.#setPointer(abi.INFO_VENDOR_NAME, DATA);
    });
    const text = fromUcs2(this.#bytes.subarray(DATA, DATA + bufsz));
    reply.vendor = reply.ok ? (text.split("\0")[0] as string) : "";
    reply.revision = reply.ok ? this.#u32(abi.INFO_VENDOR_REVISION) : 0;
    return reply;
  }

  /** The memory descriptor that holds `address`, `bytes` cut at its end. */
  memoryInfo(address: bigint, bytes: bigint): Reply & { bytes: bigint; attributes: bigint; type: number } {
    const reply: Reply & { bytes: bigint; attributes: bigint; type: number } = this.#info(abi.EFI_INFO_MEM_INFO, () => {
      this.#view.setBigUint64(OP + abi.INFO_MEM_ADDR, address, true);
      this.#view.setBigUint64(OP + abi.INFO_MEM_SIZE, bytes, true);
    });
    reply.bytes = reply.ok ? this.#u64(abi.INFO_MEM_SIZE) : 0n;
    reply.attributes = reply.ok ? this.#u64(abi.INFO_MEM_ATTR) : 0n;
    reply.type = reply.ok ? this.#u32(abi.INFO_MEM_TYPE) : 0;
    return reply;
  }

  #begin(fn: number, misc: number): void {
    this.#look();
    writeRuntimeCall(this.#view, OP, fn, misc);
  }

  #info<Answer extends Reply>(index: number, fill?: () => void): Answer {
    this.#look();
    writeFirmwareInfo(this.#view, OP, abi.FW_EFI_INFO, index);
    fill?.();
    return this.#reply(this.#hypercall(), undefined);
  }

  /** Makes the runtime call that lies at OP. */
  #call<Answer extends Reply>(): Answer {
    const ret = this.#hypercall();
    return this.#reply(ret, ret === 0 ? this.#status() : undefined);
  }

  /** What all replies have. The caller adds the rest: a spread into another object took longer than all else. */
  #reply<Answer extends Reply>(ret: number, status: bigint | undefined): Answer {
    // What most calls answer: the name of just any status takes a tenth of the call to find.
    if (status === 0n) return { ok: true, ret, errno: "0", status, statusName: "SUCCESS", reason: "" } as Answer;
    const ok = ret === 0 && (status === undefined || efiCode(status) === EfiCode.Success);
    const errno = errnoName(ret);
    const name = status === undefined ? errno : statusName(status);
    const reason = ok ? "" : reasonText(this.machine.reason);
    return { ok, ret, errno, status, statusName: name, reason } as Answer;
  }

  /** By halves first: most are 0, and another bigint takes longer to make than all of a field's reads. */
  #status(): bigint {
    return this.#long(abi.OP_STATUS) === 0 ? 0n : getLong(this.#view, this.#layout, OP + abi.OP_STATUS);
  }

  #hypercall(): number {
    const ret = this.#through.hypercall(OP);
    this.#look();
    return ret;
  }

  #look(): void {
    this.#view = this.machine.view;
    this.#bytes = this.machine.memory;
  }

  #putName(name: string, offset: number): void {
    if (2 * name.length + 2 > NAME_BYTES_MAX) throw new RangeError(`name: at most ${NAME_BYTES_MAX / 2 - 1} units`);
    writeUcs2(this.#view, NAME, name);
    this.#view.setUint16(NAME + 2 * name.length, 0, true);
    this.#setPointer(offset, NAME);
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
    this.#setPointer(this.#layout.capsuleHeaders, NAME);
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

  /** An address of this file, which has 32 bits: the op is clear where a longer one goes on. */
  #setPointer(offset: number, address: number): void {
    this.#view.setUint32(OP + offset, address, true);
  }

  /** By halves, as #long: a bigint between would cost as much as a fifth of the call. */
  #setLong(offset: number, value: number): void {
    if (!Number.isInteger(value)) throw new RangeError(`size: an integer, not ${value}`);
    this.#view.setUint32(OP + offset, value, true);
    if (this.#layout.longBytes === 8) this.#view.setUint32(OP + offset + 4, Math.floor(value / 2 ** 32), true);
  }

  #long(offset: number): number {
    const low = this.#u32(offset);
    return this.#layout.longBytes === 4 ? low : this.#u32(offset + 4) * 2 ** 32 + low;
  }

  #u32(offset: number): number {
    return this.#view.getUint32(OP + offset, true);
  }

  #u64(offset: number): bigint {
    return this.#view.getBigUint64(OP + offset, true);
  }

  #dataBytesMax(): number {
    return this.machine.memory.length - DATA;
  }
}
