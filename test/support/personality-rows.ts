import { GLOBAL_GUID, HARDWARE_ERROR_GUID } from "../../src/guid.ts";
import type { MachineOptions } from "../../src/machine.ts";
import { efiStatus, statusName } from "../../src/status.ts";
import { certificateList, hashList, signedData, stampOf } from "./signer.ts";
import { APPEND, AT, exchange, GUID, guidOf, other, platform, type Writer } from "./writer.ts";

/** One behaviour in which firmwares differ, asked of each personality. */
export interface Row {
  behaviour: string;
  /** Personalities whose source leaves it open, optional or recommended: the answer is this project's choice. */
  open?: readonly string[];
  /** What each personality answers, by name. */
  answers: Readonly<Record<string, string>>;
  ask(boot: Boot): string;
}

/** Makes a machine of the personality and a Dom0 on it. */
export type Boot = (options?: MachineOptions) => Writer;

const OVMF = ["ovmf-4m", "ovmf-2m"];
const OTHERS = ["edk2", "uboot", "qemu-uefi-vars", "openvmm", "varstored", "spec"];
const TIMED_LATER = { time: { hour: 12 } };
const ONE = Uint8Array.of(1);
const TWO = Uint8Array.of(2);
const NOTHING = new Uint8Array(0);

/** The same for all but some; `ovmf` stands for both builds. */
function all(answer: string, but: Record<string, string> = {}): Record<string, string> {
  const names = [...OVMF, ...OTHERS];
  const answerOf = (name: string) => but[name] ?? (OVMF.includes(name) ? but.ovmf : undefined) ?? answer;
  return Object.fromEntries(names.map((name) => [name, answerOf(name)]));
}

/** SetVariable without signature. */
function set(dom0: Writer, attributes: number, data: Uint8Array, name = "A", guid = GUID): string {
  return dom0.client.setVariable(name, guid, attributes, data).statusName;
}

function get(dom0: Writer, name = "A", guid = GUID): string {
  const { statusName: status, attributes, data } = dom0.client.getVariable(name, guid);
  return data === undefined ? status : `${[...data].join(" ")} (0x${attributes.toString(16)})`;
}

/** The status of a write and what the variable then is. */
function setAndGet(dom0: Writer, attributes: number, data: Uint8Array, name = "A", guid = GUID): string {
  const status = set(dom0, attributes, data, name, guid);
  return status === "SUCCESS" ? `SUCCESS: ${get(dom0, name, guid)}` : status;
}

/** A machine with one variable made at boot. */
function withVariable(boot: Boot, attributes: number, name = "A", guid = GUID): Writer {
  return boot({ preload: [{ name, guid, attributes, data: "01" }] });
}

/** What a write at boot got. */
function bootStatus(dom0: Writer, name: string): string {
  const refusal = dom0.machine.bootRefusals.find(({ write }) => write.name === name);
  return statusName(efiStatus(refusal?.status ?? 0));
}

/** Enrols KEK and PK; the first status that is no success, or undefined. */
function enrol(dom0: Writer): string | undefined {
  const statuses = [
    dom0.write("KEK", certificateList(exchange), exchange),
    dom0.write("PK", certificateList(platform), platform),
  ];
  return statuses.find((status) => status !== "SUCCESS");
}

/** An answer in user mode, or why there is none. */
function enrolled(boot: Boot, answer: (dom0: Writer) => string): string {
  const dom0 = boot();
  return enrol(dom0) ?? answer(dom0);
}

/** Names that a walk meets of those given. */
function order(dom0: Writer, ...names: string[]): string {
  const walk = [];
  for (let last = { name: "", guid: GUID }; ; ) {
    const { name, guid } = dom0.client.getNextVariableName(last.name, last.guid);
    if (name === undefined || guid === undefined) return walk.join(" ");
    if (guid === GUID && names.includes(name)) walk.push(name);
    last = { name, guid };
  }
}

/** "1 signature in 1 list" of a variable made of lists. */
function listsOf(dom0: Writer, name: string): string {
  const { data, statusName: status } = dom0.client.getVariable(name, guidOf(name));
  if (data === undefined) return status;
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  let signatures = 0;
  let lists = 0;
  for (let at = 0; at < data.length; at += view.getUint32(at + 16, true), lists++) {
    signatures += (view.getUint32(at + 16, true) - 28) / view.getUint32(at + 24, true);
  }
  return `${signatures} in ${lists}`;
}

/** A signed private variable whose descriptor has one u16 or byte changed. */
function setChanged(dom0: Writer, offset: number): string {
  const data = signedData({ name: "P", guid: GUID, attributes: AT, time: stampOf({}), payload: ONE }, other);
  data[offset] = (data[offset] as number) ^ 0xff;
  return set(dom0, AT, data, "P");
}

/** QueryVariableInfo's numbers, or its status. */
function query(dom0: Writer, attributes: number): string {
  const { ok, statusName: status, maxStoreSize, maxSize } = dom0.client.queryVariableInfo(attributes);
  return ok ? `${maxStoreSize}, largest ${maxSize}` : status;
}

/** Every row of the comparison of firmwares, in the order in which a call meets the checks. */
export const ROWS: readonly Row[] = [
  {
    behaviour: "SetVariable at run time",
    answers: all("SUCCESS: 1 (0x7)"),
    ask: (boot) => setAndGet(boot(), 7, ONE),
  },
  {
    behaviour: "what was written at run time, after a reboot",
    answers: all("1 (0x7)", { uboot: "NOT_FOUND" }),
    ask: (boot) => {
      const dom0 = boot();
      set(dom0, 7, ONE);
      dom0.machine.reboot();
      return get(dom0);
    },
  },
  {
    behaviour: "time-based authenticated write at run time",
    answers: all("SUCCESS", { uboot: "INVALID_PARAMETER" }),
    ask: (boot) => boot().write("P", ONE, other),
  },
  {
    behaviour: "a reserved attribute bit (0x107)",
    answers: all("INVALID_PARAMETER", {
      uboot: "SUCCESS: 1 (0x7)",
      "qemu-uefi-vars": "UNSUPPORTED",
      varstored: "SUCCESS: 1 (0x107)",
    }),
    ask: (boot) => setAndGet(boot(), 0x107, ONE),
  },
  {
    behaviour: "a reserved attribute bit, the variable exists without it",
    answers: all("INVALID_PARAMETER", { "qemu-uefi-vars": "UNSUPPORTED" }),
    ask: (boot) => set(withVariable(boot, 7), 0x107, TWO),
  },
  {
    behaviour: "EA, enhanced authentication (0x87)",
    open: ["spec"],
    answers: all("UNSUPPORTED", { ovmf: "INVALID_PARAMETER", edk2: "INVALID_PARAMETER" }),
    ask: (boot) => set(boot(), 0x87, ONE),
  },
  {
    behaviour: "EA with AT (0xa7)",
    open: ["spec"],
    answers: all("INVALID_PARAMETER", { "qemu-uefi-vars": "UNSUPPORTED" }),
    ask: (boot) => set(boot(), 0xa7, ONE),
  },
  {
    behaviour: "AW, counter-based authentication (0x17)",
    answers: all("UNSUPPORTED"),
    ask: (boot) => set(boot(), 0x17, new Uint8Array(560)),
  },
  {
    behaviour: "AW and NV alone (0x11)",
    open: ["spec"],
    answers: all("UNSUPPORTED", { ovmf: "INVALID_PARAMETER" }),
    ask: (boot) => set(boot(), 0x11, ONE),
  },
  {
    behaviour: "HR, a hardware error record (0x0f)",
    open: ["spec"],
    answers: all("INVALID_PARAMETER", { uboot: "SUCCESS", "qemu-uefi-vars": "SUCCESS", openvmm: "UNSUPPORTED" }),
    ask: (boot) => set(boot(), 0x0f, ONE, "HwErrRec0000", HARDWARE_ERROR_GUID),
  },
  {
    behaviour: "HR without NV (0x0e)",
    answers: all("INVALID_PARAMETER", { "qemu-uefi-vars": "SUCCESS", openvmm: "UNSUPPORTED" }),
    ask: (boot) => set(boot(), 0x0e, ONE, "HwErrRec0000", HARDWARE_ERROR_GUID),
  },
  {
    behaviour: "RT without BS (0x05)",
    answers: all("INVALID_PARAMETER", { "qemu-uefi-vars": "SUCCESS" }),
    ask: (boot) => set(boot(), 5, ONE),
  },
  {
    behaviour: "NV alone (0x01), the variable exists",
    answers: all("INVALID_PARAMETER", {
      "qemu-uefi-vars": "ACCESS_DENIED",
      openvmm: "SUCCESS, deleted",
      varstored: "SUCCESS, deleted",
    }),
    ask: (boot) => {
      const dom0 = withVariable(boot, 7);
      const status = set(dom0, 1, TWO);
      return status === "SUCCESS" && get(dom0) === "NOT_FOUND" ? "SUCCESS, deleted" : status;
    },
  },
  {
    behaviour: "create a volatile variable at boot",
    answers: all("SUCCESS", { openvmm: "UNSUPPORTED" }),
    ask: (boot) => bootStatus(withVariable(boot, 6), "A"),
  },
  {
    behaviour: "create the volatile OsLoaderIndications at boot",
    answers: all("SUCCESS"),
    ask: (boot) => bootStatus(withVariable(boot, 6, "OsLoaderIndications"), "OsLoaderIndications"),
  },
  {
    behaviour: "create without RT at run time (0x03)",
    answers: all("INVALID_PARAMETER", { "qemu-uefi-vars": "ACCESS_DENIED" }),
    ask: (boot) => set(boot(), 3, ONE),
  },
  {
    behaviour: "create without NV at run time (0x06)",
    answers: all("INVALID_PARAMETER", { "qemu-uefi-vars": "SUCCESS" }),
    ask: (boot) => set(boot(), 6, ONE),
  },
  {
    behaviour: "write a boot-only variable, with RT (0x07)",
    open: ["spec"],
    answers: all("WRITE_PROTECTED", {
      uboot: "INVALID_PARAMETER",
      "qemu-uefi-vars": "ACCESS_DENIED",
      openvmm: "INVALID_PARAMETER",
      varstored: "INVALID_PARAMETER",
    }),
    ask: (boot) => set(withVariable(boot, 3), 7, TWO),
  },
  {
    behaviour: "delete a boot-only variable, attributes 0",
    open: ["spec"],
    answers: all("WRITE_PROTECTED", {
      uboot: "SUCCESS, back after a reboot",
      "qemu-uefi-vars": "ACCESS_DENIED",
      openvmm: "NOT_FOUND",
      varstored: "INVALID_PARAMETER",
    }),
    ask: (boot) => {
      const dom0 = withVariable(boot, 3);
      const status = set(dom0, 0, NOTHING);
      if (status !== "SUCCESS" || dom0.machine.variable("A", GUID) !== undefined) return status;
      dom0.machine.reboot();
      return dom0.machine.variable("A", GUID) === undefined ? status : "SUCCESS, back after a reboot";
    },
  },
  {
    behaviour: "delete a boot-only variable, its attributes, no data",
    open: ["spec"],
    answers: all("WRITE_PROTECTED", {
      uboot: "SUCCESS",
      "qemu-uefi-vars": "ACCESS_DENIED",
      openvmm: "INVALID_PARAMETER",
      varstored: "INVALID_PARAMETER",
    }),
    ask: (boot) => set(withVariable(boot, 3), 3, NOTHING),
  },
  {
    behaviour: "write a volatile variable with RT at run time",
    open: ["spec"],
    answers: all("WRITE_PROTECTED", { "qemu-uefi-vars": "SUCCESS", openvmm: "INVALID_PARAMETER" }),
    ask: (boot) => set(withVariable(boot, 6, "OsLoaderIndications"), 6, TWO, "OsLoaderIndications"),
  },
  {
    behaviour: "read a boot-only variable",
    answers: all("NOT_FOUND", { "qemu-uefi-vars": "ACCESS_DENIED" }),
    ask: (boot) => get(withVariable(boot, 3)),
  },
  {
    behaviour: "delete a missing variable",
    answers: all("NOT_FOUND", { "qemu-uefi-vars": "SUCCESS" }),
    ask: (boot) => set(boot(), 7, NOTHING),
  },
  {
    behaviour: "delete with other attributes than stored (0x03 for 0x07)",
    open: ["spec"],
    answers: all("INVALID_PARAMETER", { uboot: "SUCCESS", "qemu-uefi-vars": "SUCCESS", varstored: "SUCCESS" }),
    ask: (boot) => set(withVariable(boot, 7), 3, NOTHING),
  },
  {
    behaviour: "delete a time-based one with other attributes (0x07 for 0x27)",
    answers: all("INVALID_PARAMETER", { uboot: "INVALID_PARAMETER", "qemu-uefi-vars": "SUCCESS" }),
    ask: (boot) => set(withVariable(boot, AT), 7, NOTHING),
  },
  {
    behaviour: "attributes 0 with data, plain",
    answers: all("SUCCESS, deleted", { "qemu-uefi-vars": "ACCESS_DENIED" }),
    ask: (boot) => {
      const dom0 = withVariable(boot, 7);
      const status = set(dom0, 0, TWO);
      return status === "SUCCESS" && get(dom0) === "NOT_FOUND" ? "SUCCESS, deleted" : status;
    },
  },
  {
    behaviour: "attributes 0 without data, plain",
    answers: all("SUCCESS"),
    ask: (boot) => set(withVariable(boot, 7), 0, NOTHING),
  },
  {
    behaviour: "attributes 0 without data, time-based",
    answers: all("WRITE_PROTECTED", {
      uboot: "INVALID_PARAMETER",
      "qemu-uefi-vars": "SUCCESS",
      openvmm: "INVALID_PARAMETER",
      varstored: "INVALID_PARAMETER",
    }),
    ask: (boot) => set(withVariable(boot, AT), 0, NOTHING),
  },
  {
    behaviour: "its attributes without data and descriptor, time-based",
    answers: all("SECURITY_VIOLATION", { uboot: "INVALID_PARAMETER", "qemu-uefi-vars": "SUCCESS" }),
    ask: (boot) => set(withVariable(boot, AT), AT, NOTHING),
  },
  {
    behaviour: "append of nothing to a missing variable",
    open: ["spec"],
    answers: all("SUCCESS", { varstored: "NOT_FOUND" }),
    ask: (boot) => set(boot(), 0x47, NOTHING),
  },
  {
    behaviour: "append to a missing variable",
    open: ["spec"],
    answers: all("SUCCESS: 1 (0x7)", { openvmm: "NOT_FOUND" }),
    ask: (boot) => setAndGet(boot(), 0x47, ONE),
  },
  {
    behaviour: "append to a plain variable",
    open: ["spec"],
    answers: all("SUCCESS: 1 2 (0x7)", { "qemu-uefi-vars": "UNSUPPORTED" }),
    ask: (boot) => setAndGet(withVariable(boot, 7), 0x47, TWO),
  },
  {
    behaviour: "append of one known and one new signature to db: signatures in lists",
    answers: all("2 in 2", { uboot: "INVALID_PARAMETER", "qemu-uefi-vars": "2 in 1" }),
    ask: (boot) =>
      enrolled(boot, (dom0) => {
        dom0.write("db", hashList(1), exchange);
        const status = dom0.write("db", hashList(1, 2), exchange, { attributes: APPEND });
        return status === "SUCCESS" ? listsOf(dom0, "db") : status;
      }),
  },
  {
    behaviour: "append of a known certificate to KEK: signatures in lists",
    answers: all("1 in 1", { uboot: "INVALID_PARAMETER", varstored: "2 in 2" }),
    ask: (boot) =>
      enrolled(boot, (dom0) => {
        const status = dom0.write("KEK", certificateList(exchange), platform, { attributes: APPEND });
        return status === "SUCCESS" ? listsOf(dom0, "KEK") : status;
      }),
  },
  {
    behaviour: "a write of the stored data",
    open: ["spec"],
    answers: all("no write", { "qemu-uefi-vars": "written", openvmm: "written" }),
    ask: (boot) => {
      const dom0 = boot();
      set(dom0, 7, ONE, "A");
      set(dom0, 7, ONE, "B");
      const [flash, walk] = [dom0.machine.flash(), order(dom0, "A", "B")];
      const status = set(dom0, 7, ONE, "A");
      if (status !== "SUCCESS") return status;
      const isSame = Buffer.compare(flash, dom0.machine.flash()) === 0 && walk === order(dom0, "A", "B");
      return isSame ? "no write" : "written";
    },
  },
  {
    behaviour: "a time stamp equal to the stored one",
    answers: all("SECURITY_VIOLATION", { uboot: "INVALID_PARAMETER", "qemu-uefi-vars": "SUCCESS" }),
    ask: (boot) =>
      enrolled(boot, (dom0) => {
        dom0.write("db", hashList(1), exchange);
        return dom0.write("db", hashList(2), exchange);
      }),
  },
  {
    behaviour: "an append with an older time stamp; then a write with one between",
    answers: all("SUCCESS, then SECURITY_VIOLATION", {
      uboot: "INVALID_PARAMETER",
      "qemu-uefi-vars": "SUCCESS, then SUCCESS",
    }),
    ask: (boot) =>
      enrolled(boot, (dom0) => {
        dom0.write("db", hashList(1), exchange, TIMED_LATER);
        const append = dom0.write("db", hashList(2), exchange, { attributes: APPEND });
        return `${append}, then ${dom0.write("db", hashList(3), exchange, { time: { hour: 6 } })}`;
      }),
  },
  {
    behaviour: "create a private time-based variable in user mode",
    answers: all("SUCCESS", { uboot: "INVALID_PARAMETER", openvmm: "SECURITY_VIOLATION" }),
    ask: (boot) => enrolled(boot, (dom0) => dom0.write("P", ONE, other)),
  },
  {
    behaviour: "a private time-based variable without a valid signature in setup mode",
    answers: all("SECURITY_VIOLATION", { uboot: "INVALID_PARAMETER", openvmm: "SUCCESS" }),
    ask: (boot) => {
      const data = signedData({ name: "P", guid: GUID, attributes: AT, time: stampOf({}), payload: ONE }, other);
      data[data.length - 1] = 2;
      return set(boot(), AT, data, "P");
    },
  },
  {
    behaviour: "a private time-based variable by another signer",
    answers: all("SECURITY_VIOLATION", { uboot: "INVALID_PARAMETER" }),
    ask: (boot) =>
      enrolled(boot, (dom0) => {
        dom0.write("P", ONE, other);
        return dom0.write("P", TWO, platform, TIMED_LATER);
      }),
  },
  {
    behaviour: "db signed by PK",
    answers: all("SUCCESS", { uboot: "INVALID_PARAMETER", "qemu-uefi-vars": "SECURITY_VIOLATION" }),
    ask: (boot) => enrolled(boot, (dom0) => dom0.write("db", hashList(1), platform)),
  },
  {
    behaviour: "db signed by KEK",
    answers: all("SUCCESS", { uboot: "INVALID_PARAMETER" }),
    ask: (boot) => enrolled(boot, (dom0) => dom0.write("db", hashList(1), exchange)),
  },
  {
    behaviour: "db not signed by PK while there is no KEK",
    answers: all("SECURITY_VIOLATION", { ovmf: "NOT_FOUND", edk2: "NOT_FOUND", uboot: "INVALID_PARAMETER" }),
    ask: (boot) => {
      const dom0 = boot();
      dom0.write("PK", certificateList(platform), platform);
      return dom0.write("db", hashList(1), exchange);
    },
  },
  {
    behaviour: "PK in setup mode, signed by somebody else",
    answers: all("SUCCESS", {
      ovmf: "SECURITY_VIOLATION",
      uboot: "INVALID_PARAMETER",
      "qemu-uefi-vars": "SECURITY_VIOLATION",
      varstored: "SECURITY_VIOLATION",
    }),
    ask: (boot) => boot().write("PK", certificateList(platform), other),
  },
  {
    behaviour: "SetupMode and SecureBoot once PK is written; after a reboot",
    answers: all("0 0; 0 1", { uboot: "1 0; 1 0", "qemu-uefi-vars": "0 1; 0 1", varstored: "0 1; 0 1" }),
    ask: (boot) => {
      const dom0 = boot();
      const modes = () => ["SetupMode", "SecureBoot"].map((name) => dom0.machine.variable(name, GLOBAL_GUID)?.data[0]);
      dom0.write("PK", certificateList(platform), platform);
      const before = modes();
      dom0.machine.reboot();
      return `${before.join(" ")}; ${modes().join(" ")}`;
    },
  },
  {
    behaviour: "another wRevision in the descriptor",
    answers: all("SUCCESS", {
      uboot: "INVALID_PARAMETER",
      "qemu-uefi-vars": "UNSUPPORTED",
      openvmm: "SECURITY_VIOLATION",
    }),
    ask: (boot) => setChanged(boot(), 20),
  },
  {
    behaviour: "another wCertificateType in the descriptor",
    answers: all("SECURITY_VIOLATION", { uboot: "INVALID_PARAMETER", "qemu-uefi-vars": "UNSUPPORTED" }),
    ask: (boot) => setChanged(boot(), 22),
  },
  {
    behaviour: "another certificate GUID in the descriptor",
    answers: all("SECURITY_VIOLATION", { uboot: "INVALID_PARAMETER", "qemu-uefi-vars": "UNSUPPORTED" }),
    ask: (boot) => setChanged(boot(), 24),
  },
  {
    behaviour: "append to PK: signatures in lists",
    open: ["spec"],
    answers: all("2 in 2", { uboot: "INVALID_PARAMETER", "qemu-uefi-vars": "2 in 2", varstored: "INVALID_PARAMETER" }),
    ask: (boot) =>
      enrolled(boot, (dom0) => {
        const status = dom0.write("PK", certificateList(other), platform, { attributes: APPEND });
        return status === "SUCCESS" ? listsOf(dom0, "PK") : status;
      }),
  },
  {
    behaviour: "AuditMode and DeployedMode",
    answers: all("none", { uboot: "0 0", varstored: "0 0", spec: "0 0" }),
    ask: (boot) => {
      const dom0 = boot();
      const modes = ["AuditMode", "DeployedMode"].map((name) => dom0.client.getVariable(name, GLOBAL_GUID).data?.[0]);
      return modes.includes(undefined) ? "none" : modes.join(" ");
    },
  },
  {
    behaviour: "write SecureBoot, with NV",
    answers: all("WRITE_PROTECTED", { "qemu-uefi-vars": "INVALID_PARAMETER" }),
    ask: (boot) => set(boot(), 7, ONE, "SecureBoot", GLOBAL_GUID),
  },
  {
    behaviour: "BUFFER_TOO_SMALL tells the attributes",
    answers: all("yes", { varstored: "no" }),
    ask: (boot) => {
      const dom0 = boot();
      set(dom0, 7, Uint8Array.of(1, 2));
      const { attributes, statusName: status } = dom0.client.getVariable("A", GUID, 1);
      return status !== "BUFFER_TOO_SMALL" ? status : attributes === 7 ? "yes" : "no";
    },
  },
  {
    behaviour: "GetVariable into no bytes",
    answers: all("BUFFER_TOO_SMALL, size 1", { openvmm: "SUCCESS, size 1" }),
    ask: (boot) => {
      const { statusName: status, size } = withVariable(boot, 7).client.getVariable("A", GUID, 0);
      return `${status}, size ${size}`;
    },
  },
  {
    behaviour: "GetVariable of an empty name",
    open: ["spec"],
    answers: all("NOT_FOUND"),
    ask: (boot) => get(boot(), ""),
  },
  {
    behaviour: "order of GetNextVariableName: C, A, B made, C rewritten",
    open: ["spec"],
    answers: all("A B C", { varstored: "B A C" }),
    ask: (boot) => {
      const dom0 = boot();
      for (const name of ["C", "A", "B"]) set(dom0, 7, ONE, name);
      set(dom0, 7, TWO, "C");
      return order(dom0, "A", "B", "C");
    },
  },
  {
    behaviour: "order of GetNextVariableName: B, C, A made, C rewritten",
    open: ["spec"],
    answers: all("B A C", { openvmm: "A B C", varstored: "A C B" }),
    ask: (boot) => {
      const dom0 = boot();
      for (const name of ["B", "C", "A"]) set(dom0, 7, ONE, name);
      set(dom0, 7, TWO, "C");
      return order(dom0, "A", "B", "C");
    },
  },
  {
    behaviour: "an undefined name in the global namespace",
    open: ["spec"],
    answers: all("INVALID_PARAMETER", {
      uboot: "SUCCESS",
      "qemu-uefi-vars": "SUCCESS",
      openvmm: "SUCCESS",
      varstored: "SUCCESS",
    }),
    ask: (boot) => set(boot(), 7, ONE, "NotDefined", GLOBAL_GUID),
  },
  {
    behaviour: "HwErrRecSupport, locked by edk2's boot manager, is written",
    open: ["spec"],
    answers: all("WRITE_PROTECTED", { uboot: "SUCCESS", openvmm: "SUCCESS", varstored: "SUCCESS", spec: "SUCCESS" }),
    ask: (boot) => set(boot(), 7, Uint8Array.of(1, 0), "HwErrRecSupport", GLOBAL_GUID),
  },
  {
    behaviour: "query of HR (0x0f)",
    open: ["spec"],
    answers: all("UNSUPPORTED", { uboot: "131048, largest 131016", "qemu-uefi-vars": "262144, largest 65536" }),
    ask: (boot) => query(boot(), 0x0f),
  },
  {
    behaviour: "query of NV+BS+RT: bytes of the store, largest variable",
    open: ["spec"],
    answers: all("262044, largest 33732", {
      "ovmf-2m": "57244, largest 8132",
      uboot: "131048, largest 131016",
      "qemu-uefi-vars": "262144, largest 65536",
      openvmm: "UNSUPPORTED",
      varstored: "131072, largest 57344",
    }),
    ask: (boot) => query(boot(), 7),
  },
  {
    behaviour: "bytes of that room which a name of 1 unit with 1 byte takes",
    open: ["spec"],
    answers: all("68", { uboot: "40", "qemu-uefi-vars": "101", openvmm: "UNSUPPORTED", varstored: "131" }),
    ask: (boot) => {
      const dom0 = boot();
      const before = dom0.client.queryVariableInfo(7);
      set(dom0, 7, ONE);
      return before.ok
        ? String(before.remainStoreSize - dom0.client.queryVariableInfo(7).remainStoreSize)
        : before.statusName;
    },
  },
  {
    behaviour: "a name of 2050 bytes with terminator",
    open: ["spec"],
    answers: all("SUCCESS", { openvmm: "INVALID_PARAMETER" }),
    ask: (boot) => set(boot(), 7, ONE, "N".repeat(1024)),
  },
  {
    behaviour: "a name of 4100 bytes with terminator",
    open: ["spec"],
    answers: all("SUCCESS", { openvmm: "INVALID_PARAMETER", varstored: "DEVICE_ERROR" }),
    ask: (boot) => set(boot(), 7, ONE, "N".repeat(2049)),
  },
  {
    behaviour: "data of 32769 bytes",
    open: ["spec"],
    answers: all("SUCCESS", { "ovmf-2m": "INVALID_PARAMETER", openvmm: "INVALID_PARAMETER" }),
    ask: (boot) => set(boot(), 7, new Uint8Array(32769)),
  },
  {
    behaviour: "data of 57345 bytes",
    open: ["spec"],
    answers: all("INVALID_PARAMETER", { uboot: "SUCCESS", "qemu-uefi-vars": "SUCCESS", varstored: "OUT_OF_RESOURCES" }),
    ask: (boot) => set(boot(), 7, new Uint8Array(57345)),
  },
  {
    behaviour: "data of 65457 bytes",
    open: ["spec"],
    answers: all("INVALID_PARAMETER", { uboot: "SUCCESS", varstored: "OUT_OF_RESOURCES" }),
    ask: (boot) => set(boot(), 7, new Uint8Array(65457)),
  },
  {
    behaviour: "an append of 5000 bytes to 30000",
    open: ["spec"],
    answers: all("INVALID_PARAMETER", { uboot: "SUCCESS", "qemu-uefi-vars": "UNSUPPORTED", varstored: "SUCCESS" }),
    ask: (boot) => {
      const dom0 = boot();
      const first = set(dom0, 7, new Uint8Array(30000));
      return first === "SUCCESS" ? set(dom0, 0x47, new Uint8Array(5000)) : first;
    },
  },
  {
    behaviour: "66000 bytes; then others in their place",
    open: ["spec"],
    answers: all("INVALID_PARAMETER", { uboot: "SUCCESS, then OUT_OF_RESOURCES", varstored: "OUT_OF_RESOURCES" }),
    ask: (boot) => {
      const dom0 = boot();
      const [first, second] = [1, 2].map((byte) => set(dom0, 7, new Uint8Array(66000).fill(byte)));
      return first === "SUCCESS" ? `SUCCESS, then ${second}` : String(first);
    },
  },
  {
    behaviour: "a variable of 1000 bytes written 300 times",
    open: ["spec"],
    answers: all("SUCCESS", { ovmf: "OUT_OF_RESOURCES", edk2: "OUT_OF_RESOURCES" }),
    ask: (boot) => {
      const dom0 = boot();
      const data = (i: number) => new Uint8Array(1000).fill(i % 251);
      return Array.from({ length: 300 }, (_, i) => set(dom0, 7, data(i))).at(-1) as string;
    },
  },
  {
    behaviour: "no attributes and no data for a variable that is not there, at run time",
    open: ["spec"],
    // efi_variable.c, efi_set_variable_runtime: NON_VOLATILE is asked of what is not there before anything else.
    answers: all("NOT_FOUND", { uboot: "INVALID_PARAMETER", "qemu-uefi-vars": "SUCCESS" }),
    ask: (boot) => set(boot(), 0, NOTHING),
  },
  {
    behaviour: "GetTime, GetWakeupTime, SetWakeupTime (off), GetNextHighMonotonicCount at run time",
    open: ["spec"],
    answers: all("SUCCESS, SUCCESS, SUCCESS, SUCCESS", {
      uboot: "UNSUPPORTED, UNSUPPORTED, UNSUPPORTED, UNSUPPORTED",
    }),
    ask: (boot) => {
      const { client } = boot();
      const replies = [
        client.getTime(),
        client.getWakeupTime(),
        client.setWakeupTime(false),
        client.getNextHighMonotonicCount(),
      ];
      return replies.map(({ statusName }) => statusName).join(", ");
    },
  },
];
