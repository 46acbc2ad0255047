import { OP_BYTES } from "../../assembly/abi/op.ts";
import { ABIS, type Abi } from "../../src/op.ts";
import { FrameWriter } from "../../src/protocol/frame-writer.ts";
import * as layout from "../../src/protocol/layout.ts";

/** A client's memory: both calls give how many bytes, from the first on, can be accessed. */
export interface OwnMemory {
  read(address: bigint, length: number): Uint8Array;
  write(address: bigint, bytes: Uint8Array): number;
}

/** Bytes that lie at a base address, and nothing else. */
export function ownMemory(base: bigint, bytes: Uint8Array): OwnMemory {
  const room = (address: bigint, length: number) => {
    const at = Number(address - base);
    return at < 0 || at >= bytes.length ? bytes.subarray(0, 0) : bytes.subarray(at, at + length);
  };
  return {
    read: room,
    write(address, content) {
      const target = room(address, content.length);
      target.set(content.subarray(0, target.length));
      return target.length;
    },
  };
}

/** What a client says of its memory in a CALL; `given` may be shorter, "fault" says that nothing of it is mapped. */
export interface Statement {
  address: bigint;
  length: number;
  given: Uint8Array | "fault";
}

export function helloFrame(abi?: Abi, unmappedBelow = 0x1000): Uint8Array {
  return frame(layout.HELLO, 1, (writer) => {
    writer.u32(layout.MAGIC);
    writer.u16(layout.VERSION);
    writer.u8(abi === undefined ? 0 : ABIS.indexOf(abi) + 1);
    writer.u8(0);
    writer.u32(unmappedBelow);
  });
}

export function callFrame(op: bigint, opBytes: Uint8Array, statements: readonly Statement[] = [], tag = 2): Uint8Array {
  return frame(layout.CALL, tag, (writer) => {
    writer.u32(7);
    writer.u16(opBytes.length);
    writer.u16(statements.length);
    writer.u64(op);
    writer.bytes(opBytes);
    for (const { address, length, given } of statements) {
      writer.u64(address);
      writer.u32(length);
      writer.u32(given === "fault" ? layout.NOT_MAPPED : given.length);
      if (given !== "fault") writer.bytes(given);
    }
  });
}

export function controlFrame(request: unknown): Uint8Array {
  return frame(layout.CTL, 3, (writer) => writer.bytes(new TextEncoder().encode(JSON.stringify(request))));
}

/** A frame of a type, or of any number. */
export function frame(type: number, tag: number, fill: (writer: FrameWriter) => void = () => {}): Uint8Array {
  const writer = new FrameWriter();
  writer.begin(type, tag);
  fill(writer);
  return writer.frame().slice();
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function textOf(bytes: Uint8Array, from: number): string {
  return new TextDecoder().decode(bytes.subarray(from));
}

/** Sends frames in a buffer that is overwritten behind each, as those of a stream are. */
export function inUsedBuffer(receive: (frame: Uint8Array) => Uint8Array): (frame: Uint8Array) => Uint8Array {
  return (sent) => {
    const buffer = sent.slice();
    const reply = receive(buffer).slice();
    buffer.fill(0xee);
    return reply;
  };
}

/** A client as any language would have it: it knows frames, and no layouts of ops. */
export class ServeClient {
  readonly #exchange: (frame: Uint8Array) => Uint8Array;
  readonly #memory: OwnMemory;
  /** NEED frames of the last call, and the ranges that they asked for. */
  asked: { address: bigint; length: number }[][] = [];
  /** Addresses and sizes of what the last call wrote, in order. */
  written: { address: bigint; length: number }[] = [];

  /** `exchange` sends a frame and gives the one that comes back. */
  constructor(exchange: (frame: Uint8Array) => Uint8Array, memory: OwnMemory) {
    this.#exchange = exchange;
    this.#memory = memory;
  }

  hello(abi?: Abi): Uint8Array {
    return this.#exchange(helloFrame(abi));
  }

  control(request: unknown): Record<string, never> {
    return JSON.parse(textOf(this.#exchange(controlFrame(request)), layout.HEAD_BYTES));
  }

  /** The hypercall's result for the op at an address of the client. */
  hypercall(op: bigint, statements: readonly Statement[] = []): number {
    this.asked = [];
    this.written = [];
    let reply = this.#exchange(callFrame(op, this.#memory.read(op, OP_BYTES), statements));
    while (reply[layout.TYPE] === layout.NEED) reply = this.#exchange(this.#answer(reply));
    if (reply[layout.TYPE] !== layout.RESULT) throw new Error(textOf(reply, layout.ERROR_TEXT));
    return this.#apply(reply);
  }

  #answer(need: Uint8Array): Uint8Array {
    const view = viewOf(need);
    const ranges = Array.from({ length: view.getUint32(layout.NEED_RANGES, true) }, (_, i) => {
      const at = layout.NEED_FIRST + i * layout.RANGE_BYTES;
      return { address: view.getBigUint64(at, true), length: view.getUint32(at + layout.RANGE_LENGTH, true) };
    });
    this.asked.push(ranges);
    return frame(layout.HAVE, view.getUint16(layout.TAG, true), (writer) => {
      for (const { address, length } of ranges) {
        const bytes = this.#memory.read(address, length);
        writer.u32(bytes.length);
        writer.bytes(bytes);
      }
    });
  }

  /** Writes in order, as the hypervisor would: one that cannot be is -EFAULT, and the rest is not made. */
  #apply(result: Uint8Array): number {
    const view = viewOf(result);
    let at = layout.RESULT_FIRST;
    for (let left = view.getUint32(layout.RESULT_WRITES, true); left > 0; left--) {
      const address = view.getBigUint64(at, true);
      const length = view.getUint32(at + layout.RANGE_LENGTH, true);
      const first = at + layout.RANGE_BYTES;
      at = first + length;
      this.written.push({ address, length });
      if (this.#memory.write(address, result.subarray(first, at)) < length) return -14;
    }
    return view.getInt32(layout.RESULT_RET, true);
  }
}
