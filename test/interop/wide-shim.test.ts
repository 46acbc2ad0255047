import { setFlagsFromString } from "node:v8";
import { beforeEach, describe, expect, test } from "vitest";
import { GLOBAL_GUID } from "../../src/guid.ts";
import { loadShim, NullWriteError, type Shim } from "../../src/testing/index.ts";
import { longBytesOf } from "../../src/testing/shim-memory.ts";
import { fixturePath } from "../support/fixtures.ts";
import { need, output } from "./support/tools.ts";

need("wabt");

/** A module that has a 64-bit memory and nothing else. */
const MODULE = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 5, 3, 1, 4, 0);
// Node before 24 has them behind a flag, which is unknown later.
if (!WebAssembly.validate(MODULE)) setFlagsFromString("--experimental-wasm-memory64");
const host = WebAssembly.validate(MODULE) ? "" : ", skipped: this host has no 64-bit memories";

const VENDOR = "11111111-2222-3333-4444-555555555555";

describe.skipIf(host !== "")(`a shim of 64-bit addresses${host}`, () => {
  let shim: Shim;
  beforeEach(async () => {
    const module = output("wat2wasm", "--enable-memory64", fixturePath("shims/wide.wat"), "-o");
    shim = await loadShim(new Uint8Array(module));
  });

  test("is one for x86_64 unless it is said to be another, with longs of 8 bytes", () => {
    expect([shim.machine.abi, shim.mem.longBytes]).toEqual(["x86_64", 8]);
  });

  test.skipIf(Number.parseInt(process.versions.node, 10) < 24)("is told by its memory where it has no stack", () => {
    const wide = { address: "i64", initial: 1n } as unknown as WebAssembly.MemoryDescriptor;
    expect(longBytesOf(new WebAssembly.Memory(wide))).toBe(8);
    expect(longBytesOf(new WebAssembly.Memory({ initial: 1 }))).toBe(4);
  });

  test("has plain values go in and out", () => {
    const { efi, machine } = shim;
    expect(efi.setVariable("Mine", VENDOR, 7, [1, 2, 3])).toEqual({ status: "SUCCESS", statusRaw: 0n });
    expect(machine.variable("Mine", VENDOR)?.data).toEqual(Uint8Array.of(1, 2, 3));
    expect(efi.getVariable("Mine", VENDOR)).toEqual({
      ...{ status: "SUCCESS", statusRaw: 0n, size: 3, attributes: 7, data: Uint8Array.of(1, 2, 3) },
    });
    expect(efi.getNextVariable("", "00000000-0000-0000-0000-000000000000")).toMatchObject({
      ...{ status: "SUCCESS", name: expect.stringMatching(/./), guid: expect.stringMatching(/-/) },
    });
  });

  test("has statuses of 64 bits", () => {
    const { efi } = shim;
    expect(efi.getVariable("None", VENDOR)).toMatchObject({ status: "NOT_FOUND", statusRaw: 0x800000000000000en });
    expect(efi.getVariable("BootOrder", GLOBAL_GUID, 2)).toMatchObject({ status: "BUFFER_TOO_SMALL", size: 6 });
  });

  test.each([
    ["NULL", 0n],
    ["an address below the guard's end", 8n],
    ["an address above all memory", 1n << 40n],
    ["the last address", (1n << 64n) - 8n],
  ])("finds no op at %s", (_, address) => {
    expect(shim.call("count_at", address)).toBe(-14);
  });

  test("finds NULL not mapped, and is told that it wrote there", () => {
    expect(shim.efi.getVariable(null, VENDOR).status).toBe("UNSUPPORTED");
    expect(shim.log[0]?.out.ret).toBe(-14);
    expect(() => shim.call("write_through", 16n)).toThrow(NullWriteError);
  });

  test("prints longs and pointers of 8 bytes", () => {
    const { mem, events } = shim;
    const format = mem.bytes(Buffer.from("%lx %d %p\0", "latin1"));
    const values = mem.bytes(new Uint8Array(BigUint64Array.of(0x1234567890abcdefn, 7n, 16n).buffer));
    shim.call("print", BigInt(format), BigInt(values));
    expect(events).toEqual([{ kind: "printk", level: undefined, text: "1234567890abcdef 7 0000000000000010" }]);
  });

  test("takes more than its memory has, which grows", () => {
    const before = shim.mem.view.byteLength;
    const data = new Uint8Array(200_000).fill(9);
    expect(shim.efi.setVariable("Mine", VENDOR, 7, data).status).not.toBe("SUCCESS");
    expect(shim.mem.view.byteLength).toBeGreaterThan(before);
  });
});
