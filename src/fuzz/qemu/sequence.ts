import { ByteWriter } from "../../formats/byte-writer.ts";
import { GLOBAL_GUID, GUID_NAMES, IMAGE_SECURITY_GUID } from "../../guid.ts";
import { toHex } from "../../hex.ts";
import { Random } from "../../random.ts";
import type { Fields, Trace, TraceCall, TraceVariable } from "../../trace/format.ts";
import { toUcs2 } from "../../ucs2.ts";

const VENDOR = "11111111-2222-3333-4444-555555555555";
const GUIDS = [VENDOR, VENDOR, VENDOR, "ffffffff-ffff-ffff-ffff-ffffffffffff", GLOBAL_GUID, IMAGE_SECURITY_GUID];
/** Few names, so that calls meet. */
const NAMES = ["A", "B", "AB", "Boot0001", "変数", "a", "Lang", "HwErrRec0001", "X".repeat(40), "\ud83d\ude00", ""];
/** Variables that a firmware has its own rules for. */
const OWN: readonly Fields[] = [
  ..."SetupMode SecureBoot VendorKeys VendorKeysNv SignatureSupport PK KEK HwErrRecSupport"
    .split(" ")
    .map((name) => ({ name, guid: GLOBAL_GUID })),
  ..."db dbx dbt".split(" ").map((name) => ({ name, guid: IMAGE_SECURITY_GUID })),
  { name: "CustomMode", guid: GUID_NAMES.custommode as string },
  { name: "MTC", guid: GUID_NAMES.mtc as string },
];
/** Key databases that setup mode writes without a signature. */
const DATABASES = OWN.filter(({ name }) => ["KEK", "db", "dbx"].includes(name as string));
/** Made by boot services: some that run time sees, and some that it does not. */
const PRELOAD: readonly TraceVariable[] = [
  { name: "Stored", guid: VENDOR, attr: 7, data: "01" },
  { name: "Hidden", guid: VENDOR, attr: 3, data: "0102" },
  { name: "Volatile", guid: VENDOR, attr: 6, data: "03" },
  { name: "HiddenVolatile", guid: VENDOR, attr: 2, data: "04" },
];
/** Mostly what Dom0 writes; then every bit. */
const ATTRIBUTES = [7, 7, 7, 7, 7, 3, 6, 2, 1, 0, 5, 0xf, 0x17, 0x27, 0x47, 0x43, 0x67, 0x87, 0x107, 0x80000007];
/** WIN_CERTIFICATE_UEFI_GUID without certificate data; its type; EFI_CERT_SHA256_GUID. */
const DESCRIPTOR_BYTES = 24;
const PKCS7_GUID = "4aafd29d-68df-49ee-8aa9-347d375665a7";
const SHA256_GUID = "c1c41626-504c-4092-aca9-41f936934328";
const SIZES = [0, 1, 1, 2, 3, 8, 40, 100, 1000, 4000];
const LARGE_SIZES = [30000, 65000, 65400, 65460, 65500, 65536, 70000];

/** A sequence of random calls: the same for the same seed. */
export function randomSequence(seed: number, calls = 60): Trace {
  const sequence = new Sequence(seed);
  const made = Array.from({ length: calls }, (_, i) => ({ line: i + 2, call: sequence.next() }));
  const header: Trace["header"] = { format: "xenefi-trace", version: 1, abi: "x86_64", preload: sequence.preload() };
  return { header, calls: made };
}

class Sequence {
  readonly #random: Random;
  /** Written so far, for calls that shall meet a variable. */
  readonly #written: Fields[] = [];

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  preload(): TraceVariable[] {
    const preload = PRELOAD.filter(() => this.#random.oneIn(2));
    this.#written.push(...preload.map(({ name, guid }) => ({ name: name as string, guid })));
    return preload;
  }

  next(): TraceCall {
    const random = this.#random;
    if (random.oneIn(100)) return this.#call("reset", {});
    switch (random.below(8)) {
      case 0:
      case 1:
        return this.#call("get_variable", { ...this.#variable(), size: this.#size() });
      case 2:
      case 3:
        return this.#call("get_next_variable_name", { ...this.#start(), size: random.pick([2, 4, 20, 1024, 1024]) });
      case 4:
        return this.#call("query_variable_info", { attr: random.pick(ATTRIBUTES) });
      case 5:
        return this.#authenticated();
      default:
        return this.#set();
    }
  }

  #set(): TraceCall {
    const random = this.#random;
    const variable = this.#variable();
    this.#written.push(variable);
    return this.#write(variable, random.pick(ATTRIBUTES), new Uint8Array(this.#size()).fill(random.below(256)));
  }

  /** A write with a descriptor that holds no signature, and is now and then another one's. */
  #authenticated(): TraceCall {
    const random = this.#random;
    const variable = random.oneIn(50) ? random.pick(OWN) : random.pick(DATABASES);
    const writer = new ByteWriter()
      .u16(random.pick([2020, 2021, 2022]))
      .u32(0x0101 + 256 * random.below(12))
      .zeros(10);
    const length = random.oneIn(20) ? random.pick([0, 8, 23, 400]) : DESCRIPTOR_BYTES;
    writer
      .u32(length)
      .u16(random.oneIn(12) ? 0x100 : 0x200)
      .u16(random.oneIn(12) ? 2 : 0xef1);
    writer.guid(random.oneIn(12) ? VENDOR : PKCS7_GUID);
    for (let lists = random.below(3); lists > 0; lists--) writer.bytes(this.#list());
    if (random.oneIn(12)) writer.zeros(random.below(30));
    return this.#write(variable, random.pick([0x27, 0x27, 0x67, 0x26, 0x23, 0x2f]), writer.done());
  }

  /** A signature list of digests; few digests, so that lists have some in common. */
  #list(): Uint8Array {
    const random = this.#random;
    const digests = Array.from({ length: 1 + random.below(3) }, () => new Uint8Array(32).fill(random.below(4)));
    const writer = new ByteWriter()
      .guid(SHA256_GUID)
      .u32(28 + 48 * digests.length)
      .u32(0)
      .u32(48);
    for (const digest of digests) writer.guid(VENDOR).bytes(digest);
    return writer.done();
  }

  #write(variable: Fields, misc: number, data: Uint8Array): TraceCall {
    return this.#call("set_variable", { ...variable, misc, size: data.length, data: toHex(data) });
  }

  #call(fn: string, input: Fields): TraceCall {
    return { fn, in: input, out: {} };
  }

  /** One that was written, or any. */
  #variable(): Fields {
    const random = this.#random;
    if (this.#written.length > 0 && !random.oneIn(3)) return random.pick(this.#written);
    return random.oneIn(4) ? random.pick(OWN) : { name: random.pick(NAMES), guid: random.pick(GUIDS) };
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
