import { expect, test } from "vitest";
import {
  CONTENT_LISTED,
  HEAD_ABI,
  HEAD_BOOTS,
  HEAD_BOOTS_ON,
  KIND_REBOOT,
  LIST_CONTINUED,
  LIST_LAID,
  LIST_LONG,
  LIST_LOOPS,
  LIST_MISALIGNED,
  LIST_SHORT,
  LIST_SPLIT,
  LIST_SPLIT_HEADER,
  STEP_BYTES,
  STEP_CONTENT,
  STEP_GUID,
  STEP_KIND,
  STEP_NAME,
  STEP_RAW,
  STEP_SEED,
  STEP_SIZE,
} from "../../assembly/abi/fuzz.ts";
import { FN_UPDATE_CAPSULE } from "../../assembly/abi/op.ts";
import { FuzzMachine } from "../../src/fuzz/fuzz-machine.ts";
import { abiOracle } from "../../src/fuzz/oracles/abi.ts";
import { CAPSULE_CONTENTS, CAPSULE_GUIDS, makeTables } from "../../src/fuzz/tables.ts";
import { ABIS } from "../../src/op.ts";
import { Random } from "../../src/random.ts";

const TABLES = makeTables();
/** PERSIST_ACROSS_RESET, as a byte of its own. */
const PERSISTS = 1;

/** UpdateCapsule of two capsules of that content with a list of that shape, then a boot. */
function update(shape: number, { abi = 0, content = CAPSULE_CONTENTS[0] as number, capsules = 2 } = {}): Uint8Array {
  const input = new Uint8Array(3 * STEP_BYTES);
  input[HEAD_ABI] = abi;
  input[HEAD_BOOTS] = HEAD_BOOTS_ON;
  const step = input.subarray(STEP_BYTES);
  step[STEP_KIND] = FN_UPDATE_CAPSULE;
  step[STEP_NAME] = shape;
  step[STEP_GUID] = CAPSULE_GUIDS[0] as number;
  step[STEP_SIZE] = capsules;
  step[STEP_CONTENT] = CONTENT_LISTED;
  step[STEP_SEED] = content;
  step[STEP_RAW + 6] = PERSISTS;
  step[STEP_BYTES + STEP_KIND] = KIND_REBOOT;
  return input;
}

const fuzzMachine = (capsules: "xen" | "firmware") =>
  new FuzzMachine({ abi: "x86_64", capsules }, TABLES, { counts: false });

/** What the boot finds of the list. */
function found(input: Uint8Array): string[] {
  const player = fuzzMachine("firmware");
  expect(player.play(player.lay(input))).toBeUndefined();
  return player.machine.capsules.map(({ status, capsules }) => `${status} ${capsules.length}`);
}

test.each(ABIS.map((name, i) => [name, i] as const))("two capsules that are laid are found by a boot: %s", (_, abi) => {
  expect(found(update(LIST_LAID, { abi }))).toEqual(["SUCCESS 2"]);
});

test.each([
  ["blocks are split behind the header", LIST_SPLIT, "SUCCESS 2"],
  ["blocks are split within the header", LIST_SPLIT | LIST_SPLIT_HEADER, "NOT_FOUND 0"],
  ["the list goes on elsewhere", LIST_CONTINUED, "SUCCESS 2"],
  ["the end leads to the start", LIST_LOOPS, "ABORTED 0"],
  ["the list lies on no multiple of 8", LIST_MISALIGNED, "NOT_FOUND 0"],
  ["blocks are too long", LIST_LONG, "NOT_FOUND 0"],
  ["blocks are too short", LIST_SHORT, "NOT_FOUND 0"],
])("the name of a step is the list's shape: %s", (_, shape, expected) => {
  expect(found(update(LIST_LAID | shape))).toEqual([expected]);
});

test("no list is laid where the shape does not say so: the seed is its address", () => {
  expect(found(update(0))).toEqual(["NOT_FOUND 0"]);
});

test.each([
  [0, "SUCCESS 1"],
  [1, "SUCCESS 1"],
  [2, undefined],
  [3, undefined],
  [4, undefined],
])("content %i of the capsules' own is taken, or not", (i, expected) => {
  const content = CAPSULE_CONTENTS[i] as number;
  expect(found(update(LIST_LAID, { content, capsules: 1 }))).toEqual(expected === undefined ? [] : [expected]);
});

test("nothing is laid where no firmware takes capsules: there the ABIs' memories are compared", () => {
  expect(abiOracle(1).check(fuzzMachine("xen"), update(LIST_LAID), new Random(1))).toBeUndefined();
});
