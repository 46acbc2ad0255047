import * as abi from "../../assembly/abi/op.ts";
import { HEADER_BYTES } from "../../assembly/abi/record.ts";
import { EfiCode, XenErrno } from "../../assembly/abi/status.ts";
import {
  APPEND_WRITE,
  AUTHENTICATED_WRITE_ACCESS,
  BOOTSERVICE_ACCESS,
  ENHANCED_AUTHENTICATED_ACCESS,
  HARDWARE_ERROR_RECORD,
  NON_VOLATILE,
  RUNTIME_ACCESS,
  TIME_BASED_AUTHENTICATED_WRITE_ACCESS,
} from "../../assembly/abi/variable.ts";
import { guidBytes, type Variable } from "../../src/index.ts";
import { toUcs2 } from "../../src/ucs2.ts";
import { type Draft, hashGuid, mix, PlainStore } from "./plain-store.ts";

const NULL_GUARD_BYTES = 0x1000;
const STORE_END = 0x80000;
/** Name and data of a variable: edk2's limits less the record's header. */
const VARIABLE_BYTES_MAX = 0x8400 - HEADER_BYTES;
const VOLATILE_BYTES_MAX = 0x40000 - HEADER_BYTES;
const ACCESS = BOOTSERVICE_ACCESS | RUNTIME_ACCESS;
const STORED = NON_VOLATILE | RUNTIME_ACCESS;
const AUTHENTICATED = AUTHENTICATED_WRITE_ACCESS | TIME_BASED_AUTHENTICATED_WRITE_ACCESS;
const KNOWN = NON_VOLATILE | ACCESS | HARDWARE_ERROR_RECORD | TIME_BASED_AUTHENTICATED_WRITE_ACCESS | APPEND_WRITE;
const LANGUAGES = ["Lang", "PlatformLang", "LangCodes", "PlatformLangCodes"];
const ERROR = 0x80000000;

/**
 * The core's own algorithm with its checks, written by hand in TypeScript: bench/c/plain.c is the same in C and says what is
 * left out.
 */
export class PlainPeer {
  readonly #view: DataView;
  readonly #guestBytes: number;
  /** Behind the guest's memory: the hypervisor's copy of the op. */
  readonly #op: number;
  readonly #store: PlainStore;
  /** GUIDs whose variables rules name, as 4 words each. */
  readonly #ruled: Int32Array;
  readonly #verdicts = Uint8Array.from({ length: 0x200 }, (_, index) => verdictOn(index));
  readonly #draft: Draft = { name: 0, nameBytes: 0, guid: 0, hash: 0, attributes: 0, data: 0, dataBytes: 0, head: 0 };
  unprivileged = false;

  /** Starts with these variables; `memory` is the guest's, and has abi.OP_BYTES and more behind it for the peer. */
  constructor(variables: readonly Variable[], memory: Uint8Array, guestBytes: number, ruled: readonly string[]) {
    this.#view = new DataView(memory.buffer, memory.byteOffset, memory.length);
    this.#guestBytes = guestBytes;
    this.#op = guestBytes + 64;
    this.#store = new PlainStore(memory, STORE_END);
    this.#ruled = new Int32Array(Uint8Array.from(ruled.flatMap((guid) => [...guidBytes(guid)])).buffer);
    for (const variable of variables) this.#add(memory, variable);
  }

  /** As Machine.hypercall, in Xen's order. */
  hypercall(op: number): number {
    const view = this.#view;
    if (this.#left(op) < abi.OP_BYTES) return -XenErrno.EFAULT;
    if (view.getUint32(op + abi.OP_INTERFACE_VERSION, true) !== abi.INTERFACE_VERSION) return -XenErrno.EACCES;
    if (this.unprivileged) return -XenErrno.EPERM;
    if (view.getUint32(op + abi.OP_CMD, true) !== abi.CMD_EFI_RUNTIME_CALL) return -XenErrno.ENOSYS;
    this.#copyBody(op, this.#op);
    const ret = this.#call(view.getUint32(this.#op + abi.OP_FUNCTION, true));
    if (ret === 0) this.#copyBody(this.#op, op);
    return ret;
  }

  #call(fn: number): number {
    switch (fn) {
      case abi.FN_GET_VARIABLE:
        return this.#getVariable();
      case abi.FN_SET_VARIABLE:
        return this.#setVariable();
      default:
        return -XenErrno.ENOSYS;
    }
  }

  #copyBody(from: number, to: number): void {
    for (let i = abi.OP_BODY; i < abi.OP_BODY + abi.NATIVE_CALL_BYTES; i += 4) {
      this.#view.setUint32(to + i, this.#view.getUint32(from + i, true), true);
    }
  }

  #getVariable(): number {
    const view = this.#view;
    const op = this.#op;
    if (view.getUint32(op + abi.OP_MISC, true) !== 0) return -XenErrno.EINVAL;
    const errno = this.#takeName();
    if (errno !== 0) return errno;
    const d = this.#draft;
    const record = d.nameBytes <= 2 ? 0 : this.#store.find(d);
    const attributes = record === 0 ? 0 : this.#store.attributesOf(record);
    if ((attributes & RUNTIME_ACCESS) === 0) return this.#answer(EfiCode.NotFound);
    const bytes = this.#store.dataBytesOf(record);
    const size = view.getUint32(op + abi.NATIVE_SIZE, true);
    if (size >= bytes) {
      if (size === 0) return this.#answer(EfiCode.InvalidParameter);
      const data = this.#handle(abi.NATIVE_DATA);
      const left = this.#left(data);
      // What lies before the fault is written, as Xen's copy_to_guest does.
      this.#store.copyData(record, data, Math.min(left, bytes));
      if (left < bytes) return -XenErrno.EFAULT;
    }
    view.setUint32(op + abi.NATIVE_SIZE, bytes, true);
    view.setUint32(op + abi.OP_MISC, attributes, true);
    return this.#answer(size < bytes ? EfiCode.BufferTooSmall : EfiCode.Success);
  }

  #setVariable(): number {
    const errno = this.#takeName();
    if (errno !== 0) return errno;
    const d = this.#draft;
    d.attributes = this.#view.getUint32(this.#op + abi.OP_MISC, true);
    d.dataBytes = this.#view.getUint32(this.#op + abi.NATIVE_SIZE, true);
    d.data = this.#handle(abi.NATIVE_DATA);
    d.head = 0;
    if (d.dataBytes !== 0 && this.#left(d.data) < d.dataBytes) return -XenErrno.EFAULT;
    return this.#answer(this.#setChecked(d));
  }

  /** The checks in edk2's order. */
  #setChecked(d: Draft): EfiCode {
    if (d.nameBytes <= 2) return EfiCode.InvalidParameter;
    const verdict = this.#verdicts[(d.attributes & 0xff) | (d.attributes > 0xff ? 0x100 : 0)] as EfiCode;
    if (verdict !== EfiCode.Success) return verdict;
    if (d.attributes & TIME_BASED_AUTHENTICATED_WRITE_ACCESS) return EfiCode.Unsupported;
    if (d.nameBytes + d.dataBytes > largestVariable(d.attributes)) return EfiCode.InvalidParameter;
    if (this.#isRuled(d.guid)) return EfiCode.Unsupported;
    const record = this.#store.find(d);
    const stored = record === 0 ? 0 : this.#store.attributesOf(record);
    if (record !== 0 && (stored & RUNTIME_ACCESS) === 0) return EfiCode.WriteProtected;
    if (record !== 0 && d.attributes !== 0 && (d.attributes & ~APPEND_WRITE) !== stored) {
      return EfiCode.InvalidParameter;
    }
    if (this.#isLanguage(d)) return EfiCode.Unsupported;
    if ((stored & AUTHENTICATED) !== 0) return EfiCode.WriteProtected;
    const appending = (d.attributes & APPEND_WRITE) !== 0;
    d.attributes &= ~APPEND_WRITE;
    return record !== 0 ? this.#change(d, record, appending) : this.#create(d, appending);
  }

  #change(d: Draft, record: number, appending: boolean): EfiCode {
    const store = this.#store;
    if ((store.attributesOf(record) & STORED) !== STORED) return EfiCode.InvalidParameter;
    if ((d.dataBytes === 0 && !appending) || (d.attributes & ACCESS) === 0) {
      store.remove(record, d.hash);
      return EfiCode.Success;
    }
    if (!appending && store.hasData(record, d)) return EfiCode.Success;
    if (appending) {
      d.head = record;
      if (d.nameBytes + store.dataBytesOf(record) + d.dataBytes > VARIABLE_BYTES_MAX) return EfiCode.InvalidParameter;
    }
    store.beginTransition(record);
    return store.write(d, record) ? EfiCode.Success : EfiCode.OutOfResources;
  }

  #create(d: Draft, appending: boolean): EfiCode {
    if (appending && d.dataBytes === 0) return EfiCode.Success;
    if (d.dataBytes === 0 || (d.attributes & ACCESS) === 0) return EfiCode.NotFound;
    if ((d.attributes & STORED) !== STORED) return EfiCode.InvalidParameter;
    return this.#store.write(d, 0) ? EfiCode.Success : EfiCode.OutOfResources;
  }

  #isRuled(guid: number): boolean {
    const ruled = this.#ruled;
    const view = this.#view;
    const first = view.getInt32(guid, true);
    for (let i = 0; i < ruled.length; i += 4) {
      if (ruled[i] !== first) continue;
      let same = 1;
      while (same < 4 && ruled[i + same] === view.getInt32(guid + 4 * same, true)) same++;
      if (same === 4) return true;
    }
    return false;
  }

  #isLanguage(d: Draft): boolean {
    const first = this.#view.getUint16(d.name, true);
    if (first !== 0x4c && first !== 0x50) return false;
    const units = d.nameBytes / 2 - 1;
    return LANGUAGES.some((name) => {
      if (name.length !== units) return false;
      return [...name].every((unit, i) => this.#view.getUint16(d.name + 2 * i, true) === unit.charCodeAt(0));
    });
  }

  /** Finds the name's end, hashing on the way; also whether the hypervisor would allocate as many bytes as are named. */
  #takeName(): number {
    const d = this.#draft;
    const view = this.#view;
    d.guid = this.#op + abi.NATIVE_GUID;
    d.name = this.#handle(abi.NATIVE_NAME);
    const end = d.name + (this.#left(d.name) & ~1);
    let hash = hashGuid(view, d.guid);
    let at = d.name;
    while (at < end) {
      const unit = view.getUint16(at, true);
      at += 2;
      if (unit === 0) {
        d.nameBytes = at - d.name;
        d.hash = hash;
        return view.getUint32(this.#op + abi.NATIVE_SIZE + 4, true) !== 0 ? -XenErrno.ENOMEM : 0;
      }
      hash = mix(hash, unit);
    }
    return -XenErrno.EFAULT;
  }

  /** A handle of the op; one beyond 4 GiB is beyond all memory. */
  #handle(field: number): number {
    const high = this.#view.getUint32(this.#op + field + 4, true);
    return high === 0 ? this.#view.getUint32(this.#op + field, true) : this.#guestBytes;
  }

  #left(at: number): number {
    return at >= NULL_GUARD_BYTES && at < this.#guestBytes ? this.#guestBytes - at : 0;
  }

  #answer(code: EfiCode): number {
    this.#view.setUint32(this.#op + abi.OP_STATUS, code, true);
    this.#view.setUint32(this.#op + abi.OP_STATUS + 4, code === EfiCode.Success ? 0 : ERROR, true);
    return 0;
  }

  /** Stores a variable unchecked, from behind the op's copy. */
  #add(memory: Uint8Array, { name, guid, attributes, data }: Variable): void {
    const units = toUcs2(`${name}\0`);
    const d = this.#draft;
    const place = this.#op + abi.OP_BYTES;
    memory.set(guidBytes(guid), this.#op + abi.NATIVE_GUID);
    memory.set(units, place);
    memory.set(data, place + units.length);
    this.#view.setUint32(this.#op + abi.NATIVE_SIZE + 4, 0, true);
    Object.assign(d, { guid: this.#op + abi.NATIVE_GUID, name: place, nameBytes: units.length, attributes });
    Object.assign(d, { data: place + units.length, dataBytes: data.length, head: 0 });
    d.hash = hashGuid(this.#view, d.guid);
    for (const unit of name) d.hash = mix(d.hash, unit.charCodeAt(0));
    this.#store.write(d, 0);
  }
}

function largestVariable(attributes: number): number {
  return attributes & NON_VOLATILE ? VARIABLE_BYTES_MAX : VOLATILE_BYTES_MAX;
}

/** What the policy says of attributes alone; bit 8 stands for all higher ones. */
function verdictOn(attributes: number): EfiCode {
  if (attributes > 0xff || attributes & ENHANCED_AUTHENTICATED_ACCESS) return EfiCode.InvalidParameter;
  if (attributes & AUTHENTICATED_WRITE_ACCESS) return EfiCode.Unsupported;
  if ((attributes & KNOWN) === NON_VOLATILE || (attributes & ACCESS) === RUNTIME_ACCESS)
    return EfiCode.InvalidParameter;
  const isErrorRecord = (attributes & HARDWARE_ERROR_RECORD) !== 0;
  return isErrorRecord && (attributes & AUTHENTICATED) === 0 ? EfiCode.InvalidParameter : EfiCode.Success;
}
