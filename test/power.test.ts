import { describe, expect, test } from "vitest";
import { Client } from "../src/client.ts";
import { nodeVerifier } from "../src/crypto/node-verifier.ts";
import { type Geometry, OVMF_4M } from "../src/formats/edk2-store.ts";
import { GLOBAL_GUID } from "../src/guid.ts";
import { toHex } from "../src/hex.ts";
import { Machine } from "../src/machine.ts";
import { POLICIES } from "../src/policies/index.ts";
import { NO_BOOT, type Policy } from "../src/policies/policy.ts";
import { makeIdentity, signedData, stampOf } from "./support/signer.ts";

const GUID = "11111111-2222-3333-4444-555555555555";
const EVERYTHING = 0xffffffff;

/** Every live variable's value by name and GUID. */
type Contents = Map<string, string>;

function contents(machine: Machine): Contents {
  return new Map(machine.variables().map(({ name, guid, data }) => [`${name}-${guid}`, toHex(data)]));
}

/** Names whose value after a cut is neither the one before nor the one after the write. */
function foreign(found: Contents, before: Contents, after: Contents): string[] {
  const names = new Set([...found.keys(), ...before.keys(), ...after.keys()]);
  return [...names].filter((name) => ![before.get(name), after.get(name)].includes(found.get(name)));
}

/** Steps of writing flash that something takes. */
function stepsOf(machine: Machine, act: () => void): number {
  machine.cutPower(EVERYTHING);
  act();
  return EVERYTHING - (machine.stepsToCut as number);
}

const signer = makeIdentity("Signer");

/** Data of a private authenticated write. */
function signed(payload: number[], sec: number): Uint8Array {
  const write = {
    name: "Private",
    guid: GUID,
    attributes: 0x27,
    time: stampOf({ sec }),
    payload: Uint8Array.from(payload),
  };
  return signedData(write, signer);
}

const time = { year: 2024, month: 5, day: 6, hour: 7, min: 8, sec: 9, ns: 0, tz: 60, daylight: 1 };

const alarm = { ...time, month: 1, day: 16 };

/** What is written before the cut can come, and the write that is cut. */
const SCENARIOS: readonly { what: string; before: (dom0: Client) => void; cut: (dom0: Client) => void }[] = [
  {
    what: "a new variable",
    before: () => {},
    cut: (dom0) => dom0.setVariable("New", GUID, 7, Uint8Array.of(1, 2, 3)),
  },
  {
    what: "a replacement",
    before: (dom0) => dom0.setVariable("Old", GUID, 7, Uint8Array.of(1, 2, 3)),
    cut: (dom0) => dom0.setVariable("Old", GUID, 7, Uint8Array.of(4, 5, 6, 7)),
  },
  {
    what: "an append",
    before: (dom0) => dom0.setVariable("Old", GUID, 7, Uint8Array.of(1, 2, 3)),
    cut: (dom0) => dom0.setVariable("Old", GUID, 0x47, Uint8Array.of(4)),
  },
  {
    what: "a deletion",
    before: (dom0) => dom0.setVariable("Old", GUID, 7, Uint8Array.of(1, 2, 3)),
    cut: (dom0) => dom0.setVariable("Old", GUID, 7),
  },
  {
    what: "PlatformLang with its partner Lang",
    before: (dom0) => dom0.setVariable("PlatformLang", GLOBAL_GUID, 7, new TextEncoder().encode("en\0")),
    cut: (dom0) => dom0.setVariable("PlatformLang", GLOBAL_GUID, 7, new TextEncoder().encode("fr\0")),
  },
  {
    what: "the monotonic count",
    before: (dom0) => dom0.getNextHighMonotonicCount(),
    cut: (dom0) => dom0.getNextHighMonotonicCount(),
  },
  { what: "SetTime with a zone", before: () => {}, cut: (dom0) => dom0.setTime(time) },
  {
    what: "SetWakeupTime",
    before: (dom0) => dom0.setWakeupTime(false),
    cut: (dom0) => dom0.setWakeupTime(true, alarm),
  },
  {
    what: "a private authenticated variable with certdb",
    before: () => {},
    cut: (dom0) => dom0.setVariable("Private", GUID, 0x27, signed([1], 1)),
  },
  {
    what: "a private authenticated deletion with certdb",
    before: (dom0) => dom0.setVariable("Private", GUID, 0x27, signed([1], 1)),
    cut: (dom0) => dom0.setVariable("Private", GUID, 0x27, signed([], 2)),
  },
];

/** Firmware that writes nothing at boot but what the scenarios need: code lists and an empty certdb. */
function quiet(policy: Policy): Policy {
  const { missing, volatile } = policy.boot;
  return {
    ...policy,
    boot: {
      ...NO_BOOT,
      missing: missing.filter(({ name }) => name === "certdb"),
      volatile: volatile.filter(({ name }) => name.endsWith("LangCodes") || name === "LangCodes"),
    },
  };
}

describe.each(["ovmf-4m", "edk2"])("power cut after any byte of a write, in the order of %s", (personality) => {
  const policy = quiet(POLICIES[personality] as Policy);

  test.each(SCENARIOS)("$what: each variable has its old or its new value", ({ before, cut }) => {
    const machine = new Machine({ policy, verifier: nodeVerifier });
    const dom0 = new Client(machine);
    dom0.setVariable("Bystander", GUID, 7, Uint8Array.of(9));
    before(dom0);
    const start = machine.snapshot();
    const old = contents(machine);
    const steps = stepsOf(machine, () => cut(dom0));
    machine.reboot();
    const fresh = contents(machine);
    expect(steps).toBeGreaterThan(0);
    let committed = 0;
    for (let step = 0; step <= steps; step++) {
      machine.restore(start);
      machine.cutPower(step);
      cut(dom0);
      machine.reboot();
      const found = contents(machine);
      expect(foreign(found, old, fresh), `cut after ${step} of ${steps} steps`).toEqual([]);
      if (foreign(found, fresh, fresh).length === 0) committed++;
      // Whatever was there can be written again.
      expect(dom0.setVariable("Bystander", GUID, 7, Uint8Array.of(step)).statusName).toBe("SUCCESS");
    }
    expect(committed).toBeGreaterThan(0);
  });
});

/** A store of 16 KiB with blocks of 1 KiB, so that every step of a reclaim can be cut. */
const SMALL: Geometry = {
  ...OVMF_4M,
  volumeBytes: 0x8c00,
  blockBytes: 0x400,
  blockCount: 0x23,
  storeEnd: 0x4000,
  workOffset: 0x4000,
  workBytes: 0x400,
  spareOffset: 0x4400,
  spareBytes: 0x4800,
};

/** A machine whose next boot reclaims: live, dead and in-transition records, and a byte behind the log. */
function reclaiming(geometry: Geometry, count: number): Machine {
  const policy: Policy = {
    ...(POLICIES["ovmf-4m"] as Policy),
    geometry,
    boot: NO_BOOT,
    maxVariableBytes: 0x400,
    maxAuthVariableBytes: 0x400,
  };
  const dom0 = new Client(new Machine({ policy }));
  for (let i = 0; i < count; i++) dom0.setVariable(`V${i}`, GUID, 7, new Uint8Array(20 + (i % 7)).fill(i));
  for (let i = 0; i < count; i += 3)
    dom0.setVariable(`V${i}`, GUID, 7, i % 2 === 0 ? new Uint8Array(0) : Uint8Array.of(i));
  const store = dom0.machine.flash();
  store[geometry.storeEnd - 1] = 0;
  const machine = new Machine({ policy, store, start: "attach" });
  return machine;
}

/** Cuts a boot with a reclaim after each of these steps, then that recovery too, and gives the number of cuts. */
function cutReclaim(machine: Machine, points: (steps: number) => Iterable<number>): number {
  const start = machine.snapshot();
  const wanted = contents(machine);
  const steps = stepsOf(machine, () => machine.rebootInterrupted(EVERYTHING));
  let cuts = 0;
  for (const step of points(steps)) {
    machine.restore(start);
    machine.rebootInterrupted(step);
    // The recovery is cut as well, somewhere else each time.
    machine.rebootInterrupted((step * 7919) % (steps + 1));
    machine.reboot();
    expect(foreign(contents(machine), wanted, wanted), `cut after ${step} of ${steps} steps`).toEqual([]);
    cuts++;
  }
  return cuts;
}

describe("power cut during a reclaim", () => {
  test("after any step, on a store of 16 KiB, and again during the recovery: nothing is lost", () => {
    const cuts = cutReclaim(reclaiming(SMALL, 90), function* (steps) {
      for (let step = 0; step <= steps; step++) yield step;
    });
    expect(cuts).toBeGreaterThan(40_000);
  });

  test("around every block and flag, on the 4M image: nothing is lost", () => {
    const blocks = 0x42;
    const cuts = cutReclaim(reclaiming(OVMF_4M, 1000), function* (steps) {
      // The flags and headers before and between the areas, and three steps around each block's edge.
      for (let step = 0; step < 200; step++) yield step;
      for (let block = 0; block <= 3 * blocks + 4; block++) {
        for (const off of [-1, 0, 1, 80, 81, 82, 146, 147, 148, 149]) {
          const step = block * 0x1000 + off;
          if (step >= 200 && step <= steps) yield step;
        }
      }
      for (let step = steps - 200; step <= steps; step++) yield step;
    });
    expect(cuts).toBeGreaterThan(1500);
  });
});
