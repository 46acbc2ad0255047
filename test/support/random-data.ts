import { guidBytes } from "../../src/guid.ts";
import { fromHex } from "../../src/hex.ts";
import type { Random } from "../../src/random.ts";
import { le32 } from "./bytes.ts";

export interface NamedVariable {
  name: string;
  guid: string;
}

const TIME_BASED = 0x20;
const COUNTER_BASED = 0x10;

const LANGUAGES = [
  "en\0",
  "en",
  "en-US\0",
  "en-US-x;fr\0",
  "fr\0",
  "fr;en\0",
  "eng\0",
  "engx\0",
  "fra\0",
  "e\0",
  "f",
  "\0",
  "xx\0",
  "\0en",
  ";en\0",
  "xx-en\0",
  "en-\0",
  "enf\0",
];
const DEVICE_PATHS = [
  "7fff0400",
  "02010c00d041030a000000007fff0400",
  "7f0104007fff0400",
  "7fff0500",
  "040404007fff0400",
  "04040600410000007fff0400",
  "0404080041000000" + "7fff0400",
  "040406004100" + "7fff0400",
  "010103007fff0400",
  "7fff0400aabb",
  "0101ff007fff0400",
  "7fff",
  "01010600",
];
const SHA256 = "c1c41626-504c-4092-aca9-41f936934328";
const SIGNATURE_TYPES: readonly (readonly [guid: string, bytes: number])[] = [
  [SHA256, 48],
  [SHA256, 48],
  ["826ca512-cf10-4ac9-b187-be01496631bd", 36],
  ["446dbf63-2502-4cda-bcfa-2465d2b0fe9d", 96],
  ["0b6e5233-a65c-44c9-9407-d9ab83bfc8bd", 44],
  ["00000000-0000-0000-0000-000000000001", 48],
];

/** Random data for SetVariable: what suits the variable, and what does not quite. */
export class RandomData {
  readonly #random: Random;
  readonly #largest: number;

  constructor(random: Random, largest: number) {
    this.#random = random;
    this.#largest = largest;
  }

  of({ name }: NamedVariable, attributes: number): Uint8Array {
    if (this.#random.oneIn(9)) return this.#bytes();
    if (attributes & TIME_BASED) return this.#spoilt(this.#signed(name));
    if (attributes & COUNTER_BASED) return new Uint8Array(this.#random.pick([560, 560, 0, 559, 561]));
    return this.#random.oneIn(5) ? this.#spoilt(this.#plain(name)) : this.#plain(name);
  }

  #plain(name: string): Uint8Array {
    const { random } = { random: this.#random };
    if (/^(Platform)?Lang(Codes)?$/.test(name)) return new TextEncoder().encode(random.pick(LANGUAGES));
    if (/^(Con|ErrOut)/.test(name)) return fromHex(random.pick(DEVICE_PATHS));
    if (/Order$/.test(name)) return Uint8Array.from([1, 0, 2, 0, 3].slice(0, random.below(6)));
    if (/^(Boot|Driver|SysPrep|PlatformRecovery)[0-9A-Fa-f]{4}/.test(name)) return this.#loadOption();
    if (/^Key/.test(name)) return new Uint8Array(random.pick([10, 14, 22, 9, 11, 26, 6]));
    if (name === "RTCALARM") return this.#alarm();
    if (name === "VarErrorFlag") return new Uint8Array(1 + random.below(3)).fill(random.pick([0xff, 0xef, 0x10]));
    return this.#bytes();
  }

  /** Few values, so that data often are those that are there. */
  #bytes(): Uint8Array {
    const { pick, below } = {
      pick: <T>(from: readonly T[]) => this.#random.pick(from),
      below: (n: number) => this.#random.below(n),
    };
    const counts = [0, 0, 1, 2, 2, 4, 8, below(40), below(this.#largest), this.#largest - below(20)];
    return new Uint8Array(pick(counts)).fill(below(2), 0, below(4));
  }

  #alarm(): Uint8Array {
    const alarm = fromHex("24000229120000000000000000000000");
    for (let i = 0; i < 4; i++)
      if (this.#random.oneIn(3)) alarm[i] = this.#random.pick([0, 1, 0x31, 0x99, 0x9a, 0xa0, 0x12]);
    return this.#random.oneIn(4) ? alarm.slice(0, this.#random.below(17)) : alarm;
  }

  #loadOption(): Uint8Array {
    const path = fromHex(this.#random.pick(DEVICE_PATHS));
    const description = fromHex(this.#random.pick(["0000", "41000000", "4100", ""]));
    const length = this.#random.oneIn(4) ? this.#random.below(20) : path.length;
    return Uint8Array.from([
      1,
      0,
      0,
      0,
      length,
      0,
      ...description,
      ...path,
      ...fromHex(this.#random.pick(["", "aa", "0102"])),
    ]);
  }

  /** A time-based descriptor without signature, then signature lists, or few bytes. */
  #signed(name: string): Uint8Array {
    const isKey = /^(PK|KEK|db[xt]?)$/.test(name);
    const certificate = this.#random.pick([0, 0, 8]);
    const payload = this.#random.oneIn(4) ? [] : isKey ? this.#lists() : [1, 2, 3];
    const stamp = this.#random.oneIn(9)
      ? [0x65, 0x6e, 0, ...new Array<number>(13).fill(0)]
      : new Array<number>(16).fill(0);
    const head = [...le32(24 + certificate), 0, 2, 0xf1, 0x0e, ...guidBytes("4aafd29d-68df-49ee-8aa9-347d375665a7")];
    return Uint8Array.from([...stamp, ...head, ...new Array<number>(certificate).fill(9), ...payload]);
  }

  #lists(): number[] {
    return Array.from({ length: 1 + this.#random.below(2) }, () => {
      const [guid, bytes] = this.#random.pick(SIGNATURE_TYPES);
      const count = this.#random.pick([1, 1, 2, 3, 0]);
      const signatures = Array.from({ length: count }, () => {
        const signature = new Array<number>(bytes).fill(0);
        signature[bytes - 1] = this.#random.below(4);
        return signature;
      });
      return [...guidBytes(guid), ...le32(28 + count * bytes), ...le32(0), ...le32(bytes), ...signatures.flat()];
    }).flat();
  }

  /** Now and then one byte else, or fewer or more of them. */
  #spoilt(data: Uint8Array): Uint8Array {
    if (!this.#random.oneIn(4) || data.length === 0) return data;
    if (this.#random.oneIn(2)) return data.slice(0, this.#random.below(data.length));
    const spoilt = data.slice();
    spoilt[this.#random.below(data.length)] = this.#random.pick([0, 1, 0x7f, 0xff, this.#random.below(256)]);
    return spoilt;
  }
}
