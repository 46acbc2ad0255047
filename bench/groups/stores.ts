import { coreBytes } from "../../src/core-bytes.ts";
import { Machine } from "../../src/index.ts";
import { type Case, calling, stepLoop, type Target } from "../batch.ts";
import type { Table } from "../report.ts";
import { makeMachine, Workload } from "../workload.ts";
import { timedTable } from "./timed-table.ts";

export const CORE = "the core's module";

/** What is done to a whole store, and with the core itself. */
export async function* stores(quick: boolean): AsyncGenerator<Table> {
  yield timedTable({ title: CORE, unit: "us" }, coreCases());
  yield timedTable({ title: "OVMF 4M", unit: "us" }, firmwareCases());
  for (const n of quick ? [50] : [50, 300, 3000]) {
    yield timedTable({ title: `store of 512 KiB, N = ${n}`, unit: "us" }, storeCases(n));
  }
}

/** Compiles bytes that the engine has not met, for those that it has it keeps compiled. */
function coreCases(): Case[] {
  const core = coreBytes();
  const section = Uint8Array.of(0, 7, 2, 0x4e, 0x6f, 0, 0, 0, 0);
  const bytes = new Uint8Array([...core, ...section]);
  const number = new DataView(bytes.buffer, core.length + section.length - 4);
  let met = 0;
  const compile = () => {
    number.setUint32(0, ++met);
    return new WebAssembly.Module(bytes);
  };
  return [once("compile", compile), once("compile again", () => new WebAssembly.Module(core))];
}

/** Machines of the default firmware, with what it writes at boot. */
function firmwareCases(): Case[] {
  const machine = new Machine();
  const store = machine.flash();
  const snapshot = machine.snapshot();
  const into = new Uint8Array(snapshot.length);
  return [
    once("boot of a blank store", () => new Machine()),
    once("boot of a .fd", () => new Machine({ store })),
    once("attaching a .fd", () => new Machine({ store, start: "attach" })),
    once("reboot", () => machine.reboot()),
    once("snapshot", () => machine.snapshot(into)),
    once("restore", () => machine.restore(snapshot)),
  ];
}

function storeCases(n: number): Case[] {
  const machine = makeMachine({ n });
  const store = machine.flash();
  const { policy } = machine;
  const snapshot = machine.snapshot();
  const into = new Uint8Array(snapshot.length);
  return [
    once("boot of a .fd", () => new Machine({ policy, store })),
    once("attaching a .fd", () => new Machine({ policy, store, start: "attach" })),
    once("snapshot", () => machine.snapshot(into)),
    once("restore", () => machine.restore(snapshot)),
    reclaimCase(n),
  ];
}

/** A SetVariable that finds no room and makes some. */
function reclaimCase(n: number): Case {
  const machine = makeMachine({ n });
  const workload = new Workload({ n });
  machine.memory.set(workload.guest);
  const target = calling("core", machine, machine.memory);
  const run = stepLoop(target, workload.case("SetVariable other data"), workload.layout, 1);
  const full = lastBefore(machine, target, workload, run);
  machine.restore(full);
  return { name: "reclaim, with its SetVariable", count: 1, run, undo: () => machine.restore(full) };
}

/** The state in front of the first update that leaves more room than there was. */
function lastBefore(machine: Machine, target: Target, workload: Workload, update: () => void): Uint8Array {
  const query = workload.case("QueryVariableInfo");
  const ask = stepLoop(target, query, workload.layout, 1);
  const roomNow = () => {
    ask();
    return machine.view.getBigUint64((query.ops[0] as number) + workload.layout.remainStoreSize, true);
  };
  let room = roomNow();
  for (;;) {
    const before = machine.snapshot();
    update();
    const now = roomNow();
    if (now > room) return before;
    room = now;
  }
}

/** A case of one call at a time, which takes microseconds. */
function once(name: string, run: () => void): Case {
  return { name, count: 1, run };
}
