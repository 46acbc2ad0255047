import {
  FN_GET_NEXT_HIGH_MONOTONIC_COUNT,
  FN_GET_NEXT_VARIABLE_NAME,
  FN_GET_TIME,
  FN_GET_VARIABLE,
  FN_QUERY_VARIABLE_INFO,
  FN_SET_VARIABLE,
  OP_STATUS,
} from "../assembly/abi/op.ts";
import { RECLAIM_AT_RUNTIME } from "../assembly/abi/policy.ts";
import { APPEND_WRITE } from "../assembly/abi/variable.ts";
import {
  type Abi,
  type BootWrite,
  EfiCode,
  GLOBAL_GUID,
  guidBytes,
  Machine,
  type MachineOptions,
  type OpLayout,
  opLayout,
  POLICIES,
  type Policy,
  writeRuntimeCall,
} from "../src/index.ts";
import { NO_BOOT } from "../src/policies/policy.ts";
import { DATA_BYTES, type Step } from "./steps.ts";

const GUIDS = Array.from({ length: 6 }, (_, i) => `5f1c9b0e-2a77-4a0e-9d3b-3c5d2e7a8f1${i}`);

/** Guest addresses: ops with their names behind them, then data buffers. */
const OPS = 0x1000;
const OP_STRIDE = 256;
const NAME_OFFSET = 160;
const READ = 0x200000;
const WRITTEN = 0x210000;
const SAME = 0x220000;
const NEXT_NAME = 0x230000;
/** Bytes of guest memory that all of it takes. */
export const GUEST_BYTES = 0x300000;

const NON_VOLATILE = 1;
const BS_RT = 6;
const NV_BS_RT = 7;
/** Bytes of data for which Xen has no buffer, and that no variable may have. */
const TOO_LARGE_FOR_XEN = 2 ** 32;
const TOO_LARGE = 0x10000;
/** How many variables a batch creates or deletes: 3000 others leave no room for many more. */
const FRESH = 50;
/** A status that no call gives: what an op has that was never answered. */
const UNANSWERED = 0xdead;

/** A variable of the workload. */
export interface Subject {
  name: string;
  guid: string;
}

/** Names of 8 to 20 characters under six vendor GUIDs. */
export function subjects(count: number, prefix = "Var"): Subject[] {
  return Array.from({ length: count }, (_, i) => {
    const number = String(i).padStart(4, "0");
    return { name: `${prefix}${"abcdefghijklm".slice(0, i % 13)}x${number}`, guid: GUIDS[i % GUIDS.length] as string };
  });
}

/** What a workload is made of: how many variables, bytes of data of the one in the middle, whose ops. */
export interface Shape {
  n: number;
  bytes?: number;
  abi?: Abi;
}

/**
 * A machine that holds the subjects and nothing else, and reclaims as soon as a write lacks room, as edk2 never does at
 * run time: updates would fill its store. 3000 variables need a larger store than OVMF's.
 */
export function makeMachine({ n, bytes = DATA_BYTES, abi = "x86_64" }: Shape, more: MachineOptions = {}): Machine {
  const edk2 = POLICIES.edk2 as Policy;
  const storeEnd = 0x80000;
  const geometry = { ...edk2.geometry, volumeBytes: storeEnd, storeEnd, workBytes: 0, spareBytes: 0 };
  const policy: Policy = { ...edk2, geometry, flags: edk2.flags | RECLAIM_AT_RUNTIME, boot: NO_BOOT };
  const preload = subjects(n).map(({ name, guid }, i): BootWrite => {
    return { name, guid, attributes: NV_BS_RT, data: "ab".repeat(i === n >> 1 ? bytes : DATA_BYTES) };
  });
  return new Machine({ policy, preload, abi, ...more });
}

/** An operation: a step, and the ops that take turns in it. */
export interface OpCase {
  name: string;
  step: Step;
  /** Guest addresses. */
  ops: number[];
  /** What the first answer is; undefined: the op is not answered. */
  status: EfiCode | undefined;
  /** A machine of its own takes it: the dead records of writes would lengthen a walk. */
  writes: boolean;
  /** What is done to each op before anything else. */
  before?: Step;
  /** Takes back what a batch of one step for each op has done. */
  undo?: Step;
}

/** True for what peers answer: GetVariable and SetVariable. */
export function isPlain({ name }: OpCase): boolean {
  return /^rejected|^[GS]etVariable/.test(name);
}

/** Lays a workload's ops out in guest memory, the same bytes at the same addresses for whoever answers them. */
export class Workload {
  readonly shape: Shape;
  readonly layout: OpLayout;
  /** All bytes of the guest, address 0 first. */
  readonly guest = new Uint8Array(GUEST_BYTES);
  readonly cases: OpCase[] = [];
  /** Ops of SetVariables that one check after another refuses, in the order in which the core checks. */
  readonly refused: readonly number[];
  readonly #view = new DataView(this.guest.buffer);
  #next = OPS;

  constructor(shape: Shape) {
    const { n, bytes = DATA_BYTES } = shape;
    this.shape = shape;
    this.layout = opLayout(shape.abi ?? "x86_64");
    this.guest.fill(0xab, SAME, SAME + bytes);
    const all = subjects(n);
    const middle = all[n >> 1] as Subject;
    const [other, third, fourth] = all as [Subject, Subject, Subject];
    const get = (subject: Subject, size = bytes) => this.#variable(FN_GET_VARIABLE, subject, 0, READ, size);
    const set = (subject: Subject, data = WRITTEN, size = bytes, attributes = NV_BS_RT) =>
      this.#variable(FN_SET_VARIABLE, subject, attributes, data, size);
    const fresh = (prefix: string) => subjects(FRESH, prefix).map((subject) => set(subject, WRITTEN, DATA_BYTES));
    this.#add("rejected", "call", [0], undefined);
    this.#add("GetVariable hit", "get", [get(middle)]);
    this.#add(
      "GetVariable random",
      "get",
      shuffled(all).map((subject) => get(subject)),
    );
    this.#add("GetVariable miss", "get", [get({ ...middle, name: `${middle.name}Y` })], EfiCode.NotFound);
    this.#add("GetVariable size asked", "ask", [get(middle, 0)], EfiCode.BufferTooSmall);
    this.#add("SetVariable other data", "otherData", [set(middle)]).writes = true;
    this.#add("SetVariable same data", "call", [set(other, SAME, DATA_BYTES)]).writes = true;
    this.#add("SetVariable other size", "otherSize", [set(third, WRITTEN, DATA_BYTES)]).writes = true;
    const append = set(fourth, WRITTEN, 8, NV_BS_RT | APPEND_WRITE);
    this.#add("SetVariable append, set back", "call", [append, set(fourth, SAME, DATA_BYTES)]).writes = true;
    Object.assign(this.#add("SetVariable create", "create", fresh("New")), { writes: true, undo: "delete" });
    const deleted = this.#add("SetVariable delete", "delete", fresh("Old"));
    Object.assign(deleted, { writes: true, before: "create", undo: "create" });
    this.#add("GetNextVariableName", "walk", [this.#walk()]);
    this.#add("QueryVariableInfo", "call", [this.#query()]);
    this.#add("GetTime", "get", [this.#op(FN_GET_TIME, 0)]);
    this.#add("GetNextHighMonotonicCount", "get", [this.#op(FN_GET_NEXT_HIGH_MONOTONIC_COUNT, 0)]).writes = true;
    const absent = { ...middle, name: `${middle.name}Z` };
    const readOnly = { name: "BootCurrent", guid: GLOBAL_GUID };
    this.refused = [
      this.#changed(set(middle), this.layout.name, 0),
      set(middle, WRITTEN, TOO_LARGE_FOR_XEN),
      set(middle, 0),
      set({ ...middle, name: "" }),
      set(middle, WRITTEN, bytes, NON_VOLATILE),
      set(middle, WRITTEN, TOO_LARGE),
      set(readOnly),
      set(middle, WRITTEN, bytes, BS_RT),
      set(absent, WRITTEN, bytes, BS_RT),
    ];
  }

  /** The case of that name. */
  case(name: string): OpCase {
    const found = this.cases.find((one) => one.name === name);
    if (found === undefined) throw new Error(`no case ${name}`);
    return found;
  }

  /** Guest addresses of the data that the op's call reads or writes. */
  dataOf(op: number): number {
    return this.#view.getUint32(op + this.layout.data, true);
  }

  #add(name: string, step: Step, ops: number[], status: EfiCode | undefined = EfiCode.Success): OpCase {
    const added: OpCase = { name, step, ops, status: ops[0] === 0 ? undefined : status, writes: false };
    this.cases.push(added);
    return added;
  }

  #op(fn: number, misc: number): number {
    const op = this.#next;
    this.#next += OP_STRIDE;
    if (this.#next > READ) throw new RangeError("more ops than guest memory has room for");
    writeRuntimeCall(this.#view, op, fn, misc);
    this.#view.setUint32(op + OP_STATUS, UNANSWERED, true);
    return op;
  }

  #variable(fn: number, { name, guid }: Subject, misc: number, data: number, size: number): number {
    const op = this.#op(fn, misc);
    this.#setLong(op + this.layout.name, op + NAME_OFFSET);
    this.#setLong(op + this.layout.size, size);
    this.#setLong(op + this.layout.data, data);
    this.guest.set(guidBytes(guid), op + this.layout.guid);
    for (const [i, unit] of [...name].entries()) {
      this.#view.setUint16(op + NAME_OFFSET + 2 * i, unit.charCodeAt(0), true);
    }
    return op;
  }

  /** The op with another pointer or size at `field`. */
  #changed(op: number, field: number, value: number): number {
    this.#setLong(op + field, value);
    return op;
  }

  #walk(): number {
    const op = this.#op(FN_GET_NEXT_VARIABLE_NAME, 0);
    this.#setLong(op + this.layout.nextName, NEXT_NAME);
    return op;
  }

  #query(): number {
    const op = this.#op(FN_QUERY_VARIABLE_INFO, 0);
    this.#view.setUint32(op + this.layout.queryAttr, NV_BS_RT, true);
    return op;
  }

  #setLong(at: number, value: number): void {
    if (this.layout.longBytes === 4) this.#view.setUint32(at, value, true);
    else this.#view.setBigUint64(at, BigInt(value), true);
  }
}

/** In an order that is the same at each run. */
function shuffled<T>(all: readonly T[]): T[] {
  const order = [...all];
  let seed = 12345;
  for (let i = order.length - 1; i > 0; i--) {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    const j = (seed >>> 8) % (i + 1);
    [order[i], order[j]] = [order[j] as T, order[i] as T];
  }
  return order;
}
