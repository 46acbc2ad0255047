import { describe, expect, test } from "vitest";
import { dmpstore } from "../../src/formats/dmpstore.ts";
import { edk2Format } from "../../src/formats/edk2-format.ts";
import { AAVMF, formatVolume, type Geometry, OVMF_2M, OVMF_4M } from "../../src/formats/edk2-store.ts";
import { Client, GLOBAL_GUID, Machine, POLICIES, type Policy, type Variable } from "../../src/index.ts";
import { fromUcs2 } from "../../src/ucs2.ts";
import { fixtureBytes } from "../support/fixtures.ts";
import { Random } from "../support/random.ts";

import { type Booted, type BuildName, bootOvmf, OVMF_PACKAGES } from "./support/ovmf.ts";
import { need } from "./support/tools.ts";
import { type Changes, changes, lines, oddVariables, storedVariables } from "./support/variables.ts";

need(...OVMF_PACKAGES);

const VENDOR = "11111111-2222-3333-4444-555555555555";

interface Row {
  build: Exclude<BuildName, "OVMF 4M with Secure Boot">;
  geometry: Geometry;
  policy: Policy;
  /** A store that the same build has left. */
  left: string;
}

const ROWS: Row[] = [
  { build: "OVMF 4M", geometry: OVMF_4M, policy: POLICIES["ovmf-4m"] as Policy, left: "ovmf-4m-firstboot.fd.gz" },
  { build: "OVMF 2M", geometry: OVMF_2M, policy: POLICIES["ovmf-2m"] as Policy, left: "ovmf-2m-reclaimed.fd.gz" },
  { build: "AAVMF", geometry: AAVMF, policy: POLICIES.edk2 as Policy, left: "aavmf-firstboot.fd.gz" },
];

/** What the firmware's authentication library and monotonic counter make where it is missing; so does xenefi's boot. */
const MADE_BY_LIBRARIES = ["CustomMode", "MTC", "VarErrorFlag", "VendorKeysNv", "certdb"];
/** What its boot manager and drivers make at the first boot. */
const MADE_BY_BOOT_MANAGER = [
  ...["Boot0000", "Boot0001", "Boot0002", "BootOrder", "ConIn", "ConOut", "ErrOut", "Key0000", "Key0001"],
  ...["Lang", "MemoryTypeInformation", "PlatformLang", "Timeout"],
];
const MADE_BY_ISCSI = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => `Attempt ${n}`).concat("InitialAttemptOrder");

/** What the firmware changes that finds a store of xenefi's own boot, whose machine has other disks. */
const CHANGED_AFTER_OTHERS: Record<Row["build"], string[]> = {
  "OVMF 4M": ["Boot0001", "BootOrder", "MTC"],
  "OVMF 2M": ["Boot0001", "BootOrder", "MTC"],
  AAVMF: ["MTC"],
};

function madeAtFirstBoot(build: Row["build"]): string[] {
  return build === "AAVMF" ? MADE_BY_BOOT_MANAGER : [...MADE_BY_BOOT_MANAGER, ...MADE_BY_ISCSI];
}

const isNonVolatile = ({ attributes }: Variable) => (attributes & 1) !== 0;

/** What a boot changed, by the firmware's own list; its store must hold the same as the list, to the byte. */
function changedBy(booted: Booted, before: readonly Variable[]): Changes {
  const after = dmpstore.parse(booted.dump).filter(isNonVolatile);
  expect(lines(storedVariables(booted.store))).toEqual(lines(after));
  const { added, changed, removed } = changes(before, after);
  // Written again only by a boot that needs more memory of a type than any before.
  return { added, changed: changed.filter((name) => name !== "MemoryTypeInformation"), removed };
}

/** Sets, replaces until the store is full, reboots, which reclaims it, replaces, deletes and appends. */
function use(machine: Machine): void {
  const client = new Client(machine);
  const random = new Random(machine.volume.geometry.volumeBytes);
  const bytes = (length: number) => Uint8Array.from({ length }, () => random.below(256));
  const set = (name: string, attributes: number, data: Uint8Array) =>
    client.setVariable(name, VENDOR, attributes, data).statusName;
  const replace = () => set(`Replaced ${random.below(6)}`, 0x07, bytes(1 + random.below(3000)));
  let answer = "SUCCESS";
  while (answer === "SUCCESS") answer = replace();
  expect(answer).toBe("OUT_OF_RESOURCES");
  machine.reboot();
  const answers = [
    ...Array.from({ length: 8 }, replace),
    set("Gone", 0x07, bytes(100)),
    set("Gone", 0x07, bytes(0)),
    set("Grown", 0x07, bytes(10)),
    set("Grown", 0x47, bytes(33)),
    set("größer 東京", 0x07, bytes(700)),
  ];
  expect(new Set(answers)).toEqual(new Set(["SUCCESS"]));
}

/** The description of a load option. */
function description(option: Uint8Array | undefined): string {
  const text = fromUcs2(option?.subarray(6) ?? new Uint8Array(0));
  return text.slice(0, text.indexOf("\0"));
}

describe.each(ROWS)("$build", ({ build, geometry, policy, left }) => {
  test("lists every variable of a store that was written anew, and makes its own", async () => {
    const ours = oddVariables(geometry.volumeBytes);
    const store = edk2Format.serialize(ours, { geometry });
    const made = [...MADE_BY_LIBRARIES, ...madeAtFirstBoot(build)].sort();
    expect(changedBy(await bootOvmf(store, build), ours)).toEqual({ added: made, changed: [], removed: [] });
  });

  test("lists every variable of a machine that xenefi booted, used and reclaimed", async () => {
    const machine = new Machine({ policy, store: formatVolume(geometry) });
    use(machine);
    const ours = machine.variables().filter(isNonVolatile);
    expect(changedBy(await bootOvmf(machine.flash(), build), ours)).toEqual({
      added: build === "AAVMF" ? madeAtFirstBoot(build).sort() : [],
      changed: CHANGED_AFTER_OTHERS[build],
      removed: [],
    });
  });

  test("changes variables in its shell, and xenefi reads exactly these changes", async () => {
    const machine = new Machine({ policy, store: fixtureBytes(`stores/${left}`), start: "attach" });
    const client = new Client(machine);
    for (const name of ["Old", "Gone"]) client.setVariable(name, VENDOR, 0x07, Buffer.from(name));
    const booted = await bootOvmf(
      machine.flash(),
      build,
      `setvar New -guid ${VENDOR} -nv -bs =H"010203"`,
      `setvar Old -guid ${VENDOR} -nv -bs -rt =S"new text"`,
      `setvar Gone -guid ${VENDOR} =`,
      'bcfg boot add 0 startup.nsh "Own entry"',
    );
    const option = build === "OVMF 2M" ? 3 : 4;
    expect(changedBy(booted, machine.variables().filter(isNonVolatile))).toEqual({
      added: [`Boot000${option}`, "New"],
      changed: ["BootOrder", "MTC", "Old"],
      removed: ["Gone"],
    });
    const after = new Machine({ policy, store: booted.store, start: "attach" });
    const read = (name: string, guid = VENDOR) => after.variable(name, guid);
    expect(read("New")).toMatchObject({ attributes: 0x03, data: Uint8Array.of(1, 2, 3) });
    expect(read("Old")).toMatchObject({ attributes: 0x07, data: new Uint8Array(Buffer.from("new text")) });
    expect(description(read(`Boot000${option}`, GLOBAL_GUID)?.data)).toBe("Own entry");
    const order = (store: Machine) => Buffer.from(store.variable("BootOrder", GLOBAL_GUID)?.data ?? []).toString("hex");
    expect(order(after)).toBe(`0${option}00${order(machine)}`);
  });
});

test("OVMF 2M reclaims a store that a machine has filled to the last record", async () => {
  const machine = new Machine({ policy: POLICIES["ovmf-2m"] as Policy });
  const client = new Client(machine);
  const write = (i: number) => client.setVariable(`Filled ${i % 7}`, VENDOR, 0x07, new Uint8Array(900 + i).fill(i));
  let count = 0;
  while (write(count).ok) count++;
  expect(count).toBeGreaterThan(20);
  const ours = machine.variables().filter(isNonVolatile);
  // The refused write set the flag; the firmware clears it.
  expect(changedBy(await bootOvmf(machine.flash(), "OVMF 2M"), ours)).toEqual({
    added: [],
    changed: [...CHANGED_AFTER_OTHERS["OVMF 2M"], "VarErrorFlag"],
    removed: [],
  });
});
