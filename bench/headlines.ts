import { FIRST_ANSWER, NOTHING, STARTS, VERSION } from "./groups/starts.ts";
import { CORE } from "./groups/stores.ts";
import type { Table } from "./report.ts";

/** The p20 of a name in nanoseconds; the target is the core, the table the headline's own, unless said. */
type P20 = (name: string, more?: { target?: string; table?: string }) => number;

/** A quotient or a difference of p20, and in its text what it is meant to be. */
interface Headline {
  text: string;
  ratio: (p20: P20) => number;
  table: string;
}

const CALLS = "N = 50";
const FEW = "N = 10";
const MANY = "N = 3000";
const LAYERS = "GetVariable hit, N = 50";
const TEST_CASES = "10 calls and back, N = 50";
const HIT = "GetVariable hit";

/** How many hits a call takes. */
const inHits = (name: string, goal: string): Headline => ({
  text: `${name} : ${HIT} (${goal})`,
  ratio: (p20) => p20(name) / p20(HIT),
  table: CALLS,
});
/** How many times a hit another answerer takes for one. */
const peer = (target: string, goal: string): Headline => ({
  text: `${HIT} by ${target} : core (${goal})`,
  ratio: (p20) => p20(HIT, { target }) / p20(HIT),
  table: CALLS,
});
/** How much longer a call takes with 3000 variables than with 10. */
const growth = (name: string, goal: string): Headline => ({
  text: `${name}, ${MANY} : ${FEW} (${goal})`,
  ratio: (p20) => p20(name, { table: MANY }) / p20(name, { table: FEW }),
  table: MANY,
});
/** Milliseconds that a process takes more than one that does nothing. */
const start = (name: string, goal: string): Headline => ({
  text: `${name}, ms above ${NOTHING} (${goal})`,
  ratio: (p20) => (p20(name, { target: "node" }) - p20(NOTHING, { target: "node" })) / 1e6,
  table: STARTS,
});
/** How many times the raw export a layer takes. */
const layer = (name: string, goal: string): Headline => ({
  text: `${name} : raw export (${goal})`,
  ratio: (p20) => p20(name) / p20("raw export"),
  table: LAYERS,
});

const HEADLINES: readonly Headline[] = [
  { text: `${HIT} : rejected (at most 11)`, ratio: (p20) => p20(HIT) / p20("rejected"), table: CALLS },
  peer("Map", "at least 38"),
  peer("Map tuned", "at least 14"),
  peer("plain JS", "at least 3.3"),
  peer("naive AS", "at least 4"),
  { text: `${HIT} : plain C (at most 2.3)`, ratio: (p20) => p20(HIT) / p20(HIT, { target: "plain C" }), table: CALLS },
  growth(HIT, "at most 1.1"),
  growth("GetVariable miss", "at most 1.1"),
  growth("GetVariable random", "at most 1.6"),
  growth("GetNextVariableName", "at most 2.5"),
  inHits("SetVariable other data", "at most 2.2"),
  inHits("SetVariable same data", "at most 1.1"),
  inHits("SetVariable other size", "at most 2.5"),
  inHits("SetVariable create", "at most 2"),
  inHits("GetTime", "at most 0.7"),
  inHits("QueryVariableInfo", "at most 0.4"),
  layer("Machine.hypercall", "at most 1.15"),
  layer("Client.getVariable", "at most 6"),
  layer("guest in a fixed buffer", "at most 12"),
  layer("guest in a memory that may grow", "at most 15"),
  {
    text: `10 calls and an undo : ${HIT} (at most 15)`,
    ratio: (p20) => p20("undo to a mark") / p20(HIT),
    table: TEST_CASES,
  },
  {
    text: "10 calls and an undo, N = 3000 : N = 50 (at most 1.2)",
    ratio: (p20) => p20("undo to a mark", { table: "10 calls and back, N = 3000" }) / p20("undo to a mark"),
    table: TEST_CASES,
  },
  { text: "compile of the core, ms (at most 0.5)", ratio: (p20) => p20("compile") / 1e6, table: CORE },
  start(FIRST_ANSWER, "at most 15"),
  start(VERSION, "at most 25"),
];

/** The figures that sum a run up, by what they are of and are meant to be; those that were not measured are left out. */
export function headlinesOf(tables: readonly Table[]): Record<string, number> {
  const ratios = HEADLINES.map(({ text, ratio, table: title }): [string, number] => {
    const p20: P20 = (name, { target = "core", table = title } = {}) => {
      const rows = tables.find((one) => one.title === table)?.rows ?? [];
      return rows.find((row) => row.name === name && row.target === target)?.p20 ?? Number.NaN;
    };
    return [text, ratio(p20)];
  });
  return Object.fromEntries(ratios.filter(([, ratio]) => !Number.isNaN(ratio)));
}
