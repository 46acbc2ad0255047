import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { STEP_BYTES } from "../../assembly/abi/fuzz.ts";
import { readFileBytes, readPlainBytes } from "../files/bytes.ts";
import { parseDictionary } from "../fuzz/dictionary.ts";
import { type LaneOptions, laneTarget } from "../fuzz/lane.ts";
import { TARGETS } from "../fuzz/make-target.ts";
import type { Target } from "../fuzz/target.ts";
import { CommandError, Exit, type Globals } from "./io.ts";
import { named } from "./store.ts";

/** Longest run where neither runs nor time are said. */
export const SECONDS = 60;

/** Options of `xenefi fuzz`, as they were given. */
export interface FuzzOptions extends Globals {
  seed: number;
  runs?: number;
  time?: number;
  timeout: number;
  jobs: number;
  maxLen?: number;
  maxSteps: number;
  variables?: number;
  coverage: boolean;
  maxFindings: number;
  findings: string;
  merge?: true;
  minimise?: true;
  checks: "none" | "some" | "model";
  dict?: string;
  report?: string;
}

/** A target, and what it starts from. */
export interface Hunt {
  lane: LaneOptions;
  /** The target as the command line has it. */
  words: string;
  /** Files and folders. */
  inputs: string[];
}

/** What the target's name and the options say, and the inputs that are left. */
export function huntOf(name: string, paths: string[], options: FuzzOptions): Hunt {
  const lane = commonOptions(options);
  if (name === "shim") {
    const [file, ...inputs] = paths;
    if (file === undefined) throw new CommandError(Exit.Usage, "shim: FILE.wasm before the inputs");
    return {
      words: `shim ${file}`,
      lane: { ...lane, name, shim: named(file, () => new Uint8Array(readFileBytes(file).bytes)) },
      inputs,
    };
  }
  if (!Object.hasOwn(TARGETS, name) && /[./\\]/.test(name)) {
    return { words: name, lane: { ...lane, name: "file", module: pathToFileURL(resolve(name)).href }, inputs: paths };
  }
  return { words: name, lane: { ...lane, name }, inputs: paths };
}

function commonOptions(options: FuzzOptions): Omit<LaneOptions, "name"> {
  const { seed, variables, maxFindings, coverage, checks, dict, maxLen } = options;
  const stepsMax = maxLen === undefined ? options.maxSteps : Math.floor(maxLen / STEP_BYTES) - 1;
  if (stepsMax < 1) throw new CommandError(Exit.Usage, "--max-len: at least 64, the head and a step");
  const text = (path: string) => new TextDecoder().decode(readPlainBytes(path));
  const tokens = dict === undefined ? [] : named(dict, () => parseDictionary(text(dict)).map(({ bytes }) => bytes));
  return { seed, variables, stepsMax, bytesMax: maxLen, checks, tokens, counts: coverage, findingsMax: maxFindings };
}

/** The target, or wrong usage. */
export async function usableTarget(lane: LaneOptions): Promise<Target> {
  try {
    return await laneTarget(lane);
  } catch (error) {
    if (error instanceof RangeError) throw new CommandError(Exit.Usage, error.message);
    if (lane.module !== undefined)
      throw new CommandError(Exit.Unreadable, `${lane.module}: ${(error as Error).message}`);
    throw error;
  }
}
