import { FrameError } from "./frame-error.ts";
import { FRAME_BYTES_MAX, HEAD_BYTES, LENGTH } from "./layout.ts";

const START_BYTES = 0x10000;

/** Cuts a stream of bytes into frames. It holds one unfinished frame at the most, in a buffer that grows with it. */
export class FrameReader {
  #bytes = new Uint8Array(START_BYTES);
  #view = new DataView(this.#bytes.buffer);
  /** What is held: from here ... */
  #start = 0;
  /** ... up to here. */
  #end = 0;

  /** Where the stream's next bytes can be put; `filled` then says how many. Frames that were taken are lost. */
  room(): Uint8Array {
    if (this.#start === this.#end) this.#start = this.#end = 0;
    else if (this.#start > 0) this.#toFront();
    if (this.#end === this.#bytes.length) this.#grow(2 * this.#bytes.length);
    return this.#bytes.subarray(this.#end);
  }

  filled(count: number): void {
    this.#end += count;
  }

  /** Takes the next bytes of the stream over. */
  push(chunk: Uint8Array): void {
    for (let done = 0; done < chunk.length; ) {
      const part = chunk.subarray(done, done + this.room().length);
      this.room().set(part);
      this.filled(part.length);
      done += part.length;
    }
  }

  /**
   * The next whole frame, valid until `room` or `push`; undefined if more bytes are needed. Throws a FrameError for a length
   * that no frame has: where the next one begins is not known then.
   */
  next(): Uint8Array | undefined {
    const held = this.#end - this.#start;
    if (held < HEAD_BYTES) return undefined;
    const length = this.#view.getUint32(this.#start + LENGTH, true);
    if (length < HEAD_BYTES || length > FRAME_BYTES_MAX) {
      throw new FrameError(LENGTH, `a frame of ${HEAD_BYTES} to ${FRAME_BYTES_MAX} bytes, not ${length}`);
    }
    if (held < length) return undefined;
    const frame = this.#bytes.subarray(this.#start, this.#start + length);
    this.#start += length;
    return frame;
  }

  /** To be called at the stream's end. Throws a FrameError if it comes within a frame. */
  end(): void {
    const held = this.#end - this.#start;
    if (held === 0) return;
    const wanted = held < HEAD_BYTES ? HEAD_BYTES : this.#view.getUint32(this.#start + LENGTH, true);
    throw new FrameError(held, `a frame of ${wanted} bytes, not the end of the stream`);
  }

  #toFront(): void {
    this.#bytes.copyWithin(0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
  }

  #grow(size: number): void {
    const larger = new Uint8Array(size);
    larger.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}
