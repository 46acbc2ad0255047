import { beforeEach, expect, test } from "vitest";
import { loadShim } from "xenefi/testing";
import "xenefi/vitest";

const GLOBAL = "8be4df61-93ca-11d2-aa0d-00e098032b8c";
let shim;
beforeEach(async () => {
  shim = await loadShim(new URL("build/shim.wasm", import.meta.url), { abi: "arm32" });
});

test("a short buffer reports the size needed", () => {
  expect(shim.efi.getVariable("BootOrder", GLOBAL, 2)).toMatchObject({ status: "BUFFER_TOO_SMALL", size: 6 });
  expect(shim.log).toHaveCalled("get_variable", { name: "BootOrder", size: 2 });
});

test("a hypervisor that lies about the size is not believed", () => {
  shim.machine.inject({ fn: "get_variable", out: { size: 1 << 20 } });
  expect(shim.efi.getVariable("BootOrder", GLOBAL).status).toBe("DEVICE_ERROR");
});
