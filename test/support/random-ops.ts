import * as abi from "../../assembly/abi/op.ts";
import { GLOBAL_GUID, guidBytes, HARDWARE_ERROR_GUID, IMAGE_SECURITY_GUID } from "../../src/guid.ts";
import type { Machine } from "../../src/machine.ts";
import { type OpLayout, opLayout, setLong, writeFirmwareInfo, writeRuntimeCall } from "../../src/op.ts";
import type { Random } from "../../src/random.ts";
import { writeTime } from "../../src/time.ts";
import { toUcs2 } from "../../src/ucs2.ts";
import { type NamedVariable, RandomData } from "./random-data.ts";

const OURS = "11111111-2222-3333-4444-555555555555";
const THEIRS = "11111111-2222-3333-4444-555555555556";
const MTC_GUID = "eb704011-1402-11d3-8e77-00a0c969723b";
const RTC_GUID = "378d7b65-8da9-4773-b6e4-a47826a833e1";
const VAR_ERROR_GUID = "04b37fe8-f6ae-480b-bdd5-37d98c5e89aa";
const CERT_DB_GUID = "d9bee56e-75dc-49d9-b4d7-b534210f637a";

const PLAIN_NAMES = [
  "A",
  "a",
  "AB",
  "Long name with spaces",
  "\ud800",
  "\uffff",
  "",
  "x".repeat(150),
  "Lang",
  "LangCodes",
];
const GLOBAL_NAMES = [
  ..."Lang PlatformLang Lang PlatformLang LangCodes PlatformLangCodes Timeout BootNext HwErrRecSupport".split(" "),
  ..."BootCurrent BootOptionSupport OsIndications OsIndicationsSupported BootOrder DriverOrder SysPrepOrder".split(" "),
  ..."ConIn ConOut ErrOut ConInDev ErrOutDev Boot0000 Boot00FF Boot00ff Boot00000 Driver0001 SysPrep0A0F".split(" "),
  ..."PlatformRecovery0000 PlatformRecovery0001 Key0000 Key0002 PK KEK KEK KEK SetupMode SecureBoot VendorKeys".split(
    " ",
  ),
  ..."SignatureSupport PKDefault dbxDefault Unknown db".split(" "),
];
const SECURITY_NAMES = ["db", "dbx", "dbt", "db", "other", "PK"];
const ATTRIBUTES = [
  0, 0x40, 0x41, 0x46, 0x17, 0x57, 0x10, 0x18, 0x16, 6, 3, 1, 0x11, 0xf, 0x4f, 0x2f, 0x87, 0x100, 0x80000007,
];
const QUERY_ATTRIBUTES = [
  7, 7, 7, 0x47, 6, 0x26, 0x27, 0x67, 0xf, 0xe, 0x2f, 0x17, 0x87, 0x80000007, 0, 1, 2, 4, 5, 0x40, 0x80,
];
const HUGE = [
  0xffffn,
  0x8400n,
  0x7fffffffn,
  0xfffffff0n,
  0xffffffffn,
  0x100000000n,
  0x100000004n,
  1n << 53n,
  (1n << 64n) - 1n,
];

/** Guest addresses that fault, end exclusive: on writes, or on every access. */
export interface Hole {
  start: number;
  end: number;
  isReadOnly: boolean;
}

/** Where ops, names and data lie mostly, in the order of their addresses. */
const OP = 0x2000;
const NAME = 0x3000;
const DATA = 0x4000;

/** Random platform ops and their buffers in a machine's guest memory: mostly right ones, all kinds of wrong ones between. */
export class RandomOps {
  readonly #random: Random;
  readonly #machine: Machine;
  readonly #layout: OpLayout;
  readonly #data: RandomData;
  readonly #largest: number;
  #op = OP;

  /** `largest`: bytes of the largest data that are tried. */
  constructor(random: Random, machine: Machine, largest: number) {
    this.#random = random;
    this.#machine = machine;
    this.#layout = opLayout(machine.abi);
    this.#data = new RandomData(random, largest);
    this.#largest = largest;
  }

  /** Lays one op out and gives its address. */
  lay(): number {
    const { memory, view } = this.#machine;
    for (const start of [OP, NAME, DATA]) for (let i = 0; i < 160; i++) memory[start + i] = this.#random.u32();
    this.#op = this.#opAddress();
    const fits = this.#op >= 0x1000 && this.#op + abi.OP_BYTES <= memory.length;
    const at = fits ? this.#op : OP;
    if (this.#random.oneIn(25)) this.#layInfo(at);
    else this.#layCall(at);
    if (this.#random.oneIn(100))
      view.setUint32(at + abi.OP_INTERFACE_VERSION, this.#random.pick([0, 0x03000000, 0x03000002]), true);
    if (this.#random.oneIn(100))
      view.setUint32(at + abi.OP_CMD, this.#random.pick([0, 1, 48, 51, 62, 0x31000000]), true);
    return this.#op;
  }

  /** Ranges that fault, near what the op names: none most of the time. They do not meet. */
  holes(): Hole[] {
    if (!this.#random.oneIn(6)) return [];
    const holes = [this.#hole(), this.#hole()].sort((a, b) => a.start - b.start) as [Hole, Hole];
    const [first, second] = holes;
    return first.end <= second.start ? holes : [this.#random.pick(holes)];
  }

  #hole(): Hole {
    const { length } = this.#machine.memory;
    const start = Math.min(length, this.#random.pick([this.#op, NAME, DATA, DATA]) + this.#random.below(60));
    const end = Math.min(length, start + this.#random.pick([1, 2, 8, 4096]));
    return { start, end, isReadOnly: this.#random.oneIn(2) };
  }

  #opAddress(): number {
    const { length } = this.#machine.memory;
    if (this.#random.oneIn(30)) return length - abi.OP_BYTES + this.#random.below(2) * this.#random.below(3);
    if (this.#random.oneIn(60))
      return this.#random.pick([0, 0xfff, 0x1000 - 136, 0x1000, length - 1, length, 0xffffffff, 0xffffff78]);
    return OP + this.#random.pick([0, 0, 0, 1, 4, 7]);
  }

  #layCall(at: number): void {
    const { view } = this.#machine;
    const held = this.#machine.memory.slice(at, at + abi.OP_BYTES);
    const fn = this.#random.pick([
      1,
      2,
      3,
      4,
      5,
      6,
      6,
      6,
      6,
      7,
      7,
      7,
      7,
      7,
      7,
      7,
      7,
      8,
      8,
      8,
      9,
      9,
      this.#random.below(14),
    ]);
    writeRuntimeCall(view, at, fn, this.#random.oneIn(40) ? this.#random.pick([1, 2, 3, 4, 0x80000000]) : 0);
    // What a caller leaves in fields that are no input.
    this.#machine.memory.set(held.subarray(abi.OP_STATUS), at + abi.OP_STATUS);
    if (fn === 2 || fn === 4) this.#layTime(at, fn);
    else if (fn === 6 || fn === 7) this.#layVariable(at, fn);
    else if (fn === 8) this.#layNext(at);
    else if (fn === 9) this.#layQuery(at);
  }

  #layTime(at: number, fn: number): void {
    const { view } = this.#machine;
    const { pick, oneIn } = bound(this.#random);
    const [year, month, day] = pick(DATES);
    const time = {
      year,
      month,
      day,
      hour: pick([0, 11, 12, 12, 13, 23]),
      min: pick([0, 0, 59]),
      sec: pick([0, 0, 1, 59]),
    };
    const rest = {
      ns: pick([0, 0, 999999999]),
      tz: pick([2047, 2047, 0, 60, -1440, 1440]),
      daylight: pick([0, 0, 1, 2, 3]),
    };
    writeTime(view, at + this.#layout.time, { ...time, ...rest }, this.#random.below(256));
    if (oneIn(5)) this.#spoilTime(at + this.#layout.time);
    if (fn === 4) view.setUint32(at + abi.OP_MISC, pick([0, 1, 1, 1, 1, 2, 3, oneIn(9) ? 4 : 1]), true);
  }

  #spoilTime(at: number): void {
    const { view } = this.#machine;
    const { pick } = bound(this.#random);
    const [offset, bytes, value] = pick(SPOILT_TIMES);
    if (bytes === 1) view.setUint8(at + offset, value);
    else if (bytes === 2) view.setInt16(at + offset, value, true);
    else view.setUint32(at + offset, value, true);
  }

  #layVariable(at: number, fn: number): void {
    const { view } = this.#machine;
    const variable = this.#variable();
    const attributes = fn === 7 ? this.#attributes(variable) : 0;
    if (fn === 7) view.setUint32(at + abi.OP_MISC, attributes, true);
    this.#layName(at + this.#layout.name, variable.name);
    this.#machine.memory.set(guidBytes(variable.guid), at + this.#layout.guid);
    const data = fn === 7 ? this.#data.of(variable, attributes) : new Uint8Array(0);
    const end = this.#random.oneIn(30) ? this.#machine.memory.length : undefined;
    const dataAt = end === undefined ? DATA + this.#random.pick([0, 0, 0, 1, 3]) : end - data.length;
    this.#machine.memory.set(data, dataAt);
    this.#long(at + this.#layout.data, this.#handle(dataAt));
    this.#long(at + this.#layout.size, fn === 7 ? this.#size(data.length) : this.#readSize(variable));
  }

  #layNext(at: number): void {
    const { name, guid } = this.#random.oneIn(12) ? { name: "", guid: OURS } : this.#variable();
    const units = name.length + 1;
    this.#layName(at + this.#layout.nextName, name);
    this.#machine.memory.set(guidBytes(guid), at + this.#layout.nextGuid);
    const size = this.#random.pick([2 * units, 2 * units + 1, 2 * units - 1, 64, 1024, 1024, 0, 1, 2, 4]);
    this.#long(at + this.#layout.nextSize, this.#size(size));
  }

  #layQuery(at: number): void {
    const { view } = this.#machine;
    if (this.#random.oneIn(3)) view.setUint32(at + abi.OP_MISC, this.#random.pick([1, 1, 1, 2, 3]), true);
    const attributes = this.#random.oneIn(4) ? this.#random.below(0x100) : this.#random.pick(QUERY_ATTRIBUTES);
    view.setUint32(at + this.#layout.queryAttr, attributes, true);
  }

  #layInfo(at: number): void {
    const { view } = this.#machine;
    const { pick, below } = bound(this.#random);
    writeFirmwareInfo(view, at, pick([4, 4, 4, 4, 4, 4, 3, 5, 0, 6]), below(9));
    view.setBigUint64(
      at + abi.INFO_MEM_ADDR,
      pick([0n, 0x9e000n, 0x9efffn, 0xa0000n, 0x100000n, 0x5f9eb018n, (1n << 64n) - 1n]),
      true,
    );
    view.setBigUint64(at + abi.INFO_MEM_SIZE, pick([0n, 1n, 0x1000n, 0x2000n, 0x100000000n, (1n << 64n) - 1n]), true);
    if (view.getUint32(at + abi.INFO_INDEX, true) !== abi.EFI_INFO_VENDOR) return;
    view.setUint32(at + abi.INFO_VENDOR_BUFSZ, pick([0, 1, 2, 7, 14, 15, 16, 17, 200, 0xffffffff]), true);
    this.#long(at + abi.INFO_VENDOR_NAME, this.#handle(DATA));
  }

  #variable(): NamedVariable {
    const { pick, below } = bound(this.#random);
    const all = below(20);
    if (all < 7) return { name: pick(PLAIN_NAMES), guid: pick([OURS, OURS, THEIRS]) };
    if (all < 12) return { name: pick(GLOBAL_NAMES), guid: GLOBAL_GUID };
    if (all < 14) return { name: pick(SECURITY_NAMES), guid: IMAGE_SECURITY_GUID };
    if (all === 14) return { name: pick(["RTCALARM", "RTCALARM", "RTC"]), guid: RTC_GUID };
    if (all === 15)
      return pick([
        { name: "VarErrorFlag", guid: VAR_ERROR_GUID },
        { name: "MTC", guid: MTC_GUID },
      ]);
    if (all === 16) return { name: pick(["HwErrRec0001", "HwErrRec000a", "x"]), guid: HARDWARE_ERROR_GUID };
    if (all === 17 && below(3) === 0) return { name: pick(["certdb", "certdbv", "none"]), guid: CERT_DB_GUID };
    return pick(this.#live());
  }

  #live(): NamedVariable[] {
    const live = this.#machine.variables();
    return live.length === 0 ? [{ name: "A", guid: OURS }] : live;
  }

  #attributes(variable: NamedVariable): number {
    const { pick, oneIn, below } = bound(this.#random);
    if (oneIn(8)) return pick(ATTRIBUTES);
    if (oneIn(20)) return below(0x100);
    const isKey = /^(PK|KEK|db[xt]?)$/.test(variable.name);
    const usual = isKey ? 0x27 : oneIn(20) ? pick([0x27, 0x67]) : 7;
    return oneIn(4) ? usual | 0x40 : usual;
  }

  #layName(at: number, name: string): void {
    const units = toUcs2(`${name}\0`);
    const nameAt = this.#random.oneIn(30)
      ? this.#machine.memory.length - units.length
      : NAME + this.#random.pick([0, 0, 1, 2]);
    this.#machine.memory.set(units, nameAt);
    this.#long(at, this.#handle(nameAt));
  }

  /** Mostly the address itself. */
  #handle(address: number): bigint {
    if (!this.#random.oneIn(25)) return BigInt(address);
    const { length } = this.#machine.memory;
    const at = BigInt(address);
    const wrong = [
      0n,
      0xffen,
      BigInt(length),
      BigInt(length - 4),
      0xffffffffn,
      0xfffffffen,
      at + (1n << 32n),
      at + (1n << 63n),
    ];
    return this.#random.pick([...wrong, 0xffff82d0d0400000n, BigInt(this.#op), BigInt(this.#op + 30)]);
  }

  #size(bytes: number): bigint {
    return this.#random.oneIn(50) ? this.#random.pick(HUGE) : BigInt(bytes);
  }

  #readSize({ name, guid }: NamedVariable): bigint {
    const bytes = this.#random.oneIn(2)
      ? (this.#machine.variable(name, guid)?.data.length ?? 4)
      : this.#random.below(40);
    return this.#size(this.#random.pick([bytes, bytes, bytes + 1, Math.max(0, bytes - 1), 0, this.#largest]));
  }

  #long(at: number, value: bigint): void {
    setLong(this.#machine.view, this.#layout, at, value);
  }
}

/** Dates around power-on, month's and year's ends, and the limits of the clock. */
const DATES: readonly (readonly [year: number, month: number, day: number])[] = [
  [2024, 1, 15],
  [2024, 1, 15],
  [2024, 1, 16],
  [2024, 1, 17],
  [2023, 12, 31],
  [2024, 1, 1],
  [2024, 2, 28],
  [2024, 2, 29],
  [2024, 3, 1],
  [2023, 2, 28],
  [2023, 3, 1],
  [2023, 2, 29],
  [2000, 2, 29],
  [1998, 1, 1],
  [1997, 12, 31],
  [2097, 12, 31],
  [2098, 1, 1],
  [2024, 4, 30],
  [2024, 5, 1],
  [2024, 4, 31],
];

/** Offset, bytes and value of members that are out of their limits, or just within them. */
const SPOILT_TIMES: readonly (readonly [offset: number, bytes: number, value: number])[] = [
  [2, 1, 0],
  [2, 1, 13],
  [3, 1, 0],
  [3, 1, 32],
  [4, 1, 24],
  [5, 1, 60],
  [6, 1, 60],
  [8, 4, 1_000_000_000],
  [12, 2, -1441],
  [12, 2, 1441],
  [12, 2, 2048],
  [14, 1, 4],
  [0, 2, 0],
];

function bound(random: Random) {
  return {
    pick: <T>(from: readonly T[]): T => random.pick(from),
    oneIn: (times: number) => random.oneIn(times),
    below: (end: number) => random.below(end),
  };
}
