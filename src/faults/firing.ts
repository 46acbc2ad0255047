import * as abi from "../../assembly/abi/op.ts";
import { HEADER_BYTES } from "../../assembly/abi/record.ts";
import { EfiCode, Reason, XenErrno } from "../../assembly/abi/status.ts";
import type { Clock } from "../clock.ts";
import { type Abi, getLong } from "../op.ts";
import { efiCode } from "../status.ts";
import type { Fault } from "./fault.ts";
import type { ClosedRange, FaultMemory } from "./fault-memory.ts";
import { applyChanges, observeChanges } from "./guest-changes.ts";
import { writeOutputs, writeSize, writeStatus } from "./outputs.ts";
import type { PlatformCall } from "./platform-call.ts";
import { POISON, poisonOp } from "./poison.ts";
import { readFault } from "./read-fault.ts";
import type { PlannedFault } from "./rule.ts";

/** The machine behind the faults. */
export interface FaultTarget {
  readonly abi: Abi;
  readonly guest: FaultMemory;
  readonly clock: Clock;
  /** Why the last call was refused. */
  reason: Reason;
  /** Answers the op at a guest address. */
  dispatch(op: number): number;
  /** The same without the firmware's service: Xen's own checks alone, nothing is written. */
  check(op: number): number;
  /** As Machine.cutPower. */
  cutPower(steps: number): void;
}

/** One call that is disturbed. `fault` afterwards says all that is needed to do it again. */
export class Firing {
  readonly fault: Fault;
  readonly #target: FaultTarget;
  readonly #guest: FaultMemory;
  readonly #call: PlatformCall;
  readonly #plan: PlannedFault;

  constructor(target: FaultTarget, call: PlatformCall, plan: PlannedFault) {
    this.#target = target;
    this.#guest = target.guest;
    this.#call = call;
    this.#plan = plan;
    this.fault = { ...plan.fault };
  }

  /** Makes the call; gives the hypercall's result. */
  run(): number {
    const { clockJumpSeconds = 0, power, delaySeconds = 0, errno, writeBack } = this.fault;
    const { clock } = this.#target;
    clock.advance(clockJumpSeconds);
    if (power !== undefined && power !== "after") {
      this.fault.power = this.#stepsToCut(power);
      this.#target.cutPower(this.fault.power);
    }
    const ret = errno === undefined || writeBack === true ? this.#runMutated() : undefined;
    if (power === "after") this.#target.cutPower(0);
    clock.advance(delaySeconds);
    if (errno === undefined) return ret as number;
    this.#blame(errno !== 0);
    return errno;
  }

  /** Steps of writing flash until the cut: torn is half of a record's header, name and data. */
  #stepsToCut(power: Exclude<Fault["power"], "after" | undefined>): number {
    if (typeof power === "number") return power;
    const { nameBuffer, dataBuffer } = this.#call;
    return power === "before" ? 0 : (HEADER_BYTES + nameBuffer.bytes + dataBuffer.bytes) >> 1;
  }

  /** The call while another CPU writes. Xen works on its copy of the op, so that changes of it only show afterwards. */
  #runMutated(): number {
    if (this.fault.mutateGuest === undefined && this.#plan.mutate === undefined) return this.#runClosed();
    const call = this.#call;
    const early = this.#refusedBeforeName();
    this.#mutate();
    if (early !== 0) return early;
    if (this.#nameMoved()) {
      this.#blame(true);
      return -XenErrno.EIO;
    }
    const changed = this.#guest.read(call.at, abi.OP_BYTES);
    this.#guest.write(call.at, call.op);
    const ret = this.#runClosed();
    const written = ret === 0 && this.fault.writeBack !== false ? call.writtenBytes : 0;
    changed.set(this.#guest.read(call.at + call.writtenFrom, written), call.writtenFrom);
    this.#guest.write(call.at, changed);
    return ret;
  }

  /** What Xen refuses before it copies the name: not the size, nor the data. */
  #refusedBeforeName(): number {
    if (!this.#call.hasVariable) return 0;
    const ret = this.#target.check(this.#call.at);
    const { reason } = this.#target;
    return reason === Reason.TooLargeToAllocate || reason === Reason.DataNotMapped ? 0 : ret;
  }

  #mutate(): void {
    const { mutate } = this.#plan;
    if (mutate !== undefined) this.fault.mutateGuest = observeChanges(this.#guest, this.#call, mutate);
    else applyChanges(this.#guest, this.#call, this.fault.mutateGuest ?? []);
  }

  /** True if the name's only terminator is no longer its last unit. */
  #nameMoved(): boolean {
    const { hasVariable, nameBuffer } = this.#call;
    if (!hasVariable) return false;
    const name = new Uint16Array(this.#guest.read(nameBuffer.at, nameBuffer.bytes).buffer);
    return name.indexOf(0) !== name.length - 1;
  }

  #runClosed(): number {
    return this.#guest.closed(this.#closedRanges(), () => this.#serve());
  }

  /** What of the buffers the hypervisor can no longer copy. */
  #closedRanges(): ClosedRange[] {
    const { fn, nameBuffer, dataBuffer, outBuffer } = this.#call;
    const { copyIn, copyOut } = this.fault;
    const ranges: ClosedRange[] = [];
    const close = (what: ClosedRange["for"], { at, bytes }: typeof nameBuffer, after: number) => {
      if (after < bytes) ranges.push({ start: at + after, bytes: bytes - after, for: what });
    };
    if (copyIn !== undefined) {
      close("access", nameBuffer, copyIn.after);
      if (fn === "set_variable") close("access", dataBuffer, Math.max(0, copyIn.after - nameBuffer.bytes));
    }
    // Bytes in place of the value are counted where they are written.
    if (copyOut !== undefined && !this.#replaces) close("write", outBuffer, copyOut.after);
    return ranges;
  }

  #serve(): number {
    const { status, retry = 0, writeBack } = this.fault;
    const { at, op, outBuffer } = this.#call;
    const before = this.#replaces ? this.#guest.read(outBuffer.at, outBuffer.bytes) : new Uint8Array(0);
    let ret = 0;
    for (let run = 0; run <= retry; run++) {
      if (run > 0) this.#guest.write(at, op);
      ret = status === undefined ? this.#target.dispatch(at) : this.#target.check(at);
    }
    if (ret !== 0) return ret;
    ret = this.#edit(before);
    if (ret !== 0 || writeBack === false) this.#guest.write(at, op);
    return ret;
  }

  /** Changes what the service has answered; 0, or -EFAULT for bytes that have no room. */
  #edit(before: Uint8Array): number {
    const call = this.#call;
    const op = this.#guest.read(call.at, abi.OP_BYTES);
    const forced = this.fault.statusAfter ?? this.fault.status;
    if (forced !== undefined) writeStatus(call, op, forced);
    const status = getLong(new DataView(op.buffer), call.layout, abi.OP_STATUS);
    const ok = efiCode(status) === EfiCode.Success;
    if (forced !== undefined) this.#blame(!ok);
    if (ok && !this.#replace(op, before)) return -XenErrno.EFAULT;
    if (this.fault.out !== undefined) writeOutputs(call, op, this.fault.out);
    if (this.fault.poison === true) this.#poison(op, status, ok);
    this.#guest.write(call.at, op);
    return 0;
  }

  /** Puts other bytes where the value or the name was; false if memory ends before them. */
  #replace(op: Uint8Array, before: Uint8Array): boolean {
    const call = this.#call;
    const { at } = call.outBuffer;
    const { makeData } = this.#plan;
    if (!this.#replaces) return true;
    if (makeData !== undefined) {
      const made = makeData(this.#guest.read(at, this.#answerBytes(op)));
      Object.assign(this.fault, readFault({ data: made }, "rule"));
    }
    const { data = before, copyOut } = this.fault;
    this.#guest.write(at, before.subarray(0, this.#guest.writableBytes(at)));
    const room = Math.min(this.#guest.writableBytes(at), copyOut?.after ?? data.length, data.length);
    this.#guest.write(at, data.subarray(0, room));
    if (room < data.length) {
      this.fault.copyOut = { after: room };
      this.#target.reason = Reason.DataNotMapped;
      return false;
    }
    writeSize(call, op, BigInt(data.length));
    return true;
  }

  get #replaces(): boolean {
    const { fn } = this.#call;
    const has = this.fault.data !== undefined || this.#plan.makeData !== undefined;
    return has && (fn === "get_variable" || fn === "get_next_variable_name");
  }

  /** Bytes of the value or the name that lie in the caller's buffer. */
  #answerBytes(op: Uint8Array): number {
    const { fn, layout, outBuffer } = this.#call;
    const offset = fn === "get_variable" ? layout.size : layout.nextSize;
    const size = getLong(new DataView(op.buffer), layout, offset);
    return size < BigInt(outBuffer.bytes) ? Number(size) : outBuffer.bytes;
  }

  #poison(op: Uint8Array, status: bigint, ok: boolean): void {
    const call = this.#call;
    poisonOp(call, op, status);
    if (call.fn !== "get_variable") return;
    const { at, bytes } = call.dataBuffer;
    const used = ok ? this.#answerBytes(op) : 0;
    const room = Math.min(bytes - used, this.#guest.writableBytes(at + used));
    this.#guest.write(at + used, new Uint8Array(Math.max(0, room)).fill(POISON));
  }

  #blame(refuses: boolean): void {
    this.#target.reason = refuses ? Reason.FaultInjected : Reason.None;
  }
}
