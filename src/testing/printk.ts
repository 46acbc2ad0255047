import type { ShimMemory } from "./shim-memory.ts";

/** KERN_SOH of include/linux/kern_levels.h. */
const LEVEL_MARK = "\u0001";

/** A conversion of a format: flags, width, length, letter. */
const CONVERSION = /%([-0#+ ]*)(\d*)(hh|h|ll|l|z)?([a-zA-Z%])/g;

/** A message as the kernel prints it, and its level, which stands in front of the text as a byte 1 and a digit. */
export function printed(mem: ShimMemory, format: number, values: number): { level: number | undefined; text: string } {
  const message = mem.readText(format);
  const level = message.startsWith(LEVEL_MARK) ? Number(message[1]) : undefined;
  const args = new Arguments(mem, values);
  const text = message
    .slice(level === undefined ? 0 : 2)
    .replace(CONVERSION, (all, flags: string, width: string, length: string, letter: string) => {
      const value = converted(mem, args, length ?? "", letter, flags);
      if (value === undefined) return all;
      if (flags.includes("-")) return value.padEnd(Number(width));
      return value.padStart(Number(width), flags.includes("0") ? "0" : " ");
    });
  return { level, text: text.trimEnd() };
}

/** One conversion's text; undefined for a letter that is not known here. */
function converted(mem: ShimMemory, args: Arguments, length: string, letter: string, flags: string) {
  const bytes = length === "ll" ? 8 : ["l", "z"].includes(length) || "ps".includes(letter) ? mem.longBytes : 4;
  const prefix = flags.includes("#") ? "0x" : "";
  switch (letter) {
    case "%":
      return "%";
    case "d":
    case "i":
      return String(BigInt.asIntN(8 * bytes, args.next(bytes)));
    case "u":
      return String(args.next(bytes));
    case "x":
      return prefix + args.next(bytes).toString(16);
    case "X":
      return prefix + args.next(bytes).toString(16).toUpperCase();
    case "p":
      return args
        .next(bytes)
        .toString(16)
        .padStart(2 * bytes, "0");
    case "c":
      return String.fromCharCode(Number(args.next(bytes) & 0xffn));
    case "s":
      return textAt(mem, Number(args.next(bytes)));
    default:
      return undefined;
  }
}

function textAt(mem: ShimMemory, address: number): string {
  return address === 0 ? "(null)" : mem.readText(address);
}

/** The variable arguments of a C call in wasm: they lie in memory, each at a multiple of its size. */
class Arguments {
  readonly #mem: ShimMemory;
  #next: number;

  constructor(mem: ShimMemory, start: number) {
    this.#mem = mem;
    this.#next = start;
  }

  next(bytes: number): bigint {
    const at = Math.ceil(this.#next / bytes) * bytes;
    this.#next = at + bytes;
    return bytes === 8 ? this.#mem.readU64(at) : BigInt(this.#mem.readU32(at));
  }
}
