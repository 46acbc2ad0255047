import { CAPSULE_HEADER_BYTES, CAPSULE_HEADER_SIZE, CAPSULE_IMAGE_SIZE } from "../../assembly/abi/capsule.ts";
import * as abi from "../../assembly/abi/op.ts";
import { capsuleImage } from "../capsules.ts";
import type { AnyBytes } from "../faults/fault.ts";
import { guidBytes } from "../guid.ts";
import { fromHex, toHex } from "../hex.ts";
import type { Machine } from "../machine.ts";
import { FUNCTION_NAMES, type OpLayout, opLayout, pointerBytes, setLong } from "../op.ts";
import { type EfiTime, overwriteTime, writeTime } from "../time.ts";
import { toUcs2 } from "../ucs2.ts";
import { type CallSite, readAnswer } from "./answer.ts";
import { type Fields, type TraceCall, toBigInt } from "./format.ts";

/**
 * Guest memory as recorders of traces have it: an op, a name and a data buffer, each ending where mapped memory ends.
 * Bytes that nobody sets hold filler, so that a byte written by mistake shows. All of it lies where a Linux process can
 * have memory, too (vm.mmap_min_addr, 65536 at most by default).
 */
const OP_END = 0x13000;
const NAME_END = 0x120000;
const DATA_END = 0x230000;
/** Bytes behind each end that fault. */
const GAP = 0x1000;
/** Largest buffer that is laid out; what a size says beyond it is not mapped. */
const BUFFER_MAX = 0x100000;
/** Guest memory that a player's machine needs, in bytes. */
export const PLAYER_WINDOW_BYTES = DATA_END + GAP;

const OP_FILLER = 0xa5;
const DATA_FILLER = 0xee;

/** Addresses for handles that point nowhere. Their low halves lie outside every window, for 32-bit callers. */
export const NOWHERE: Readonly<Record<string, bigint>> = {
  null: 0n,
  bad: 0x00007fffdead0000n,
  xen: 0xffff82d0d0400000n,
  kernel: 0xffffffffffa00000n,
};

/** Plays calls of a trace on a machine and tells what came out, in the trace's words. */
export class Player {
  readonly #machine: Machine;
  readonly #layout: OpLayout;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #op = 0;
  #name = NAME_END;
  #nameEnd = NAME_END;
  #data = DATA_END;
  #dataEnd = DATA_END;

  /** The machine's window must have PLAYER_WINDOW_BYTES; its holes are the player's from now on. */
  constructor(machine: Machine) {
    this.#machine = machine;
    this.#layout = opLayout(machine.abi);
    this.#bytes = machine.memory;
    this.#view = machine.view;
    for (const end of [OP_END, NAME_END, DATA_END]) machine.unmap(end, end + GAP);
  }

  /** Lays the call out as `play` does, and makes it not: the op's address as the guest passes it, and what lies where. */
  lay(call: TraceCall): { address: number; site: CallSite } {
    const address = this.#lay(call);
    const site: CallSite = {
      op: this.#op,
      name: this.#name,
      nameEnd: this.#nameEnd,
      data: this.#data,
      dataBefore: this.#bytes.slice(this.#data, this.#dataEnd),
      opBefore: this.op(),
    };
    return { address, site };
  }

  /** Makes the call and gives its `out`. */
  play(call: TraceCall): Fields {
    if (call.fn === "reset") {
      // The firmware starts again, not whatever made variables before the trace began.
      this.#machine.reboot([]);
      return { ret: 0 };
    }
    const { address, site } = this.lay(call);
    const { platform } = this.#machine;
    const wasPrivileged = platform.privileged;
    if (call.in.privileged !== undefined) platform.privileged = call.in.privileged as boolean;
    const ret = this.#disturbed(call, () => this.#machine.hypercall(address));
    platform.privileged = wasPrivileged;
    return readAnswer(this.#machine, site, call, ret);
  }

  /** With the call's fault, if it has one. */
  #disturbed(call: TraceCall, make: () => number): number {
    const fault = call.fault && this.#machine.inject({ ...call.fault, fn: functionOf(call) });
    try {
      return make();
    } finally {
      fault?.[Symbol.dispose]();
    }
  }

  /** The 136 bytes of the op as they are now. */
  op(): Uint8Array {
    return this.#bytes.slice(this.#op, this.#op + abi.OP_BYTES);
  }

  /** Lays op and buffers out; gives the op's address. */
  #lay(call: TraceCall): number {
    const input = call.in;
    const mapped = toBigInt(input.opMapped);
    this.#op = OP_END - Number(mapped ?? BigInt(abi.OP_BYTES));
    const room = Math.min(abi.OP_BYTES, OP_END - this.#op);
    const held = call.raw?.in ?? (input.opHeld as string | undefined);
    this.#bytes.fill(OP_FILLER, this.#op, this.#op + room);
    if (held !== undefined) this.#bytes.set(fromHex(held).subarray(0, room), this.#op);
    this.#u32(abi.OP_INTERFACE_VERSION, input.interface_version ?? abi.INTERFACE_VERSION);
    if (call.fn === "raw") this.#layRaw(input);
    else if (call.fn === "firmware_info") this.#layInfo(input);
    else this.#layRuntimeCall(call);
    const pointer = (input.ptr ?? input.opPtr) as string | undefined;
    if (pointer === undefined || pointer === "tail") return this.#op;
    // The export takes 32 bits; what lies beyond is as little mapped as the last page.
    const target = NOWHERE[pointer] ?? BigInt(pointer);
    return target > 0xffffffffn ? 0xffffffff : Number(target);
  }

  #layRaw(input: Fields): void {
    this.#u32(abi.OP_CMD, input.cmd ?? 0);
    const body = fromHex((input.body as string | undefined) ?? "");
    const at = this.#op + abi.OP_BODY;
    this.#bytes.set(body.subarray(0, Math.max(0, Math.min(body.length, OP_END - at))), at);
  }

  #layInfo(input: Fields): void {
    this.#u32(abi.OP_CMD, abi.CMD_FIRMWARE_INFO);
    const { type = abi.FW_EFI_INFO, index = 0 } = input;
    this.#u32(abi.INFO_TYPE, type);
    this.#u32(abi.INFO_INDEX, index);
    if (type !== abi.FW_EFI_INFO) return;
    switch (index) {
      case abi.EFI_INFO_VENDOR:
        this.#u32(abi.INFO_VENDOR_BUFSZ, input.bufsz ?? 0);
        this.#long(abi.INFO_VENDOR_NAME, this.#layData(input, Math.min(Number(input.bufsz ?? 0), BUFFER_MAX)));
        break;
      case abi.EFI_INFO_MEM_INFO:
        this.#u64(abi.INFO_MEM_ADDR, input.addr ?? 0);
        this.#u64(abi.INFO_MEM_SIZE, input.size ?? 0);
        break;
      case abi.EFI_INFO_PCI_ROM:
        this.#view.setUint16(this.#op + abi.INFO_PCI_SEGMENT, Number(input.segment ?? 0), true);
        this.#view.setUint8(this.#op + abi.INFO_PCI_BUS, Number(input.bus ?? 0));
        this.#view.setUint8(this.#op + abi.INFO_PCI_DEVFN, Number(input.devfn ?? 0));
        this.#view.setUint16(this.#op + abi.INFO_PCI_VENDOR, Number(input.vendor ?? 0), true);
        this.#view.setUint16(this.#op + abi.INFO_PCI_DEVID, Number(input.devid ?? 0), true);
    }
  }

  #layRuntimeCall({ fn, in: input, note, fault }: TraceCall): void {
    const layout = this.#layout;
    const room = bytesOf(fault?.data);
    this.#u32(abi.OP_CMD, abi.CMD_EFI_RUNTIME_CALL);
    this.#u32(abi.OP_FUNCTION, typeof fn === "number" ? fn : FUNCTION_NAMES.indexOf(fn as never));
    this.#u32(abi.OP_MISC, input.misc ?? 0);
    const size = toBigInt(input.size) ?? 0n;
    switch (fn) {
      case "get_variable":
      case "set_variable":
        this.#long(layout.name, this.#layName(input));
        this.#long(layout.size, size);
        this.#long(layout.data, this.#layData(input, Number(size < BUFFER_MAX ? size : BigInt(BUFFER_MAX)), room));
        this.#guid(layout.guid, input);
        break;
      case "get_next_variable_name":
        this.#long(layout.nextSize, size);
        this.#long(layout.nextName, this.#layNextName(input, size, note, room));
        this.#guid(layout.nextGuid, input);
        break;
      case "query_variable_info":
        this.#u32(layout.queryAttr, input.attr ?? 0);
        break;
      case "get_time":
      case "get_wakeup_time":
        break;
      case "set_time":
      case "set_wakeup_time":
        if (input.time === undefined)
          this.#bytes.fill(0, this.#op + layout.time, this.#op + layout.time + abi.TIME_BYTES);
        else this.#layTime(input.time as unknown as EfiTime, input.opHeld !== undefined);
        break;
      case "query_capsule_capabilities":
      case "update_capsule":
        if (input.capsules === undefined) {
          this.#bytes.set(fromHex((input.body as string | undefined) ?? ""), this.#op + layout.callBody);
        } else this.#layCapsules(input, input.capsules as unknown as (Fields | string)[]);
        if (fn === "update_capsule" && input.sg_list !== undefined) this.#u64(layout.sgList, input.sg_list);
    }
  }

  /** The pad bytes are filler, or what the op held: the firmware may store them. */
  #layTime(time: EfiTime, keepsPads: boolean): void {
    const at = this.#op + this.#layout.time;
    if (keepsPads) overwriteTime(this.#view, at, time);
    else writeTime(this.#view, at, time, OP_FILLER);
  }

  /** The name with its terminator, or the raw bytes of nameHex, ending where mapped memory ends. */
  #layName(input: Fields): bigint {
    if (input.namePtr !== undefined) return pointerOf(input.namePtr as string);
    const bytes = nameBytes(input);
    this.#name = NAME_END - Number(toBigInt(input.nameMapped) ?? BigInt(bytes.length));
    this.#nameEnd = NAME_END;
    this.#bytes.set(bytes.subarray(0, NAME_END - this.#name), this.#name);
    return BigInt(this.#name);
  }

  /**
   * A buffer of `size` bytes: the given name, then zeros, or what the last call left where the walk keeps it. At least
   * `room` bytes are mapped from its start on, for a fault that passes its end, unless memory is said to end before.
   */
  #layNextName(input: Fields, size: bigint, note: string | undefined, room: number): bigint {
    if (input.namePtr !== undefined) return pointerOf(input.namePtr as string);
    const bytes = Number(size < BUFFER_MAX ? size : BigInt(BUFFER_MAX));
    const mapped = Number(toBigInt(input.nameMapped) ?? BigInt(bytes));
    const start = NAME_END - (input.nameMapped === undefined ? Math.max(mapped, room) : mapped);
    this.#nameEnd = start + mapped;
    const name = nameBytes(input).subarray(0, mapped);
    const kept = start === this.#name && note !== undefined && /buffer not cleared/.test(note);
    this.#name = start;
    if (!kept || toHex(this.#bytes.subarray(start, start + name.length)) !== toHex(name)) {
      this.#bytes.fill(0, start, NAME_END);
      this.#bytes.set(name, start);
    }
    return BigInt(start);
  }

  /** A write's data, what a read's buffer held, or filler. `room` as in #layNextName. */
  #layData(input: Fields, size: number, room = 0): bigint {
    const given = dataBytes(input, size);
    const mapped = Number(toBigInt(input.dataMapped) ?? BigInt(given.length));
    this.#data = DATA_END - (input.dataMapped === undefined ? Math.max(mapped, room) : mapped);
    this.#dataEnd = this.#data + (input.dataPtr === undefined ? mapped : 0);
    this.#bytes.set(given.subarray(0, mapped), this.#data);
    return input.dataPtr === undefined ? BigInt(this.#data) : pointerOf(input.dataPtr as string);
  }

  /** Images of the given headers, filled up to their image size, where data go; the array of their addresses for a name. */
  #layCapsules(input: Fields, capsules: readonly (Fields | string)[]): void {
    const width = pointerBytes(this.#machine.abi);
    const array = NAME_END - capsules.length * width;
    let next = DATA_END;
    for (const [i, capsule] of capsules.entries()) {
      const image = typeof capsule === "string" ? fromHex(capsule) : imageOf(capsule);
      const imageBytes = image.length < CAPSULE_HEADER_BYTES ? 0 : viewOf(image).getUint32(CAPSULE_IMAGE_SIZE, true);
      const end = next;
      next = (end - Math.max(image.length, Math.min(imageBytes, BUFFER_MAX / capsules.length))) & ~7;
      this.#bytes.fill(DATA_FILLER, next, end);
      this.#bytes.set(image, next);
      if (width === 4) this.#view.setUint32(array + 4 * i, next, true);
      else this.#view.setBigUint64(array + 8 * i, BigInt(next), true);
    }
    this.#long(this.#layout.capsuleHeaders, capsules.length === 0 ? 0n : BigInt(array));
    this.#long(this.#layout.capsuleCount, toBigInt(input.count) ?? BigInt(capsules.length));
  }

  #u32(offset: number, value: unknown): void {
    if (this.#op + offset + 4 <= OP_END) this.#view.setUint32(this.#op + offset, Number(value), true);
  }

  #u64(offset: number, value: unknown): void {
    this.#view.setBigUint64(this.#op + offset, toBigInt(value) as bigint, true);
  }

  #long(offset: number, value: bigint): void {
    setLong(this.#view, this.#layout, this.#op + offset, value);
  }

  #guid(offset: number, input: Fields): void {
    if (input.guid !== undefined) this.#bytes.set(guidBytes(input.guid as string), this.#op + offset);
  }
}

/** The image of a header; what it says of sizes need not be so. */
function imageOf({ guid, flags = 0, header_size, image_size }: Fields): Uint8Array {
  const image = capsuleImage(String(guid), Number(flags));
  viewOf(image).setUint32(CAPSULE_HEADER_SIZE, Number(header_size ?? image.length), true);
  viewOf(image).setUint32(CAPSULE_IMAGE_SIZE, Number(image_size ?? image.length), true);
  return image;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function dataBytes({ data, dataHeld }: Fields, size: number): Uint8Array {
  if (data !== undefined) return fromHex(data as string);
  if (dataHeld === undefined) return new Uint8Array(size).fill(DATA_FILLER);
  const held = new Uint8Array(size);
  held.set(fromHex(dataHeld as string).subarray(0, size));
  return held;
}

/** The function of a call as fault rules know it. */
function functionOf({ fn }: TraceCall): string | number | readonly string[] {
  return fn === "raw" ? [] : fn;
}

function bytesOf(data: AnyBytes | undefined): number {
  return data === undefined ? 0 : typeof data === "string" ? data.length / 2 : data.length;
}

function nameBytes(input: Fields): Uint8Array {
  if (input.nameHex !== undefined) return fromHex(input.nameHex as string);
  return toUcs2(`${(input.name as string | undefined) ?? ""}\0`);
}

function pointerOf(text: string): bigint {
  return NOWHERE[text] ?? BigInt(text);
}
