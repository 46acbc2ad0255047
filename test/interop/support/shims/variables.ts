import { expect } from "vitest";
import { GLOBAL_GUID } from "../../../../src/guid.ts";
import type { Shim, ShimEfi, ShimOptions } from "../../../../src/testing/index.ts";
import { type Examination, NO_VENDOR, OTHER_VENDOR, VENDOR } from "./examination.ts";
import "../../../../src/vitest.ts";

const BYTES = Uint8Array.of(1, 2, 3, 4, 5);

/** "Mine" is there twice, under two vendors, from before Dom0 on; one is volatile. */
const MINE_TWICE: ShimOptions = {
  machine: {
    preload: [
      { name: "Mine", guid: VENDOR, attributes: 7, data: "0102030405" },
      { name: "Mine", guid: OTHER_VENDOR, attributes: 6, data: "ff" },
    ],
  },
};

const CHANGES: Examination[] = [
  {
    rule: "writes a variable's bytes and attributes",
    check: ({ efi, machine, log }) => {
      expect(efi.setVariable("Mine", VENDOR, 7, BYTES).status).toBe("SUCCESS");
      expect(machine.variable("Mine", VENDOR)).toMatchObject({ attributes: 7, data: BYTES });
      const inputs = { name: "Mine", guid: VENDOR, misc: 7, size: 5, data: "0102030405" };
      expect(log).toHaveCalled("set_variable", inputs);
    },
  },
  {
    rule: "passes attributes on as they are",
    check: ({ efi, log }) => {
      for (const attributes of [0, 3, 6, 0x27, 0xffffffff]) efi.setVariable("Mine", VENDOR, attributes, BYTES);
      expect(log.map((call) => call.in.misc)).toEqual([0, 3, 6, 0x27, 0xffffffff]);
    },
  },
  {
    rule: "writes without blocking as it writes",
    check: ({ efi, machine }) => {
      expect(efi.setVariableNonblocking("Mine", VENDOR, 7, BYTES).status).toBe("SUCCESS");
      expect(machine.variable("Mine", VENDOR)).toMatchObject({ attributes: 7, data: BYTES });
    },
  },
  {
    rule: "appends to a variable",
    options: MINE_TWICE,
    check: ({ efi, machine }) => {
      expect(efi.setVariable("Mine", VENDOR, 0x47, [6]).status).toBe("SUCCESS");
      expect(machine.variable("Mine", VENDOR)?.data).toEqual(Uint8Array.of(...BYTES, 6));
    },
  },
  {
    rule: "deletes a variable, of its vendor alone",
    options: MINE_TWICE,
    check: ({ efi, machine }) => {
      expect(efi.setVariable("Mine", VENDOR, 7, null).status).toBe("SUCCESS");
      expect([machine.variable("Mine", VENDOR), machine.variable("Mine", OTHER_VENDOR)?.attributes]).toEqual([
        ...[undefined, 6],
      ]);
    },
  },
  {
    rule: "writes a variable of many bytes",
    check: ({ efi, machine }) => {
      const data = Uint8Array.from({ length: 3000 }, (_, i) => i);
      expect(efi.setVariable("Large", VENDOR, 7, data).status).toBe("SUCCESS");
      expect(machine.variable("Large", VENDOR)?.data).toEqual(data);
    },
  },
];

const READS: Examination[] = [
  {
    rule: "reads a variable's bytes, size and attributes",
    options: MINE_TWICE,
    check: ({ efi }) => {
      const found = { status: "SUCCESS", statusRaw: 0n, size: 5, attributes: 7, data: BYTES };
      expect(efi.getVariable("Mine", VENDOR)).toEqual(found);
    },
  },
  {
    rule: "reads the variable of its vendor",
    options: MINE_TWICE,
    check: ({ efi }) => {
      expect(efi.getVariable("Mine", OTHER_VENDOR)).toMatchObject({ attributes: 6, data: Uint8Array.of(0xff) });
      expect(efi.getVariable("Mine", NO_VENDOR).status).toBe("NOT_FOUND");
    },
  },
  {
    rule: "reads into a buffer of just the size",
    options: MINE_TWICE,
    check: ({ efi, log }) => {
      expect(efi.getVariable("Mine", VENDOR, 5).data).toEqual(BYTES);
      expect(log).toHaveCalled("get_variable", { name: "Mine", size: 5 });
    },
  },
  {
    rule: "reads with no pointer for the attributes",
    options: MINE_TWICE,
    check: ({ efi }) => expect(efi.getVariable("Mine", VENDOR, 5, ["attributes"]).data).toEqual(BYTES),
  },
  {
    rule: "tells the size that a short buffer needs, and the attributes",
    options: MINE_TWICE,
    check: ({ efi }) => {
      const told = { status: "BUFFER_TOO_SMALL", size: 5, attributes: 7, data: undefined };
      expect(efi.getVariable("Mine", VENDOR, 2)).toMatchObject(told);
    },
  },
  {
    rule: "tells the size where there is no buffer",
    options: MINE_TWICE,
    check: ({ efi }) => {
      expect(efi.getVariable("Mine", VENDOR, 0, ["data"])).toMatchObject({ status: "BUFFER_TOO_SMALL", size: 5 });
    },
  },
  {
    rule: "has a status in the width of a long, the error bit on top",
    check: ({ efi }) => {
      expect(efi.getVariable("None", VENDOR)).toMatchObject({ status: "NOT_FOUND", statusRaw: 0x8000000en });
    },
  },
  {
    rule: "reads with no flags",
    check: ({ efi, log }) => {
      efi.getVariable("BootOrder", GLOBAL_GUID);
      efi.getNextVariable("", NO_VENDOR);
      expect(log.map((call) => call.in.misc)).toEqual([0, 0]);
    },
  },
  {
    rule: "sees a variable that it has written",
    check: ({ efi }) => {
      efi.setVariable("Mine", VENDOR, 7, BYTES);
      expect(efi.getVariable("Mine", VENDOR)).toMatchObject({ attributes: 7, data: BYTES });
    },
  },
];

const LISTS: Examination[] = [
  {
    rule: "lists all variables by name and vendor, to the end",
    options: MINE_TWICE,
    check: ({ efi, machine }) => {
      const visible = machine.variables().filter(({ attributes }) => (attributes & 4) !== 0);
      expect(listed(efi)).toEqual(visible.map(({ name, guid }) => `${guid} ${name}`));
    },
  },
  {
    rule: "tells the size that a name takes",
    check: ({ efi }) => {
      const { size, name } = efi.getNextVariable("", NO_VENDOR);
      expect(size).toBe(2 * (name as string).length + 2);
    },
  },
  {
    rule: "tells the size that a name needs",
    check: ({ efi, log }) => {
      const { size } = efi.getNextVariable("", NO_VENDOR);
      expect(efi.getNextVariable("", NO_VENDOR, 2)).toMatchObject({ status: "BUFFER_TOO_SMALL", size });
      expect(log.map((call) => call.in.size)).toEqual([1024, 2]);
    },
  },
  {
    rule: "has no name to follow one that is not there",
    check: ({ efi }) => expect(efi.getNextVariable("None", VENDOR).status).not.toBe("SUCCESS"),
  },
];

const SPACE: Examination[] = [
  {
    rule: "asks for the space of the attributes that it is given",
    check: ({ efi, log }) => {
      efi.queryVariableInfo(7);
      efi.queryVariableInfo(6);
      expect(log.map((call) => [call.fn, call.in.attr, call.in.misc])).toEqual([
        ["query_variable_info", 7, 0],
        ["query_variable_info", 6, 0],
      ]);
    },
  },
  {
    rule: "tells all three sizes of the store's space",
    options: { faults: [{ out: { max_store_size: 3n << 32n, remain_store_size: (2n << 32n) + 1n, max_size: 5n } }] },
    check: ({ efi }) => {
      expect(efi.queryVariableInfo(7)).toEqual({
        ...{
          status: "SUCCESS",
          statusRaw: 0n,
          maxStoreSize: 3n << 32n,
          remainStoreSize: (2n << 32n) + 1n,
          maxSize: 5n,
        },
      });
    },
  },
  {
    rule: "asks for the space without blocking as it asks",
    check: ({ efi }) => {
      const found = efi.queryVariableInfoNonblocking(7);
      expect(found.status).toBe("SUCCESS");
      expect(found.maxStoreSize).toBeGreaterThan(found.remainStoreSize);
      expect(efi.queryVariableInfo(7)).toEqual(found);
    },
  },
];

/** Calls with a pointer that the hypervisor reads as NULL. */
const NOT_MAPPED: [string, (efi: ShimEfi) => { status: string }][] = [
  ["a name to read", (efi) => efi.getVariable(null, VENDOR)],
  ["a buffer to read into", (efi) => efi.getVariable("Mine", VENDOR, 5, ["data"])],
  ["a name to write", (efi) => efi.setVariable(null, VENDOR, 7, BYTES)],
  ["data to write", (efi) => efi.setVariable("Mine", VENDOR, 7, null, 3)],
  ["a name to follow", (efi) => efi.getNextVariable(null, VENDOR)],
];

/** How a shim reads, writes and lists variables. */
export const VARIABLES: Examination[] = [
  ...[...CHANGES, ...READS, ...LISTS, ...SPACE],
  ...NOT_MAPPED.map(([what, call]) => ({
    rule: `passes NULL on as ${what}`,
    options: MINE_TWICE,
    check: ({ efi, log }: Shim) => {
      // The shim tells no errno from another: -EFAULT is EFI_UNSUPPORTED.
      expect(call(efi).status).toBe("UNSUPPORTED");
      expect(log.map(({ out }) => out.ret)).toEqual([-14]);
    },
  })),
];

function listed(efi: ShimEfi): string[] {
  const all: string[] = [];
  let next = efi.getNextVariable("", NO_VENDOR);
  while (next.name !== undefined && next.guid !== undefined && all.length < 1000) {
    all.push(`${next.guid} ${next.name}`);
    next = efi.getNextVariable(next.name, next.guid);
  }
  expect(next.status).toBe("NOT_FOUND");
  return all;
}
