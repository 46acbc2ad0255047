import { expect } from "vitest";
import type { Rule } from "../../../../src/faults/rule.ts";
import type { PlatformState } from "../../../../src/platform.ts";
import type { EfiResult, Shim, ShimEfi, ShimMemory, ShimOptions } from "../../../../src/testing/index.ts";
import { rawCapsule } from "../../../support/capsules.ts";
import { type Examination, NO_VENDOR, VENDOR } from "./examination.ts";

const IMAGE = [rawCapsule({ flags: 0 })];

/** The functions of struct efi that make a hypercall, each called so that a willing hypervisor answers it. */
export const SERVICES: Record<string, (efi: ShimEfi) => EfiResult> = {
  get_time: (efi) => efi.getTime(),
  set_time: (efi) => efi.setTime("2030-02-28T23:59:58"),
  get_wakeup_time: (efi) => efi.getWakeupTime(),
  set_wakeup_time: (efi) => efi.setWakeupTime(false, null),
  get_variable: (efi) => efi.getVariable("Mine", VENDOR),
  get_next_variable: (efi) => efi.getNextVariable("", NO_VENDOR),
  set_variable: (efi) => efi.setVariable("Mine", VENDOR, 7, [1]),
  set_variable_nonblocking: (efi) => efi.setVariableNonblocking("Mine", VENDOR, 7, [1]),
  query_variable_info: (efi) => efi.queryVariableInfo(7),
  query_variable_info_nonblocking: (efi) => efi.queryVariableInfoNonblocking(7),
  update_capsule: (efi) => efi.updateCapsule(IMAGE),
  query_capsule_caps: (efi) => efi.queryCapsuleCaps(IMAGE),
  get_next_high_mono_count: (efi) => efi.getNextHighMonoCount(),
};

type Call = (typeof SERVICES)[string];

/** Functions that came with UEFI 2.00: a shim asks for them only where the firmware is as new. */
const SINCE_2_00 = ["query_variable_info", "query_variable_info_nonblocking", "update_capsule", "query_capsule_caps"];

const ANSWERING: PlatformState = {
  interfaceMatches: true,
  efiBoot: true,
  runtimeServices: true,
  privileged: true,
  platformOps: true,
};
/** States of a machine in which no service is answered, and the errno. */
const STATES: [string, Partial<PlatformState>, number][] = [
  ["a Xen of another interface version", { interfaceMatches: false }, -13],
  ["a domain that may not", { privileged: false }, -1],
  ["no EFI", { efiBoot: false }, -38],
  ["no runtime services", { runtimeServices: false }, -95],
  ["a Xen that knows no platform ops", { platformOps: false }, -38],
];

/** In each state a service makes one call, whose errno becomes EFI_UNSUPPORTED. */
function refused(call: Call): Examination["check"] {
  return ({ efi, machine, log }) => {
    for (const [state, platform, errno] of STATES) {
      Object.assign(machine.platform, ANSWERING, platform);
      const { statusRaw } = call(efi);
      expect([state, statusRaw, ...log.splice(0).map(({ out }) => out.ret)]).toEqual([state, 0x80000003n, errno]);
    }
  };
}

const REFUSED = Object.entries(SERVICES).map(([name, call]): Examination => {
  return { rule: `has ${name} unsupported where Xen refuses it`, check: refused(call) };
});

/** Today's Xen for Arm, by its name. */
export const ARM_REFUSALS: Examination[] = [
  {
    rule: "has every service unsupported under today's Xen for Arm",
    options: { machine: { profile: "xen-arm-mainline" } },
    check: ({ efi, log }) => {
      const statuses = Object.values(SERVICES).map((call) => call(efi).status);
      expect(statuses).toEqual(statuses.map(() => "UNSUPPORTED"));
      expect(log.map(({ out }) => out.ret)).toEqual(statuses.map(() => -38));
    },
  },
];

const OLD_FIRMWARE = SINCE_2_00.flatMap((name): Examination[] => {
  const call = SERVICES[name] as Call;
  const options: ShimOptions = { machine: { facts: { runtimeVersion: 0x1000a }, capsules: "firmware" } };
  return [
    {
      rule: `does not ask a firmware before 2.00 for ${name}`,
      options,
      check: ({ efi, log }) => {
        expect(call(efi).status).toBe("UNSUPPORTED");
        expect(log).toEqual([]);
      },
    },
    {
      rule: `has ${name} unsupported where Xen finds the firmware older than the shim was told`,
      options,
      check: (shim) => {
        shim.call("shim_setup", 0x20000);
        expect(call(shim.efi).status).toBe("UNSUPPORTED");
        expect(shim.log.map(({ out }) => out.ret)).toEqual([-95]);
      },
    },
  ];
});

/** Errors and warnings that the firmware answers reach the caller as they are, a long wide. */
const STATUSES = Object.entries(SERVICES).map(([name, call]): Examination => {
  const faults: Rule[] = [
    { nth: 1, status: "DEVICE_ERROR" },
    { nth: 2, status: 5 },
  ];
  return {
    rule: `has what the firmware says of ${name} as it is`,
    options: { machine: { capsules: "firmware" }, faults },
    check: ({ efi }) => expect([call(efi), call(efi)].map(({ statusRaw }) => statusRaw)).toEqual([0x80000007n, 5n]),
  };
});

/** Functions with outputs: what stands in front of these, the outputs' bytes, and what follows. */
const OUTPUTS: Record<string, { before?: (mem: ShimMemory) => number[]; bytes: number[]; after?: number[] }> = {
  get_time: { bytes: [16, 12] },
  get_wakeup_time: { bytes: [1, 1, 16] },
  get_variable: { before: (mem) => [mem.utf16("Mine"), mem.guid(VENDOR)], bytes: [4, 4], after: [0] },
  get_next_variable: { bytes: [4, 16, 16] },
  query_variable_info: { before: () => [7], bytes: [8, 8, 8] },
  query_capsule_caps: { before: () => [0, 0], bytes: [8, 4] },
  get_next_high_mono_count: { bytes: [4] },
};

const UNTOUCHED: Examination[] = Object.entries(OUTPUTS).map(([name, { before = () => [], bytes, after = [] }]) => ({
  rule: `leaves the outputs of ${name} alone where it is refused`,
  options: { machine: { platform: { privileged: false } } },
  check: (shim: Shim) => {
    const { mem } = shim;
    const held = bytes.map((size) => new Uint8Array(size).fill(0x5a));
    const outputs = held.map((content) => mem.bytes(content));
    shim.call(`xen_efi_${name}`, ...before(mem), ...outputs, ...after);
    expect(outputs.map((at, i) => mem.readBytes(at, bytes[i] as number))).toEqual(held);
  },
}));

/** How a shim takes it that a call is refused, by Xen or by the firmware. */
export const REFUSALS: Examination[] = [...REFUSED, ...OLD_FIRMWARE, ...STATUSES, ...UNTOUCHED];
