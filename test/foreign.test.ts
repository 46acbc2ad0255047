import { describe, expect, test } from "vitest";
import { Client } from "../src/client.ts";
import { bufferMemory, fixedMemory } from "../src/guest-memory.ts";
import { Machine } from "../src/machine.ts";

const GUID = "11111111-2222-3333-4444-555555555555";

describe("a machine whose guest has memory of its own", () => {
  test.each([
    ["in a fixed buffer", () => fixedMemory(new ArrayBuffer(0x40000))],
    ["in memory that may grow", () => bufferMemory(() => new ArrayBuffer(0x40000), {})],
  ])("%s takes window options for a mistake", (_, guestMemory) => {
    expect(() => new Machine({ guestMemory: guestMemory(), windowBytes: 0x4000 })).toThrow(/windowBytes/);
  });

  test("stores and reads variables of it", () => {
    const client = new Client(new Machine({ guestMemory: fixedMemory(new ArrayBuffer(0x40000)) }));
    const data = Uint8Array.from({ length: 100 }, (_, i) => i);
    expect(client.setVariable("Ten", GUID, 7, data).statusName).toBe("SUCCESS");
    expect(client.getVariable("Ten", GUID).data).toEqual(data);
    expect([...client.variableNames()].map(({ name }) => name)).toContain("Ten");
  });
});
