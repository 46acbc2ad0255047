import { EfiCode } from "../../../assembly/abi/status.ts";
import { BODY_OFFSET, type Offsets, STATUS_OFFSET } from "./layout.ts";

/** Bytes of an op that a call looks at, behind command and version. */
const COPIED_BYTES = 56;
const TWO_32 = 0x100000000;

/** The hypervisor's own copy of an op, by the op's offsets; its command and version are left out. */
export class OpCopy {
  readonly bytes = new Uint8Array(BODY_OFFSET + COPIED_BYTES);
  readonly view = new DataView(this.bytes.buffer);
  readonly #offsets: Offsets;

  constructor(offsets: Offsets) {
    this.#offsets = offsets;
  }

  /** Takes the op at that address over. */
  take(guest: DataView, op: number): void {
    for (let i = BODY_OFFSET; i < BODY_OFFSET + COPIED_BYTES; i += 4) {
      this.view.setUint32(i, guest.getUint32(op + i, true), true);
    }
  }

  u32(offset: number): number {
    return this.view.getUint32(offset, true);
  }

  /** A long or handle. Doubles are exact up to 2^53; what is above is mapped nowhere and allocated by nobody. */
  long(offset: number): number {
    const low = this.u32(offset);
    return this.#offsets.longBytes === 4 ? low : low + TWO_32 * this.u32(offset + 4);
  }

  putU32(offset: number, value: number): void {
    this.view.setUint32(offset, value, true);
  }

  /** Puts a long below 2^32. */
  putLong(offset: number, value: number): void {
    this.putU32(offset, value);
    if (this.#offsets.longBytes === 8) this.putU32(offset + 4, 0);
  }

  /** Puts 64 bits, below 2^32. */
  putU64(offset: number, value: number): void {
    this.putU32(offset, value);
    this.putU32(offset + 4, 0);
  }

  /** An error has the highest bit of a long, or of 32 bits where statuses are folded. */
  putStatus(status: EfiCode): void {
    const { longBytes, foldsStatus } = this.#offsets;
    const error = status === EfiCode.Success ? 0 : 0x80000000;
    this.putU32(STATUS_OFFSET, foldsStatus ? (error | status) >>> 0 : status);
    if (longBytes === 8) this.putU32(STATUS_OFFSET + 4, foldsStatus ? 0 : error);
  }
}
