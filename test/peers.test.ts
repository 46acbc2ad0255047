import { describe, expect, test } from "vitest";
import { OP_BYTES } from "../assembly/abi/op.ts";
import { answerOf, checkAnswers } from "../bench/answers.ts";
import { calling, stepLoop } from "../bench/batch.ts";
import { makePeers, makePlain } from "../bench/peers/index.ts";
import { GUEST_BYTES, isPlain, makeMachine, Workload } from "../bench/workload.ts";
import type { Machine } from "../src/index.ts";
import { randomCalls } from "./support/random-calls.ts";

const SHAPE = { n: 50 };
const CALLS = 5000;
const workload = new Workload(SHAPE);

test.each(["Map", "Map tuned", "plain JS", "naive AS"])("%s answers as the core does", async (name) => {
  const machine = makeMachine(SHAPE);
  machine.memory.set(workload.guest);
  const peer = (await makePeers(workload, machine)).find((one) => one.name === name);
  if (peer === undefined) throw new Error("no such peer");
  for (const one of workload.cases.filter(isPlain)) {
    const answers = [calling("core", machine, machine.memory), peer].map((target) => {
      const { before, ops } = one;
      if (before !== undefined) stepLoop(target, { step: before, ops }, workload.layout, ops.length)();
      return [target.name, answerOf(target, one, workload)] as const;
    });
    checkAnswers(one, new Map(answers));
  }
});

describe("the core's algorithm in plain JS", () => {
  test.each([1, 2, 3])("answers random calls of seed %i as the core does", (seed) => {
    const { guest, ops } = randomCalls(seed, CALLS);
    const machine = makeMachine(SHAPE, { windowBytes: GUEST_BYTES });
    machine.memory.set(guest);
    const targets = [calling("", machine, machine.memory), makePlain(machine, guest)];
    const memories = targets.map(({ words }) => Buffer.from(words.buffer, words.byteOffset, GUEST_BYTES));
    for (const op of [...ops, 0, 0xfff, GUEST_BYTES - 8, 0xffffffff]) {
      const [own, theirs] = targets.map(({ callee }, i) => {
        const ret = (callee as Machine).hypercall(op);
        return { op, ret, bytes: memories[i]?.toString("hex", op, op + OP_BYTES) };
      });
      expect(theirs).toEqual(own);
    }
    expect(memories[0]?.equals(memories[1] as Uint8Array)).toBe(true);
  });
});
