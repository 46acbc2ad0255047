import { expect, test } from "vitest";
import { LAYOUT_VERSION } from "../assembly/abi/layout.ts";
import { Client } from "../src/client.ts";
import { sha256 } from "../src/files/bytes.ts";
import { GLOBAL_GUID, guidBytes } from "../src/guid.ts";
import { Machine } from "../src/machine.ts";
import { opLayout, writeRuntimeCall } from "../src/op.ts";
import { errnoName } from "../src/status.ts";
import { Recorder, recordHeader, replay, startMachine, type TraceCall } from "../src/trace/index.ts";
import { PLAYER_WINDOW_BYTES } from "../src/trace/player.ts";
import { toUcs2 } from "../src/ucs2.ts";
import { Random } from "./support/random.ts";

const GUID = "11111111-2222-3333-4444-555555555555";

/** A hundred calls of many kinds, told by their answers. */
function history(dom0: Client, seed: number): string[] {
  const random = new Random(seed);
  return Array.from({ length: 300 }, () => {
    const name = `V${random.below(40)}`;
    switch (random.below(6)) {
      case 0:
        return dom0.getVariable(name, GUID, random.below(30)).statusName;
      case 1:
        return String(dom0.getNextHighMonotonicCount().high);
      case 2:
        return String(dom0.queryVariableInfo(7).remainStoreSize);
      case 3:
        return [...dom0.variableNames()].map((variable) => variable.name).join();
      case 4:
        dom0.machine.clock.advance(random.below(100_000));
        return JSON.stringify(dom0.getTime().time);
      default:
        return dom0.setVariable(
          name,
          GUID,
          random.pick([7, 7, 0x47, 0]),
          new Uint8Array(random.below(30)).fill(random.u32()),
        ).statusName;
    }
  });
}

test("after a snapshot is restored the same calls bring the same answers and the same bytes", () => {
  const dom0 = new Client(new Machine());
  history(dom0, 1);
  const start = dom0.machine.snapshot();
  const first = history(dom0, 2);
  const flash = sha256(dom0.machine.flash());
  const end = sha256(dom0.machine.snapshot());
  history(dom0, 3);
  dom0.machine.restore(start);
  expect(history(dom0, 2)).toEqual(first);
  expect(sha256(dom0.machine.flash())).toBe(flash);
  expect(sha256(dom0.machine.snapshot())).toBe(end);
});

test("another machine of the same kind takes the snapshot, too", () => {
  const dom0 = new Client(new Machine());
  history(dom0, 1);
  const twin = new Client(new Machine());
  twin.machine.restore(dom0.machine.snapshot());
  expect(history(twin, 2)).toEqual(history(dom0, 2));
});

test("a buffer that is large enough is used again", () => {
  const machine = new Machine();
  const buffer = new Uint8Array(2_000_000);
  expect(machine.snapshot(buffer).buffer).toBe(buffer.buffer);
  expect(machine.snapshot(new Uint8Array(10)).length).toBe(machine.snapshot().length);
});

test.each<[string, (good: Uint8Array) => Uint8Array, string]>([
  ["no bytes", () => new Uint8Array(0), "snapshot: no snapshot"],
  ["other bytes", (good) => good.map((byte) => byte ^ 1), "snapshot: no snapshot"],
  ["a cut one", (good) => good.slice(0, -1), "bytes, not"],
  [
    "another layout version",
    (good) => good.map((byte, i) => (i === 4 ? 99 : byte)),
    `snapshot: layout version ${LAYOUT_VERSION}, not 99`,
  ],
  [
    "another flash size",
    () => new Machine({ policy: { ...machineOf2M().policy } }).snapshot(),
    "snapshot: a flash of 540672 bytes, not 131072",
  ],
])("%s is refused", (_, change, message) => {
  const machine = new Machine();
  expect(() => machine.restore(change(machine.snapshot()))).toThrow(message);
});

function machineOf2M(): Machine {
  const { policy } = new Machine();
  const geometry = {
    ...policy.geometry,
    volumeBytes: 0x20000,
    storeEnd: 0xe000,
    workOffset: 0xf000,
    spareOffset: 0x10000,
    spareBytes: 0x10000,
  };
  return new Machine({ policy: { ...policy, geometry } });
}

test("10^6 reads leave memory and heap as they were", () => {
  const machine = new Machine();
  const layout = opLayout("x86_64");
  const { memory, view } = machine;
  writeRuntimeCall(view, 0x1000, 6, 0);
  memory.set(toUcs2("BootOrder\0"), 0x2000);
  view.setBigUint64(0x1000 + layout.name, 0x2000n, true);
  view.setBigUint64(0x1000 + layout.size, 64n, true);
  view.setBigUint64(0x1000 + layout.data, 0x3000n, true);
  memory.set(guidBytes("8be4df61-93ca-11d2-aa0d-00e098032b8c"), 0x1000 + layout.guid);
  const { buffer } = memory;
  const bytes = buffer.byteLength;
  const read = (count: number) => {
    let failed = 0;
    for (let i = 0; i < count; i++) {
      view.setUint32(0x100c, 0, true);
      failed |= machine.hypercall(0x1000);
    }
    return failed;
  };
  read(100_000);
  const before = process.memoryUsage().heapUsed;
  expect(read(1_000_000)).toBe(0);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(4_000_000);
  expect(memory.buffer).toBe(buffer);
  expect(buffer.byteLength).toBe(bytes);
});

test("a window stays as large as it is, whatever the snapshot's machine had", () => {
  const [small, large] = [new Machine(), new Machine({ windowBytes: 0x1000000 })];
  small.restore(large.snapshot());
  expect(new Client(small).getVariable("BootOrder", GLOBAL_GUID).statusName).toBe("SUCCESS");
  expect(errnoName(small.hypercall(0x400000))).toBe("-EFAULT");
  large.restore(small.snapshot());
  expect(errnoName(large.hypercall(0xfff000))).toBe("-EACCES");
});

test("what a recorder has seen a guest do replays without a difference", () => {
  const machine = new Machine({ windowBytes: PLAYER_WINDOW_BYTES });
  const calls: TraceCall[] = [];
  const recorder = new Recorder(machine, (call) => calls.push(call));
  const header = recordHeader(machine, { source: "test" });
  const dom0 = new Client(machine, recorder);
  const random = new Random(5);
  for (let i = 0; i < 200; i++) {
    const name = `V${random.below(10)}`;
    dom0.setVariable(name, GUID, random.pick([7, 0x47, 6, 0]), new Uint8Array(random.below(20)).fill(i));
    dom0.getVariable(name, GUID, random.below(20));
    dom0.getNextVariableName(random.oneIn(2) ? "" : name, GUID, random.pick([0, 2, 64, 1024]));
  }
  dom0.getTime();
  dom0.vendor();
  dom0.memoryInfo(0x100000n, 5n);
  recorder.hypercall(0);
  recorder.hypercall(0x2ffff0);
  const trace = { header, calls: calls.map((call, i) => ({ line: i + 2, call })) };
  const { differences, fields } = replay(
    trace,
    startMachine({ ...trace, header: { ...header, initial_variables: [] } }, new Machine({ start: "attach" }).flash()),
  );
  expect(differences).toEqual([]);
  expect(fields).toBeGreaterThan(2000);
});
