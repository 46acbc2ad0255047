import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { answerOf, checkAnswers } from "../../bench/answers.ts";
import { calling, stepLoop, type Target } from "../../bench/batch.ts";
import { NativePeers } from "../../bench/peers/native.ts";
import { isPlain, makeMachine, Workload } from "../../bench/workload.ts";
import { missing } from "./support/packages.ts";
import { need } from "./support/tools.ts";

need("gcc", "wabt");

const SHAPE = { n: 50 };
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
});
