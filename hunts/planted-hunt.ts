import { readFileSync } from "node:fs";
import { ANSWER_FAULTS } from "#scripts/planted/answer-faults.mjs";
import { AUTH_FAULTS } from "#scripts/planted/auth-faults.mjs";
import { FAULTS, type PlantedFault } from "#scripts/planted/faults.mjs";
import { SWITCH } from "#scripts/switched-core.mjs";
import { KIND_ANY_FUNCTION, KIND_FIRMWARE_INFO, KIND_PLATFORM, STEP_BYTES } from "../assembly/abi/fuzz.ts";
import { authOptions } from "../src/fuzz/auth-options.ts";
import { Engine } from "../src/fuzz/engine.ts";
import type { Finding } from "../src/fuzz/finding.ts";
import type { EdgeMap, FuzzBuild } from "../src/fuzz/fuzz-core.ts";
import { machineChoices } from "../src/fuzz/machines.ts";
import { oraclesFor } from "../src/fuzz/oracles/index.ts";
import { replayOracle } from "../src/fuzz/oracles/replay.ts";
import { SequenceTarget } from "../src/fuzz/sequence-target.ts";
import { makeTables } from "../src/fuzz/tables.ts";
import { Shown } from "../src/fuzz/target.ts";
import { Random } from "../src/random.ts";

/** Runs between two looks at what was found. */
const ROUND_RUNS = 100;
/** A fault that shows itself in more ways than this is not looked for any further. */
const FINDINGS_MAX = 32;

/** How a fault was found, or that it was not. */
export interface Hunt {
  /** Undefined where nothing was found. */
  finding: Finding | undefined;
  runs: number;
  calls: number;
  /** User and system time of the process, of making the finding small too. */
  cpuSeconds: number;
  /** Calls, and other steps, of the smallest sequence that shows the fault; 0 where nothing was found. */
  smallestCalls: number;
}

/**
 * Fuzzes the core with one fault, none for undefined, from an empty corpus up to its first finding, as long as `goesOn` says
 * for the runs made and the seconds of CPU spent. The seed says what is tried in which order. A finding is one that a machine
 * shows which has played nothing else, and that the core without the fault does not show.
 */
export function hunt(
  fault: PlantedFault | undefined,
  seed: number,
  goesOn: (runs: number, cpuSeconds: number) => boolean,
): Hunt {
  const start = process.cpuUsage();
  const seconds = () => {
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1e6;
  };
  const target = targetOf(fault, seed);
  const engine = new Engine(target, { seed, findingsMax: FINDINGS_MAX });
  let looked = 0;
  let finding: Finding | undefined;
  while (finding === undefined && !engine.isFull && goesOn(engine.runs, seconds())) {
    engine.run(ROUND_RUNS);
    finding = engine.findings.slice(looked).find(({ input }) => fault === undefined || isShownBy(fault, input));
    looked = engine.findings.length;
  }
  return {
    finding,
    runs: finding?.run ?? engine.runs,
    calls: finding?.calls ?? target.calls,
    cpuSeconds: seconds(),
    smallestCalls: finding === undefined ? 0 : finding.input.length / STEP_BYTES - 1,
  };
}

function isShownBy(fault: PlantedFault, input: Uint8Array): boolean {
  const shows = (isOn: boolean) => targetOf(fault, 0, isOn).run(input, "any") === Shown.Failure;
  return shows(true) && !shows(false);
}

/** Of what shows the fault, with a core in which it is on or not. */
function targetOf(fault: PlantedFault | undefined, seed: number, isOn = true): SequenceTarget {
  const random = new Random(seed ^ 0x5eed);
  const build = buildOf(isOn ? fault : undefined);
  if (fault !== undefined && AUTH_FAULTS.includes(fault)) {
    return new SequenceTarget({ ...authOptions([replayOracle(1)], []), build }, random);
  }
  const machines = machineChoices();
  const options = {
    name: "planted",
    machines,
    tables: makeTables(),
    // What shows in answers alone is for the model, which then sees every input.
    oracles: oraclesFor(machines, fault !== undefined && ANSWER_FAULTS.includes(fault)),
    counts: true,
    build,
    stepsMax: 24,
    newStepsMax: 8,
    rareKinds: [
      KIND_ANY_FUNCTION,
      ...Array.from({ length: KIND_PLATFORM - KIND_FIRMWARE_INFO + 1 }, (_, i) => KIND_FIRMWARE_INFO + i),
    ],
    rareOneIn: 12,
    isWild: false,
  };
  return new SequenceTarget(options, random);
}

function buildOf(fault: PlantedFault | undefined): FuzzBuild {
  planted ??= {
    module: new WebAssembly.Module(new Uint8Array(readFileSync(new URL(import.meta.resolve("#planted.wasm"))))),
    map: JSON.parse(readFileSync(new URL(import.meta.resolve("#planted-edges.json")), "utf8")) as EdgeMap,
  };
  const number = fault === undefined ? 0 : FAULTS.indexOf(fault) + 1;
  return { ...planted, prepare: ({ view }) => view.setInt32(SWITCH, number, true) };
}

/** Compiled once a process. */
let planted: Omit<FuzzBuild, "prepare"> | undefined;
