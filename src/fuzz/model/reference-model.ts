import { EfiCode } from "../../../assembly/abi/status.ts";
import { ClockServices } from "./clock-services.ts";
import { FirmwareInfo } from "./firmware-info.ts";
import { Guest } from "./guest.ts";
import { VariableKey } from "./key.ts";
import {
  BODY_OFFSET,
  CMD_OFFSET,
  EACCES,
  EFAULT,
  EFI_RUNTIME_CALL,
  EINVAL,
  ENOMEM,
  ENOSYS,
  FIRMWARE_INFO,
  FUNCTION_OFFSET,
  INFO_OFFSET,
  INTERFACE_VERSION,
  MISC_OFFSET,
  OFFSETS,
  type Offsets,
  OP_BYTES,
  STATUS_OFFSET,
  VERSION_OFFSET,
} from "./layout.ts";
import { QueryVariableInfo } from "./query-variable-info.ts";
import { SetVariable } from "./set-variable.ts";
import type { Limits, ModelStart } from "./start.ts";
import { State } from "./state.ts";

/** Bytes of an op that a call looks at, behind command and version. */
const COPIED_BYTES = 56;
const BOOT_SNAPSHOT = 1;
const WAKEUP_FLAGS = 3;
const NV_BS_RT = 7;
const AP = 0x40;
const RT = 4;
const TWO_32 = 0x100000000;

/**
 * Xen's EFI runtime call on OVMF 2022.11, written from their sources' rules and with nothing of the core: what it answers
 * is what the core must answer. A hypervisor booted from EFI, a control domain, no verifier, no PK.
 */
export class ReferenceModel {
  readonly guest = new Guest();
  readonly #offsets: Offsets;
  readonly #limits: Limits;
  readonly #state: State;
  readonly #setVariable: SetVariable;
  readonly #query: QueryVariableInfo;
  readonly #clock: ClockServices;
  readonly #info: FirmwareInfo;
  /** The hypervisor's copy of the op, by the op's offsets; its command and version are left out. */
  readonly #bytes = new Uint8Array(BODY_OFFSET + COPIED_BYTES);
  readonly #op = new DataView(this.#bytes.buffer);
  readonly #key = new VariableKey();

  constructor(start: ModelStart) {
    this.#offsets = OFFSETS[start.abi];
    this.#limits = start.limits;
    this.#state = new State(start);
    this.#setVariable = new SetVariable(this.#state, start);
    this.#query = new QueryVariableInfo(this.#state, start);
    this.#clock = new ClockServices(this.#state, this.#setVariable, start);
    this.#info = new FirmwareInfo(this.guest, this.#offsets, start.facts);
  }

  /**
   * Answers the op at guest address `op`: writes into memory what Xen writes, gives 0 or a negative Xen errno. Guest address 0
   * is the first byte; bytes below 4096 and behind the memory are not mapped, nor are the ranges that `guest` has.
   * Undefined, and nothing is written or changed, for a call that the model does not cover.
   */
  answer(memory: Uint8Array, op: number): number | undefined {
    const { guest } = this;
    guest.use(memory);
    if (!guest.canRead(op, OP_BYTES)) return EFAULT;
    if (guest.view.getUint32(op + VERSION_OFFSET, true) !== INTERFACE_VERSION) return EACCES;
    const command = guest.view.getUint32(op + CMD_OFFSET, true);
    if (command !== EFI_RUNTIME_CALL && command !== FIRMWARE_INFO) return ENOSYS;
    this.#copyIn(op);
    const isCall = command === EFI_RUNTIME_CALL;
    const ret = isCall ? this.#call() : this.#info.answer(this.#op);
    if (ret !== 0) return ret;
    const from = isCall ? BODY_OFFSET : INFO_OFFSET;
    const bytes = isCall ? this.#offsets.callBytes : this.#info.bytesBack(this.#op);
    return guest.copyOut(op + from, this.#bytes, from, bytes) ? 0 : EFAULT;
  }

  /** What `reset` goes back to from now on; at first the start. */
  mark(): void {
    this.#state.mark();
  }

  /** Goes back to the mark; memory stays. Costs what has changed since. */
  reset(): void {
    this.#state.reset();
  }

  #copyIn(op: number): void {
    const { view } = this.guest;
    for (let i = BODY_OFFSET; i < BODY_OFFSET + COPIED_BYTES; i += 4) {
      this.#op.setUint32(i, view.getUint32(op + i, true), true);
    }
  }

  /** xen/common/efi/runtime.c, efi_runtime_call: all but two functions want misc to be 0. */
  #call(): number | undefined {
    const fn = this.#op.getUint32(FUNCTION_OFFSET, true);
    const misc = this.#op.getUint32(MISC_OFFSET, true);
    if (fn === 7) return this.#callSetVariable(misc);
    if (fn === 0 || fn > 11) return ENOSYS;
    if ((misc & ~(fn === 4 ? WAKEUP_FLAGS : fn === 9 ? BOOT_SNAPSHOT : 0)) !== 0) return EINVAL;
    switch (fn) {
      case 1:
        return this.#callGetTime();
      case 2:
        return this.#told(this.#clock.setTime(this.#op, this.#offsets.time));
      case 3:
        return this.#callGetWakeupTime();
      case 4:
        this.#op.setUint32(MISC_OFFSET, 0, true);
        return this.#told(this.#clock.setWakeupTime(this.#op, this.#offsets.time, misc));
      case 5:
        return this.#callNextCount();
      case 6:
        return this.#callGetVariable();
      case 8:
        return this.#callNextName();
      case 9:
        return this.#callQuery(misc);
      default:
        return ENOSYS;
    }
  }

  #callGetTime(): number {
    this.#op.setUint32(this.#offsets.resolution, this.#limits.resolution, true);
    this.#op.setUint32(this.#offsets.accuracy, this.#limits.accuracy, true);
    return this.#told(this.#clock.getTime(this.#op, this.#offsets.time));
  }

  #callGetWakeupTime(): number | undefined {
    const status = this.#clock.getWakeupTime(this.#op, this.#offsets.time);
    if (status === undefined) return undefined;
    if (status === EfiCode.Success && this.#state.numbers.alarmOn) this.#op.setUint32(MISC_OFFSET, 1, true);
    return this.#told(status);
  }

  #callNextCount(): number {
    const status = this.#clock.nextCount();
    this.#op.setUint32(MISC_OFFSET, this.#state.numbers.count, true);
    return this.#told(status);
  }

  #callGetVariable(): number {
    const { guest } = this;
    const { size: sizeOffset } = this.#offsets;
    if (!this.#readName(this.#long(this.#offsets.name))) return EFAULT;
    const size = this.#long(sizeOffset);
    if (size > this.#limits.allocation) return ENOMEM;
    const entry = this.#key.length === 0 ? undefined : this.#state.variables.find(this.#key);
    if (entry === undefined || (entry.attributes & RT) === 0) return this.#told(EfiCode.NotFound);
    const { data } = entry;
    if (size >= data.length && !guest.copyOut(this.#long(this.#offsets.data), data, 0, data.length)) return EFAULT;
    this.#setLong(sizeOffset, data.length);
    this.#op.setUint32(MISC_OFFSET, entry.attributes, true);
    return this.#told(size < data.length ? EfiCode.BufferTooSmall : EfiCode.Success);
  }

  #callSetVariable(attributes: number): number | undefined {
    const { guest } = this;
    if (!this.#readName(this.#long(this.#offsets.name))) return EFAULT;
    const size = this.#long(this.#offsets.size);
    if (size > this.#limits.allocation) return ENOMEM;
    const at = this.#long(this.#offsets.data);
    if (!guest.canRead(at, size)) return EFAULT;
    const data = size === 0 ? NOTHING : guest.bytes.subarray(at, at + size);
    const status = this.#setVariable.set(this.#key, attributes, data);
    return status === undefined ? undefined : this.#told(status);
  }

  /** The whole buffer is read, and on success written: what lies behind the new name is the caller's own. */
  #callNextName(): number {
    const { guest } = this;
    const { nextSize, nextGuid } = this.#offsets;
    const size = this.#long(nextSize);
    if (size > this.#limits.allocation) return ENOMEM;
    const at = this.#long(this.#offsets.nextName);
    if (!guest.canRead(at, size)) return EFAULT;
    if (!this.#key.readName(guest.view, at, Math.floor(size / 2))) return this.#told(EfiCode.InvalidParameter);
    this.#key.readGuid(this.#op, nextGuid);
    const { variables } = this.#state;
    const current = this.#key.length === 0 ? undefined : variables.find(this.#key);
    const isKnown = this.#key.length === 0 || (current !== undefined && (current.attributes & RT) !== 0);
    if (!isKnown) return this.#told(EfiCode.InvalidParameter);
    const next = variables.after(current);
    if (next === undefined) return this.#told(EfiCode.NotFound);
    const { key } = next;
    const fits = key.nameBytes <= size;
    if (fits && !this.#writeName(at, key, size)) return EFAULT;
    this.#setLong(nextSize, key.nameBytes);
    if (fits) key.writeGuid(this.#op, nextGuid);
    return this.#told(fits ? EfiCode.Success : EfiCode.BufferTooSmall);
  }

  /** False for a fault anywhere in the buffer; the name's bytes before it are written. */
  #writeName(at: number, key: VariableKey, size: number): boolean {
    const { bytes } = this.guest;
    const written = this.guest.writable(at, size);
    for (let i = 0; i < Math.min(written, key.nameBytes); i++) {
      const unit = i >> 1 < key.length ? (key.units[i >> 1] as number) : 0;
      bytes[at + i] = i & 1 ? unit >> 8 : unit;
    }
    return written === size;
  }

  #callQuery(misc: number): number {
    const { attributes: at, maxStore, remainStore, maxVariable } = this.#offsets;
    const attributes = this.#op.getUint32(at, true);
    const isSnapshot = misc === BOOT_SNAPSHOT;
    if (isSnapshot && (attributes & ~AP) !== NV_BS_RT) return EINVAL;
    const status = isSnapshot ? this.#query.snapshot() : this.#query.query(attributes);
    this.#set64(maxStore, this.#query.maxStore);
    this.#set64(remainStore, this.#query.remainStore);
    this.#set64(maxVariable, this.#query.maxVariable);
    return this.#told(status);
  }

  /** The name up to its terminator, however long, and the GUID; false if it runs into a fault. */
  #readName(at: number): boolean {
    const { guest } = this;
    const units = guest.readable(at, guest.bytes.length) >> 1;
    if (!this.#key.readName(guest.view, at, units)) return false;
    this.#key.readGuid(this.#op, this.#offsets.guid);
    return true;
  }

  /** Puts the status; the call's result is 0. */
  #told(status: EfiCode): number {
    const { longBytes, foldsStatus } = this.#offsets;
    const error = status === EfiCode.Success ? 0 : 0x80000000;
    this.#op.setUint32(STATUS_OFFSET, foldsStatus ? (error | status) >>> 0 : status, true);
    if (longBytes === 8) this.#op.setUint32(STATUS_OFFSET + 4, foldsStatus ? 0 : error, true);
    return 0;
  }

  /** A long or handle. Doubles are exact up to 2^53; what is above is mapped nowhere and allocated by nobody. */
  #long(offset: number): number {
    const low = this.#op.getUint32(offset, true);
    return this.#offsets.longBytes === 4 ? low : low + TWO_32 * this.#op.getUint32(offset + 4, true);
  }

  /** Puts a long below 2^32. */
  #setLong(offset: number, value: number): void {
    this.#op.setUint32(offset, value, true);
    if (this.#offsets.longBytes === 8) this.#op.setUint32(offset + 4, 0, true);
  }

  #set64(offset: number, value: number): void {
    this.#op.setUint32(offset, value, true);
    this.#op.setUint32(offset + 4, 0, true);
  }
}

const NOTHING = new Uint8Array(0);
