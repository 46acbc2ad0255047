import type * as xenefi from "../../src/index.ts";
import type * as testing from "../../src/testing/index.ts";

type Library = typeof xenefi & Pick<typeof testing, "loadShim">;
type Calls = xenefi.TraceCall[];

/**
 * Answers hypercalls in a machine, and those of a shim (base64) that is loaded from its bytes, a URL and a module. What
 * came out, as text to compare between hosts.
 */
export async function smoke(library: Library, base64: string): Promise<string> {
  const bytes = Uint8Array.from(atob(base64), (unit) => unit.charCodeAt(0));
  const sources = [bytes, new URL(`data:application/wasm;base64,${base64}`), new WebAssembly.Module(bytes)];
  const shims = [];
  for (const source of sources) shims.push(await callShim(library, source));
  return JSON.stringify({ machine: callMachine(library), shims }, (_, value) => plain(value), 1);
}

function callMachine({ Client, GLOBAL_GUID, hostile, Machine, Recorder }: Library) {
  const machine = new Machine({ abi: "x86_64" });
  const log: Calls = [];
  const dom0 = new Client(machine, new Recorder(machine, (call) => log.push(call)));
  const { statusName, data } = dom0.getVariable("BootOrder", GLOBAL_GUID);
  const refused = dom0.setVariable("SecureBoot", GLOBAL_GUID, 6, Uint8Array.of(1)).reason;
  dom0.getTime();
  machine.inject(hostile(7));
  for (let i = 0; i < 20; i++) dom0.getVariable("PlatformLang", GLOBAL_GUID, 16);
  machine.reboot();
  const flash = machine.flash().reduce((sum, byte) => (Math.imul(sum, 31) + byte) | 0, 0);
  return { statusName, data, refused, log, flash };
}

async function callShim({ GLOBAL_GUID, loadShim }: Library, source: testing.ShimSource) {
  const { efi, log } = await loadShim(source);
  const answers = [
    efi.getVariable("BootOrder", GLOBAL_GUID, 2),
    efi.getVariable("BootOrder", GLOBAL_GUID),
    efi.setVariable("Mine", "11111111-2222-3333-4444-555555555555", 7, [1, 2, 3]),
  ];
  return { answers, log };
}

function plain(value: unknown): unknown {
  if (typeof value === "bigint") return `0x${value.toString(16)}`;
  return value instanceof Uint8Array ? [...value] : value;
}
