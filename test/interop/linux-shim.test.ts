import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { GLOBAL_GUID } from "../../src/index.ts";
import { loadShim, type Shim, type ShimOptions } from "../../src/testing/index.ts";
import { fixtureBytes } from "../support/fixtures.ts";
import { build, KERNEL_PACKAGES, KERNELS, kernelTree, shimModule } from "./support/kernel.ts";
import { file, need } from "./support/tools.ts";

need(...KERNEL_PACKAGES);

const VENDOR = "11111111-2222-3333-4444-555555555555";
const BUILDS = KERNELS.flatMap((kernel) => (["arm32", "x86_32"] as const).map((abi) => ({ kernel, abi })));

describe.each(BUILDS)("the shim of Linux $kernel, built for $abi", ({ kernel, abi }) => {
  const load = (options: ShimOptions = {}) => loadShim(shimModule(kernel, abi), { ...options, abi });

  test("writes, reads, lists and deletes a variable", async () => {
    const { efi, log } = await load();
    const data = [1, 2, 3, 4, 5];
    expect(efi.setVariable("Mine", VENDOR, 7, data).status).toBe("SUCCESS");
    const found = { status: "SUCCESS", size: 5, attributes: 7, data: Uint8Array.from(data) };
    expect(efi.getVariable("Mine", VENDOR)).toMatchObject(found);
    expect(names(efi)).toContain("Mine");
    expect(efi.setVariableNonblocking("Mine", VENDOR, 7, null).status).toBe("SUCCESS");
    expect(efi.getVariable("Mine", VENDOR).status).toBe("NOT_FOUND");
    expect(log[0]).toMatchObject({ fn: "set_variable", in: { name: "Mine", misc: 7, size: 5, data: "0102030405" } });
  });

  test("has its statuses in the width of a long, the error bit on top", async () => {
    const { efi } = await load();
    expect(efi.getVariable("None", VENDOR)).toMatchObject({ status: "NOT_FOUND", statusRaw: 0x8000000en });
  });

  test("tells the size that a short buffer needs", async () => {
    const { efi } = await load();
    expect(efi.getVariable("BootOrder", GLOBAL_GUID, 2)).toMatchObject({
      ...{ status: "BUFFER_TOO_SMALL", size: 6, attributes: 7, data: undefined },
    });
    expect(efi.getVariable("BootOrder", GLOBAL_GUID, 6, ["attributes"]).data).toHaveLength(6);
    expect(efi.getNextVariable("", VENDOR, 2)).toMatchObject({ status: "BUFFER_TOO_SMALL", name: undefined });
  });

  test("passes NULL on, and the hypervisor refuses it", async () => {
    const { efi, log } = await load();
    // -EFAULT, which the shim does not tell from any other errno.
    expect(efi.getVariable(null, VENDOR).status).toBe("UNSUPPORTED");
    expect(efi.setVariable("Mine", VENDOR, 7, null, 3).status).toBe("UNSUPPORTED");
    expect(efi.getNextVariable(null, VENDOR).status).toBe("UNSUPPORTED");
    expect(log.map((call) => call.out.ret)).toEqual([-14, -14, -14]);
    // The firmware's own check: a size is asked for, or a buffer is missing.
    expect(efi.getVariable("BootOrder", GLOBAL_GUID, 0, ["data"])).toMatchObject({
      status: "BUFFER_TOO_SMALL",
      size: 6,
    });
  });

  test("asks for the store's space, once it knows a version from 2.00 on", async () => {
    const { efi, exports } = await load();
    const info = efi.queryVariableInfo(7);
    expect(info.status).toBe("SUCCESS");
    expect(info.maxStoreSize).toBeGreaterThan(info.remainStoreSize);
    expect(efi.queryVariableInfoNonblocking(7)).toEqual(info);
    (exports.shim_setup as (version: number) => void)(0x1000a);
    expect(efi.queryVariableInfo(7)).toMatchObject({ status: "UNSUPPORTED", maxSize: 0n });
  });

  test("sets and reads the clock", async () => {
    const { efi, log } = await load();
    expect(efi.setTime("2030-02-28T23:59:58").status).toBe("SUCCESS");
    expect(log.at(-1)).toMatchObject({ fn: "set_time", in: { time: { year: 2030, month: 2, day: 28, sec: 58 } } });
    expect(efi.getTime()).toMatchObject({
      ...{ status: "SUCCESS", time: { year: 2030, month: 2, day: 28, hour: 23, min: 59 } },
      ...{ resolution: 1, setsToZero: false },
    });
    expect(efi.getTime(["time", "capabilities"])).toMatchObject({ status: "SUCCESS", time: undefined });
    expect(efi.setTime("2030-13-01T00:00:00").status).toBe("INVALID_PARAMETER");
  });

  test("sets and reads the alarm, with and without a time", async () => {
    const { efi, log } = await load();
    efi.setTime("2030-02-28T12:00:00");
    expect(efi.setWakeupTime(true, "2030-02-28T18:00:00").status).toBe("SUCCESS");
    expect(efi.getWakeupTime()).toMatchObject({ status: "SUCCESS", enabled: true, pending: false, time: { hour: 18 } });
    expect(efi.setWakeupTime(false, null).status).toBe("SUCCESS");
    expect(log.at(-1)).toMatchObject({ fn: "set_wakeup_time", in: { misc: 2 } });
    expect(efi.getWakeupTime(["enabled", "pending", "time"]).status).toBe("SUCCESS");
    expect(efi.getWakeupTime()).toMatchObject({ enabled: false });
  });

  test("counts", async () => {
    const { efi } = await load();
    const { count } = efi.getNextHighMonoCount();
    expect(efi.getNextHighMonoCount()).toMatchObject({ status: "SUCCESS", count: count + 1 });
  });

  test("passes capsules on, which Xen does not take", async () => {
    const { efi, log } = await load();
    const capsule = new Uint8Array(28);
    expect(efi.updateCapsule([capsule]).status).toBe("UNSUPPORTED");
    expect(efi.queryCapsuleCaps([capsule])).toMatchObject({ status: "UNSUPPORTED", maxSize: 0n });
    expect(log.map(({ fn, out }) => [fn, out.ret])).toEqual([
      ["update_capsule", -38],
      ["query_capsule_capabilities", -38],
    ]);
  });

  test.each([
    ["cold", "reboot", 1],
    ["warm", "reboot", 1],
    ["shutdown", "poweroff", 0],
  ] as const)("a %s reset is a %s", async (type, name, reason) => {
    const { efi, events, machine } = await load();
    efi.resetSystem(type);
    expect(events).toEqual([{ kind: "reboot", reason, name }]);
    expect(machine.shutdown).toMatchObject({ by: "dom0", name });
    expect(() => efi.getTime()).toThrow("Dom0 does not run since its");
  });

  test("an unknown reset is a bug, after which it goes on with its stack as it was", async () => {
    const { efi, events, exports } = await load();
    const stack = (exports.__stack_pointer as WebAssembly.Global).value;
    expect(() => efi.resetSystem(3)).toThrow("the shim called BUG");
    expect(events).toEqual([{ kind: "bug", by: "BUG", text: "" }]);
    expect((exports.__stack_pointer as WebAssembly.Global).value).toBe(stack);
    expect(efi.getTime().status).toBe("SUCCESS");
  });

  test.each([
    ["a domain that may not", { privileged: false }, -1],
    ["no EFI", { efiBoot: false }, -38],
    ["no runtime services", { runtimeServices: false }, -95],
  ])("%s is EFI_UNSUPPORTED to its callers", async (_, platform, ret) => {
    const { efi, log } = await load({ machine: { platform } });
    expect(efi.getTime().status).toBe("UNSUPPORTED");
    expect(log[0]?.out.ret).toBe(ret);
  });
});

describe.each(KERNELS)("the probe of Linux %s", (kernel) => {
  const load = (options: ShimOptions = {}) => loadShim(shimModule(kernel, "x86_32"), { ...options, abi: "x86_32" });

  test("finds tables, versions, vendor and the Secure Boot state", async () => {
    const { efi, log, mem } = await load();
    const found = efi.probe();
    expect(found).toMatchObject({
      ...{ signature: "Xen", secureBoot: "disabled", flags: 0b1100001, runtimeVersion: 0x20046, revision: 0x20046 },
    });
    expect(found.vendor).not.toBe("UNKNOWN");
    expect(found.vendor).not.toBe("");
    expect(found.configTables.count).toBeGreaterThan(0);
    expect(found.systemTable).toBeGreaterThan(BigInt(mem.view.byteLength));
    expect(log.slice(0, 4).map((call) => [call.fn, call.in.index, call.in.bufsz])).toEqual([
      ["firmware_info", 1, undefined],
      ["firmware_info", 2, 200],
      ["firmware_info", 0, undefined],
      ["firmware_info", 4, undefined],
    ]);
    expect(log[4]).toMatchObject({ fn: "get_variable", in: { name: "SecureBoot", guid: GLOBAL_GUID, size: 1 } });
    expect(efi.getTime().status).toBe("SUCCESS");
  });

  test("takes a vendor that Xen has not kept for UNKNOWN", async () => {
    const { efi } = await load({ machine: { facts: { vendor: undefined } } });
    expect(efi.probe()).toMatchObject({ signature: "Xen", vendor: "UNKNOWN", firmwareRevision: 0 });
  });

  test.each([
    ["no EFI", { efiBoot: false }, true],
    ["another domain", {}, false],
  ])("gives up with %s", async (_, platform, initialDomain) => {
    const { efi, log } = await load({ machine: { platform } });
    expect(efi.probe({ initialDomain })).toMatchObject({ signature: "", systemTable: 0n, flags: 0 });
    expect(log.length).toBe(initialDomain ? 1 : 0);
  });

  test.each([
    ["enabled", "stores/ovmf-4m-ms.fd.gz", undefined, "UEFI Secure Boot is enabled."],
    ["enabled", "stores/ovmf-4m-ms.fd.gz", "00", "UEFI Secure Boot is enabled."],
    ["disabled", "stores/ovmf-4m-ms.fd.gz", "01", undefined],
    ["disabled", "stores/ovmf-4m-stock.fd.gz", undefined, undefined],
  ])("tells Secure Boot %s with the keys of %s and MokSBStateRT %s", async (state, store, mok, said) => {
    const shimLock = { guid: "605dab50-e046-4300-abb6-3dd810dd8b23", attributes: 6 };
    const preload = mok === undefined ? [] : [{ ...shimLock, name: "MokSBStateRT", data: mok }];
    const { efi, events, log } = await load({ machine: { store: fixtureBytes(store), preload } });
    expect(efi.probe().secureBoot).toBe(state);
    expect(events).toEqual(said === undefined ? [] : [{ kind: "printk", level: 6, text: said }]);
    const asked = log.filter(({ fn }) => fn === "get_variable").map((call) => call.in.name);
    expect(asked).toEqual(["SecureBoot", "SetupMode", ...(store.includes("-ms") ? ["MokSBStateRT"] : [])]);
  });

  test("says that it cannot tell the Secure Boot state without runtime services", async () => {
    const { efi, events } = await load({ machine: { platform: { runtimeServices: false } } });
    expect(efi.probe()).toMatchObject({ signature: "Xen", secureBoot: "unknown", runtimeVersion: 0 });
    expect(events).toEqual([{ kind: "printk", level: 3, text: "Could not determine UEFI Secure Boot status." }]);
  });
});

describe.each(["arm32", "x86_32"] as const)("Linux 6.12's descriptors, built for %s", (abi) => {
  test.each([
    ...[0, 5, 6, 9, 10].map((type) => [type, true] as const),
    ...[1, 2, 3, 4, 7, 8, 11].map((type) => [type, false] as const),
  ])("a table in memory of type %s is usable: %s", async (type, isUsable) => {
    const memoryMap = [{ start: 0x100000n, bytes: 0x3000n, attributes: 15n, type }];
    const { efi, log } = await loadShim(shimModule("6.12", abi), { abi, machine: { facts: { memoryMap } } });
    expect(efi.configTableIsUsable(VENDOR, 0x101234)).toBe(true);
    expect(log).toEqual([]);
    efi.setFlags(6);
    expect(efi.configTableIsUsable(VENDOR, 0x101234)).toBe(isUsable);
    const [start, attributes] = [0x101000n, 15n];
    expect(efi.memDescLookup(0x101234n)).toEqual({ ret: 0, type, start, pages: 2n, attributes });
  });

  test("without Xen's services the kernel's own map is asked, and there is none", async () => {
    const { efi, log } = await loadShim(shimModule("6.12", abi), { abi });
    expect(efi.memDescLookup(0x1000n).ret).toBe(-95);
    expect(log).toEqual([]);
  });

  test("an address in no descriptor is warned of, and taken for reserved memory", async () => {
    const { efi, events } = await loadShim(shimModule("6.12", abi), { abi, machine: { facts: { memoryMap: [] } } });
    efi.setFlags(6);
    expect(efi.memDescLookup(0x123456789abcn)).toMatchObject({ ret: 0, type: 0 });
    const text = "Failed to lookup header 0x123456789000 in Xen memory map: error -3";
    expect(events).toEqual([{ kind: "printk", level: 4, text }]);
    expect(efi.configTableIsUsable(VENDOR, 0x1000)).toBe(true);
  });
});

test("a shim whose compiler aligned 64-bit types to 8 is told apart from one whose calls fail", async () => {
  const types = readFileSync(new URL("../../shim/include/linux/types.h", import.meta.url), "utf8");
  const natural = file(types.replace("__attribute__((aligned(4)))", ""), ".h");
  const misaligned = build(kernelTree("6.12"), "x86_32", { args: ["-include", natural] });
  const { efi } = await loadShim(misaligned, { abi: "x86_32" });
  const message = /the op does not fit x86_32: .* no Xen has them.* build with the types\.h of xenefi's shim\/include/;
  expect(() => efi.getVariable("BootOrder", GLOBAL_GUID)).toThrow(message);
  expect(() => efi.getNextVariable("", "00000000-0000-0000-0000-000000000000")).toThrow(message);
});

test("a shim for x86_32 is told from one for arm32", async () => {
  const forX86 = await loadShim(shimModule("6.12", "x86_32"), { abi: "arm32" });
  expect(() => forX86.efi.getVariable("BootOrder", GLOBAL_GUID)).toThrow("load the shim with abi x86_32");
  const forArm = await loadShim(shimModule("6.12", "arm32"), { abi: "x86_32" });
  expect(() => forArm.efi.getVariable("BootOrder", GLOBAL_GUID)).toThrow("load the shim with abi arm32");
});

function names(efi: Shim["efi"]): string[] {
  const all: string[] = [];
  let next = efi.getNextVariable("", "00000000-0000-0000-0000-000000000000");
  while (next.name !== undefined && next.guid !== undefined) {
    all.push(next.name);
    next = efi.getNextVariable(next.name, next.guid);
  }
  return all;
}
