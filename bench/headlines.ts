import type { Table } from "./report.ts";

/** The ratios of p20 that sum a run up, by what they are of; those whose rows were not measured are left out. */
export function headlinesOf(tables: readonly Table[]): Record<string, number> {
  const p20 = (title: string, name: string, target = "core") =>
    tables.find((table) => table.title === title)?.rows.find((row) => row.name === name && row.target === target)
      ?.p20 ?? Number.NaN;
  const calls = "N = 50";
  const hit = p20(calls, "GetVariable hit");
  const layers = "GetVariable hit, N = 50";
  const layer = (name: string) => p20(layers, name) / p20(layers, "raw export");
  const peer = (target: string) => p20(calls, "GetVariable hit", target) / hit;
  const ratios = {
    "GetVariable hit : rejected dispatch (N = 50, 64 B; at most 12)": hit / p20(calls, "rejected"),
    "foreign, fixed buffer : GetVariable hit (N = 50; at most 12)": layer("guest in a fixed buffer"),
    "foreign, growing memory : GetVariable hit (N = 50; at most 15)": layer("guest in a memory that may grow"),
    "JS Map + DataView : GetVariable hit (N = 50; at least 30)": peer("Map"),
    "JS Map, tuned : GetVariable hit (at least 14)": peer("Map tuned"),
    "the same algorithm in JS : GetVariable hit (at least 3)": peer("plain JS"),
    "naive AssemblyScript : GetVariable hit": peer("naive AS"),
    "GetVariable hit : hand-written C, native (at most 2)": 1 / peer("plain C"),
  };
  return Object.fromEntries(Object.entries(ratios).filter(([, ratio]) => !Number.isNaN(ratio)));
}
