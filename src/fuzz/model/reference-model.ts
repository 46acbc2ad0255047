import { EfiCode } from "../../../assembly/abi/status.ts";
import { AP, BS, NV, RT } from "./attributes.ts";
import { ClockServices } from "./clock-services.ts";
import { FirmwareInfo } from "./firmware-info.ts";
import { Guest } from "./guest.ts";
import { VariableKey } from "./key.ts";
import {
  BODY_OFFSET,
  BOOT_SNAPSHOT,
  CMD_OFFSET,
  EACCES,
  EFAULT,
  EFI_RUNTIME_CALL,
  EINVAL,
  ENOMEM,
  ENOSYS,
  FIRMWARE_INFO,
  FUNCTION_OFFSET,
  GET_NEXT_HIGH_MONOTONIC_COUNT,
  GET_NEXT_VARIABLE_NAME,
  GET_TIME,
  GET_VARIABLE,
  GET_WAKEUP_TIME,
  INFO_OFFSET,
  INTERFACE_VERSION,
  MISC_OFFSET,
  OFFSETS,
  type Offsets,
  OP_BYTES,
  QUERY_VARIABLE_INFO,
  SET_TIME,
  SET_VARIABLE,
  SET_WAKEUP_TIME,
  UPDATE_CAPSULE,
  VERSION_OFFSET,
  WAKEUP_ENABLE,
  WAKEUP_WITHOUT_TIME,
} from "./layout.ts";
import { OpCopy } from "./op-copy.ts";
import { QueryVariableInfo } from "./query-variable-info.ts";
import { SetVariable } from "./set-variable.ts";
import type { Limits, ModelStart } from "./start.ts";
import { State } from "./state.ts";

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
  readonly #op: OpCopy;
  readonly #key = new VariableKey();

  constructor(start: ModelStart) {
    this.#offsets = OFFSETS[start.abi];
    this.#op = new OpCopy(this.#offsets);
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
    this.#op.take(guest.view, op);
    const isCall = command === EFI_RUNTIME_CALL;
    const ret = isCall ? this.#call() : this.#info.answer(this.#op.view);
    if (ret !== 0) return ret;
    const from = isCall ? BODY_OFFSET : INFO_OFFSET;
    const bytes = isCall ? this.#offsets.callBytes : this.#info.bytesBack(this.#op.view);
    return guest.copyOut(op + from, this.#op.bytes, from, bytes) ? 0 : EFAULT;
  }

  /** What `reset` goes back to from now on; at first the start. */
  mark(): void {
    this.#state.mark();
  }

  /** Goes back to the mark; memory stays. Costs what has changed since. */
  reset(): void {
    this.#state.reset();
  }

  /** xen/common/efi/runtime.c, efi_runtime_call. */
  #call(): number | undefined {
    const fn = this.#op.u32(FUNCTION_OFFSET);
    const misc = this.#op.u32(MISC_OFFSET);
    if (fn === SET_VARIABLE) return this.#callSetVariable(misc);
    if (fn < GET_TIME || fn > UPDATE_CAPSULE) return ENOSYS;
    return (misc & ~flagsOf(fn)) === 0 ? this.#callWithFlags(fn, misc) : EINVAL;
  }

  /** What is left are the capsule calls, which Xen does not pass on. */
  #callWithFlags(fn: number, misc: number): number | undefined {
    switch (fn) {
      case GET_TIME:
        return this.#callGetTime();
      case SET_TIME:
        return this.#told(this.#clock.setTime(this.#op.view, this.#offsets.time));
      case GET_WAKEUP_TIME:
        return this.#callGetWakeupTime();
      case SET_WAKEUP_TIME:
        this.#op.putU32(MISC_OFFSET, 0);
        return this.#told(this.#clock.setWakeupTime(this.#op.view, this.#offsets.time, misc));
      case GET_NEXT_HIGH_MONOTONIC_COUNT:
        return this.#callNextCount();
      case GET_VARIABLE:
        return this.#callGetVariable();
      case GET_NEXT_VARIABLE_NAME:
        return this.#callNextName();
      case QUERY_VARIABLE_INFO:
        return this.#callQuery(misc);
      default:
        return ENOSYS;
    }
  }

  #callGetTime(): number {
    this.#op.putU32(this.#offsets.resolution, this.#limits.resolution);
    this.#op.putU32(this.#offsets.accuracy, this.#limits.accuracy);
    return this.#told(this.#clock.getTime(this.#op.view, this.#offsets.time));
  }

  #callGetWakeupTime(): number | undefined {
    const status = this.#clock.getWakeupTime(this.#op.view, this.#offsets.time);
    if (status === undefined) return undefined;
    if (status === EfiCode.Success && this.#state.numbers.alarmOn) this.#op.putU32(MISC_OFFSET, 1);
    return this.#told(status);
  }

  #callNextCount(): number {
    const status = this.#clock.nextCount();
    this.#op.putU32(MISC_OFFSET, this.#state.numbers.count);
    return this.#told(status);
  }

  #callGetVariable(): number {
    const { guest } = this;
    const { size: sizeOffset } = this.#offsets;
    if (!this.#readName(this.#op.long(this.#offsets.name))) return EFAULT;
    const size = this.#op.long(sizeOffset);
    if (size > this.#limits.allocation) return ENOMEM;
    const entry = this.#key.length === 0 ? undefined : this.#state.variables.find(this.#key);
    if (entry === undefined || (entry.attributes & RT) === 0) return this.#told(EfiCode.NotFound);
    const { data } = entry;
    if (size >= data.length && !guest.copyOut(this.#op.long(this.#offsets.data), data, 0, data.length)) return EFAULT;
    this.#op.putLong(sizeOffset, data.length);
    this.#op.putU32(MISC_OFFSET, entry.attributes);
    return this.#told(size < data.length ? EfiCode.BufferTooSmall : EfiCode.Success);
  }

  #callSetVariable(attributes: number): number | undefined {
    if (!this.#readName(this.#op.long(this.#offsets.name))) return EFAULT;
    const size = this.#op.long(this.#offsets.size);
    if (size > this.#limits.allocation) return ENOMEM;
    const at = this.#op.long(this.#offsets.data);
    if (!this.guest.canRead(at, size)) return EFAULT;
    const data = size === 0 ? NOTHING : this.guest.bytes.subarray(at, at + size);
    const status = this.#setVariable.set(this.#key, attributes, data);
    return status === undefined ? undefined : this.#told(status);
  }

  /** The whole buffer is read, and on success written: what lies behind the new name is the caller's own. */
  #callNextName(): number {
    const { guest } = this;
    const { nextSize, nextGuid } = this.#offsets;
    const size = this.#op.long(nextSize);
    if (size > this.#limits.allocation) return ENOMEM;
    const at = this.#op.long(this.#offsets.nextName);
    if (!guest.canRead(at, size)) return EFAULT;
    if (!this.#key.readName(guest.view, at, Math.floor(size / 2))) return this.#told(EfiCode.InvalidParameter);
    this.#key.readGuid(this.#op.view, nextGuid);
    const { variables } = this.#state;
    const current = this.#key.length === 0 ? undefined : variables.find(this.#key);
    const isKnown = this.#key.length === 0 || (current !== undefined && (current.attributes & RT) !== 0);
    if (!isKnown) return this.#told(EfiCode.InvalidParameter);
    const next = variables.after(current);
    if (next === undefined) return this.#told(EfiCode.NotFound);
    const { key } = next;
    const fits = key.nameBytes <= size;
    if (fits && !this.#writeName(at, key, size)) return EFAULT;
    this.#op.putLong(nextSize, key.nameBytes);
    if (fits) key.writeGuid(this.#op.view, nextGuid);
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
    const attributes = this.#op.u32(at);
    const isSnapshot = misc === BOOT_SNAPSHOT;
    if (isSnapshot && (attributes & ~AP) !== (NV | BS | RT)) return EINVAL;
    const status = isSnapshot ? this.#query.snapshot() : this.#query.query(attributes);
    this.#op.putU64(maxStore, this.#query.maxStore);
    this.#op.putU64(remainStore, this.#query.remainStore);
    this.#op.putU64(maxVariable, this.#query.maxVariable);
    return this.#told(status);
  }

  /** The name up to its terminator, however long, and the GUID; false if it runs into a fault. */
  #readName(at: number): boolean {
    const units = this.guest.readable(at, this.guest.bytes.length) >> 1;
    if (!this.#key.readName(this.guest.view, at, units)) return false;
    this.#key.readGuid(this.#op.view, this.#offsets.guid);
    return true;
  }

  /** The call's result is 0, its status this one. */
  #told(status: EfiCode): number {
    this.#op.putStatus(status);
    return 0;
  }
}

/** Bits that misc may have. */
function flagsOf(fn: number): number {
  if (fn === SET_WAKEUP_TIME) return WAKEUP_ENABLE | WAKEUP_WITHOUT_TIME;
  return fn === QUERY_VARIABLE_INFO ? BOOT_SNAPSHOT : 0;
}

const NOTHING = new Uint8Array(0);
