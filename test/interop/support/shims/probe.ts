import { expect } from "vitest";
import { GLOBAL_GUID } from "../../../../src/guid.ts";
import type { ShimOptions } from "../../../../src/testing/index.ts";
import { fixtureBytes } from "../../../support/fixtures.ts";
import type { Examination } from "./examination.ts";

/** Numbers that are told apart. */
const FACTS: ShimOptions = {
  machine: {
    facts: {
      ...{ efiVersion: 0x20050, runtimeVersion: 0x20046, firmwareRevision: 0x12345, vendor: "Maker" },
      ...{ configTableAddress: 0x123456789n, configTableCount: 11 },
    },
  },
};

const FACTS_FOUND: Examination[] = [
  {
    rule: "finds the firmware's tables, versions and vendor",
    options: FACTS,
    check: ({ efi }) => {
      expect(efi.probe()).toMatchObject({
        ...{ signature: "Xen", runtimeVersion: 0x20046, revision: 0x20050, firmwareRevision: 0x12345, vendor: "Maker" },
        // The table has its address in a long.
        configTables: { address: 0x23456789n, count: 11 },
      });
    },
  },
  {
    rule: "tells where its system table is in guest-physical addresses",
    check: ({ efi, mem }) => expect(efi.probe().systemTable).toBeGreaterThan(BigInt(mem.view.byteLength)),
  },
  {
    rule: "takes a vendor that Xen has not kept for UNKNOWN",
    options: { machine: { facts: { vendor: undefined } } },
    check: ({ efi }) => {
      expect(efi.probe()).toMatchObject({ signature: "Xen", vendor: "UNKNOWN", firmwareRevision: 0 });
    },
  },
  {
    rule: "has the flags of a 64-bit EFI under Xen",
    check: ({ efi }) => expect(efi.probe().flags).toBe(0b1100001),
  },
  {
    rule: "asks for tables, vendor and both versions, with room for the vendor",
    check: ({ efi, log }) => {
      efi.probe();
      expect(log.slice(0, 4).map((call) => [call.fn, call.in.index, call.in.bufsz])).toEqual([
        ["firmware_info", 1, undefined],
        ["firmware_info", 2, 200],
        ["firmware_info", 0, undefined],
        ["firmware_info", 4, undefined],
      ]);
    },
  },
  {
    rule: "has its services once it has found EFI",
    check: ({ efi, log }) => {
      efi.probe();
      expect(log[4]).toMatchObject({ fn: "get_variable", in: { name: "SecureBoot", guid: GLOBAL_GUID, size: 1 } });
      expect(efi.getTime().status).toBe("SUCCESS");
    },
  },
];

const GIVEN_UP: Examination[] = [
  {
    rule: "finds nothing without EFI, and asks no further",
    options: { machine: { platform: { efiBoot: false } } },
    check: ({ efi, log }) => {
      expect(efi.probe()).toMatchObject({ signature: "", systemTable: 0n, flags: 0, secureBoot: "unset" });
      expect(log.map(({ out }) => out.ret)).toEqual([-38]);
    },
  },
  {
    rule: "finds nothing in a domain that may not ask",
    options: { machine: { platform: { privileged: false } } },
    check: ({ efi, log }) => {
      expect(efi.probe()).toMatchObject({ signature: "", systemTable: 0n, flags: 0 });
      expect(log.map(({ out }) => out.ret)).toEqual([-1]);
    },
  },
  {
    rule: "finds nothing under a Xen that knows no platform ops",
    options: { machine: { platform: { platformOps: false } } },
    check: ({ efi, log }) => {
      expect(efi.probe()).toMatchObject({ signature: "", systemTable: 0n, flags: 0 });
      expect(log.map(({ out }) => out.ret)).toEqual([-38]);
    },
  },
  {
    rule: "does not ask in another domain than the first",
    check: ({ efi, log }) => {
      expect(efi.probe({ initialDomain: false })).toMatchObject({ signature: "", systemTable: 0n, flags: 0 });
      expect(log).toEqual([]);
    },
  },
  {
    rule: "cannot tell the Secure Boot state without runtime services, and says so",
    options: { machine: { platform: { runtimeServices: false } } },
    check: ({ efi, events, log }) => {
      expect(efi.probe()).toMatchObject({ signature: "Xen", secureBoot: "unknown", runtimeVersion: 0 });
      expect(events).toEqual([{ kind: "printk", level: 3, text: "Could not determine UEFI Secure Boot status." }]);
      expect(log.at(-1)).toMatchObject({ fn: "get_variable", out: { ret: -95 } });
    },
  },
];

const SHIM_LOCK = { guid: "605dab50-e046-4300-abb6-3dd810dd8b23", attributes: 6, name: "MokSBStateRT" };

const SECURE_BOOT: Examination[] = (
  [
    ["enabled", "ms", undefined, "UEFI Secure Boot is enabled."],
    ["enabled", "ms", "00", "UEFI Secure Boot is enabled."],
    ["disabled", "ms", "01", undefined],
    ["disabled", "stock", undefined, undefined],
  ] as const
).map(([state, keys, mok, said]) => {
  const preload = mok === undefined ? [] : [{ ...SHIM_LOCK, data: mok }];
  return {
    rule: `finds Secure Boot ${state} with ${keys} keys and ${mok === undefined ? "no MokSBStateRT" : `MokSBStateRT ${mok}`}`,
    options: { machine: { store: fixtureBytes(`stores/ovmf-4m-${keys}.fd.gz`), preload } },
    check: ({ efi, events, log }) => {
      expect(efi.probe().secureBoot).toBe(state);
      expect(events).toEqual(said === undefined ? [] : [{ kind: "printk", level: 6, text: said }]);
      const asked = log.filter(({ fn }) => fn === "get_variable").map((call) => call.in.name);
      expect(asked).toEqual(["SecureBoot", "SetupMode", ...(keys === "ms" ? ["MokSBStateRT"] : [])]);
    },
  };
});

/** How the x86 shim finds out at boot what firmware there is. */
export const PROBE: Examination[] = [...FACTS_FOUND, ...GIVEN_UP, ...SECURE_BOOT];
