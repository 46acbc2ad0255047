import type { Case } from "../batch.ts";
import type { Table } from "../report.ts";
import { type NativeCase, timeCases } from "../sampling.ts";

/** Times cases and gives a table with a row for each. */
export async function timedTable(
  head: Pick<Table, "title" | "unit" | "per">,
  cases: readonly (Case | NativeCase)[],
): Promise<Table> {
  const figures = await timeCases(cases);
  return { ...head, rows: [...figures].map(([name, ns]) => ({ name, target: "core", ...ns })), notes: [] };
}
