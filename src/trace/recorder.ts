import * as abi from "../../assembly/abi/op.ts";
import { Reason } from "../../assembly/abi/status.ts";
import { RUNTIME_ACCESS } from "../../assembly/abi/variable.ts";
import { faultFields } from "../faults/read-fault.ts";
import { guidText } from "../guid.ts";
import { toHex } from "../hex.ts";
import type { Machine } from "../machine.ts";
import { FUNCTION_NAMES, getLong, type OpLayout, opLayout } from "../op.ts";
import { readTime, timeOfSeconds } from "../time.ts";
import { fromUcs2, isWellFormed, toUcs2 } from "../ucs2.ts";
import { type CallSite, readAnswer } from "./answer.ts";
import type { Fields, TraceCall, TraceHeader, TraceVariable } from "./format.ts";

/** Most bytes of a buffer that a recorder keeps. */
const BUFFER_MAX = 0x100000;

/** A trace header for a machine as it is now: personality, clock, platform, and its visible variables in order. */
export function recordHeader(machine: Machine, about: { source: string; [field: string]: unknown }): TraceHeader {
  const visible = machine.variables().filter((variable) => (variable.attributes & RUNTIME_ACCESS) !== 0);
  const initial_variables = visible.map(({ name, guid, attributes, data }): TraceVariable => {
    const named = isWellFormed(name) ? { name } : { nameHex: toHex(toUcs2(name)) };
    return { ...named, guid, attr: attributes, data: toHex(data) };
  });
  const { platform, policy, capsuleFirmware } = machine;
  const clock = { ...timeOfSeconds(machine.clock.seconds) };
  const xen = {
    efi_boot: platform.efiBoot,
    efi_rs: platform.runtimeServices,
    arm_stock: !platform.platformOps,
  };
  const capsules = capsuleFirmware === undefined ? {} : { capsules: { ...capsuleFirmware } };
  const assume = { phase: "runtime", personality: policy.name, config: { clock }, xen, ...capsules };
  return { format: "xenefi-trace", version: 1, ...about, abi: machine.abi, assume, initial_variables };
}

/** Stands between a kernel shim and its machine: answers each hypercall and tells what passed, in a trace's words. */
export class Recorder {
  readonly #machine: Machine;
  readonly #layout: OpLayout;
  readonly #sink: (call: TraceCall) => void;

  /** `sink` is given each call after it was answered. */
  constructor(machine: Machine, sink: (call: TraceCall) => void) {
    this.#machine = machine;
    this.#layout = opLayout(machine.abi);
    this.#sink = sink;
  }

  /** As Machine.hypercall. */
  hypercall(op: number): number {
    const { call, site } = this.#describe(op);
    const ret = this.#machine.hypercall(op);
    call.out = readAnswer(this.#machine, site, call, ret);
    this.#describeHeld(call, site);
    this.#sink(call);
    return ret;
  }

  /** What disturbed the call, and what op and buffer held that it may have left as it was: a replay needs that too. */
  #describeHeld(call: TraceCall, site: CallSite): void {
    const { fault, reason } = this.#machine;
    if (fault !== undefined) {
      call.fault = faultFields(fault);
      call.in.opHeld = toHex(site.opBefore);
    }
    const isRead = call.fn === "get_variable" || call.fn === "firmware_info";
    if (isRead && (fault !== undefined || reason === Reason.DataNotMapped)) {
      call.in.dataHeld = toHex(withoutEnd(site.dataBefore));
    }
  }

  #describe(op: number): { call: TraceCall; site: CallSite } {
    const { memory, view } = this.#machine;
    const site: CallSite = {
      op,
      opBefore: new Uint8Array(0),
      name: 0,
      nameEnd: 0,
      data: 0,
      dataBefore: new Uint8Array(0),
    };
    const mapped = Math.min(this.#machine.mappedBytes(op), abi.OP_BYTES);
    if (mapped < abi.OP_BYTES) {
      const pointer = mapped === 0 ? pointerOf(BigInt(op)) : { ptr: "tail", opMapped: mapped };
      const body = toHex(memory.subarray(op + abi.OP_BODY, op + Math.max(abi.OP_BODY, mapped)));
      return { call: { fn: "raw", in: { ...pointer, cmd: 0, interface_version: 0, body }, out: {} }, site };
    }
    site.opBefore = memory.slice(op, op + abi.OP_BYTES);
    const cmd = view.getUint32(op + abi.OP_CMD, true);
    const version = view.getUint32(op + abi.OP_INTERFACE_VERSION, true);
    if (version === abi.INTERFACE_VERSION && cmd === abi.CMD_EFI_RUNTIME_CALL)
      return { call: this.#runtimeCall(site), site };
    if (version === abi.INTERFACE_VERSION && cmd === abi.CMD_FIRMWARE_INFO) return { call: this.#info(site), site };
    const body = toHex(site.opBefore.subarray(abi.OP_BODY));
    return { call: { fn: "raw", in: { cmd, interface_version: version, body }, out: {} }, site };
  }

  #runtimeCall(site: CallSite): TraceCall {
    const { view } = this.#machine;
    const { op } = site;
    const layout = this.#layout;
    const number = view.getUint32(op + abi.OP_FUNCTION, true);
    const fn = number === 0 ? 0 : (FUNCTION_NAMES[number] ?? number);
    const input: Fields = { misc: view.getUint32(op + abi.OP_MISC, true) };
    switch (fn) {
      case "get_variable":
      case "set_variable":
        this.#name(site, input, getLong(view, layout, op + layout.name));
        this.#guid(site, input, layout.guid);
        this.#data(site, input, getLong(view, layout, op + layout.size), getLong(view, layout, op + layout.data), fn);
        break;
      case "get_next_variable_name":
        this.#nextName(
          site,
          input,
          getLong(view, layout, op + layout.nextSize),
          getLong(view, layout, op + layout.nextName),
        );
        this.#guid(site, input, layout.nextGuid);
        break;
      case "query_variable_info":
        input.attr = view.getUint32(op + layout.queryAttr, true);
        break;
      case "set_time":
      case "set_wakeup_time":
        input.time = { ...readTime(view, op + layout.time) };
        // The time's pad bytes count: a firmware may store them with it.
        input.opHeld = toHex(site.opBefore);
        break;
      case "query_capsule_capabilities":
      case "update_capsule":
        input.body = toHex(site.opBefore.subarray(layout.callBody, abi.OP_BODY + abi.NATIVE_CALL_BYTES));
    }
    return { fn, in: input, out: {} };
  }

  #info(site: CallSite): TraceCall {
    const { view } = this.#machine;
    const { op } = site;
    const type = view.getUint32(op + abi.INFO_TYPE, true);
    const index = view.getUint32(op + abi.INFO_INDEX, true);
    const input: Fields = { type, index };
    if (type !== abi.FW_EFI_INFO) return { fn: "firmware_info", in: input, out: {} };
    switch (index) {
      case abi.EFI_INFO_VENDOR: {
        const bufsz = view.getUint32(op + abi.INFO_VENDOR_BUFSZ, true);
        input.bufsz = bufsz;
        this.#buffer(site, input, bufsz, getLong(view, this.#layout, op + abi.INFO_VENDOR_NAME));
        break;
      }
      case abi.EFI_INFO_MEM_INFO:
        input.addr = `0x${view.getBigUint64(op + abi.INFO_MEM_ADDR, true).toString(16)}`;
        input.size = `0x${view.getBigUint64(op + abi.INFO_MEM_SIZE, true).toString(16)}`;
        break;
      case abi.EFI_INFO_PCI_ROM:
        input.segment = view.getUint16(op + abi.INFO_PCI_SEGMENT, true);
        input.bus = view.getUint8(op + abi.INFO_PCI_BUS);
        input.devfn = view.getUint8(op + abi.INFO_PCI_DEVFN);
        input.vendor = view.getUint16(op + abi.INFO_PCI_VENDOR, true);
        input.devid = view.getUint16(op + abi.INFO_PCI_DEVID, true);
    }
    return { fn: "firmware_info", in: input, out: {} };
  }

  /** A name up to its terminator, or as far as it is mapped. */
  #name(site: CallSite, input: Fields, handle: bigint): void {
    const mapped = this.#mapped(handle);
    if (mapped === 0) {
      input.namePtr = pointerOf(handle).ptr;
      return;
    }
    site.name = Number(handle);
    const end = this.#terminator(site.name, mapped);
    const bytes = this.#machine.memory.subarray(site.name, site.name + (end ?? mapped));
    const text = fromUcs2(bytes);
    if (end === undefined) input.nameHex = toHex(bytes);
    else if (isWellFormed(text)) input.name = text;
    else input.nameHex = toHex(toUcs2(`${text}\0`));
  }

  /** Bytes in front of the first zero unit, or undefined if none is mapped. */
  #terminator(start: number, mapped: number): number | undefined {
    const { view } = this.#machine;
    for (let bytes = 0; bytes + 2 <= mapped; bytes += 2) if (view.getUint16(start + bytes, true) === 0) return bytes;
    return undefined;
  }

  /** The whole buffer of get_next_variable_name as far as it is not zero, so that a replay has the same bytes. */
  #nextName(site: CallSite, input: Fields, size: bigint, handle: bigint): void {
    input.size = integer(size);
    const mapped = this.#mapped(handle);
    if (mapped === 0) {
      input.namePtr = pointerOf(handle).ptr;
      return;
    }
    const bytes = Math.min(mapped, Number(size < BUFFER_MAX ? size : BUFFER_MAX));
    site.name = Number(handle);
    site.nameEnd = site.name + bytes;
    const buffer = this.#machine.memory.subarray(site.name, site.nameEnd);
    const used = buffer.findLastIndex((byte) => byte !== 0) + 1;
    const text = fromUcs2(buffer.subarray(0, used + (used % 2)));
    if (text.includes("\0") || !isWellFormed(text) || used === bytes) input.nameHex = toHex(buffer.subarray(0, used));
    else input.name = text;
    if (BigInt(bytes) < size) input.nameMapped = bytes;
  }

  #data(site: CallSite, input: Fields, size: bigint, handle: bigint, fn: string): void {
    input.size = integer(size);
    const bytes = Number(size < BUFFER_MAX ? size : BUFFER_MAX);
    this.#buffer(site, input, bytes, handle);
    if (fn === "set_variable") input.data = toHex(site.dataBefore);
  }

  #buffer(site: CallSite, input: Fields, bytes: number, handle: bigint): void {
    const mapped = Math.min(this.#mapped(handle), bytes);
    if (mapped === 0) {
      input.dataPtr = pointerOf(handle).ptr;
      return;
    }
    site.data = Number(handle);
    site.dataBefore = this.#machine.memory.slice(site.data, site.data + mapped);
    if (mapped < bytes) input.dataMapped = mapped;
  }

  #guid({ opBefore }: CallSite, input: Fields, offset: number): void {
    input.guid = guidText(opBefore, offset);
  }

  #mapped(handle: bigint): number {
    return handle > 0xffffffffn ? 0 : Math.min(this.#machine.mappedBytes(Number(handle)), BUFFER_MAX);
  }
}

/** Bytes without the zeros at their end. */
function withoutEnd(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, bytes.findLastIndex((byte) => byte !== 0) + 1);
}

/** How a trace tells an address that is not mapped. */
function pointerOf(address: bigint): { ptr: string } {
  return { ptr: address === 0n ? "null" : "bad" };
}

function integer(value: bigint): number | bigint {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}
