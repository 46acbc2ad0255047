import type { Place } from "../../src/bench/case.ts";
import { type Report, type Row, SCHEMA } from "../../src/bench/report.ts";

/** A row with this ratio, on a machine whose rejected dispatch takes 10 ns. */
export function rowOf(place: Place, ratio: number): Row {
  return { ...place, batch: 1000, samples: 50, p20Ns: 10 * ratio, p50Ns: 11 * ratio, ratio };
}

/** A report with a row of each group, as a benchmark could have made it; changed as asked. */
export function madeReport(changes: Partial<Report> = {}): Report {
  return {
    schema: SCHEMA,
    subject: { store: null, variables: 50, policy: "ovmf-4m", abi: "x86_64", seed: 1, trace: null },
    machine: { cpu: "A processor", cores: 2, platform: "linux x64", node: "v20.20.2", core: "ab".repeat(32) },
    seconds: 5,
    noise: { floorVariation: 0.02, rounds: 30, clockNs: 45 },
    rows: [
      rowOf({ group: "store", operation: "rejected dispatch" }, 1),
      rowOf({ group: "store", operation: "GetVariable, one" }, 5),
      rowOf({ group: "growth", operation: "GetVariable, one", at: 10 }, 5),
      rowOf({ group: "growth", operation: "GetVariable, one", at: 3000 }, 6),
      rowOf({ group: "size", operation: "GetVariable, one", at: 0 }, 4),
      rowOf({ group: "size", operation: "GetVariable, one", at: 4096 }, 9),
      rowOf({ group: "trace", operation: "get_variable" }, 5.5),
    ],
    skipped: [{ group: "store", operation: "GetTime", why: "UNSUPPORTED: not offered" }],
    read: { name: "Lang", guid: "8be4df61-93ca-11d2-aa0d-00e098032b8c", bytes: 4 },
    distribution: {
      batch: 64,
      passes: 9,
      spread: { min: 40, p50: 45, p90: 60, p99: 80, max: 80 },
      variables: [
        { name: "Lang", guid: "8be4df61-93ca-11d2-aa0d-00e098032b8c", bytes: 4, ns: 40 },
        { name: "db", guid: "d719b2cb-3d3a-4596-a3bc-dad00e67656f", bytes: 3143, ns: 80 },
      ],
    },
    stalls: {
      turns: 1_000_000,
      with: { perMillion: [200, 20, 2], turnNs: 90 },
      without: { perMillion: [100, 10, 1], turnNs: 45 },
    },
    ...changes,
  };
}
