import { describe, expect, test } from "vitest";
import { Client } from "../src/client.ts";
import { OVMF_2M } from "../src/formats/edk2-store.ts";
import { HARDWARE_ERROR_GUID } from "../src/guid.ts";
import { Machine } from "../src/machine.ts";
import { type BootWrite, NO_BOOT, type Policy } from "../src/policies/policy.ts";
import { edk2, GUID } from "./support/writer.ts";

const ERROR_FLAG_GUID = "04b37fe8-f6ae-480b-bdd5-37d98c5e89aa";
const ERROR_RECORD = 0x0f;
/** Bytes of a record beside name and data; of names of one unit and of HwErrRec####, with terminator. */
const HEADER = 60;
const SHORT_NAME = 4;
const ERROR_NAME = 26;

/** A store with this much for all variables, of which some for error records; no variable but those given. */
function dom0With(spaceBytes: number, changes: Partial<Policy>, preload: BootWrite[] = []): Client {
  const geometry = { ...OVMF_2M, storeEnd: OVMF_2M.storeOffset + 28 + spaceBytes };
  const policy: Policy = { ...edk2, geometry, maxVariableBytes: 0x800, maxAuthVariableBytes: 0x800, boot: NO_BOOT };
  return new Client(new Machine({ policy: { ...policy, maxErrorRecordBytes: 0x400, ...changes }, preload }));
}

function set(dom0: Client, name: string, count: number, attributes = 7): string {
  return dom0.setVariable(name, GUID, attributes, new Uint8Array(count)).statusName;
}

/** Writes HwErrRec#### with data that make its record so long. */
function setRecord(dom0: Client, number: number, recordBytes: number): string {
  const name = `HwErrRec${number.toString(16).toUpperCase().padStart(4, "0")}`;
  const data = new Uint8Array(recordBytes - HEADER - ERROR_NAME);
  return dom0.setVariable(name, HARDWARE_ERROR_GUID, ERROR_RECORD, data).statusName;
}

const room = (dom0: Client, attributes: number) => Number(dom0.queryVariableInfo(attributes).remainStoreSize);
const flag = (data = "ff"): BootWrite => ({ name: "VarErrorFlag", guid: ERROR_FLAG_GUID, attributes: 7, data });
const FLAG_RECORD = 88;
const flagOf = (dom0: Client) => dom0.getVariable("VarErrorFlag", ERROR_FLAG_GUID).data?.[0];

describe("hardware error records", () => {
  const kept = { errorStorageBytes: 0x1000 };

  test("are told their own room", () => {
    const dom0 = dom0With(0x4000, kept);
    expect(dom0.queryVariableInfo(ERROR_RECORD)).toMatchObject({
      maxStoreSize: 0x1000n,
      remainStoreSize: 0x1000n,
      maxSize: BigInt(0x400 - HEADER),
    });
    expect(dom0.queryVariableInfo(7)).toMatchObject({ maxStoreSize: 0x3000n, remainStoreSize: 0x3000n });
  });

  test.each([
    [0x400, "SUCCESS"],
    [0x401, "INVALID_PARAMETER"],
  ])("may be as large as their limit: %i bytes are %s", (bytes, status) => {
    expect(setRecord(dom0With(0x4000, kept), 1, bytes)).toBe(status);
  });

  test("fill their storage to the last byte and no further, whatever room others have", () => {
    const dom0 = dom0With(0x4000, kept, [flag()]);
    for (let i = 0; i < 4; i++) expect(setRecord(dom0, i, 0x400)).toBe("SUCCESS");
    expect(room(dom0, ERROR_RECORD)).toBe(0);
    expect(setRecord(dom0, 4, HEADER + ERROR_NAME + 1)).toBe("OUT_OF_RESOURCES");
    expect(flagOf(dom0)).toBe(0xff);
    expect(set(dom0, "A", 100)).toBe("SUCCESS");
  });

  test("leave room to themselves when common variables fill theirs", () => {
    const dom0 = dom0With(0x1800, kept);
    expect(set(dom0, "A", 0x800 - HEADER - SHORT_NAME)).toBe("SUCCESS");
    expect(set(dom0, "B", 1)).toBe("OUT_OF_RESOURCES");
    expect(setRecord(dom0, 0, 0x400)).toBe("SUCCESS");
  });

  test("are cleaned up at boot like others", () => {
    const dom0 = dom0With(0x4000, kept);
    for (let i = 0; i < 4; i++) expect(setRecord(dom0, 0, 0x400 - i)).toBe("SUCCESS");
    expect(room(dom0, ERROR_RECORD)).toBe(0);
    dom0.machine.reboot();
    expect(room(dom0, ERROR_RECORD)).toBe(0x1000 - 0x400);
    expect(dom0.getVariable("HwErrRec0000", HARDWARE_ERROR_GUID).size).toBe(0x3fd - HEADER - ERROR_NAME);
  });

  test("are not cleaned up while one more fits", () => {
    const dom0 = dom0With(0x4000, kept);
    for (let i = 0; i < 3; i++) expect(setRecord(dom0, 0, 0x400 - i)).toBe("SUCCESS");
    dom0.machine.reboot();
    expect(room(dom0, ERROR_RECORD)).toBe(0x400);
  });

  test.each([
    ["another name", "HwErrRec000g", HARDWARE_ERROR_GUID, ERROR_RECORD],
    ["another namespace", "HwErrRec0000", GUID, ERROR_RECORD],
    ["a plain variable's attributes", "HwErrRec0000", HARDWARE_ERROR_GUID, 7],
  ])("of %s are refused", (_, name, guid, attributes) => {
    const dom0 = dom0With(0x4000, kept);
    expect(dom0.setVariable(name, guid, attributes, Uint8Array.of(1)).statusName).toBe("INVALID_PARAMETER");
  });

  test("need room that is kept for them", () => {
    expect(setRecord(dom0With(0x4000, {}), 0, 0x100)).toBe("INVALID_PARAMETER");
    expect(dom0With(0x4000, {}).queryVariableInfo(ERROR_RECORD).statusName).toBe("UNSUPPORTED");
  });
});

describe("common variables", () => {
  test("fill their space to the last byte", () => {
    const dom0 = dom0With(0x400, {});
    expect(set(dom0, "A", 0x200 - HEADER - SHORT_NAME)).toBe("SUCCESS");
    expect(set(dom0, "B", 0x200 - HEADER - SHORT_NAME + 1)).toBe("OUT_OF_RESOURCES");
    expect(set(dom0, "B", 0x200 - HEADER - SHORT_NAME)).toBe("SUCCESS");
    expect(room(dom0, 7)).toBe(0);
  });

  test("count rounded up once they are written, unrounded before", () => {
    const dom0 = dom0With(0x400 - 3, {});
    expect(set(dom0, "A", 0x200 - HEADER - SHORT_NAME)).toBe("SUCCESS");
    expect(set(dom0, "B", 0x200 - HEADER - SHORT_NAME - 3)).toBe("SUCCESS");
  });

  test("leave alone what is kept for boot services", () => {
    const dom0 = dom0With(0x400, { bootReservedBytes: 0x100 }, [flag()]);
    expect(dom0.queryVariableInfo(7).maxStoreSize).toBe(0x300n);
    expect(set(dom0, "A", 0x300 - FLAG_RECORD - HEADER - SHORT_NAME + 1)).toBe("OUT_OF_RESOURCES");
    expect(flagOf(dom0)).toBe(0xef);
    expect(set(dom0, "A", 0x300 - FLAG_RECORD - HEADER - SHORT_NAME)).toBe("SUCCESS");
  });

  test("may use that at boot", () => {
    const data = "00".repeat(0x400 - HEADER - SHORT_NAME);
    const dom0 = dom0With(0x400, { bootReservedBytes: 0x100 }, [{ name: "A", guid: GUID, attributes: 7, data }]);
    expect(dom0.machine.bootRefusals).toEqual([]);
    expect(room(dom0, 7)).toBe(0);
  });
});

describe("variables that nobody has defined", () => {
  test("have their own share, which defined ones do not touch", () => {
    const dom0 = dom0With(0x1000, { maxUserBytes: 0x200 + FLAG_RECORD }, [flag()]);
    const boot0001 = Uint8Array.from([1, 0, 0, 0, 4, 0, 0, 0, 0x7f, 0xff, 4, 0]);
    expect(set(dom0, "A", 0x200 - HEADER - SHORT_NAME + 1)).toBe("OUT_OF_RESOURCES");
    expect(flagOf(dom0)).toBe(0xfe);
    expect(set(dom0, "A", 0x200 - HEADER - SHORT_NAME)).toBe("SUCCESS");
    expect(set(dom0, "B", 1)).toBe("OUT_OF_RESOURCES");
    expect(dom0.setVariable("Boot0001", "8be4df61-93ca-11d2-aa0d-00e098032b8c", 7, boot0001).statusName).toBe(
      "SUCCESS",
    );
  });

  test("and error records do not touch it, either", () => {
    const dom0 = dom0With(0x4000, { maxUserBytes: 0x80, errorStorageBytes: 0x1000 });
    expect(set(dom0, "A", 0x80 - HEADER - SHORT_NAME)).toBe("SUCCESS");
    expect(setRecord(dom0, 0, 0x400)).toBe("SUCCESS");
  });

  test("both bits of VarErrorFlag go where both spaces are short", () => {
    const dom0 = dom0With(0x200, { maxUserBytes: 0x180 }, [flag()]);
    expect(set(dom0, "A", 0x200)).toBe("OUT_OF_RESOURCES");
    expect(flagOf(dom0)).toBe(0xee);
  });

  test("a flag that is cleared stays as it is, and a missing one is no matter", () => {
    const cleared = dom0With(0x200, {}, [flag("00")]);
    expect(set(cleared, "A", 0x200)).toBe("OUT_OF_RESOURCES");
    expect(flagOf(cleared)).toBe(0);
    expect(set(dom0With(0x200, {}), "A", 0x200)).toBe("OUT_OF_RESOURCES");
  });
});

describe("volatile variables", () => {
  const volatile = (name: string, count: number) => ({ name, guid: GUID, attributes: 6, data: "00".repeat(count) });

  test("fill their store to the last byte", () => {
    const space = { volatileStoreBytes: 0x400 + 28, maxVolatileVariableBytes: 0x800 };
    const full = dom0With(0x1000, space, [volatile("A", 0x400 - HEADER - SHORT_NAME)]);
    expect(full.machine.bootRefusals).toEqual([]);
    expect(full.queryVariableInfo(6)).toMatchObject({ maxStoreSize: 0x400n, remainStoreSize: 0n });
    const { bootRefusals } = dom0With(0x1000, space, [volatile("A", 0x401 - HEADER - SHORT_NAME)]).machine;
    expect(bootRefusals.map(({ status }) => status)).toEqual([9]);
  });
});

describe("the largest variable", () => {
  test.each([
    [7, 0x100],
    [0x27, 0x200],
    [6, 0x300],
    [0x26, 0x200],
  ])("with attributes 0x%s is that of its class", (attributes, bytes) => {
    const limits = { maxVariableBytes: 0x100, maxAuthVariableBytes: 0x200, maxVolatileVariableBytes: 0x300 };
    const dom0 = dom0With(0x1000, limits);
    expect(dom0.queryVariableInfo(attributes).maxSize).toBe(BigInt(bytes - HEADER));
  });

  test("is what room there is, if that is less", () => {
    const dom0 = dom0With(0x200, {});
    expect(set(dom0, "A", 0x100 - HEADER - SHORT_NAME)).toBe("SUCCESS");
    expect(dom0.queryVariableInfo(7).maxSize).toBe(BigInt(0x100 - HEADER));
    expect(set(dom0, "B", 0xe0 - HEADER - SHORT_NAME)).toBe("SUCCESS");
    expect(dom0.queryVariableInfo(7)).toMatchObject({ remainStoreSize: 0x20n, maxSize: 0n });
  });
});
