import { GLOBAL_GUID, IMAGE_SECURITY_GUID } from "../../guid.ts";
import { toHex } from "../../hex.ts";
import { Random } from "../../random.ts";
import type { Fields, Trace, TraceCall } from "../../trace/format.ts";
import { toUcs2 } from "../../ucs2.ts";

const VENDOR = "11111111-2222-3333-4444-555555555555";
const GUIDS = [VENDOR, VENDOR, VENDOR, "ffffffff-ffff-ffff-ffff-ffffffffffff", GLOBAL_GUID, IMAGE_SECURITY_GUID];
/** Few names, so that calls meet. */
const NAMES = ["A", "B", "AB", "Boot0001", "変数", "a", "Lang", "HwErrRec0001", "X".repeat(40), ""];
/** Names that a firmware has its own rules for. */
const OWN_NAMES = ["SetupMode", "SecureBoot", "VendorKeys", "PK", "KEK", "db", "dbx", "OsIndicationsSupported", "MTC"];
/** Mostly what Dom0 writes; then every bit. */
const ATTRIBUTES = [7, 7, 7, 7, 7, 3, 6, 2, 1, 0, 5, 0xf, 0x17, 0x27, 0x47, 0x43, 0x67, 0x87, 0x107, 0x80000007];
const SIZES = [0, 1, 1, 2, 3, 8, 40, 100, 1000, 4000];
const LARGE_SIZES = [30000, 65000, 65400, 65460, 65500, 65536, 70000];

/** A sequence of random calls: the same for the same seed. */
export function randomSequence(seed: number, calls = 60): Trace {
  const sequence = new Sequence(seed);
  const made = Array.from({ length: calls }, (_, i) => ({ line: i + 2, call: sequence.next() }));
  return { header: { format: "xenefi-trace", version: 1, abi: "x86_64", source: `seed ${seed}` }, calls: made };
}

class Sequence {
  readonly #random: Random;
  /** Written so far, for calls that shall meet a variable. */
  readonly #written: Fields[] = [];

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  next(): TraceCall {
    const random = this.#random;
    switch (random.below(8)) {
      case 0:
      case 1:
        return this.#call("get_variable", { ...this.#variable(), size: this.#size() });
      case 2:
      case 3:
        return this.#call("get_next_variable_name", { ...this.#start(), size: random.pick([2, 4, 20, 1024, 1024]) });
      case 4:
        return this.#call("query_variable_info", { attr: random.pick(ATTRIBUTES) });
      default:
        return this.#set();
    }
  }

  #set(): TraceCall {
    const random = this.#random;
    const variable = this.#variable();
    this.#written.push(variable);
    const data = new Uint8Array(this.#size()).fill(random.below(256));
    return this.#call("set_variable", {
      ...variable,
      misc: random.pick(ATTRIBUTES),
      size: data.length,
      data: toHex(data),
    });
  }

  #call(fn: string, input: Fields): TraceCall {
    return { fn, in: input, out: {} };
  }

  /** One that was written, or any. */
  #variable(): Fields {
    const random = this.#random;
    if (this.#written.length > 0 && !random.oneIn(3)) return random.pick(this.#written);
    const name = random.oneIn(5) ? random.pick(OWN_NAMES) : random.pick(NAMES);
    return { name, guid: random.pick(GUIDS) };
  }

  /** A name to go on from: none, at first; a variable; or one with something behind its terminator. */
  #start(): Fields {
    const random = this.#random;
    if (random.oneIn(3)) return { name: "", guid: VENDOR };
    if (random.oneIn(10)) return { nameHex: toHex(toUcs2("A\0rest\0")), guid: VENDOR };
    return this.#variable();
  }

  #size(): number {
    const random = this.#random;
    if (random.oneIn(40)) return random.pick(LARGE_SIZES);
    return random.pick(SIZES);
  }
}
