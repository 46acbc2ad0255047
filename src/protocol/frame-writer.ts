import { FLAGS, FRAME_BYTES_MAX, HEAD_BYTES, LENGTH, TAG, TYPE } from "./layout.ts";

const START_BYTES = 0x10000;

/** Builds one frame at a time, in a buffer that is used again. */
export class FrameWriter {
  #bytes = new Uint8Array(START_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #end = 0;

  begin(type: number, tag: number): void {
    this.#end = HEAD_BYTES;
    this.#view.setUint8(TYPE, type);
    this.#view.setUint8(FLAGS, 0);
    this.#view.setUint16(TAG, tag, true);
  }

  u8(value: number): void {
    this.#need(1);
    this.#view.setUint8(this.#end++, value);
  }

  u16(value: number): void {
    this.#need(2);
    this.#view.setUint16(this.#end, value, true);
    this.#end += 2;
  }

  u32(value: number): void {
    this.#need(4);
    this.#view.setUint32(this.#end, value, true);
    this.#end += 4;
  }

  u64(value: bigint): void {
    this.#need(8);
    this.#view.setBigUint64(this.#end, value, true);
    this.#end += 8;
  }

  bytes(part: Uint8Array): void {
    this.#need(part.length);
    this.#bytes.set(part, this.#end);
    this.#end += part.length;
  }

  /** The frame, valid until the next one is begun. */
  frame(): Uint8Array {
    this.#view.setUint32(LENGTH, this.#end, true);
    return this.#bytes.subarray(0, this.#end);
  }

  #need(bytes: number): void {
    if (this.#end + bytes <= this.#bytes.length) return;
    if (this.#end + bytes > FRAME_BYTES_MAX) throw new RangeError(`a frame of at most ${FRAME_BYTES_MAX} bytes`);
    const larger = new Uint8Array(Math.min(FRAME_BYTES_MAX, 2 * (this.#end + bytes)));
    larger.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}
