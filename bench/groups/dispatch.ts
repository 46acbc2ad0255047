import { ABIS } from "../../src/index.ts";
import type { Table } from "../report.ts";
import { Workload } from "../workload.ts";
import { measureCalls } from "./calls.ts";

/** Calls that read a value and that write one. */
const READ_AND_WRITE = ["rejected", "GetVariable hit", "SetVariable other data"];

/** All calls over stores of several sizes, with all peers. */
export async function* dispatches(quick: boolean): AsyncGenerator<Table> {
  for (const n of quick ? [50] : [10, 50, 300, 3000]) yield measureCalls(`N = ${n}`, new Workload({ n }));
}

/** Values of several sizes: 64 bytes are in the tables before, and none at all is "size asked". */
export async function* sizes(quick: boolean): AsyncGenerator<Table> {
  for (const bytes of quick ? [] : [1024, 4096, 32768]) {
    yield measureCalls(`N = 50, ${bytes} B`, new Workload({ n: 50, bytes }), { calls: READ_AND_WRITE });
  }
}

/** The callers' op layouts: x86_32 has another one, arm32 a folded status. */
export async function* abis(): AsyncGenerator<Table> {
  for (const abi of ABIS) {
    yield measureCalls(abi, new Workload({ n: 50, abi }), { calls: READ_AND_WRITE, peers: false });
  }
}
