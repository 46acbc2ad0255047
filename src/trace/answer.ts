import * as abi from "../../assembly/abi/op.ts";
import { EfiCode } from "../../assembly/abi/status.ts";
import { areSameBytes } from "../bytes.ts";
import { guidText } from "../guid.ts";
import { toHex } from "../hex.ts";
import type { Machine } from "../machine.ts";
import { getLong, opLayout } from "../op.ts";
import { efiCode } from "../status.ts";
import { readTime } from "../time.ts";
import { fromUcs2, isWellFormed, toUcs2 } from "../ucs2.ts";
import type { Fields, TraceCall } from "./format.ts";

/** Where a call's op and buffers lie in guest memory, and what they held before it. */
export interface CallSite {
  op: number;
  opBefore: Uint8Array;
  name: number;
  /** Behind the name's buffer. */
  nameEnd: number;
  data: number;
  dataBefore: Uint8Array;
}

/** Reads what a call has left in guest memory, in a trace's words. */
export function readAnswer(machine: Machine, site: CallSite, call: TraceCall, ret: number): Fields {
  const answer = new Answer(machine, site, ret);
  if (call.fn === "raw") answer.readOp(call);
  else if (call.fn === "firmware_info") answer.readInfo(call.in);
  else answer.readRuntimeCall(call.fn);
  return answer.out;
}

class Answer {
  readonly out: Fields;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #layout;
  readonly #site: CallSite;
  readonly #ret: number;

  constructor(machine: Machine, site: CallSite, ret: number) {
    this.#bytes = machine.memory;
    this.#view = machine.view;
    this.#layout = opLayout(machine.abi);
    this.#site = site;
    this.#ret = ret;
    this.out = { ret };
  }

  /** The op from its body on, if it changed. An op given by an address is not read back. */
  readOp(call: TraceCall): void {
    const { op, opBefore } = this.#site;
    const after = this.#bytes.subarray(op, op + abi.OP_BYTES);
    if (call.in.ptr === undefined && !areSameBytes(after, opBefore))
      this.out.rawOut = toHex(after.subarray(abi.OP_BODY));
  }

  readRuntimeCall(fn: string | number): void {
    if (this.#ret !== 0) {
      if (fn === "get_variable") this.#readTouched();
      return;
    }
    const layout = this.#layout;
    const status = this.#long(abi.OP_STATUS);
    const success = efiCode(status) === EfiCode.Success;
    this.out.status = `0x${status.toString(16).padStart(2 * layout.longBytes, "0")}`;
    this.out.misc = this.#u32(abi.OP_MISC);
    switch (fn) {
      case "get_variable": {
        const size = this.#long(layout.size);
        this.out.size = plain(size);
        const { data } = this.#site;
        // A size may be a lie: what lies behind the buffer is no part of the answer.
        const inBuffer = Math.min(Number(size), this.#site.dataBefore.length);
        if (success) this.out.data = toHex(this.#bytes.subarray(data, data + inBuffer));
        else this.#readTouched();
        break;
      }
      case "get_next_variable_name": {
        const size = this.#long(layout.nextSize);
        this.out.size = plain(size);
        if (success) this.#readNextName(Number(size));
        break;
      }
      case "query_variable_info":
        this.out.max_store_size = this.#hex64(layout.maxStoreSize);
        this.out.remain_store_size = this.#hex64(layout.remainStoreSize);
        this.out.max_size = this.#hex64(layout.maxSize);
        break;
      case "query_capsule_capabilities":
        if (success) {
          this.out.max_capsule_size = this.#hex64(layout.maxCapsuleSize);
          this.out.reset_type = this.#u32(layout.resetType);
        }
        break;
      case "get_time":
      case "get_wakeup_time":
        if (success) this.out.time = { ...readTime(this.#view, this.#site.op + layout.time) };
        if (success && fn === "get_time") {
          this.out.resolution = this.#u32(layout.resolution);
          this.out.accuracy = this.#u32(layout.accuracy);
        }
    }
  }

  readInfo(input: Fields): void {
    if (this.#ret !== 0) return;
    const { op } = this.#site;
    const { out } = this;
    const { type = abi.FW_EFI_INFO, index = 0 } = input;
    if (type !== abi.FW_EFI_INFO) {
      out.body = toHex(this.#bytes.subarray(op + abi.INFO_BODY, op + abi.OP_BYTES));
      return;
    }
    switch (index) {
      case abi.EFI_INFO_VERSION:
      case abi.EFI_INFO_RT_VERSION:
        out.version = hex(this.#u32(abi.INFO_VERSION));
        break;
      case abi.EFI_INFO_CONFIG_TABLE:
        out.addr = this.#hex64(abi.INFO_CONFIG_ADDR);
        out.nent = this.#u32(abi.INFO_CONFIG_NENT);
        break;
      case abi.EFI_INFO_VENDOR:
        out.revision = hex(this.#u32(abi.INFO_VENDOR_REVISION));
        out.bufsz = this.#u32(abi.INFO_VENDOR_BUFSZ);
        this.#readVendor(out.bufsz);
        break;
      case abi.EFI_INFO_MEM_INFO:
        out.addr = this.#hex64(abi.INFO_MEM_ADDR);
        out.size = this.#hex64(abi.INFO_MEM_SIZE);
        out.attr = this.#hex64(abi.INFO_MEM_ATTR);
        out.type = this.#u32(abi.INFO_MEM_TYPE);
        break;
      case abi.EFI_INFO_PCI_ROM:
        out.address = this.#hex64(abi.INFO_PCI_ADDRESS);
        out.size = hex(this.#long(abi.INFO_PCI_SIZE));
        break;
      case abi.EFI_INFO_APPLE_PROPERTIES:
        out.address = this.#hex64(abi.INFO_APPLE_ADDRESS);
        out.size = hex(this.#long(abi.INFO_APPLE_SIZE));
    }
  }

  #readNextName(size: number): void {
    const { op, name, nameEnd } = this.#site;
    const text = fromUcs2(this.#bytes.subarray(name, Math.min(name + size, nameEnd + 2) - 2));
    if (isWellFormed(text)) this.out.name = text;
    else this.out.nameHex = toHex(toUcs2(text));
    this.out.guid = guidText(this.#bytes, op + this.#layout.nextGuid);
    const tail = this.#bytes.subarray(name + size, nameEnd);
    const used = tail.findLastIndex((byte) => byte !== 0) + 1;
    if (used > 0) this.out.nameTail = toHex(tail.subarray(0, (used + 1) & ~1));
  }

  /** The units that were copied: up to the terminator, or as many as fit. */
  #readVendor(bufsz: number): void {
    const { data, dataBefore } = this.#site;
    const bytes = Math.min(bufsz, dataBefore.length) & ~1;
    const buffer = this.#bytes.subarray(data, data + bytes);
    const text = fromUcs2(buffer);
    const end = text.indexOf("\0");
    const units = end < 0 ? buffer : buffer.subarray(0, 2 * end + 2);
    if (units.length > 0) this.out.data = toHex(units);
    if (end >= 0) this.out.name = text.slice(0, end);
  }

  /** What a failed read left in the buffer all the same, up to the last byte that changed. */
  #readTouched(): void {
    const { data, dataBefore } = this.#site;
    const buffer = this.#bytes.subarray(data, data + dataBefore.length);
    const used = buffer.findLastIndex((byte, i) => byte !== dataBefore[i]) + 1;
    if (used > 0) this.out.dataTouched = toHex(buffer.subarray(0, used));
  }

  #u32(offset: number): number {
    return this.#view.getUint32(this.#site.op + offset, true);
  }

  #long(offset: number): bigint {
    return getLong(this.#view, this.#layout, this.#site.op + offset);
  }

  #hex64(offset: number): string {
    return hex(this.#view.getBigUint64(this.#site.op + offset, true));
  }
}

function hex(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}

/** A number where a double holds it, else the bigint. */
function plain(value: bigint): number | bigint {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}
