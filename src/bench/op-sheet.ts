import * as abi from "../../assembly/abi/op.ts";
import type { Variable } from "../formats/variable-set.ts";
import { guidBytes } from "../guid.ts";
import type { Machine } from "../machine.ts";
import { type OpLayout, opLayout, setLong, writeRuntimeCall } from "../op.ts";
import { toUcs2 } from "../ucs2.ts";

/** What says which variable it is. */
export type Subject = Pick<Variable, "name" | "guid">;

const ALIGNMENT = 64;
/** Below lies what is never mapped. */
const FIRST = 0x10000;

/** Lays ops with their names and buffers out in a machine's guest memory, one behind the other. All sizes in bytes. */
export class OpSheet {
  readonly machine: Machine;
  readonly layout: OpLayout;
  /** Guest memory by words of 32 bits: loops change an op's fields in it. */
  readonly words: Uint32Array;
  #next = FIRST;

  constructor(machine: Machine) {
    this.machine = machine;
    this.layout = opLayout(machine.abi);
    const { memory } = machine;
    this.words = new Uint32Array(memory.buffer, memory.byteOffset, memory.length >> 2);
  }

  /** A buffer of zeros that nothing else shares; throws a RangeError where guest memory ends. */
  buffer(bytes: number): number {
    const at = this.#next;
    this.#next = (at + bytes + ALIGNMENT - 1) & -ALIGNMENT;
    if (this.#next > this.machine.memory.length) {
      throw new RangeError(`guest memory: ${this.machine.memory.length} bytes for all ops, not ${this.#next}`);
    }
    return at;
  }

  /** The op of a runtime function. */
  call(fn: number): number {
    const op = this.buffer(abi.OP_BYTES);
    writeRuntimeCall(this.machine.view, op, fn, 0);
    return op;
  }

  /** GetVariable into that buffer of so many bytes. */
  get(subject: Subject, buffer: number, bytes: number): number {
    return this.#access(abi.FN_GET_VARIABLE, subject, buffer, bytes);
  }

  /** SetVariable from that buffer; `misc` is the attributes. */
  set(subject: Subject, attributes: number, buffer: number, bytes: number): number {
    const op = this.#access(abi.FN_SET_VARIABLE, subject, buffer, bytes);
    this.words[(op + abi.OP_MISC) >> 2] = attributes;
    return op;
  }

  /** GetNextVariableName from the start, with that buffer. */
  walk(buffer: number, bytes: number): number {
    const op = this.call(abi.FN_GET_NEXT_VARIABLE_NAME);
    this.#long(op + this.layout.nextSize, bytes);
    this.#long(op + this.layout.nextName, buffer);
    return op;
  }

  #access(fn: number, { name, guid }: Subject, buffer: number, bytes: number): number {
    const op = this.call(fn);
    const units = toUcs2(`${name}\0`);
    const place = this.buffer(units.length);
    const { memory } = this.machine;
    memory.set(units, place);
    memory.set(guidBytes(guid), op + this.layout.guid);
    this.#long(op + this.layout.name, place);
    this.#long(op + this.layout.size, bytes);
    this.#long(op + this.layout.data, buffer);
    return op;
  }

  #long(offset: number, value: number): void {
    setLong(this.machine.view, this.layout, offset, BigInt(value));
  }
}
