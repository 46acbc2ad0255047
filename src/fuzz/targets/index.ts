import { Random } from "../../random.ts";
import type { ShimOptions } from "../../testing/shim.ts";
import { ByteTarget, type Subject } from "../byte-target.ts";
import { tokensOf } from "../dictionary.ts";
import { makeTables } from "../tables.ts";
import { FileSubject, type FuzzFunction } from "./file.ts";
import { HandoverSubject } from "./handover.ts";
import { ServeSubject } from "./serve.ts";
import { ShimSubject } from "./shim.ts";
import { StoresSubject } from "./stores.ts";
import { TraceSubject } from "./trace.ts";

export { type FuzzFunction, fuzzFunctionOf } from "./file.ts";

export interface TargetOptions {
  /** Chooses what mutations do: 32 bits. */
  seed: number;
  /** Tokens for mutations beside xenefi's own, as of a dictionary. */
  tokens?: readonly Uint8Array[];
  /** Of the target `shim`: the bytes of a wasm module, and what it is loaded with. */
  shim?: Uint8Array<ArrayBuffer>;
  shimOptions?: Omit<ShimOptions, "faults">;
  /** Of the target `file`: the function of a module (fuzzFunctionOf). */
  fuzz?: FuzzFunction;
}

type Maker = (tokens: readonly Uint8Array[], options: TargetOptions) => Subject;

const MAKERS: Readonly<Record<string, Maker>> = {
  stores: (tokens) => new StoresSubject(tokens),
  trace: (tokens) => new TraceSubject(tokens),
  serve: (tokens) => new ServeSubject(tokens),
  handover: (tokens) => new HandoverSubject(tokens),
  shim: (_, { shim, shimOptions }) => {
    if (shim === undefined) throw new RangeError("shim: a wasm module");
    return new ShimSubject(shim, shimOptions);
  },
  file: (tokens, { fuzz }) => {
    if (fuzz === undefined) throw new RangeError("file: a module's function");
    return new FileSubject(tokens, fuzz);
  },
};

/** Those targets that need nothing but their name, with what each searches. */
export const BYTE_TARGETS: Readonly<Record<string, string>> = {
  stores: "files for the store readers, their writers and the decoders",
  trace: "traces for the reader and the player",
  serve: "streams of frames for a server's side of a connection",
  handover: "device trees, memory maps and system tables",
};

/** All the targets that `makeTarget` makes. */
export const TARGET_NAMES: readonly string[] = Object.keys(MAKERS);

/**
 * A target of rows of bytes by its name. Throws a RangeError that lists the names for another, or for one whose module is
 * not given, and as ShimSubject does.
 */
export function makeTarget(name: string, options: TargetOptions): ByteTarget {
  const maker = Object.hasOwn(MAKERS, name) ? MAKERS[name] : undefined;
  if (maker === undefined) throw new RangeError(`one of ${TARGET_NAMES.join(", ")}, not ${JSON.stringify(name)}`);
  const tokens = [...tokensOf(makeTables()).map(({ bytes }) => bytes), ...(options.tokens ?? [])];
  return new ByteTarget(maker(tokens, options), new Random(options.seed));
}
