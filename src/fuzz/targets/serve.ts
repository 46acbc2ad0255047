import * as abi from "../../../assembly/abi/op.ts";
import type { Rule } from "../../faults/rule.ts";
import { viewOf } from "../../formats/flash-bytes.ts";
import { Machine } from "../../machine.ts";
import { FrameError } from "../../protocol/frame-error.ts";
import { FrameReader } from "../../protocol/frame-reader.ts";
import * as layout from "../../protocol/layout.ts";
import { ServedMachine } from "../../protocol/served-machine.ts";
import { type Opener, Session } from "../../protocol/session.ts";
import { Random } from "../../random.ts";
import type { Behaviours } from "../behaviours.ts";
import type { Subject } from "../byte-target.ts";
import type { Failure } from "../failure.ts";
import { FRAME_SEEDS } from "./seed-frames.ts";

const BYTES_MAX = 0x1000;
/** A stream comes in pieces of at most so many bytes. */
const PIECE_BYTES_MAX = 200;

/** Types that may answer a client's frame, beside an ERROR. */
const ANSWERS: Readonly<Record<number, readonly number[]>> = {
  [layout.HELLO]: [layout.HELLO],
  [layout.CALL]: [layout.NEED, layout.RESULT],
  [layout.HAVE]: [layout.NEED, layout.RESULT],
  [layout.CTL]: [layout.REPLY],
};

/** A machine that goes back to where it was before a connection. */
class RenewedMachine extends ServedMachine {
  readonly #rules: number[] = [];

  constructor() {
    super((guestMemory) => new Machine({ guestMemory, allocationLimit: 0x100000n }));
    this.machine.mark();
  }

  override inject(rule: Rule): number {
    const number = super.inject(rule);
    this.#rules.push(number);
    return number;
  }

  override remove(rule: number): void {
    super.remove(rule);
    this.#rules.splice(this.#rules.indexOf(rule), 1);
  }

  goBack(): void {
    this.machine.undo();
    this.log = undefined;
    while (this.#rules.length > 0) this.remove(this.#rules[0] as number);
  }
}

/**
 * A server's side of a connection (docs/protocol.md): any bytes, in any pieces, are answered frame by frame, each by one
 * that is well-formed and fits it, or end the connection with an ERROR.
 */
export class ServeSubject implements Subject {
  readonly name = "serve";
  readonly bytesMax = BYTES_MAX;
  readonly seeds = FRAME_SEEDS;
  readonly tokens: readonly Uint8Array[];
  readonly #sessionOf: (open: Opener) => Session;
  #served: RenewedMachine | undefined;

  /** `sessionOf`: for a test that wraps sessions. */
  constructor(tokens: readonly Uint8Array[], sessionOf = (open: Opener) => new Session(open)) {
    this.tokens = tokens;
    this.#sessionOf = sessionOf;
  }

  millisecondsMax(bytes: number): number {
    return 250 + bytes / 16;
  }

  /** Frames; what has a length that no frame has is the last part. */
  partsOf(input: Uint8Array): number[] {
    const view = viewOf(input);
    const starts: number[] = [];
    for (let at = 0; at < input.length; ) {
      starts.push(at);
      const length = at + layout.HEAD_BYTES > input.length ? 0 : view.getUint32(at + layout.LENGTH, true);
      if (length < layout.HEAD_BYTES) break;
      at += length;
    }
    return starts;
  }

  /** A frame's length is that of its bytes. */
  mend(frame: Uint8Array): void {
    if (frame.length >= layout.HEAD_BYTES) viewOf(frame).setUint32(layout.LENGTH, frame.length, true);
  }

  run(input: Uint8Array, behaviours: Behaviours): Failure | undefined {
    const served = this.#served ?? new RenewedMachine();
    // What an exception leaves serves no other input.
    this.#served = undefined;
    const failure = new Connection(
      this.#sessionOf(() => served),
      behaviours,
    ).take(input);
    served.goBack();
    this.#served = served;
    return failure;
  }
}

/** One connection from its first byte to its end. */
class Connection {
  readonly #session: Session;
  readonly #behaviours: Behaviours;
  readonly #reader = new FrameReader();

  constructor(session: Session, behaviours: Behaviours) {
    this.#session = session;
    this.#behaviours = behaviours;
  }

  take(input: Uint8Array): Failure | undefined {
    const random = new Random(input.length);
    try {
      for (let at = 0; at < input.length; ) {
        const piece = input.subarray(at, at + 1 + random.below(PIECE_BYTES_MAX));
        this.#reader.push(piece);
        at += piece.length;
        const failure = this.#answerAll();
        if (failure !== undefined) return failure;
      }
      this.#reader.end();
      return undefined;
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      return this.#check(undefined, this.#session.refuse(error));
    }
  }

  #answerAll(): Failure | undefined {
    for (let frame = this.#reader.next(); frame !== undefined; frame = this.#reader.next()) {
      const failure = this.#check(frame, this.#session.receive(frame));
      if (failure !== undefined) return failure;
    }
    return undefined;
  }

  /** What is wrong with an answer; `asked`: undefined for the end of the stream. */
  #check(asked: Uint8Array | undefined, answer: Uint8Array): Failure | undefined {
    const view = viewOf(answer);
    const type = view.getUint8(layout.TYPE);
    const wrong = (text: string): Failure => ({ oracle: "protocol", text: `a frame of type ${type}: ${text}` });
    if (view.getUint32(layout.LENGTH, true) !== answer.length || answer.length > layout.FRAME_BYTES_MAX) {
      return wrong(`its length is not that of its ${answer.length} bytes`);
    }
    this.#note(type, answer, view);
    if (view.getUint8(layout.FLAGS) !== 0) return wrong("it has flags");
    if (asked === undefined) return type === layout.ERROR ? undefined : wrong("it ends a connection");
    if (view.getUint16(layout.TAG, true) !== viewOf(asked).getUint16(layout.TAG, true)) return wrong("another tag");
    if (type === layout.ERROR) return this.#checkError(asked, answer, view) ? undefined : wrong("an offset outside");
    const types = ANSWERS[asked[layout.TYPE] as number] ?? [];
    return types.includes(type) ? undefined : wrong(`it answers one of type ${asked[layout.TYPE]}`);
  }

  #checkError(asked: Uint8Array, answer: Uint8Array, view: DataView): boolean {
    const offset = view.getUint32(layout.ERROR_OFFSET, true);
    const text = new TextDecoder().decode(answer.subarray(layout.ERROR_TEXT));
    return offset <= asked.length && text.startsWith(`offset 0x${offset.toString(16)}: `);
  }

  #note(type: number, answer: Uint8Array, view: DataView): void {
    const textOf = (from: number) => new TextDecoder().decode(answer.subarray(from));
    if (type === layout.ERROR) this.#behaviours.noteError("ERROR", textOf(layout.ERROR_TEXT).replace(/^[^:]*/, ""));
    else if (type === layout.REPLY) this.#noteReply(JSON.parse(textOf(layout.HEAD_BYTES)));
    else if (type === layout.RESULT) this.#noteResult(answer, view);
    else this.#behaviours.note(`type ${type}`);
  }

  #noteReply(reply: Record<string, unknown>): void {
    const [name, value] = Object.entries(reply)[0] ?? ["nothing", ""];
    if (name === "error") this.#behaviours.noteError("reply", String(value));
    else this.#behaviours.note(`reply ${name} ${typeof value} ${name === "status" ? value : ""}`);
  }

  /** The result, and how many bytes each write has; of a last write of an op its status. */
  #noteResult(answer: Uint8Array, view: DataView): void {
    const writes = view.getUint32(layout.RESULT_WRITES, true);
    const code =
      writes > 0 && answer.length > abi.OP_BYTES ? (answer[answer.length - abi.OP_BYTES + abi.OP_STATUS] ?? 0) : 0;
    this.#behaviours.note(`result ${view.getInt32(layout.RESULT_RET, true)}, ${writes} writes, ${code}`);
  }
}
