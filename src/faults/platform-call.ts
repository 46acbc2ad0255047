import * as abi from "../../assembly/abi/op.ts";
import { guidText } from "../guid.ts";
import { type Abi, FUNCTION_NAMES, getLong, type OpLayout, opLayout } from "../op.ts";
import { fromUcs2 } from "../ucs2.ts";
import type { FaultMemory } from "./fault-memory.ts";

/** A buffer of a call, as far as it can be read; no bytes where its handle points nowhere. */
export interface CallBuffer {
  at: number;
  bytes: number;
}

const NAME_STEP_BYTES = 256;

/** A platform op as the guest passed it: its 136 bytes are a copy, its buffers are read when they are asked for. */
export class PlatformCall {
  /** A runtime function or "firmware_info" as traces spell it, or the number of an unknown function. */
  readonly fn: string | number;
  readonly isRuntime: boolean;
  /** Guest address of the op. */
  readonly at: number;
  readonly op: Uint8Array;
  readonly layout: OpLayout;
  readonly abi: Abi;
  readonly #guest: FaultMemory;
  readonly #view: DataView;
  #nameBuffer: CallBuffer | undefined;

  private constructor(abiName: Abi, guest: FaultMemory, at: number, isRuntime: boolean) {
    this.abi = abiName;
    this.layout = opLayout(abiName);
    this.at = at;
    this.op = guest.read(at, abi.OP_BYTES);
    this.isRuntime = isRuntime;
    this.#guest = guest;
    this.#view = new DataView(this.op.buffer);
    const number = this.#u32(abi.OP_FUNCTION);
    this.fn = isRuntime ? FUNCTION_NAMES[number] || number : "firmware_info";
  }

  /** The call of the op at guest address `at`; undefined for one that Xen takes for neither of the two commands. */
  static read(abiName: Abi, guest: FaultMemory, at: number): PlatformCall | undefined {
    if (guest.readableBytes(at) < abi.OP_BYTES) return undefined;
    const head = new DataView(guest.read(at, abi.OP_BODY).buffer);
    if (head.getUint32(abi.OP_INTERFACE_VERSION, true) !== abi.INTERFACE_VERSION) return undefined;
    const cmd = head.getUint32(abi.OP_CMD, true);
    if (cmd !== abi.CMD_EFI_RUNTIME_CALL && cmd !== abi.CMD_FIRMWARE_INFO) return undefined;
    return new PlatformCall(abiName, guest, at, cmd === abi.CMD_EFI_RUNTIME_CALL);
  }

  /** Of a runtime call; of firmware_info the index. */
  get misc(): number {
    return this.#u32(abi.OP_MISC);
  }

  /** What the op says of the data's size, or of the name buffer's: bytes. Undefined for a call without such a buffer. */
  get size(): bigint | undefined {
    if (this.hasVariable) return this.#long(this.layout.size);
    if (this.fn === "get_next_variable_name") return this.#long(this.layout.nextSize);
    return this.#isVendor ? BigInt(this.#u32(abi.INFO_VENDOR_BUFSZ)) : undefined;
  }

  /** The variable's name, of get_next_variable_name the one from which the walk goes on; undefined without one. */
  get name(): string | undefined {
    const { at, bytes } = this.nameBuffer;
    if (bytes === 0) return undefined;
    return fromUcs2(this.#guest.read(at, bytes)).split("\0", 1)[0];
  }

  get guid(): string | undefined {
    if (this.hasVariable) return guidText(this.op, this.layout.guid);
    return this.fn === "get_next_variable_name" ? guidText(this.op, this.layout.nextGuid) : undefined;
  }

  /** The name with its terminator, or as far as it can be read; of get_next_variable_name the whole buffer. */
  get nameBuffer(): CallBuffer {
    this.#nameBuffer ??= this.#findName();
    return this.#nameBuffer;
  }

  /** The data buffer, of firmware_info the vendor's. */
  get dataBuffer(): CallBuffer {
    if (this.hasVariable) return this.#buffer(this.#long(this.layout.data), this.size as bigint);
    if (!this.#isVendor) return { at: 0, bytes: 0 };
    return this.#buffer(this.#long(abi.INFO_VENDOR_NAME), this.size as bigint);
  }

  /** Where Xen writes the value, the next name or the vendor. */
  get outBuffer(): CallBuffer {
    if (this.fn === "set_variable") return { at: 0, bytes: 0 };
    return this.fn === "get_next_variable_name" ? this.nameBuffer : this.dataBuffer;
  }

  /** The part of the op that Xen writes back: offset, and bytes. */
  get writtenFrom(): number {
    return this.isRuntime ? abi.OP_BODY : abi.INFO_BODY;
  }

  get writtenBytes(): number {
    const isCompat = this.layout.longBytes === 4;
    if (this.isRuntime) return isCompat ? abi.COMPAT_CALL_BYTES : abi.NATIVE_CALL_BYTES;
    return isCompat ? abi.COMPAT_EFI_INFO_BYTES : abi.NATIVE_EFI_INFO_BYTES;
  }

  /** The op names a variable: get_variable and set_variable. */
  get hasVariable(): boolean {
    return this.fn === "get_variable" || this.fn === "set_variable";
  }

  get #isVendor(): boolean {
    const isInfo = !this.isRuntime && this.#u32(abi.INFO_TYPE) === abi.FW_EFI_INFO;
    return isInfo && this.#u32(abi.INFO_INDEX) === abi.EFI_INFO_VENDOR;
  }

  #findName(): CallBuffer {
    const { layout } = this;
    if (this.fn === "get_next_variable_name") return this.#buffer(this.#long(layout.nextName), this.size as bigint);
    if (!this.hasVariable) return { at: 0, bytes: 0 };
    const { at, bytes } = this.#buffer(this.#long(layout.name), 0xffffffffn);
    return { at, bytes: this.#nameBytes(at, bytes) };
  }

  /** Bytes up to and with the first zero unit, or `mapped`, made even. */
  #nameBytes(at: number, mapped: number): number {
    for (let from = 0; from + 2 <= mapped; from += NAME_STEP_BYTES) {
      const part = fromUcs2(this.#guest.read(at + from, Math.min(NAME_STEP_BYTES, mapped - from)));
      const end = part.indexOf("\0");
      if (end >= 0) return from + 2 * end + 2;
    }
    return mapped & ~1;
  }

  #buffer(handle: bigint, size: bigint): CallBuffer {
    const at = handle > 0xffffffffn ? 0 : Number(handle);
    const mapped = this.#guest.readableBytes(at);
    return { at, bytes: size < BigInt(mapped) ? Number(size) : mapped };
  }

  #u32(offset: number): number {
    return this.#view.getUint32(offset, true);
  }

  #long(offset: number): bigint {
    return getLong(this.#view, this.layout, offset);
  }
}
