import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { bufferMemory } from "../src/guest-memory.ts";
import { GLOBAL_GUID } from "../src/guid.ts";
import { Machine } from "../src/machine.ts";
import {
  type HypercallOptions,
  hypercallImports,
  LayoutError,
  loadShim,
  NullWriteError,
  type Shim,
  ShimBugError,
  type ShimEvent,
  ShimMemory,
  type ShimOptions,
} from "../src/testing/index.ts";
import type { TraceCall } from "../src/trace/format.ts";
import { Recorder } from "../src/trace/recorder.ts";
import { compileSmallShim } from "./support/shim.ts";

const VENDOR = "11111111-2222-3333-4444-555555555555";

const bytes = await compileSmallShim();
const module = new WebAssembly.Module(bytes);
const load = (options?: ShimOptions) => loadShim(module, options);

const folder = mkdtempSync(join(tmpdir(), "xenefi-shim-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("a shim is loaded", () => {
  const path = join(folder, "shim.wasm");
  writeFileSync(path, bytes);

  test.each([
    ["a module", module],
    ["its bytes", bytes],
    ["a path", path],
    ["a URL", pathToFileURL(path)],
    ["a URL as text", pathToFileURL(path).href],
  ])("from %s", async (_, source) => {
    const { efi } = await loadShim(source);
    expect(efi.getVariable("None", VENDOR).status).toBe("NOT_FOUND");
  });

  test.each([
    ["no file", join(folder, "none.wasm"), "ENOENT"],
    ["no wasm", new TextEncoder().encode("no wasm"), "WebAssembly.compile()"],
    ["a module without memory", Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0), "the shim exports no memory"],
  ])("but %s is refused", async (_, source, message) => {
    await expect(loadShim(source)).rejects.toThrow(message);
  });

  test("from a server, which may have none", async () => {
    const server = createServer(({ url }, response) => {
      response.statusCode = url === "/shim.wasm" ? 200 : 404;
      response.end(bytes);
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      const { efi } = await loadShim(`${base}/shim.wasm`);
      expect(efi.getVariable("None", VENDOR).status).toBe("NOT_FOUND");
      await expect(loadShim(new URL("/none.wasm", base))).rejects.toThrow(`${base}/none.wasm: 404 Not Found`);
    } finally {
      server.close();
    }
  });

  test("but one that imports its memory is refused", async () => {
    const source = await compileSmallShim("--importMemory");
    await expect(loadShim(source)).rejects.toThrow("imports the memory env.memory; only functions are imported");
  });
});

describe("plain values", () => {
  test("go into a shim's calls and come out", async () => {
    const { efi, machine } = await load();
    const data = Uint8Array.of(1, 2, 3);
    expect(efi.setVariable("Mine", VENDOR, 7, data)).toEqual({ status: "SUCCESS", statusRaw: 0n });
    expect(machine.variable("Mine", VENDOR)?.data).toEqual(data);
    expect(efi.getVariable("Mine", VENDOR)).toEqual({
      ...{ status: "SUCCESS", statusRaw: 0n, size: 3, attributes: 7, data },
    });
    expect(efi.getVariable("Mine", VENDOR, 2, ["attributes"])).toEqual({
      ...{ status: "BUFFER_TOO_SMALL", statusRaw: 0x80000005n, size: 3, attributes: 0, data: undefined },
    });
  });

  test("walk through the variables", async () => {
    const { efi } = await load();
    const first = efi.getNextVariable("", "00000000-0000-0000-0000-000000000000");
    expect(first).toMatchObject({
      status: "SUCCESS",
      name: expect.stringMatching(/./),
      guid: expect.stringMatching(/-/),
    });
    const second = efi.getNextVariable(first.name as string, first.guid as string);
    expect([second.status, second.name === first.name]).toEqual(["SUCCESS", false]);
  });

  test("that do not fit the time's form are refused before the shim is called", async () => {
    const { efi, log } = await load();
    expect(() => efi.setTime("tomorrow")).toThrow(SyntaxError);
    expect(log).toEqual([]);
  });

  test.each([
    [{}, "UNSUPPORTED", -12],
    [{ windowBytes: 0x800000 }, "INVALID_PARAMETER", 0],
  ])("of 5 MiB want a machine with room for them: %j", async (machine, status, ret) => {
    const { efi, log } = await load({ machine });
    expect(efi.setVariable("Mine", VENDOR, 7, new Uint8Array(0x500000)).status).toBe(status);
    expect(log.at(-1)?.out.ret).toBe(ret);
  });

  test("of a function that is not exported are refused by its name", async () => {
    const { efi } = await load();
    expect(() => efi.getTime()).toThrow("the shim exports no function xen_efi_get_time");
  });
});

describe("NULL", () => {
  test.each([
    ["a name", (efi: Shim["efi"]) => efi.getVariable(null, VENDOR)],
    ["a name to follow", (efi: Shim["efi"]) => efi.getNextVariable(null, VENDOR)],
    ["data to be written", (efi: Shim["efi"]) => efi.setVariable("Mine", VENDOR, 7, null, 3)],
  ])("as %s is not mapped", async (_, call) => {
    const { efi, log } = await load();
    expect(call(efi).status).toBe("UNSUPPORTED");
    expect(log[0]?.out.ret).toBe(-14);
  });

  test.each([0, 16, 1023])("a write to address %i is told, and only once", async (address) => {
    const shim = await load();
    const act = () => shim.call("write_through", address);
    expect(act).toThrow(NullWriteError);
    expect(act).toThrow(`write_through wrote 0x01 to address ${address}, below all data`);
    expect(shim.efi.getVariable("None", VENDOR).status).toBe("NOT_FOUND");
  });

  test("a write above the guard is the shim's own", async () => {
    const shim = await load();
    expect(() => shim.call("write_through", shim.mem.alloc(1))).not.toThrow();
  });

  test("a write before a BUG does not hide it, and does not show in the next call", async () => {
    const shim = await load();
    expect(() => shim.call("write_and_stop", 8)).toThrow(ShimBugError);
    expect(shim.call("count_raw", 0x03000001)).toBe(0);
  });

  test("the guard can be wider, but not over data", async () => {
    const shim = await load({ nullGuard: 512 });
    expect(() => shim.call("write_through", 511)).toThrow(NullWriteError);
    shim.call("write_through", 600);
    const data = Number((shim.exports.data as WebAssembly.Global).value);
    const message = `nullGuard: the shim has data at address ${data}, below ${data + 1}`;
    await expect(load({ nullGuard: data + 1 })).rejects.toThrow(message);
  });
});

describe("hypercalls", () => {
  test("by the kernel's wrapper have the interface version set, raw ones are passed as they are", async () => {
    const shim = await load();
    expect(shim.call("count_wrapped")).toBe(0);
    expect(shim.call("count_raw", 0x03000001)).toBe(0);
    expect(shim.call("count_raw", 0x03000000)).toBe(-13);
    expect(shim.log.map(({ fn }) => fn)).toEqual([
      "get_next_high_monotonic_count",
      "get_next_high_monotonic_count",
      "raw",
    ]);
  });

  test("with an op that is not mapped fault", async () => {
    const shim = await load();
    expect(shim.call("count_at", 0)).toBe(-14);
    expect(shim.call("count_at", -8)).toBe(-14);
    expect(shim.call("count_at", shim.mem.view.byteLength - 100)).toBe(-14);
  });

  test("by number are platform_op alone", async () => {
    const shim = await load();
    expect(shim.call("count_by_number", 7)).toBe(0);
    expect(() => shim.call("count_by_number", 17)).toThrow("hypercall 17; only platform_op, 7, is answered here");
  });

  test("reach a memory that has grown", async () => {
    const shim = await load();
    const before = shim.mem.view.byteLength;
    expect(shim.call("count_after_growth")).toBe(0);
    expect(shim.mem.view.byteLength).toBe(before + 65536);
    expect(shim.efi.setVariable("Mine", VENDOR, 7, [1]).status).toBe("SUCCESS");
  });

  test("meet the machine that was asked for", async () => {
    const shim = await load({ abi: "arm64", machine: { platform: { privileged: false } } });
    expect(shim.call("count_wrapped")).toBe(-1);
    shim.machine.platform.privileged = true;
    expect(shim.call("count_wrapped")).toBe(0);
    // Not folded: a shim whose long has 32 bits loses the error bit.
    expect(shim.efi.getVariable("None", VENDOR).statusRaw).toBe(0xen);
  });
});

describe("faults", () => {
  test("that a shim is loaded with disturb its calls, together and in order", async () => {
    const { efi, log } = await load({
      faults: [
        { fn: "set_variable", status: "DEVICE_ERROR" },
        { fn: "set_variable", status: "WRITE_PROTECTED" },
        { name: "Mine", nth: 2, errno: "-ENOMEM" },
      ],
    });
    expect(efi.setVariable("Mine", VENDOR, 7, [1]).status).toBe("WRITE_PROTECTED");
    expect(efi.setVariable("Mine", VENDOR, 7, [1]).status).toBe("UNSUPPORTED");
    expect(efi.getVariable("Mine", VENDOR).status).toBe("NOT_FOUND");
    expect(log.map(({ fn, out }) => [fn, out.ret])).toEqual([
      ["set_variable", 0],
      ["set_variable", -12],
      ["get_variable", 0],
    ]);
  });

  test("can be joined by others, and those be taken back", async () => {
    const { efi, machine } = await load({ faults: [{ status: "DEVICE_ERROR" }] });
    const other = machine.inject({ status: "NO_MEDIA" });
    expect(efi.getVariable("None", VENDOR).status).toBe("NO_MEDIA");
    other[Symbol.dispose]();
    expect(efi.getVariable("None", VENDOR).status).toBe("DEVICE_ERROR");
  });

  test("that cannot be are refused", async () => {
    await expect(load({ faults: [{ fn: "get_tme", status: 7 }] })).rejects.toThrow("rule.fn: one of get_time,");
  });
});

describe("hypercallImports", () => {
  interface Loaded {
    exports: Record<string, (...args: number[]) => number>;
    machine: Machine;
    mem: ShimMemory;
  }

  /** The small shim without loadShim, in an `env` that has more than it imports. */
  function loadOwn(options?: (machine: Machine) => HypercallOptions): Loaded {
    let memory: WebAssembly.Memory | undefined;
    const machine = new Machine({ abi: "arm32", guestMemory: bufferMemory(() => memoryNow().buffer) });
    const memoryNow = () => memory as WebAssembly.Memory;
    const env = { ...hypercallImports(machine, memoryNow, options?.(machine)), pci_dev_get: () => 0, valueOf: () => 0 };
    const { exports } = new WebAssembly.Instance(module, { env });
    memory = exports.memory as WebAssembly.Memory;
    return { exports: exports as unknown as Loaded["exports"], machine, mem: new ShimMemory(memory, 4) };
  }

  test("answer for a machine over the module's memory, raw calls as they are and the kernel's with the version", () => {
    const { exports, mem, machine } = loadOwn();
    expect([exports.count_raw?.(0x03000000), exports.count_raw?.(0x03000001), exports.count_wrapped?.()]).toEqual([
      ...[-13, 0, 0],
    ]);
    const set = exports.xen_efi_set_variable?.(mem.utf16("Mine"), mem.guid(VENDOR), 7, 2, mem.bytes([1, 2]));
    expect([set, machine.variable("Mine", VENDOR)?.data]).toEqual([0, Uint8Array.of(1, 2)]);
  });

  test("reach a memory that has grown", () => {
    const { exports } = loadOwn();
    expect(exports.count_after_growth?.()).toBe(0);
  });

  test("go through what stands in front of the machine", () => {
    const log: TraceCall[] = [];
    const { exports } = loadOwn((machine) => ({ through: new Recorder(machine, (call) => log.push(call)) }));
    exports.count_wrapped?.();
    expect(log.map(({ fn, out }) => [fn, out.ret])).toEqual([["get_next_high_monotonic_count", 0]]);
  });

  test("tell what else the shim does, and end a call that no kernel comes back from", () => {
    const events: ShimEvent[] = [];
    const { exports, mem, machine } = loadOwn(() => ({ tell: (event) => events.push(event) }));
    const text = mem.bytes(Buffer.from("\x014lost %d\0", "latin1"));
    exports.print?.(text, mem.u32(3));
    expect(() => exports.stop?.(text, mem.u32(4))).toThrow(ShimBugError);
    exports.sched_op?.(0, 0);
    exports.end?.(1);
    expect(events).toEqual([
      { kind: "printk", level: 4, text: "lost 3" },
      { kind: "bug", by: "panic", text: "lost 4" },
      { kind: "sched_op", cmd: 0, ret: -38 },
      { kind: "reboot", reason: 1, name: "reboot" },
    ]);
    expect(machine.shutdown).toMatchObject({ by: "dom0", name: "reboot" });
  });

  test("tell nobody unless they are asked to", () => {
    const { exports, machine } = loadOwn();
    exports.end?.(0);
    expect(machine.shutdown?.name).toBe("poweroff");
  });

  test("say so when the ops are laid out otherwise", () => {
    const { exports, mem } = loadOwn();
    exports.use_layout?.(20, 4, 8);
    const call = () => exports.xen_efi_set_variable?.(mem.utf16("Mine"), mem.guid(VENDOR), 7, 2, mem.bytes([1, 2]));
    expect(call).toThrow("load the shim with abi x86_32");
  });
});

describe("imports", () => {
  test("that nobody has throw their name once they are called", async () => {
    const shim = await load();
    const message =
      "the shim called env.pci_dev_get, which is not here; give loadShim a function as imports.pci_dev_get";
    expect(() => shim.call("find_device", 3)).toThrow(message);
    // A name that every object has.
    expect(() => shim.call("value_of")).toThrow("the shim called env.valueOf, which is not here");
  });

  test("are the test's own where it gives them", async () => {
    const BUG = () => {
      throw new RangeError("mine");
    };
    const shim = await load({ imports: { pci_dev_get: (device: number) => device + 1, BUG } });
    expect(shim.call("find_device", 3)).toBe(4);
    expect(() => shim.call("write_and_stop", 2000)).toThrow("mine");
  });
});

describe("the stack pointer is put back", () => {
  test.each([
    ["after a call that leaves it moved", "leave_stack", undefined],
    ["after a call that does not come back", "leave_stack_and_stop", "the shim called abort"],
  ])("%s", async (_, name, message) => {
    const shim = await load();
    const act = () => shim.call(name, 48);
    if (message === undefined) act();
    else expect(act).toThrow(message);
    expect((shim.exports.__stack_pointer as WebAssembly.Global).value).toBe(4096);
  });
});

describe("events", () => {
  const text = (shim: Shim, value: string) => shim.mem.bytes(Buffer.from(`${value}\0`, "latin1"));
  const words = (shim: Shim, ...values: number[]) => shim.mem.bytes(new Uint8Array(Uint32Array.from(values).buffer));

  test.each([
    ["\x014plain\n", [], 4, "plain"],
    ["no level", [], undefined, "no level"],
    ["%d %i %u", [-1, 7, -1], undefined, "-1 7 4294967295"],
    ["%x %#X %08x", [255, 0xbeef, 0xabc], undefined, "ff 0xBEEF 00000abc"],
    ["[%5d] [%-5d]", [42, 42], undefined, "[   42] [42   ]"],
    ["0x%llx: %d", [0x9abcdef0, 0x12345678, -3], undefined, "0x123456789abcdef0: -3"],
    // The value of 64 bits lies at a multiple of 8.
    ["%d 0x%llx", [1, 0, 2, 3], undefined, "1 0x300000002"],
    ["%ld %lu %zu", [-2, -2, 3], undefined, "-2 4294967294 3"],
    ["%p %c %s 100%%", [0x1234, 65, 0], undefined, "00001234 A (null) 100%"],
    ["%d %q %d", [1, 2], undefined, "1 %q 2"],
  ])("have printk's text: %j", async (format, values, level, said) => {
    const shim = await load();
    expect(shim.call("print", text(shim, format), words(shim, ...values))).toBe(0);
    expect(shim.events).toEqual([{ kind: "printk", level, text: said }]);
  });

  test("have texts that printk is given", async () => {
    const shim = await load();
    shim.call("print", text(shim, "<%s>"), words(shim, text(shim, "inner")));
    expect(shim.events).toEqual([{ kind: "printk", level: undefined, text: "<inner>" }]);
  });

  test("have a panic and its text", async () => {
    const shim = await load();
    expect(() => shim.call("stop", text(shim, "lost %d"), words(shim, 3))).toThrow("the shim called panic: lost 3");
    expect(shim.events).toEqual([{ kind: "bug", by: "panic", text: "lost 3" }]);
  });

  test("have a reboot, which ends Dom0, and other sched_ops", async () => {
    const shim = await load();
    expect(shim.call("sched_op", 0, 0)).toBe(-38);
    expect(shim.call("sched_op", 2, 0)).toBe(-14);
    shim.call("end", 0);
    expect(shim.events).toEqual([
      { kind: "sched_op", cmd: 0, ret: -38 },
      { kind: "sched_op", cmd: 2, ret: -14 },
      { kind: "reboot", reason: 0, name: "poweroff" },
    ]);
    expect(() => shim.call("count_wrapped")).toThrow("Dom0 does not run since its poweroff");
    shim.machine.reboot();
    expect(shim.call("count_wrapped")).toBe(0);
  });
});

describe("a layout that is not the ABI's", () => {
  const LAYOUTS = { native: [24, 8, 16], compat: [20, 4, 8], misaligned: [24, 4, 8] } as const;
  const loaded = async (abi: "arm32" | "x86_32", layout: keyof typeof LAYOUTS) => {
    const shim = await load({ abi });
    shim.call("use_layout", ...LAYOUTS[layout]);
    return shim;
  };
  const CALLS: [string, (efi: Shim["efi"]) => unknown][] = [
    ["get_variable", (efi) => efi.getVariable("BootOrder", GLOBAL_GUID)],
    ["set_variable", (efi) => efi.setVariable("Mine", VENDOR, 7, [1, 2])],
    ["set_variable without data", (efi) => efi.setVariable("Mine", VENDOR, 7, null)],
    ["get_next_variable_name", (efi) => efi.getNextVariable("BootOrder", GLOBAL_GUID)],
  ];

  describe.each(CALLS)("is told at %s", (_, call) => {
    test.each([
      [
        "x86_32",
        "misaligned",
        /does not fit x86_32: .* as no Xen has them \(inner union at 24 instead of 20\); .* shim\/include/,
      ],
      ["arm32", "misaligned", /does not fit arm32: .*inner union at 24 instead of 20/],
      ["arm32", "compat", /does not fit arm32: .* as x86_32 has them; load the shim with abi x86_32/],
      [
        "x86_32",
        "native",
        /does not fit x86_32: .* as arm32, arm64 and x86_64 have them; load the shim with abi arm32/,
      ],
    ] as const)("for %s with %s ops", async (abi, layout, message) => {
      const { efi, log } = await loaded(abi, layout);
      expect(() => call(efi)).toThrow(message);
      expect(() => call(efi)).toThrow(LayoutError);
      expect(log).toEqual([]);
    });

    test.each([
      ["x86_32", "compat"],
      ["arm32", "native"],
    ] as const)("but not for %s with its own, %s", async (abi, layout) => {
      const { efi } = await loaded(abi, layout);
      expect(() => call(efi)).not.toThrow();
    });
  });

  test.each(["x86_32", "arm32"] as const)("is not suspected in wrong arguments: %s", async (abi) => {
    const { efi, log } = await loaded(abi, abi === "arm32" ? "native" : "compat");
    for (const size of [0, 1, 4096, 70000]) {
      for (const guid of [GLOBAL_GUID, "00000000-0000-0000-0000-000000000000"]) {
        efi.getVariable(null, guid, size);
        efi.getVariable("BootOrder", guid, size, ["data"]);
        efi.getVariable(null, guid, size, ["data"]);
        efi.setVariable(null, guid, 7, [1], size);
        efi.setVariable("Mine", guid, 7, null, size);
        efi.getNextVariable(null, guid, size);
        efi.getNextVariable("", guid, size);
      }
    }
    expect(log.length).toBe(56);
  });
});

describe("the shim's memory", () => {
  test("takes values and gives them back", async () => {
    const { mem } = await load();
    const time = { year: 2030, month: 2, day: 28, hour: 23, min: 59, sec: 58, ns: 1, tz: -60, daylight: 3 };
    expect(mem.readUtf16(mem.utf16("Zürich"))).toBe("Zürich");
    expect(mem.readGuid(mem.guid(VENDOR))).toBe(VENDOR);
    expect(mem.readBytes(mem.bytes([1, 2, 3]), 3)).toEqual(Uint8Array.of(1, 2, 3));
    expect(mem.readTime(mem.time(time))).toEqual(time);
    expect([mem.readU32(mem.u32(0xfffffffe)), mem.readUlong(mem.ulong(7)), mem.readU64(mem.u64(2n ** 63n))]).toEqual([
      ...[0xfffffffe, 7, 2n ** 63n],
    ]);
    expect(mem.longBytes).toBe(4);
  });

  test("gives zeros at multiples of 16, a page or many of them", async () => {
    const { mem } = await load();
    const addresses = [1, 17, 65536, 3, 200000, 5].map((size) => ({ size, at: mem.alloc(size) }));
    for (const { size, at } of addresses) {
      expect(at % 16).toBe(0);
      expect(mem.readBytes(at, size).every((byte) => byte === 0)).toBe(true);
      mem.view.setUint8(at + size - 1, 1);
    }
    expect(new Set(addresses.map(({ at }) => at)).size).toBe(6);
  });

  test("is taken back: what one piece of work used, or everything", async () => {
    const { mem } = await load();
    const first = mem.bytes([1, 2]);
    const inner = mem.scoped(() => mem.bytes([9, 9]));
    expect(mem.alloc(2)).toBe(inner);
    expect(mem.readBytes(inner, 2)).toEqual(new Uint8Array(2));
    mem.reset();
    expect(mem.alloc(2)).toBe(first);
  });

  test("does not grow with the calls", async () => {
    const { efi, mem } = await load();
    efi.getVariable("None", VENDOR, 100000);
    const before = mem.view.byteLength;
    for (let i = 0; i < 100; i++) efi.getVariable("None", VENDOR, 100000);
    expect(mem.view.byteLength).toBe(before);
  });

  test("ends where it ends", async () => {
    const { mem } = await load();
    expect(() => mem.readU32(mem.view.byteLength)).toThrow(RangeError);
  });
});
