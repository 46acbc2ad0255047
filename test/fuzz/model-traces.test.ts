import { expect, test } from "vitest";
import { differenceText } from "../../src/cli/difference.ts";
import { findStartStore } from "../../src/files/start-store.ts";
import type { AddressRange } from "../../src/fuzz/model/guest.ts";
import { modelOf } from "../../src/fuzz/model/of-machine.ts";
import { replay, startMachine } from "../../src/trace/index.ts";
import { fixturePath, readTrace, traceNames } from "../support/fixtures.ts";

/** Machines that are not the model's: not booted from EFI; without runtime services; one whose signatures count. */
const OTHERS = ["bios.jsonl", "no-rs.jsonl", "auth-stamps.jsonl"];
/** What the hypervisor of the captured traces allocates. */
const ALLOCATION_LIMIT = 0x3fffffff;

/** Plays a trace on the model in its machine's place; the machine answers what the model does not cover. */
function replayOnModel(name: string) {
  const trace = readTrace("traces", name);
  const start = startMachine(trace, findStartStore(trace.header, fixturePath(`traces/${name}`)));
  const { machine } = start;
  const model = modelOf(machine, { allocationLimit: ALLOCATION_LIMIT });
  const holes: AddressRange[] = [];
  model.guest.unmapped = holes;
  let uncovered = 0;
  const hypercall = machine.hypercall.bind(machine);
  machine.unmap = (from, end) => void holes.push({ start: from, end });
  machine.hypercall = (op) => {
    const ret = model.answer(machine.memory, Number(op));
    if (ret === undefined) uncovered++;
    return ret ?? hypercall(op);
  };
  const result = replay(trace, start);
  return { result, uncovered };
}

const names = traceNames("traces").filter((name) => !OTHERS.includes(name));

test("18 captured traces are of machines like the model's", () => {
  expect(names).toHaveLength(18);
});

test.each(names)("the model answers %s as the captured machine did", (name) => {
  const { result, uncovered } = replayOnModel(name);
  expect(result.differences.map(differenceText)).toEqual([]);
  // What a BIOS knows of disks: firmware_info of two types.
  expect(uncovered).toBe(name === "firmware-info.jsonl" ? 6 : 0);
});
