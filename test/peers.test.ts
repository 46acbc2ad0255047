import { describe, expect, test } from "vitest";
import { OP_BYTES } from "../assembly/abi/op.ts";
import { answerOf, checkAnswers } from "../bench/answers.ts";
import { calling, stepLoop } from "../bench/batch.ts";
import { makePeers } from "../bench/peers/index.ts";
import { PlainPeer } from "../bench/peers/plain.ts";
import { GUEST_BYTES, isPlain, makeMachine, subjects, Workload } from "../bench/workload.ts";
import { guidBytes, opLayout, Random, writeRuntimeCall } from "../src/index.ts";

const SHAPE = { n: 50 };
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

/** Guest addresses: the op, names, data; and some that lead nowhere. */
const OP = 0x1000;
const NAMES = 0x2000;
const NAME_STRIDE = 0x100;
const DATA = 0x10000;
const CALLS = 5000;
const NOWHERE = [0, 0xfff, GUEST_BYTES - 2, GUEST_BYTES, 0xffffffff];
const ATTRIBUTES = [0, 1, 2, 3, 4, 5, 6, 7, 7, 7, 7, 7, 0x0f, 0x17, 0x47, 0x47, 0x47, 0x40, 0x87, 0x107];
const GUIDS = subjects(2).map((subject) => subject.guid);
const SIZES = [0, 0, 1, 7, 8, 64, 64, 65, 300, 0x8000, 0x83b0, 0x8400];

/** A call that is mostly right, the same for both. */
function layCall(memory: Uint8Array, random: Random): number {
  const view = new DataView(memory.buffer, memory.byteOffset, memory.length);
  const { name, size, data, guid } = opLayout("x86_64");
  const fn = random.oneIn(50) ? random.pick([0, 12]) : random.pick([6, 7]);
  writeRuntimeCall(view, OP, fn, fn === 6 ? Number(random.oneIn(20)) : random.pick(ATTRIBUTES));
  view.setBigUint64(
    OP + name,
    BigInt(random.oneIn(20) ? random.pick(NOWHERE) : NAMES + random.below(8) * NAME_STRIDE),
    true,
  );
  view.setBigUint64(OP + size, random.oneIn(200) ? 1n << 32n : BigInt(random.pick(SIZES)), true);
  view.setBigUint64(OP + data, BigInt(random.oneIn(20) ? random.pick(NOWHERE) : DATA + random.below(64)), true);
  memory.set(guidBytes(random.pick(GUIDS)), OP + guid);
  if (random.oneIn(100)) view.setUint32(OP + random.pick([0, 4]), random.below(49), true);
  for (let i = 0; i < 128; i++) memory[DATA + i] = random.below(3);
  return random.oneIn(100) ? random.pick(NOWHERE) : OP;
}

/** Eight names, the first of them empty. */
function layNames(memory: Uint8Array): void {
  const view = new DataView(memory.buffer, memory.byteOffset, memory.length);
  for (let i = 1; i < 8; i++) {
    const at = NAMES + i * NAME_STRIDE;
    for (let unit = 0; unit < 3 * i - 2; unit++) view.setUint16(at + 2 * unit, 0x61 + i + unit, true);
  }
}

describe("the core's algorithm in plain JS", () => {
  test.each([1, 2, 3])("answers random calls of seed %i as the core does", (seed) => {
    const machine = makeMachine(SHAPE, { windowBytes: GUEST_BYTES });
    const forPeer = new Uint8Array(GUEST_BYTES + 0x10000);
    const ruled = [...new Set(machine.policy.definitions.map(({ guid }) => guid))];
    const peer = new PlainPeer(machine.variables(), forPeer, GUEST_BYTES, ruled);
    forPeer.fill(0);
    const random = new Random(seed);
    for (const memory of [machine.memory, forPeer]) layNames(memory);
    for (let i = 0; i < CALLS; i++) {
      const op = layCall(machine.memory, random);
      forPeer.set(machine.memory.subarray(OP, NAMES), OP);
      forPeer.set(machine.memory.subarray(DATA, DATA + 0x9000), DATA);
      const rets = [machine.hypercall(op), peer.hypercall(op)];
      expect({ i, ret: rets[1] }).toEqual({ i, ret: rets[0] });
      const [own, theirs] = [machine.memory, forPeer].map((memory) =>
        Buffer.from(memory.subarray(OP, OP + OP_BYTES)).toString("hex"),
      );
      expect({ i, op: theirs }).toEqual({ i, op: own });
      expect(Buffer.compare(machine.memory.subarray(DATA, DATA + 0x9000), forPeer.subarray(DATA, DATA + 0x9000))).toBe(
        0,
      );
    }
  });
});
