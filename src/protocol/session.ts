import { HYPERCALL_PLATFORM_OP } from "../../assembly/abi/op.ts";
import { ABIS, type Abi } from "../op.ts";
import { XenErrno } from "../status.ts";
import { control } from "./control.ts";
import { checkLength, readCall, readHave } from "./frame-content.ts";
import { FrameError } from "./frame-error.ts";
import { FrameWriter } from "./frame-writer.ts";
import * as layout from "./layout.ts";
import type { Mirror } from "./mirror.ts";
import { type Range, RemoteCall } from "./remote-call.ts";
import type { ServedMachine } from "./served-machine.ts";

/** A call that waits for memory. */
interface Waiting {
  tag: number;
  call: RemoteCall;
  missing: Range[];
}

const CLIENT_TYPES = `a CALL (${layout.CALL}), HAVE (${layout.HAVE}) or CTL (${layout.CTL})`;

/** Gives the machine that serves a client of an ABI, or of the machine's own. Throws a RangeError for one that it has not. */
export type Opener = (abi: Abi | undefined) => ServedMachine;

/** One client's side of the protocol: a frame comes in, a frame goes out. */
export class Session {
  readonly #open: Opener;
  readonly #writer = new FrameWriter();
  #served: ServedMachine | undefined;
  #unmappedBelow = 0;
  #waiting: Waiting | undefined;

  constructor(open: Opener) {
    this.#open = open;
  }

  /** Answers one whole frame with one, valid until the next. What is wrong with a frame is answered by an ERROR. */
  receive(frame: Uint8Array): Uint8Array {
    const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
    try {
      this.#answer(frame, view);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      return this.refuse(error, view.getUint16(layout.TAG, true));
    }
    return this.#writer.frame();
  }

  /** The ERROR frame for a wrong frame. */
  refuse(error: FrameError, tag = 0): Uint8Array {
    this.#writer.begin(layout.ERROR, tag);
    this.#writer.u32(error.offset);
    this.#writer.bytes(new TextEncoder().encode(error.message));
    return this.#writer.frame();
  }

  #answer(frame: Uint8Array, view: DataView): void {
    const type = view.getUint8(layout.TYPE);
    const tag = view.getUint16(layout.TAG, true);
    const flags = view.getUint8(layout.FLAGS);
    if (flags !== 0) throw new FrameError(layout.FLAGS, `flags 0, not ${flags}`);
    const served = this.#served;
    if (type === layout.HELLO) this.#hello(view, tag);
    else if (served === undefined) throw new FrameError(layout.TYPE, `a HELLO (${layout.HELLO}) first, not ${type}`);
    else if (type === layout.CALL) this.#call(served, frame, view, tag);
    else if (type === layout.HAVE) this.#have(served, frame, view, tag);
    else if (type === layout.CTL) this.#control(served, frame, tag);
    else throw new FrameError(layout.TYPE, `${CLIENT_TYPES}, not ${type}`);
  }

  #hello(view: DataView, tag: number): void {
    if (this.#served !== undefined) throw new FrameError(layout.TYPE, "one HELLO, not a second");
    checkLength(view, layout.HELLO_BYTES);
    const magic = view.getUint32(layout.HELLO_MAGIC, true);
    if (magic !== layout.MAGIC) throw new FrameError(layout.HELLO_MAGIC, `"XEFI", not 0x${magic.toString(16)}`);
    const version = view.getUint16(layout.HELLO_VERSION, true);
    if (version !== layout.VERSION) {
      throw new FrameError(layout.HELLO_VERSION, `version ${layout.VERSION}, not ${version}`);
    }
    const zero = view.getUint8(layout.HELLO_ZERO);
    if (zero !== 0) throw new FrameError(layout.HELLO_ZERO, `0, not ${zero}`);
    this.#served = this.#opened(view.getUint8(layout.HELLO_ABI));
    this.#unmappedBelow = view.getUint32(layout.HELLO_UNMAPPED_BELOW, true);
    const writer = this.#writer;
    writer.begin(layout.HELLO, tag);
    writer.u32(layout.MAGIC);
    writer.u16(layout.VERSION);
    writer.u8(ABIS.indexOf(this.#served.machine.abi) + 1);
    writer.u8(0);
    writer.u32(layout.FRAME_BYTES_MAX);
  }

  /** 0 is the machine's own ABI, others count from 1 in the order of ABIS. */
  #opened(code: number): ServedMachine {
    if (code > ABIS.length) throw new FrameError(layout.HELLO_ABI, `an ABI from 0 to ${ABIS.length}, not ${code}`);
    try {
      return this.#open(ABIS[code - 1]);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new FrameError(layout.HELLO_ABI, error.message);
    }
  }

  #call(served: ServedMachine, frame: Uint8Array, view: DataView, tag: number): void {
    const request = readCall(frame, view);
    this.#waiting = undefined;
    if (request.number !== HYPERCALL_PLATFORM_OP) {
      this.#result(tag, -XenErrno.ENOSYS);
      return;
    }
    const call = new RemoteCall(request, this.#unmappedBelow);
    // What the frame gives is gone with it.
    this.#proceed(served, { tag, call, missing: [] }, () => {
      const kept = frame.slice();
      return new RemoteCall(readCall(kept, new DataView(kept.buffer)), this.#unmappedBelow);
    });
  }

  #have(served: ServedMachine, frame: Uint8Array, view: DataView, tag: number): void {
    const waiting = this.#waiting;
    if (waiting === undefined) throw new FrameError(layout.TYPE, "a HAVE after a NEED only");
    if (tag !== waiting.tag) throw new FrameError(layout.TAG, `the NEED's tag ${waiting.tag}, not ${tag}`);
    const given = readHave(frame, view, waiting.missing);
    for (const [i, bytes] of given.entries()) waiting.call.answer(waiting.missing[i] as Range, bytes.slice());
    this.#proceed(served, waiting, () => waiting.call);
  }

  /** Makes the call, or asks for what is missing; `keep` gives the call without what lies in the frame. */
  #proceed(served: ServedMachine, { tag, call }: Waiting, keep: () => RemoteCall): void {
    const outcome = served.call(call);
    if ("ret" in outcome) {
      this.#waiting = undefined;
      this.#result(tag, outcome.ret, served);
      return;
    }
    const { missing } = outcome;
    this.#waiting = { tag, call: keep(), missing };
    this.#writer.begin(layout.NEED, tag);
    this.#writer.u32(missing.length);
    for (const { address, length } of missing) {
      this.#writer.u64(address);
      this.#writer.u32(length);
    }
  }

  #result(tag: number, ret: number, served?: ServedMachine): void {
    const writer = this.#writer;
    writer.begin(layout.RESULT, tag);
    writer.u32(ret >>> 0);
    if (served === undefined) writer.u32(0);
    else writeWritten(writer, served.mirror);
  }

  #control(served: ServedMachine, frame: Uint8Array, tag: number): void {
    let text: string;
    try {
      text = new TextDecoder("utf-8", { fatal: true }).decode(frame.subarray(layout.HEAD_BYTES));
    } catch {
      throw new FrameError(layout.HEAD_BYTES, "UTF-8");
    }
    const reply = new TextEncoder().encode(control(served, text));
    const fits = reply.length <= layout.FRAME_BYTES_MAX - layout.HEAD_BYTES;
    this.#writer.begin(layout.REPLY, tag);
    this.#writer.bytes(fits ? reply : new TextEncoder().encode('{"error":"the answer is larger than a frame"}'));
  }
}

/** How much was written of each slot, and that. */
function writeWritten(writer: FrameWriter, { slots, view }: Mirror): void {
  let count = 0;
  for (const { writtenFrom, writtenTo } of slots) if (writtenFrom < writtenTo) count++;
  writer.u32(count);
  for (const { address, at, writtenFrom, writtenTo } of slots) {
    if (writtenFrom === writtenTo) continue;
    writer.u64(writtenFrom === at ? address : address + BigInt(writtenFrom - at));
    writer.u32(writtenTo - writtenFrom);
    writer.bytes(new Uint8Array(view.buffer, writtenFrom, writtenTo - writtenFrom));
  }
}
