import { expect } from "vitest";
import { CAPSULE_HEADER_BYTES } from "../../../../assembly/abi/capsule.ts";
import { fromHex } from "../../../../src/hex.ts";
import { getLong, opLayout } from "../../../../src/op.ts";
import type { Shim, ShimOptions } from "../../../../src/testing/index.ts";
import { NAME_GUID, rawCapsule, UX_GUID } from "../../../support/capsules.ts";
import type { Examination } from "./examination.ts";

const COUNTS: Examination[] = [
  {
    rule: "counts on",
    check: ({ efi, log }) => {
      const { count } = efi.getNextHighMonoCount();
      expect(efi.getNextHighMonoCount()).toMatchObject({ status: "SUCCESS", count: count + 1 });
      expect(log.map(({ fn }) => fn)).toEqual(["get_next_high_monotonic_count", "get_next_high_monotonic_count"]);
    },
  },
  {
    rule: "tells all 32 bits of the count",
    options: { faults: [{ out: { misc: 0xfedcba98 } }] },
    check: ({ efi }) => expect(efi.getNextHighMonoCount().count).toBe(0xfedcba98),
  },
];

const IMAGES = [UX_GUID, NAME_GUID].map((guid) => rawCapsule({ guid, flags: 0 }));

/** A firmware that takes any capsule. */
const ANSWERED: ShimOptions = {
  machine: { capsules: "firmware" },
  faults: [{ status: "SUCCESS", out: { max_capsule_size: (5n << 32n) + 1n, reset_type: 2 } }],
};

/** What the only call, of a capsule function, had in the op; the images are what its array points to. */
function capsuleCall({ machine, mem, log }: Shim) {
  const at = opLayout(machine.abi);
  const body = fromHex(String(log[0]?.in.body));
  const op = new DataView(body.buffer, body.byteOffset);
  const [array, count] = [at.capsuleHeaders, at.capsuleCount].map((offset) =>
    Number(getLong(op, at, offset - at.callBody)),
  ) as [number, number];
  const images =
    array === 0
      ? []
      : IMAGES.map((_, i) => mem.readBytes(mem.readUlong(array + i * mem.longBytes), CAPSULE_HEADER_BYTES));
  return { fn: log[0]?.fn, images, count, sgList: op.getBigUint64(at.sgList - at.callBody, true) };
}

const CAPSULES: Examination[] = [
  {
    rule: "passes capsules and their list on",
    check: (shim) => {
      shim.efi.updateCapsule(IMAGES, 0x12345678);
      expect(capsuleCall(shim)).toEqual({ fn: "update_capsule", images: IMAGES, count: 2, sgList: 0x12345678n });
    },
  },
  {
    rule: "asks for what becomes of capsules",
    check: (shim) => {
      shim.efi.queryCapsuleCaps(IMAGES);
      expect(capsuleCall(shim)).toMatchObject({ fn: "query_capsule_capabilities", images: IMAGES, count: 2 });
    },
  },
  {
    rule: "tells what becomes of capsules",
    options: ANSWERED,
    check: ({ efi }) => {
      const told = { status: "SUCCESS", statusRaw: 0n, maxSize: (5n << 32n) + 1n, resetType: 2 };
      expect(efi.queryCapsuleCaps(IMAGES)).toEqual(told);
    },
  },
  {
    rule: "tells a capsule that was taken",
    options: ANSWERED,
    check: ({ efi }) => expect(efi.updateCapsule(IMAGES).status).toBe("SUCCESS"),
  },
  {
    rule: "tells capsules that Xen does not take",
    check: ({ efi, log }) => {
      expect([efi.updateCapsule(IMAGES).status, efi.queryCapsuleCaps(IMAGES).status]).toEqual([
        ...["UNSUPPORTED", "UNSUPPORTED"],
      ]);
      expect(log.map(({ out }) => out.ret)).toEqual([-38, -38]);
    },
  },
];

const RESETS = [
  ["cold", "reboot", 1],
  ["warm", "reboot", 1],
  ["shutdown", "poweroff", 0],
] as const;

const ENDS: Examination[] = [
  ...RESETS.map(
    ([type, name, reason]): Examination => ({
      rule: `makes a ${name} of a ${type} reset`,
      check: ({ efi, events, machine }) => {
        efi.resetSystem(type);
        expect(events).toEqual([{ kind: "reboot", reason, name }]);
        expect(machine.shutdown).toMatchObject({ by: "dom0", name });
        expect(() => efi.getTime()).toThrow("Dom0 does not run since its");
      },
    }),
  ),
  {
    rule: "has a bug where there is no such reset, and goes on with its stack as it was",
    check: ({ efi, events, exports }) => {
      const stack = (exports.__stack_pointer as WebAssembly.Global).value;
      expect(() => efi.resetSystem(3)).toThrow("the shim called BUG");
      expect(events).toEqual([{ kind: "bug", by: "BUG", text: "" }]);
      expect((exports.__stack_pointer as WebAssembly.Global).value).toBe(stack);
      expect(efi.getTime().status).toBe("SUCCESS");
    },
  },
];

/** How a shim counts, passes capsules on and ends Dom0. */
export const OTHERS: Examination[] = [...COUNTS, ...CAPSULES, ...ENDS];
