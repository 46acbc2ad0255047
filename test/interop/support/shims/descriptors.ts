import { expect } from "vitest";
import type { ShimOptions } from "../../../../src/testing/index.ts";
import { type Examination, VENDOR } from "./examination.ts";

/** Bits of efi.flags. */
const [MEMMAP, PARAVIRT] = [4, 6];
/** -EOPNOTSUPP: the kernel has no map of its own, as glue.c has it. */
const NO_MAP = -95;
const ADDRESS = 0x101234;

/** EFI_MEMORY_TYPEs, and whether a table that lies in memory of the type can be used. */
const TYPES: [number, boolean][] = [
  ...[0, 5, 6, 9, 10].map((type): [number, boolean] => [type, true]),
  ...[1, 2, 3, 4, 7, 8, 11].map((type): [number, boolean] => [type, false]),
];

function rangeOf(type: number): ShimOptions {
  return { machine: { facts: { memoryMap: [{ start: 0x100000n, bytes: 0x3000n, attributes: 15n, type }] } } };
}

/** How the shim, in Linux from 6.2 on, finds what kind of memory a firmware's table lies in. */
export const DESCRIPTORS: Examination[] = [
  ...TYPES.map(
    ([type, isUsable]): Examination => ({
      rule: `takes a table in memory of type ${type} for ${isUsable ? "usable" : "not usable"}`,
      options: rangeOf(type),
      check: ({ efi }) => {
        efi.setFlags(PARAVIRT);
        expect(efi.configTableIsUsable(VENDOR, ADDRESS)).toBe(isUsable);
      },
    }),
  ),
  {
    rule: "tells the memory from an address's page on",
    options: rangeOf(6),
    check: ({ efi, log }) => {
      efi.setFlags(PARAVIRT);
      expect(efi.memDescLookup(BigInt(ADDRESS))).toEqual({
        ...{ ret: 0, type: 6, start: 0x101000n, pages: 2n, attributes: 15n },
      });
      expect(log).toMatchObject([
        {
          fn: "firmware_info",
          in: { index: 3, addr: "0x101000", size: `0x${(2n ** 64n - 1n - 0x101000n).toString(16)}` },
        },
      ]);
    },
  },
  {
    rule: "asks the kernel's own map without Xen's services",
    check: ({ efi, log }) => {
      expect(efi.memDescLookup(0x1000n).ret).toBe(NO_MAP);
      expect(log).toEqual([]);
    },
  },
  {
    rule: "asks the kernel's own map once there is one",
    check: ({ efi, log }) => {
      efi.setFlags(PARAVIRT, MEMMAP);
      expect(efi.memDescLookup(0x1000n).ret).toBe(NO_MAP);
      expect(log).toEqual([]);
    },
  },
  {
    rule: "takes any table for usable without Xen's services",
    options: rangeOf(7),
    check: ({ efi, log }) => {
      expect(efi.configTableIsUsable(VENDOR, ADDRESS)).toBe(true);
      expect(log).toEqual([]);
    },
  },
  {
    rule: "takes no table for usable where the kernel's own map has it not",
    check: ({ efi }) => {
      efi.setFlags(PARAVIRT, MEMMAP);
      expect(efi.configTableIsUsable(VENDOR, ADDRESS)).toBe(false);
    },
  },
  {
    rule: "warns of an address in no descriptor, and takes it for reserved memory",
    options: { machine: { facts: { memoryMap: [] } } },
    check: ({ efi, events }) => {
      efi.setFlags(PARAVIRT);
      expect(efi.memDescLookup(0x123456789abcn)).toMatchObject({ ret: 0, type: 0 });
      const text = "Failed to lookup header 0x123456789000 in Xen memory map: error -3";
      expect(events).toEqual([{ kind: "printk", level: 4, text }]);
      expect(efi.configTableIsUsable(VENDOR, 0x1000)).toBe(true);
    },
  },
  {
    rule: "warns where Xen refuses to tell of the memory",
    options: { machine: { platform: { privileged: false } } },
    check: ({ efi, events }) => {
      efi.setFlags(PARAVIRT);
      efi.memDescLookup(0x1000n);
      const text = "Failed to lookup header 0x1000 in Xen memory map: error -1";
      expect(events).toEqual([{ kind: "printk", level: 4, text }]);
    },
  },
];
