import type { Table } from "../report.ts";
import { abis, dispatches, sizes } from "./dispatch.ts";
import { hosts } from "./hosts.ts";
import { resets, sequences } from "./resets.ts";
import { signed } from "./signed.ts";
import { starts } from "./starts.ts";
import { stores } from "./stores.ts";

/**
 * What is measured, in this order. Each is a file of this folder: a generator of tables, of fewer ones if it is to be quick.
 */
export const GROUPS: readonly ((quick: boolean) => AsyncGenerator<Table>)[] = [
  dispatches,
  sizes,
  abis,
  hosts,
  stores,
  resets,
  sequences,
  signed,
  starts,
];
