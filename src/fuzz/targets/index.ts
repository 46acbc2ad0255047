import { Random } from "../../random.ts";
import { ByteTarget, type Subject } from "../byte-target.ts";
import { tokensOf } from "../dictionary.ts";
import { makeTables } from "../tables.ts";
import { HandoverSubject } from "./handover.ts";
import { ServeSubject } from "./serve.ts";
import { StoresSubject } from "./stores.ts";
import { TraceSubject } from "./trace.ts";

export interface TargetOptions {
  /** Chooses what mutations do. */
  seed: number;
  /** Tokens for mutations beside the target's own, as of a dictionary. */
  tokens?: readonly Uint8Array[];
}

type Maker = (tokens: readonly Uint8Array[], options: TargetOptions) => Subject;

const MAKERS: Readonly<Record<string, Maker>> = {
  stores: (tokens) => new StoresSubject(tokens),
  trace: (tokens) => new TraceSubject(tokens),
  serve: (tokens) => new ServeSubject(tokens),
  handover: (tokens) => new HandoverSubject(tokens),
};

/** The targets that `makeTarget` makes. */
export const TARGET_NAMES: readonly string[] = Object.keys(MAKERS);

/** A target of rows of bytes by its name. Throws a RangeError that lists the names for another. */
export function makeTarget(name: string, options: TargetOptions): ByteTarget {
  const maker = Object.hasOwn(MAKERS, name) ? MAKERS[name] : undefined;
  if (maker === undefined) throw new RangeError(`one of ${TARGET_NAMES.join(", ")}, not ${JSON.stringify(name)}`);
  const tokens = [...tokensOf(makeTables()).map(({ bytes }) => bytes), ...(options.tokens ?? [])];
  return new ByteTarget(maker(tokens, options), new Random(options.seed));
}
