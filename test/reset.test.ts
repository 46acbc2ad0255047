import { describe, expect, test } from "vitest";
import * as sched from "../assembly/abi/sched.ts";
import { Client } from "../src/client.ts";
import { Machine } from "../src/machine.ts";
import { ABIS } from "../src/op.ts";
import { SHUTDOWN_NAMES, StoppedError } from "../src/shutdown.ts";
import { errnoName, Reason } from "../src/status.ts";
import { Recorder } from "../src/trace/index.ts";

const ARGUMENT = 0x2000;

/** A machine with a reason at ARGUMENT. */
function machineWith(reason: number, options = {}): Machine {
  const machine = new Machine(options);
  machine.view.setUint32(ARGUMENT, reason, true);
  return machine;
}

/** Makes the call and tells the errno's name and why. */
function refusal(machine: Machine, cmd: number, argument = ARGUMENT): [string, string] {
  return [errnoName(machine.schedOp(cmd, argument)), Reason[machine.reason] as string];
}

describe.each(ABIS)("SCHEDOP_shutdown of %s", (abi) => {
  // xen/common/shutdown.c, hwdom_shutdown; domain_shutdown takes the reason as u8.
  test.each([
    [0, "poweroff", "halts"],
    [1, "reboot", "restarts"],
    [2, "suspend", "restarts"],
    [3, "crash", "restarts"],
    [4, "watchdog", "restarts"],
    [5, "soft_reset", "restarts"],
    [6, "unknown", "restarts"],
    [255, "unknown", "restarts"],
    [0x100, "poweroff", "halts"],
    [0xffffff01, "reboot", "restarts"],
  ])("reason %i is %s: the machine %s", (reason, name, outcome) => {
    const machine = machineWith(reason, { abi });
    expect(machine.shutdown).toBeUndefined();
    expect(refusal(machine, sched.SCHEDOP_SHUTDOWN)).toEqual(["0", "None"]);
    expect(machine.shutdown).toEqual({ by: "dom0", reason: reason & 0xff, name, machine: outcome });
  });

  test("a reason of which any byte is missing is -EFAULT, and Dom0 runs on", () => {
    const machine = machineWith(1, { abi });
    for (let missing = 0; missing < sched.SCHED_SHUTDOWN_BYTES; missing++) {
      machine.map();
      machine.unmap(ARGUMENT + missing, ARGUMENT + missing + 1);
      expect(refusal(machine, sched.SCHEDOP_SHUTDOWN), `byte ${missing}`).toEqual(["-EFAULT", "ArgumentNotMapped"]);
    }
    for (const nowhere of [0, 0xfff, 0x7fffffff, 0xffffffff, machine.memory.length - 3]) {
      expect(refusal(machine, sched.SCHEDOP_SHUTDOWN, nowhere)[0], String(nowhere)).toBe("-EFAULT");
    }
    expect(machine.shutdown).toBeUndefined();
    machine.map();
    machine.unmap(ARGUMENT + 4, ARGUMENT + 5);
    machine.protect(ARGUMENT, ARGUMENT + 4);
    expect(refusal(machine, sched.SCHEDOP_SHUTDOWN)[0]).toBe("0");
  });

  test("other sub-ops are -ENOSYS whatever their argument", () => {
    const machine = machineWith(1, { abi });
    for (const cmd of [0, 1, 3, 4, 5, 6, 7, 8, 0x7fffffff, -1]) {
      for (const argument of [ARGUMENT, 0]) {
        expect(refusal(machine, cmd, argument), String(cmd)).toEqual(["-ENOSYS", "UnknownSchedOp"]);
      }
    }
    expect(machine.shutdown).toBeUndefined();
  });
});

test("how the hypervisor and its caller stand makes no difference", () => {
  const platform = { privileged: false, efiBoot: false, runtimeServices: false, platformOps: false };
  const machine = machineWith(1, { platform });
  expect(machine.schedOp(sched.SCHEDOP_SHUTDOWN, ARGUMENT)).toBe(0);
});

describe("after a shutdown", () => {
  test.each(["hypercall", "sched_op", "client", "recorder"])("a %s throws", (by) => {
    const machine = new Machine();
    const dom0 = new Client(machine);
    const lines: unknown[] = [];
    const recorder = new Recorder(machine, (call) => lines.push(call));
    expect(dom0.shutdown("reboot")).toMatchObject({ ok: true, ret: 0, errno: "0", reason: "" });
    const calls: Record<string, () => unknown> = {
      hypercall: () => machine.hypercall(0),
      sched_op: () => machine.schedOp(sched.SCHEDOP_SHUTDOWN, ARGUMENT),
      client: () => dom0.getTime(),
      recorder: () => recorder.hypercall(0),
    };
    expect(calls[by]).toThrow(new StoppedError(machine.shutdown as never));
    expect(calls[by]).toThrow(/since its reboot/);
    expect(lines).toEqual([]);
    expect(machine.shutdown?.name).toBe("reboot");
  });

  test.each([
    ["reboot", (machine: Machine) => machine.reboot()],
    ["rebootInterrupted", (machine: Machine) => machine.rebootInterrupted(1e6)],
  ])("%s starts Dom0 again over what it stored", (_, start) => {
    const machine = new Machine();
    const dom0 = new Client(machine);
    const guid = "11111111-2222-3333-4444-555555555555";
    dom0.setVariable("Kept", guid, 7, Uint8Array.of(1));
    dom0.shutdown("poweroff");
    start(machine);
    expect(machine.shutdown).toBeUndefined();
    expect(dom0.getVariable("Kept", guid).data).toEqual(Uint8Array.of(1));
  });

  test("a snapshot keeps whether Dom0 runs", () => {
    const machine = machineWith(0);
    const running = machine.snapshot();
    machine.schedOp(sched.SCHEDOP_SHUTDOWN, ARGUMENT);
    const ended = machine.snapshot();
    machine.restore(running);
    expect([machine.shutdown, errnoName(machine.hypercall(0))]).toEqual([undefined, "-EFAULT"]);
    machine.restore(ended);
    expect(() => machine.hypercall(0)).toThrow(StoppedError);
  });
});

test("a machine that follows the host's clock goes on doing so after a reboot", () => {
  const machine = new Machine({ clock: "host" });
  const dom0 = new Client(machine);
  dom0.shutdown("reboot");
  expect(() => dom0.getTime()).toThrow(StoppedError);
  machine.reboot();
  machine.clock.seconds = 0;
  dom0.getTime();
  expect(machine.clock.seconds).toBeGreaterThan(1e9);
});

test("the client says every reason by name or number", () => {
  for (const [reason, name] of SHUTDOWN_NAMES.entries()) {
    for (const word of [reason, name]) {
      const machine = new Machine();
      new Client(machine).shutdown(word);
      expect(machine.shutdown).toMatchObject({ reason, name });
    }
  }
});
