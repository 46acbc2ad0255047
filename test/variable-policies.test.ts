import { describe, expect, test } from "vitest";
import { Client } from "../src/client.ts";
import { nodeVerifier } from "../src/crypto/node-verifier.ts";
import { GLOBAL_GUID } from "../src/guid.ts";
import { Machine } from "../src/machine.ts";
import type { BootWrite } from "../src/policies/policy.ts";
import type { VariablePolicy } from "../src/policies/variable-policy.ts";
import { edk2, GUID, other, Writer } from "./support/writer.ts";

const bytes = (count: number, value = 0) => new Uint8Array(count).fill(value);

/** A Dom0 under these policies, each for GUID unless it says otherwise. */
function dom0With(policies: Partial<VariablePolicy>[], preload: Partial<BootWrite>[] = []): Client {
  const variablePolicies = policies.map((policy) => ({ guid: GUID, name: "A", ...policy }));
  const writes = preload.map((write) => ({ name: "A", guid: GUID, attributes: 7, data: "01", ...write }));
  return new Client(new Machine({ policy: edk2, variablePolicies, preload: writes }));
}

const set = (dom0: Client, name: string, data: Uint8Array, attributes = 7) =>
  dom0.setVariable(name, GUID, attributes, data).statusName;

describe("sizes", () => {
  const sized = () => dom0With([{ minBytes: 2, maxBytes: 4 }]);

  test.each([
    [1, "INVALID_PARAMETER"],
    [2, "SUCCESS"],
    [4, "SUCCESS"],
    [5, "INVALID_PARAMETER"],
  ])("of 2 to 4 bytes: %i bytes are %s", (count, status) => {
    expect(set(sized(), "A", bytes(count))).toBe(status);
  });

  test("are those of an append's piece, even of nothing", () => {
    const dom0 = sized();
    expect(set(dom0, "A", bytes(4))).toBe("SUCCESS");
    expect(set(dom0, "A", bytes(4), 0x47)).toBe("SUCCESS");
    expect(set(dom0, "A", bytes(1), 0x47)).toBe("INVALID_PARAMETER");
    expect(set(dom0, "A", bytes(0), 0x47)).toBe("INVALID_PARAMETER");
  });

  test("do not bind a deletion", () => {
    const dom0 = sized();
    expect(set(dom0, "A", bytes(2))).toBe("SUCCESS");
    expect(set(dom0, "A", bytes(0))).toBe("SUCCESS");
  });

  test("leave the descriptor of a signed write out", () => {
    const variablePolicies = [{ guid: GUID, name: "P", maxBytes: 2 }];
    const dom0 = new Writer(edk2, { verifier: nodeVerifier, variablePolicies });
    expect(dom0.write("P", bytes(3), other)).toBe("INVALID_PARAMETER");
    expect(dom0.write("P", bytes(2), other)).toBe("SUCCESS");
  });

  test("say why", () => {
    expect(sized().setVariable("A", GUID, 7, bytes(1)).reason).toBe(
      "the data's size is outside the variable policy's limits",
    );
  });
});

describe("attributes", () => {
  test.each<[Partial<VariablePolicy>, number, string]>([
    [{ mustHave: 3 }, 7, "SUCCESS"],
    [{ mustHave: 0x27 }, 7, "INVALID_PARAMETER"],
    [{ cantHave: 0x20 }, 7, "SUCCESS"],
    [{ cantHave: 4 }, 7, "INVALID_PARAMETER"],
    [{ cantHave: 0x40 }, 0x47, "INVALID_PARAMETER"],
  ])("%j: a write with 0x%s is %s", (policy, attributes, status) => {
    expect(set(dom0With([policy]), "A", bytes(1), attributes)).toBe(status);
  });

  test("do not bind a deletion", () => {
    expect(set(dom0With([{ mustHave: 0x20, cantHave: 1 }], [{}]), "A", bytes(0))).toBe("SUCCESS");
  });
});

describe("a lock", () => {
  test.each([
    ["a write", 7, bytes(1, 2)],
    ["an append", 0x47, bytes(1, 2)],
    ["a deletion", 7, bytes(0)],
    ["a deletion by attributes", 0, bytes(1)],
  ])("refuses %s", (_, attributes, data) => {
    expect(set(dom0With([{ lock: "now" }], [{}]), "A", data, attributes)).toBe("WRITE_PROTECTED");
  });

  test("binds a missing variable, too", () => {
    expect(set(dom0With([{ lock: "now" }]), "A", bytes(1))).toBe("WRITE_PROTECTED");
    expect(set(dom0With([{ lock: "now" }]), "A", bytes(0))).toBe("WRITE_PROTECTED");
  });

  test("comes behind sizes and attributes", () => {
    expect(set(dom0With([{ lock: "now", maxBytes: 1 }]), "A", bytes(2))).toBe("INVALID_PARAMETER");
  });

  test("does not bind what boot services make", () => {
    expect(dom0With([{ lock: "now" }], [{}]).getVariable("A", GUID).data).toEqual(Uint8Array.of(1));
  });

  test("on creation lets the first write through and no other", () => {
    const dom0 = dom0With([{ lock: "onCreate" }]);
    expect(set(dom0, "A", bytes(1, 1))).toBe("SUCCESS");
    expect(set(dom0, "A", bytes(1, 2))).toBe("WRITE_PROTECTED");
    expect(set(dom0, "A", bytes(0))).toBe("WRITE_PROTECTED");
  });

  test.each<[string, Partial<BootWrite> | undefined, string]>([
    ["missing", undefined, "SUCCESS"],
    ["another value", { data: "02" }, "SUCCESS"],
    ["longer", { data: "0101" }, "SUCCESS"],
    ["not to be seen", { attributes: 3 }, "SUCCESS"],
    ["just that byte", {}, "WRITE_PROTECTED"],
  ])("on a state variable that is %s: %s", (_, state, status) => {
    const lock = { name: "State", guid: GUID, value: 1 };
    const dom0 = dom0With([{ lock }], state === undefined ? [] : [{ ...state, name: "State" }]);
    expect(set(dom0, "A", bytes(1))).toBe(status);
  });

  test("on a state ends when the state does", () => {
    const dom0 = dom0With([{ lock: { name: "State", guid: GUID, value: 1 } }], [{ name: "State" }]);
    expect(set(dom0, "A", bytes(1))).toBe("WRITE_PROTECTED");
    expect(set(dom0, "State", bytes(1))).toBe("SUCCESS");
    expect(set(dom0, "A", bytes(1))).toBe("SUCCESS");
  });
});

describe("a name", () => {
  test.each([
    ["Slot0", "WRITE_PROTECTED"],
    ["Slotf", "WRITE_PROTECTED"],
    ["SlotF", "WRITE_PROTECTED"],
    ["Slotg", "SUCCESS"],
    ["Slot", "SUCCESS"],
    ["Slot00", "SUCCESS"],
    ["slot0", "SUCCESS"],
    ["Slot#", "WRITE_PROTECTED"],
  ])("with a wildcard, Slot#, matches %s: %s", (name, status) => {
    expect(set(dom0With([{ name: "Slot#", lock: "now" }]), name, bytes(1))).toBe(status);
  });

  test("that is empty stands for its whole namespace and no other", () => {
    const dom0 = dom0With([{ name: "", lock: "now" }]);
    expect(set(dom0, "Whatever", bytes(1))).toBe("WRITE_PROTECTED");
    expect(dom0.setVariable("A", "22222222-2222-3333-4444-555555555555", 7, bytes(1)).statusName).toBe("SUCCESS");
  });

  test("is told by the fewest wildcards, whatever the order", () => {
    const policies = [
      { name: "", lock: "now" as const },
      { name: "A##", maxBytes: 2 },
      { name: "A1#", maxBytes: 4 },
    ];
    for (const order of [policies, policies.toReversed()]) {
      const dom0 = dom0With(order);
      expect(set(dom0, "A10", bytes(4))).toBe("SUCCESS");
      expect(set(dom0, "A20", bytes(4))).toBe("INVALID_PARAMETER");
      expect(set(dom0, "B", bytes(1))).toBe("WRITE_PROTECTED");
    }
  });

  test("comes before the boot manager's own policy of the same name", () => {
    const dom0 = dom0With([{ guid: GLOBAL_GUID, name: "HwErrRecSupport", lock: "never" }]);
    expect(dom0.setVariable("HwErrRecSupport", GLOBAL_GUID, 7, bytes(2)).statusName).toBe("SUCCESS");
    expect(dom0.setVariable("BootOptionSupport", GLOBAL_GUID, 6, bytes(4)).statusName).toBe("WRITE_PROTECTED");
  });
});

describe("a policy that cannot be registered is refused", () => {
  test.each<[string, Partial<VariablePolicy>, string]>([
    ["sizes", { minBytes: 3, maxBytes: 2 }, 'variable policy "A": from 3 to 2 bytes'],
    ["attributes", { mustHave: 7, cantHave: 4 }, 'variable policy "A": attributes 0x4 both wanted and not'],
    ["a GUID", { guid: "no" }, "is no GUID"],
    ["too many", { name: "N".repeat(20000) }, "more than 32768 bytes of rules"],
  ])("%s", (_, policy, message) => {
    expect(() => dom0With([policy])).toThrow(message);
  });
});

// PcRtcSetTime: DEVICE_ERROR where the variable RTC cannot be written, or deleted for a time without zone and daylight.
test.each([
  ["kept", 60, 0],
  ["deleted", 2047, 0],
])("of the variable RTC: SetTime fails where its zone cannot be %s", (_, tz, daylight) => {
  const rtc = { guid: "378d7b65-8da9-4773-b6e4-a47826a833e1", name: "RTC" };
  const noon = { year: 2026, month: 6, day: 1, hour: 12, min: 0, sec: 0, ns: 0, tz, daylight };
  expect(dom0With([]).setTime(noon).statusName).toBe("SUCCESS");
  const dom0 = dom0With([{ ...rtc, lock: "now" }]);
  const { hour } = dom0.getTime().time ?? {};
  expect(dom0.setTime({ ...noon, hour: ((hour ?? 0) + 5) % 24 }).statusName).toBe("DEVICE_ERROR");
  expect(dom0.getTime().time?.hour).toBe(hour);
});
