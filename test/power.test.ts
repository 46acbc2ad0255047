import { describe, expect, test } from "vitest";
import { Client } from "../src/client.ts";
import { nodeVerifier } from "../src/crypto/node-verifier.ts";
import { type Geometry, OVMF_4M } from "../src/formats/edk2-store.ts";
import { Machine } from "../src/machine.ts";
import { POLICIES } from "../src/policies/index.ts";
import type { Policy } from "../src/policies/policy.ts";
import { bare, contents, dirtyStore, foreign, GUID, quiet, SCENARIOS, SMALL } from "./support/cut-scenarios.ts";

const EVERYTHING = 0xffffffff;

/** Steps of writing flash that something takes. */
function stepsOf(machine: Machine, act: () => void): number {
  machine.cutPower(EVERYTHING);
  act();
  return EVERYTHING - (machine.stepsToCut as number);
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

  test.each(SCENARIOS)("$what: the flash of a write in steps is that of one made at once", ({ before, cut }) => {
    const machine = new Machine({ policy, verifier: nodeVerifier });
    const dom0 = new Client(machine);
    before(dom0);
    const start = machine.snapshot();
    const untouched = machine.flash();
    cut(dom0);
    const atOnce = machine.flash();
    expect(atOnce).not.toEqual(untouched);
    machine.restore(start);
    machine.cutPower(EVERYTHING);
    cut(dom0);
    expect(machine.flash()).toEqual(atOnce);
  });
});

/** A machine whose next boot reclaims. */
function reclaiming(geometry: Geometry, count: number): Machine {
  return new Machine({ policy: bare(geometry), store: dirtyStore(geometry, count), start: "attach" });
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

describe("power cut during a reclaim", { timeout: 180_000 }, () => {
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
