import { afterAll, describe, expect, test } from "vitest";
import { ADDED, IN_TRANSITION } from "../assembly/abi/record.ts";
import { Client } from "../src/client.ts";
import { nodeVerifier } from "../src/crypto/node-verifier.ts";
import type { FlashDevice } from "../src/flash-device.ts";
import { FlashError } from "../src/flash-device.ts";
import { findVolume, formatVolume, OVMF_4M, readLog, writeRecords } from "../src/formats/edk2-store.ts";
import { guidBytes } from "../src/guid.ts";
import { toHex } from "../src/hex.ts";
import { Machine } from "../src/machine.ts";
import { POLICIES } from "../src/policies/index.ts";
import { NO_BOOT, type Policy } from "../src/policies/policy.ts";
import {
  bare,
  type Contents,
  contents,
  dirtyStore,
  foreign,
  GUID,
  quiet,
  SCENARIOS,
  SMALL,
} from "./support/cut-scenarios.ts";
import { Booter, type Epoch, lossesOf, lossOf, RecordingDevice } from "./support/flash-log.ts";
import { Random } from "./support/random.ts";

let losses = 0;

afterAll(() => console.info(`${losses} losses of power, 0 acknowledged variables lost`));

/** Boots all that a loss of power in the epochs can leave. */
function checkLosses(epochs: readonly Epoch[], booter: Booter, before: Contents, after: Contents): void {
  const random = new Random(7);
  for (const [i, epoch] of epochs.entries()) {
    for (const file of lossesOf(epoch, random)) {
      expect(foreign(contents(booter.boot(file)), before, after), `epoch ${i}`).toEqual([]);
      losses++;
    }
  }
}

describe.each(["ovmf-4m", "edk2"])(
  "a loss of power, whatever the disk had not yet written, in the order of %s",
  (name) => {
    const policy = {
      ...quiet(POLICIES[name] as Policy),
      geometry: SMALL,
      maxVariableBytes: 0x400,
      maxAuthVariableBytes: 0x400,
    };
    const blank = formatVolume(SMALL);
    const booter = new Booter({ policy, store: blank, verifier: nodeVerifier });

    test.each(SCENARIOS)("$what: each variable has its old or its new value", ({ before, cut }) => {
      const device = new RecordingDevice(blank);
      const machine = new Machine({ policy, store: blank, flash: device, verifier: nodeVerifier });
      const dom0 = new Client(machine);
      dom0.setVariable("Bystander", GUID, 7, Uint8Array.of(9));
      before(dom0);
      const old = contents(booter.boot(device.file));
      const start = device.epochs.length;
      cut(dom0);
      expect(device.isSafe).toBe(true);
      const fresh = contents(booter.boot(device.file));
      const epochs = device.epochs.slice(start);
      expect(epochs.length).toBeGreaterThan(0);
      checkLosses(epochs, booter, old, fresh);
    });

    test("a life of 150 losses: every acknowledged variable survives all of them", () => {
      const random = new Random(name.length);
      let file: Uint8Array = blank;
      let known: Contents = new Map();
      for (let life = 0; life < 150; life++) {
        const device = new RecordingDevice(file);
        const machine = new Machine({ policy, store: file, flash: device, verifier: nodeVerifier });
        const dom0 = new Client(machine);
        // The boot itself may be what is cut.
        let epochs = device.epochs.splice(0);
        let next = known;
        for (let call = random.below(12); call > 0; call--) {
          known = next;
          const [variable, data] = [
            `V${random.below(4)}`,
            new Uint8Array(random.below(4) * random.below(60)).fill(life),
          ];
          const { ok } = dom0.setVariable(variable, GUID, random.pick([7, 7, 0x47]), data);
          next = ok ? contents(machine) : known;
          expect(toHex(device.file)).toBe(toHex(machine.flash()));
          epochs = device.epochs.splice(0);
        }
        const epoch = epochs.length > 0 ? random.pick(epochs) : undefined;
        file = epoch === undefined ? device.file : lossOf(epoch, random);
        if (epoch === undefined) known = next;
        const found = contents(booter.boot(file));
        expect(foreign(found, known, next), `life ${life}`).toEqual([]);
        known = found;
        losses++;
      }
    });
  },
);

describe("a loss of power in a boot that reclaims", () => {
  /** What a boot over a file writes, and the device after it. */
  function bootOver(policy: Policy, file: Uint8Array): RecordingDevice {
    const device = new RecordingDevice(file);
    new Machine({ policy, store: file, flash: device });
    expect(device.isSafe).toBe(true);
    return device;
  }

  test("on a store of 16 KiB, and again in the recovery: nothing is lost", { timeout: 180_000 }, () => {
    const policy = bare(SMALL);
    const store = dirtyStore(SMALL, 90);
    const booter = new Booter({ policy, store });
    const wanted = contents(booter.boot(store));
    const { epochs, file } = bootOver(policy, store);
    expect(wanted.size).toBeGreaterThan(60);
    expect(contents(booter.boot(file))).toEqual(wanted);
    checkLosses(epochs, booter, wanted, wanted);
    const random = new Random(3);
    for (const epoch of epochs.flatMap((one) => bootOver(policy, lossOf(one, random)).epochs)) {
      for (let i = 0; i < 20; i++) {
        expect(foreign(contents(booter.boot(lossOf(epoch, random))), wanted, wanted)).toEqual([]);
        losses++;
      }
    }
  });

  test("on the 4M image: nothing is lost", { timeout: 180_000 }, () => {
    const policy = bare(OVMF_4M);
    const store = dirtyStore(OVMF_4M, 1000);
    const booter = new Booter({ policy, store });
    const wanted = contents(booter.boot(store));
    const random = new Random(5);
    for (const epoch of bootOver(policy, store).epochs) {
      for (let i = 0; i < 25; i++) {
        expect(foreign(contents(booter.boot(lossOf(epoch, random))), wanted, wanted)).toEqual([]);
        losses++;
      }
    }
  });

  test("the volume's header is never written: OVMF would format what it does not know", () => {
    const { epochs } = bootOver(bare(SMALL), dirtyStore(SMALL, 90));
    const offsets = epochs.flatMap(({ writes }) => writes.map(({ offset }) => offset));
    expect(Math.min(...offsets)).toBeGreaterThanOrEqual(SMALL.storeOffset + 28);
  });
});

/** A machine that has booted, what its device has seen since, and its Dom0. */
function running(policy: Policy): { machine: Machine; device: RecordingDevice; dom0: Client } {
  const store = formatVolume(policy.geometry);
  const device = new RecordingDevice(store);
  const machine = new Machine({ policy, store, flash: device });
  device.epochs.length = 0;
  return { machine, device, dom0: new Client(machine) };
}

describe("a loss of power among records of one name", () => {
  const policy = bare(SMALL);

  /** A store with an old value of A in transition beside the present one. */
  function twins(): Uint8Array {
    const store = formatVolume(SMALL);
    const record = { name: "A", guid: GUID, attributes: 7 };
    writeRecords(store, SMALL, [
      { ...record, data: Uint8Array.of(0), state: IN_TRANSITION },
      { ...record, data: Uint8Array.of(1), state: ADDED },
    ]);
    return store;
  }

  test.each([
    ["a replacement", Uint8Array.of(2)],
    ["a deletion", undefined],
  ])("%s leaves no two in transition without an added one, of which edk2 would keep the older", (_, data) => {
    const device = new RecordingDevice(twins());
    const dom0 = new Client(new Machine({ policy, store: device.file, flash: device }));
    expect(dom0.setVariable("A", GUID, 7, data).statusName).toBe("SUCCESS");
    expect(device.epochs.length).toBeGreaterThan(1);
    for (const epoch of device.epochs) {
      for (const file of lossesOf(epoch, new Random(1))) {
        const states = readLog(file, findVolume(file)).map(({ state }) => state);
        const standing = states.filter((state) => state === ADDED || state === IN_TRANSITION);
        expect(standing.length < 2 || standing.includes(ADDED), states.join()).toBe(true);
      }
    }
  });

  test("a value that a boot replaces and deletes does not come back", () => {
    const store = formatVolume(SMALL);
    const device = new RecordingDevice(store);
    const writes = ["01", "02", ""].map((data) => ({ name: "A", guid: GUID, attributes: 7, data }));
    new Machine({ policy, store, flash: device, preload: writes });
    const key = `A-${GUID}`;
    checkLosses(device.epochs.slice(-1), new Booter({ policy, store }), new Map([[key, "02"]]), new Map());
  });

  // On such a header the walk goes on 60 bytes behind it, where the name is: U+55AA is a start id.
  test("a crafted value is never read as records, as its header is safe before it", () => {
    const { device, dom0 } = running(policy);
    const crafted = new Uint8Array(140).fill(0);
    crafted.set([0xaa, 0x55, ADDED, 0, 7], 56);
    crafted.set([4, 0, 0, 0, 1, 0, 0, 0, ...guidBytes(GUID), 0x50, 0, 0, 0, 9], 56 + 36);
    dom0.setVariable("\u55aa", GUID, 7, crafted);
    const booter = new Booter({ policy, store: formatVolume(SMALL) });
    checkLosses(device.epochs, booter, new Map(), new Map([[`\u55aa-${GUID}`, toHex(crafted)]]));
  });
});

describe("what is written, and when", () => {
  const LOG = SMALL.storeOffset + 28;

  /** Epochs as lines: offset in the log and bytes of each write; long ones as their length. */
  function told(epochs: readonly Epoch[]): string[] {
    const line = ({ offset, bytes }: Epoch["writes"][number]) =>
      `${offset - LOG}:${bytes.length > 8 ? bytes.length : toHex(bytes)}`;
    return epochs.map(({ writes }) => writes.map(line).join(" "));
  }

  // A record of "A" takes 60 + 4 bytes, and its data. A header's last byte that differs from erased flash is its GUID's.
  test.each([
    {
      order: "ovmf-4m",
      created: ["0:60 2:7f", "60:41000000 64:0102", "2:3f"],
      // 66 + 2 bytes of padding.
      replaced: ["2:3e 68:60 70:7f", "128:41000000 132:0304", "70:3f", "2:3c"],
    },
    {
      order: "edk2",
      created: ["0:60 60:41000000 64:0102", "2:3f"],
      replaced: ["2:3e 68:60 128:41000000 132:0304", "70:3f", "2:3c"],
    },
  ])("in the order of $order", ({ order, created, replaced }) => {
    const { device, dom0 } = running({ ...bare(SMALL), flags: (POLICIES[order] as Policy).flags });
    dom0.setVariable("A", GUID, 7, Uint8Array.of(1, 2));
    expect(told(device.epochs.splice(0))).toEqual(created);
    dom0.setVariable("A", GUID, 7, Uint8Array.of(3, 4));
    expect(told(device.epochs.splice(0))).toEqual(replaced);
    dom0.setVariable("A", GUID, 7);
    expect(told(device.epochs.splice(0))).toEqual(["70:3d"]);
  });

  test("what another process left is made safe before anything is written", () => {
    const uses: string[] = [];
    const flash = { write: () => uses.push("write"), sync: () => uses.push("sync") };
    new Machine({ store: formatVolume(OVMF_4M), flash });
    expect(uses.slice(0, 2)).toEqual(["sync", "write"]);
  });

  test("reads, refusals and the same data write nothing", () => {
    const { device, dom0 } = running(bare(SMALL));
    dom0.setVariable("A", GUID, 7, Uint8Array.of(1));
    device.epochs.length = 0;
    dom0.getVariable("A", GUID, 9);
    dom0.setVariable("A", GUID, 7, Uint8Array.of(1));
    dom0.setVariable("B", GUID, 3, Uint8Array.of(1));
    dom0.queryVariableInfo(7);
    expect(device.epochs).toEqual([]);
    expect(device.isSafe).toBe(true);
  });

  test.each(Object.keys(POLICIES))("%s: the device has the machine's flash after its boot and each call", (name) => {
    const policy = POLICIES[name] as Policy;
    const { machine, device, dom0 } = running(policy);
    const same = () => Buffer.compare(device.file, machine.flash()) === 0 && device.isSafe;
    expect(same()).toBe(true);
    for (let i = 0; i < 20; i++) {
      dom0.setVariable(`V${i % 3}`, GUID, 7, new Uint8Array(i % 5).fill(i));
      dom0.getNextHighMonotonicCount();
      expect(same()).toBe(true);
    }
    machine.reboot();
    expect(same()).toBe(true);
  });

  test("a cut of power passes on what it lets through", () => {
    const { machine, device, dom0 } = running(bare(SMALL));
    for (let steps = 0; steps < 80; steps++) {
      machine.cutPower(steps);
      dom0.setVariable("A", GUID, 7, Uint8Array.of(steps));
      expect(toHex(device.file)).toBe(toHex(machine.flash()));
      machine.reboot();
      expect(toHex(device.file)).toBe(toHex(machine.flash()));
    }
  });
});

describe("a device that fails", () => {
  /** Fails at its `count`th use, and from then on. */
  function failing(count: number): FlashDevice {
    let left = count;
    const use = () => {
      if (left-- <= 0) throw Object.assign(new Error("no space left"), { code: "ENOSPC" });
    };
    return { write: use, sync: use };
  }

  test("fails the machine: the call and all later ones throw, with the cause", () => {
    const policy = { ...(POLICIES["ovmf-4m"] as Policy), geometry: SMALL, boot: NO_BOOT };
    const store = formatVolume(SMALL);
    const device = new RecordingDevice(store);
    const machine = new Machine({ policy, store, flash: device });
    const dom0 = new Client(machine);
    device.write = failing(0).write;
    expect(() => dom0.setVariable("A", GUID, 7, Uint8Array.of(1))).toThrow(FlashError);
    for (const call of [
      () => dom0.getVariable("A", GUID, 9),
      () => dom0.setVariable("A", GUID, 7),
      () => machine.schedOp(2, 0x1000),
      () => machine.reboot(),
      () => machine.rebootInterrupted(5),
    ]) {
      expect(call).toThrow("the flash device failed: no space left");
    }
    try {
      machine.hypercall(0x1000);
    } catch (error) {
      expect((error as FlashError).cause).toMatchObject({ code: "ENOSPC" });
    }
  });

  test("at any use it leaves every acknowledged variable in the file", () => {
    const policy = bare(SMALL);
    const blank = formatVolume(SMALL);
    const booter = new Booter({ policy, store: blank });
    for (let uses = 0; uses < 120; uses++) {
      const device = new RecordingDevice(blank);
      const limit = failing(uses);
      const flash: FlashDevice = {
        write(offset, bytes) {
          limit.sync();
          device.write(offset, bytes);
        },
        sync: () => limit.sync(),
      };
      let done = 0;
      try {
        const dom0 = new Client(new Machine({ policy, store: blank, flash }));
        for (; done < 40; done++) dom0.setVariable(`V${done % 7}`, GUID, 7, Uint8Array.of(done));
      } catch (error) {
        expect(error).toBeInstanceOf(FlashError);
      }
      const dom0 = new Client(booter.boot(device.file));
      for (let i = Math.max(0, done - 7); i < done; i++) {
        const { data } = dom0.getVariable(`V${i % 7}`, GUID, 9);
        // The call that failed may be done.
        expect([i, ...(i + 7 === done ? [done] : [])]).toContain(data?.[0]);
      }
    }
  });
});

describe("refused with a RangeError", () => {
  const policy = bare(SMALL);
  const store = formatVolume(SMALL);
  const flash = new RecordingDevice(store);

  test("a device without the store that is on it", () => {
    expect(() => new Machine({ policy, flash })).toThrow(RangeError);
  });

  test("a machine that attaches, and so mends nothing", () => {
    expect(() => new Machine({ policy, store, flash, start: "attach" })).toThrow(RangeError);
  });

  test("a store without fault-tolerant-write areas, where a reclaim cannot be safe", () => {
    const geometry = { ...SMALL, workBytes: 0, spareBytes: 0 };
    expect(() => new Machine({ policy, store: formatVolume(geometry), flash })).toThrow("fault-tolerant-write");
  });

  test("a step back to a snapshot", () => {
    const machine = new Machine({ policy, store, flash });
    expect(() => machine.restore(machine.snapshot())).toThrow(RangeError);
  });
});

test("a snapshot of a machine with a device works on one without, and writes nothing to the device", () => {
  const { machine, device } = running(bare(SMALL));
  const twin = new Machine({ policy: bare(SMALL) });
  twin.restore(machine.snapshot());
  new Client(twin).setVariable("A", GUID, 7, Uint8Array.of(1));
  expect(twin.variable("A", GUID)?.data).toEqual(Uint8Array.of(1));
  expect(device.epochs).toEqual([]);
});
