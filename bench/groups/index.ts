import type { Table } from "../report.ts";
import { abis, dispatches, sizes } from "./dispatch.ts";

/** What is measured, in this order: a generator of tables each, of fewer ones if it is to be quick. */
export const GROUPS: readonly ((quick: boolean) => AsyncGenerator<Table>)[] = [dispatches, sizes, abis];
