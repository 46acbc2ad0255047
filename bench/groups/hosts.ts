import { bufferMemory, Client, fixedMemory, type GuestMemory, type Machine } from "../../src/index.ts";
import { answerOf, checkAnswers } from "../answers.ts";
import { BATCH, type Case, calling, opCase, type Target } from "../batch.ts";
import { rawCore } from "../raw-core.ts";
import type { Table } from "../report.ts";
import { DATA_BYTES } from "../steps.ts";
import { GUEST_BYTES, makeMachine, type Subject, subjects, Workload } from "../workload.ts";
import { timedTable } from "./timed-table.ts";

const SHAPE = { n: 50 };
const RAW = "raw export";

/** The hit through each layer in front of the core, and over guests that have memory of their own. */
export async function* hosts(): AsyncGenerator<Table> {
  const workload = new Workload(SHAPE);
  const hit = workload.case("GetVariable hit");
  const machine = makeMachine(SHAPE);
  const targets = [
    rawCore(RAW, machine, workload.guest),
    calling("Machine.hypercall", machine, machine.memory),
    foreign("guest in a fixed buffer", fixedMemory(new ArrayBuffer(GUEST_BYTES))),
    foreign("guest in a memory that may grow", growing()),
  ];
  machine.memory.set(workload.guest);
  for (const { words } of targets.slice(2)) new Uint8Array(words.buffer).set(workload.guest);
  checkAnswers(hit, new Map(targets.map((target) => [target.name, answerOf(target, hit, workload)])));
  const cases = targets.map((target) => opCase(target, hit, workload.layout, target.name));
  yield timedTable({ title: "GetVariable hit, N = 50", unit: "ns", per: RAW }, [...cases, clientCase()]);
}

function foreign(name: string, guestMemory: GuestMemory): Target {
  const machine: Machine = makeMachine(SHAPE, { guestMemory });
  return calling(name, machine, machine.memory);
}

function growing(): GuestMemory {
  const memory = new WebAssembly.Memory({ initial: GUEST_BYTES >> 16 });
  return bufferMemory(() => memory.buffer);
}

/** Strings in, an object with a fresh array out. */
function clientCase(): Case {
  const client = new Client(makeMachine(SHAPE));
  const { name, guid } = subjects(SHAPE.n)[SHAPE.n >> 1] as Subject;
  const get = () => client.getVariable(name, guid, DATA_BYTES);
  const { ok, data } = get();
  if (!ok || data?.every((byte) => byte === 0xab) !== true) throw new Error("Client: a wrong answer");
  const run = () => {
    for (let i = 0; i < BATCH; i++) get();
  };
  return { name: "Client.getVariable", count: BATCH, run };
}
