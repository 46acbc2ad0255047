import * as abi from "../../assembly/abi/op.ts";
import { EfiCode, XenErrno } from "../../assembly/abi/status.ts";
import { APPEND_WRITE } from "../../assembly/abi/variable.ts";
import { guidBytes, type Variable } from "../../src/index.ts";

const NULL_GUARD_BYTES = 0x1000;
const ERROR = 0x80000000;
const GUID_UNITS = 8;

interface Held {
  attributes: number;
  data: Uint8Array;
}

/**
 * The Map of one who has measured: the key is the GUID's bytes and the name's as they lie, the op is read by typed arrays of
 * words, no BigInt is made. Otherwise as map.ts.
 */
export class TunedMapPeer {
  readonly #held = new Map<string, Held>();
  readonly #bytes: Uint8Array;
  readonly #units: Uint16Array;
  readonly #words: Uint32Array;

  constructor(variables: readonly Variable[], guest: Uint8Array) {
    this.#bytes = guest;
    this.#units = new Uint16Array(guest.buffer, guest.byteOffset, guest.length >> 1);
    this.#words = new Uint32Array(guest.buffer, guest.byteOffset, guest.length >> 2);
    for (const { name, guid, attributes, data } of variables) {
      const key = String.fromCharCode(...new Uint16Array(guidBytes(guid).buffer)) + name;
      this.#held.set(key, { attributes, data });
    }
  }

  /** As Machine.hypercall, for ops and names at even addresses. */
  hypercall(op: number): number {
    if (!this.#mapped(op, abi.OP_BYTES)) return -XenErrno.EFAULT;
    const words = this.#words;
    const at = op >> 2;
    if (words[at + (abi.OP_INTERFACE_VERSION >> 2)] !== abi.INTERFACE_VERSION) return -XenErrno.EACCES;
    if (words[at] !== abi.CMD_EFI_RUNTIME_CALL) return -XenErrno.ENOSYS;
    switch (words[at + (abi.OP_FUNCTION >> 2)]) {
      case abi.FN_GET_VARIABLE:
        return this.#getVariable(at);
      case abi.FN_SET_VARIABLE:
        return this.#setVariable(at);
      default:
        return -XenErrno.ENOSYS;
    }
  }

  #getVariable(at: number): number {
    const words = this.#words;
    if (words[at + (abi.OP_MISC >> 2)] !== 0) return -XenErrno.EINVAL;
    const key = this.#key(at);
    if (key === undefined) return -XenErrno.EFAULT;
    const found = this.#held.get(key);
    if (found === undefined) return this.#answer(at, EfiCode.NotFound, 0);
    const { attributes, data } = found;
    const size = words[at + (abi.NATIVE_SIZE >> 2)] as number;
    words[at + (abi.NATIVE_SIZE >> 2)] = data.length;
    if (size < data.length) return this.#answer(at, EfiCode.BufferTooSmall, attributes);
    const to = words[at + (abi.NATIVE_DATA >> 2)] as number;
    if (!this.#mapped(to, data.length)) return -XenErrno.EFAULT;
    this.#bytes.set(data, to);
    return this.#answer(at, EfiCode.Success, attributes);
  }

  #setVariable(at: number): number {
    const words = this.#words;
    const key = this.#key(at);
    const size = words[at + (abi.NATIVE_SIZE >> 2)] as number;
    const from = words[at + (abi.NATIVE_DATA >> 2)] as number;
    if (key === undefined || !this.#mapped(from, size)) return -XenErrno.EFAULT;
    const misc = words[at + (abi.OP_MISC >> 2)] as number;
    const attributes = misc & ~APPEND_WRITE;
    const old = this.#held.get(key);
    if (size === 0 && misc === attributes) {
      return this.#answer(at, this.#held.delete(key) ? EfiCode.Success : EfiCode.NotFound, misc);
    }
    const headBytes = misc === attributes ? 0 : (old?.data.length ?? 0);
    const data = new Uint8Array(headBytes + size);
    if (headBytes !== 0 && old !== undefined) data.set(old.data);
    data.set(this.#bytes.subarray(from, from + size), headBytes);
    this.#held.set(key, { attributes, data });
    return this.#answer(at, EfiCode.Success, misc);
  }

  #answer(at: number, code: EfiCode, misc: number): number {
    const words = this.#words;
    words[at + (abi.OP_MISC >> 2)] = misc;
    words[at + (abi.OP_STATUS >> 2)] = code;
    words[at + (abi.OP_STATUS >> 2) + 1] = code === EfiCode.Success ? 0 : ERROR;
    return 0;
  }

  /** GUID and name, unit by unit; undefined if the name has no end. */
  #key(at: number): string | undefined {
    const units = this.#units;
    const guid = 2 * at + (abi.NATIVE_GUID >> 1);
    let key = String.fromCharCode.apply(null, units.subarray(guid, guid + GUID_UNITS) as unknown as number[]);
    const name = this.#words[at + (abi.NATIVE_NAME >> 2)] as number;
    for (let i = name >> 1; this.#mapped(2 * i, 2); i++) {
      const unit = units[i] as number;
      if (unit === 0) return key;
      key += String.fromCharCode(unit);
    }
    return undefined;
  }

  #mapped(at: number, bytes: number): boolean {
    return at >= NULL_GUARD_BYTES && at + bytes <= this.#bytes.length;
  }
}
