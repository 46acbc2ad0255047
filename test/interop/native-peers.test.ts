import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OP_BYTES } from "../../assembly/abi/op.ts";
import { answerOf, checkAnswers } from "../../bench/answers.ts";
import { calling, stepLoop, type Target } from "../../bench/batch.ts";
import { NativePeers } from "../../bench/peers/native.ts";
import { GUEST_BYTES, isPlain, makeMachine, Workload } from "../../bench/workload.ts";
import { randomCalls } from "../support/random-calls.ts";
import { missing } from "./support/packages.ts";
import { need } from "./support/tools.ts";

need("gcc", "wabt");

const SHAPE = { n: 50 };
const CALLS = 5000;
const workload = new Workload(SHAPE);
const { layout } = workload;
/** As natively, one for the calls that write and one for all others. */
const [reading, writing] = [makeNode(), makeNode()];
let native: NativePeers | undefined;

function makeNode(): Target {
  const machine = makeMachine(SHAPE);
  machine.memory.set(workload.guest);
  return calling("the core in Node", machine, machine.memory);
}

beforeAll(async () => {
  if ([...missing("gcc"), ...missing("wabt")].length > 0) return;
  const started = await NativePeers.start(workload);
  if ("missing" in started) throw new Error(started.missing);
  native = started;
}, 120_000);

afterAll(() => native?.end());

describe("what bench/c/native.c runs", () => {
  test.each(workload.cases)("answers $name as the core does in Node", async (one) => {
    const { before, step, undo, ops, writes } = one;
    const node = writes ? writing : reading;
    if (before !== undefined) stepLoop(node, { step: before, ops }, layout, ops.length)();
    const answers = new Map([[node.name, answerOf(node, one, workload)]]);
    if (undo !== undefined) answerOf(node, { ...one, step: undo }, workload);
    for (const target of NativePeers.targets) {
      const timed = await native?.case(target, one, target);
      if (timed !== undefined) answers.set(target, await timed.answer());
    }
    expect({ step, count: answers.size }).toEqual({ step, count: isPlain(one) ? 3 : 2 });
    checkAnswers(one, answers);
  });

  test.each(NativePeers.targets)("%s answers random calls as the core does in Node", async (target) => {
    const { guest, ops } = randomCalls(4, CALLS);
    const machine = makeMachine(SHAPE, { windowBytes: GUEST_BYTES });
    machine.memory.set(guest);
    const started = await NativePeers.start({ shape: SHAPE, guest });
    if ("missing" in started) throw new Error(started.missing);
    const calls = { ...workload.case("SetVariable same data"), ops };
    const timed = await started.case(target, calls, target);
    for (const op of ops) {
      machine.hypercall(op);
      const own = Buffer.from(machine.memory.subarray(op, op + OP_BYTES)).toString("hex");
      expect({ op, bytes: (await timed?.answer())?.slice(0, own.length) }).toEqual({ op, bytes: own });
    }
    await started.end();
  });
});
