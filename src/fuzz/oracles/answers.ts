import * as abi from "../../../assembly/abi/op.ts";
import { toHex } from "../../hex.ts";
import { type Abi, getLong, type OpLayout, opLayout } from "../../op.ts";
import type { FuzzMachine } from "../fuzz-machine.ts";

/** A part of what a call answered, such as "size"; its value means the same in every ABI. */
export type Part = readonly [name: string, value: string];

/** What the calls of a sequence answered, by their steps. */
export type Story = ReadonlyMap<number, readonly Part[]>;

/** firmware_info's fields but those behind the longs of its widest answer. */
const INFO_COMPARED_END = abi.INFO_MEM_TYPE + 4;

/** Plays steps `from` up to `end` of the sequence that was laid, call by call, and tells the answers. Traps are thrown. */
export function storyOf(machine: FuzzMachine, abiName: Abi, from: number, end: number): Story {
  const layout = opLayout(abiName);
  const story = new Map<number, readonly Part[]>();
  for (let step = from; step < end; step++) {
    if (!machine.layStep(step)) continue;
    const ret = machine.call();
    machine.core.exports.accept(ret);
    story.set(step, answerOf(machine, layout, ret));
  }
  return story;
}

/** The first step and part in which two stories of the same steps differ. */
export function firstOtherPart(
  a: Story,
  b: Story,
): { step: number; name: string; values: [string, string] } | undefined {
  for (const [step, parts] of a) {
    const others = b.get(step) ?? [];
    for (const [i, [name, value]] of parts.entries()) {
      const other = others[i]?.[1] ?? "nothing";
      if (value !== other) return { step, name, values: [value, other] };
    }
  }
  return undefined;
}

function answerOf(machine: FuzzMachine, layout: OpLayout, ret: number): Part[] {
  const result: Part = ["the result", String(ret)];
  if (ret !== 0) return [result];
  const op = new Answered(machine, layout);
  if (op.word(abi.OP_CMD) === abi.CMD_FIRMWARE_INFO) {
    return [result, ["firmware_info", op.bytes(abi.INFO_TYPE, INFO_COMPARED_END - abi.INFO_TYPE)]];
  }
  return [result, ["the status", op.status()], ["misc", op.hex(abi.OP_MISC)], ...outputs(op, layout)];
}

function outputs(op: Answered, layout: OpLayout): Part[] {
  switch (op.word(abi.OP_FUNCTION)) {
    case abi.FN_GET_TIME:
      return [op.time(), ["the resolution", op.hex(layout.resolution)], ["the accuracy", op.hex(layout.accuracy)]];
    case abi.FN_GET_WAKEUP_TIME:
      return [op.time()];
    case abi.FN_GET_VARIABLE:
      return [
        ["the size", op.long(layout.size)],
        ["the data", op.buffer(layout.data, layout.size)],
      ];
    case abi.FN_GET_NEXT_VARIABLE_NAME:
      return [
        ["the size", op.long(layout.nextSize)],
        ["the GUID", op.bytes(layout.nextGuid, abi.GUID_BYTES)],
        ["the name", op.buffer(layout.nextName, layout.nextSize)],
      ];
    case abi.FN_QUERY_VARIABLE_INFO:
      return [["the sizes", op.bytes(layout.maxStoreSize, 24)]];
    case abi.FN_QUERY_CAPSULE_CAPABILITIES:
      return [["the capabilities", op.bytes(layout.maxCapsuleSize, 12)]];
    default:
      return [];
  }
}

/** The op of a call with result 0: it lies in guest memory. */
class Answered {
  readonly #guest: Uint8Array;
  readonly #view: DataView;
  readonly #layout: OpLayout;
  readonly #at: number;

  constructor({ guest, machine, opAddress }: FuzzMachine, layout: OpLayout) {
    this.#guest = guest;
    this.#view = machine.view;
    this.#layout = layout;
    this.#at = opAddress;
  }

  word(offset: number): number {
    return this.#view.getUint32(this.#at + offset, true);
  }

  hex(offset: number): string {
    return `0x${this.word(offset).toString(16)}`;
  }

  long(offset: number): string {
    return `0x${this.#long(offset).toString(16)}`;
  }

  bytes(offset: number, count: number): string {
    return `0x${toHex(this.#guest.subarray(this.#at + offset, this.#at + offset + count))}`;
  }

  time(): Part {
    return ["the time", this.bytes(this.#layout.time, abi.TIME_BYTES)];
  }

  /** The EfiCode. The error bit above it lies in another place by ABI; the player checks it after each call. */
  status(): string {
    const low = this.word(abi.OP_STATUS);
    return `0x${(low & 0x7fffffff).toString(16)}`;
  }

  /** The buffer that a handle names, if the call filled it. */
  buffer(handle: number, size: number): string {
    const at = this.#long(handle);
    return this.status() === "0x0" ? `0x${toHex(this.#guest.subarray(at, at + this.#long(size)))}` : "0x";
  }

  #long(offset: number): number {
    return Number(getLong(this.#view, this.#layout, this.#at + offset));
  }
}
