/**
 * What xenefi does, on real data: boots a Dom0 machine over OVMF's stock variable store, calls every EFI runtime service
 * through the hypercall, and replays a trace that was captured from a real Xen on a real OVMF.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { Client, Machine, parseTrace, type Reply, replay, startMachine, timeText } from "../src/index.ts";

const GLOBAL = "8be4df61-93ca-11d2-aa0d-00e098032b8c";
const OURS = "2f0e5d1c-7c3b-4f60-9a51-6b8f1f6f8f01";
const FIXTURES = new URL("../../test/fixtures/", import.meta.url);
const TRACE = "random-1";

const stock = new Uint8Array(gunzipSync(readFileSync(new URL("stores/ovmf-4m-stock.fd.gz", FIXTURES))));
const machine = new Machine({ store: stock });
const dom0 = new Client(machine);

title("1. Power on: OVMF's stock 4 MiB store, booted");
const live = machine.variables();
const booted = createHash("sha256").update(machine.flash()).digest("hex");
say("variables", `${live.length}, ${live.filter((v) => (v.attributes & 4) !== 0).length} of them visible to Dom0`);
say("flash image", `SHA-256 ${booted.slice(0, 16)}…, the bytes that the real firmware leaves`);

title("2. Dom0 calls its EFI runtime services: HYPERVISOR_platform_op, XENPF_efi_runtime_call");
show("GetTime", dom0.getTime(), ({ time }) => (time ? timeText(time) : ""));
show(
  "SetTime",
  dom0.setTime({ year: 2030, month: 2, day: 28, hour: 23, min: 59, sec: 58, ns: 0, tz: 60, daylight: 0 }),
);
machine.clock.advance(3);
show("GetTime", dom0.getTime(), ({ time }) => `3 s later: ${time ? timeText(time) : ""}`);
const alarm = { year: 2030, month: 3, day: 1, hour: 6, min: 30, sec: 0, ns: 0, tz: 2047, daylight: 0 };
show("SetWakeupTime", dom0.setWakeupTime(true, alarm));
show(
  "GetWakeupTime",
  dom0.getWakeupTime(),
  ({ time, enabled }) => `${time ? timeText(time) : ""}, ${enabled ? "on" : "off"}`,
);
show("GetNextHighMonotonicCount", dom0.getNextHighMonotonicCount(), ({ high }) => `high count ${high}`);
show("GetVariable BootOrder", dom0.getVariable("BootOrder", GLOBAL), ({ data }) => `${data?.length} bytes`);
show("GetVariable BootOrder, 2-byte buffer", dom0.getVariable("BootOrder", GLOBAL, 2), ({ size }) => `needs ${size}`);
show("SetVariable Example", dom0.setVariable("Example", OURS, 0x07, Uint8Array.of(1, 2, 3)));
show("SetVariable Example, append", dom0.setVariable("Example", OURS, 0x47, Uint8Array.of(4)));
show("SetVariable Example, other attributes", dom0.setVariable("Example", OURS, 0x27, new Uint8Array(64)));
show("SetVariable SecureBoot", dom0.setVariable("SecureBoot", GLOBAL, 0x06, Uint8Array.of(1)));
show("SetVariable volatile", dom0.setVariable("Volatile", OURS, 0x06, Uint8Array.of(1)));
const names = [...dom0.variableNames()].map(({ name }) => name);
say("GetNextVariableName", `${names.length} names: ${names.slice(0, 3).join(", ")}, … ${names.at(-1)}`);
show("QueryVariableInfo", dom0.queryVariableInfo(0x07), ({ remainStoreSize }) => `${remainStoreSize} bytes free`);
show("QueryCapsuleCapabilities", dom0.queryCapsuleCapabilities());
show("UpdateCapsule", dom0.updateCapsule());

title("3. XENPF_firmware_info, and a hypervisor that says no");
show("vendor", dom0.vendor(), ({ vendor, revision }) => `${vendor}, revision 0x${revision.toString(16)}`);
show("EFI version", dom0.efiVersion(), ({ version }) => `0x${version.toString(16)}`);
show("memory at 0x100000", dom0.memoryInfo(0x100000n, 1n << 40n), ({ bytes, type }) => `type ${type}, ${bytes} bytes`);
machine.platform.runtimeServices = false;
show("GetTime with efi=no-rs", dom0.getTime());
machine.platform.runtimeServices = true;

title("4. Reboot: variables persist, the store's rules go on");
machine.reboot();
show("GetVariable Example", dom0.getVariable("Example", OURS), ({ data }) => `data ${[...(data ?? [])].join(" ")}`);

title(`5. Replay of a captured trace: Xen 4.17.7 on OVMF 2022.11, topic ${TRACE}`);
const trace = parseTrace(readFileSync(new URL(`traces/${TRACE}.jsonl`, FIXTURES), "utf8"));
const start = startMachine(trace, stock);
const begun = performance.now();
const result = replay(trace, start);
const seconds = (performance.now() - begun) / 1000;
const flash = createHash("sha256").update(start.machine.flash()).digest("hex");
say("calls", `${result.calls} hypercalls, ${result.fields} fields compared in ${seconds.toFixed(2)} s`);
say("differences", String(result.differences.length));
say("flash image", flash === trace.header.vars_after_sha256 ? "byte for byte what OVMF left" : "differs from OVMF's");
console.log("\nTry next:  npx xenefi call get_variable name=BootOrder guid=global size=2");
if (result.differences.length > 0) process.exitCode = 1;

function title(text: string): void {
  console.log(`\n${text}`);
}

function say(what: string, text: string): void {
  console.log(`   ${what.padEnd(38)} ${text}`);
}

/** One line a call: what it was, its status, and what it brought or why it was refused. */
function show<R extends Reply>(what: string, reply: R, result?: (reply: R) => string): void {
  const brought = reply.ok || reply.statusName === "BUFFER_TOO_SMALL" ? (result?.(reply) ?? "") : reply.reason;
  say(what, `${reply.statusName.padEnd(19)} ${brought}`.trimEnd());
}
