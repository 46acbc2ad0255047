import * as abi from "../../assembly/abi/op.ts";
import { EfiCode, XenErrno } from "../../assembly/abi/status.ts";
import { APPEND_WRITE } from "../../assembly/abi/variable.ts";
import { opLayout, type Variable } from "../../src/index.ts";

const NATIVE = opLayout("x86_64");
const NULL_GUARD_BYTES = 0x1000;
const ERROR = 0x80000000;

/** Which of a stored GUID's bytes gives the next two digits of its text. */
const GUID_ORDER = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

interface Held {
  attributes: number;
  data: Uint8Array;
}

/**
 * What one writes first in JavaScript: variables in a `Map` keyed by GUID and name, the op read and written by DataView.
 * It does a GetVariable's and a same-attributes SetVariable's work (without rules, quotas or a store's form) from the same op bytes: version, command, function,
 * misc and pointer checks, name and GUID decoding, look-up, copy, status. It takes no code from the library but the
 * layout: a peer that ran faster whenever the library does would tell nothing.
 */
export class MapPeer {
  readonly #held = new Map<string, Held>();
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(variables: readonly Variable[], guest: Uint8Array) {
    this.#bytes = guest;
    this.#view = new DataView(guest.buffer, guest.byteOffset, guest.length);
    for (const { name, guid, attributes, data } of variables) this.#held.set(`${guid}:${name}`, { attributes, data });
  }

  /** As Machine.hypercall. */
  hypercall(op: number): number {
    const view = this.#view;
    if (!this.#mapped(op, abi.OP_BYTES)) return -XenErrno.EFAULT;
    if (view.getUint32(op + abi.OP_INTERFACE_VERSION, true) !== abi.INTERFACE_VERSION) return -XenErrno.EACCES;
    if (view.getUint32(op + abi.OP_CMD, true) !== abi.CMD_EFI_RUNTIME_CALL) return -XenErrno.ENOSYS;
    switch (view.getUint32(op + abi.OP_FUNCTION, true)) {
      case abi.FN_GET_VARIABLE:
        return this.#getVariable(op);
      case abi.FN_SET_VARIABLE:
        return this.#setVariable(op);
      default:
        return -XenErrno.ENOSYS;
    }
  }

  #getVariable(op: number): number {
    const view = this.#view;
    if (view.getUint32(op + abi.OP_MISC, true) !== 0) return -XenErrno.EINVAL;
    const name = this.#name(Number(view.getBigUint64(op + NATIVE.name, true)));
    if (name === undefined) return -XenErrno.EFAULT;
    const found = this.#held.get(`${this.#guid(op + NATIVE.guid)}:${name}`);
    if (found === undefined) return this.#answer(op, EfiCode.NotFound, 0);
    const size = Number(view.getBigUint64(op + NATIVE.size, true));
    view.setBigUint64(op + NATIVE.size, BigInt(found.data.length), true);
    if (size < found.data.length) return this.#answer(op, EfiCode.BufferTooSmall, found.attributes);
    const data = Number(view.getBigUint64(op + NATIVE.data, true));
    if (!this.#mapped(data, found.data.length)) return -XenErrno.EFAULT;
    this.#bytes.set(found.data, data);
    return this.#answer(op, EfiCode.Success, found.attributes);
  }

  #setVariable(op: number): number {
    const view = this.#view;
    const name = this.#name(Number(view.getBigUint64(op + NATIVE.name, true)));
    const size = Number(view.getBigUint64(op + NATIVE.size, true));
    const data = Number(view.getBigUint64(op + NATIVE.data, true));
    if (name === undefined || !this.#mapped(data, size)) return -XenErrno.EFAULT;
    const misc = view.getUint32(op + abi.OP_MISC, true);
    const attributes = misc & ~APPEND_WRITE;
    const key = `${this.#guid(op + NATIVE.guid)}:${name}`;
    if (size === 0 && misc === attributes) {
      return this.#answer(op, this.#held.delete(key) ? EfiCode.Success : EfiCode.NotFound, misc);
    }
    const head = misc === attributes ? [] : (this.#held.get(key)?.data ?? []);
    const fresh = new Uint8Array(head.length + size);
    fresh.set(head);
    fresh.set(this.#bytes.subarray(data, data + size), head.length);
    this.#held.set(key, { attributes, data: fresh });
    return this.#answer(op, EfiCode.Success, misc);
  }

  #answer(op: number, code: EfiCode, misc: number): number {
    this.#view.setUint32(op + abi.OP_MISC, misc, true);
    this.#view.setUint32(op + abi.OP_STATUS, code, true);
    this.#view.setUint32(op + abi.OP_STATUS + 4, code === EfiCode.Success ? 0 : ERROR, true);
    return 0;
  }

  #name(at: number): string | undefined {
    let name = "";
    for (let unit = at; this.#mapped(unit, 2); unit += 2) {
      const code = this.#view.getUint16(unit, true);
      if (code === 0) return name;
      name += String.fromCharCode(code);
    }
    return undefined;
  }

  #guid(at: number): string {
    const digits = GUID_ORDER.map((byte) =>
      this.#view
        .getUint8(at + byte)
        .toString(16)
        .padStart(2, "0"),
    );
    const groups = [digits.slice(0, 4), digits.slice(4, 6), digits.slice(6, 8), digits.slice(8, 10), digits.slice(10)];
    return groups.map((group) => group.join("")).join("-");
  }

  #mapped(at: number, bytes: number): boolean {
    return at >= NULL_GUARD_BYTES && at + bytes <= this.#bytes.length;
  }
}
