import type { Table } from "./report.ts";

/** A quotient of p20 within one table, and in its text what it is meant to be. */
interface Headline {
  text: string;
  ratio: (p20: (name: string, target?: string) => number) => number;
  table: string;
}

const CALLS = "N = 50";
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
  ratio: (p20) => p20(HIT, target) / p20(HIT),
  table: CALLS,
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
  { text: `${HIT} : plain C (at most 2.3)`, ratio: (p20) => p20(HIT) / p20(HIT, "plain C"), table: CALLS },
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
];

/** The ratios of p20 that sum a run up, by what they are of and are meant to be; those that were not measured are left out. */
export function headlinesOf(tables: readonly Table[]): Record<string, number> {
  const ratios = HEADLINES.map(({ text, ratio, table: title }): [string, number] => {
    const rows = tables.find((table) => table.title === title)?.rows ?? [];
    const p20 = (name: string, target = "core") =>
      rows.find((row) => row.name === name && row.target === target)?.p20 ?? Number.NaN;
    return [text, ratio(p20)];
  });
  return Object.fromEntries(ratios.filter(([, ratio]) => !Number.isNaN(ratio)));
}
