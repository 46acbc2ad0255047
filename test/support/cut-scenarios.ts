import { Client } from "../../src/client.ts";
import { type Geometry, OVMF_4M } from "../../src/formats/edk2-store.ts";
import { GLOBAL_GUID } from "../../src/guid.ts";
import { toHex } from "../../src/hex.ts";
import { Machine } from "../../src/machine.ts";
import { POLICIES } from "../../src/policies/index.ts";
import { NO_BOOT, type Policy } from "../../src/policies/policy.ts";
import { makeIdentity, signedData, stampOf } from "./signer.ts";

/** Writes that a power cut can interrupt, and what may be found after it. */

export const GUID = "11111111-2222-3333-4444-555555555555";

/** Every live variable's value by name and GUID. */
export type Contents = Map<string, string>;

export function contents(machine: Machine): Contents {
  return new Map(machine.variables().map(({ name, guid, data }) => [`${name}-${guid}`, toHex(data)]));
}

/** Names whose value after a cut is neither the one before nor the one after the write. */
export function foreign(found: Contents, before: Contents, after: Contents): string[] {
  const names = new Set([...found.keys(), ...before.keys(), ...after.keys()]);
  return [...names].filter((name) => ![before.get(name), after.get(name)].includes(found.get(name)));
}

const signer = makeIdentity("Signer");

/** Data of a private authenticated write. */
function signed(payload: number[], sec: number): Uint8Array {
  const write = {
    name: "Private",
    guid: GUID,
    attributes: 0x27,
    time: stampOf({ sec }),
    payload: Uint8Array.from(payload),
  };
  return signedData(write, signer);
}

const time = { year: 2024, month: 5, day: 6, hour: 7, min: 8, sec: 9, ns: 0, tz: 60, daylight: 1 };

const alarm = { ...time, month: 1, day: 16 };

/** What is written before the cut can come, and the write that is cut. */
export const SCENARIOS: readonly { what: string; before: (dom0: Client) => void; cut: (dom0: Client) => void }[] = [
  {
    what: "a new variable",
    before: () => {},
    cut: (dom0) => dom0.setVariable("New", GUID, 7, Uint8Array.of(1, 2, 3)),
  },
  {
    what: "a replacement",
    before: (dom0) => dom0.setVariable("Old", GUID, 7, Uint8Array.of(1, 2, 3)),
    cut: (dom0) => dom0.setVariable("Old", GUID, 7, Uint8Array.of(4, 5, 6, 7)),
  },
  {
    what: "an append",
    before: (dom0) => dom0.setVariable("Old", GUID, 7, Uint8Array.of(1, 2, 3)),
    cut: (dom0) => dom0.setVariable("Old", GUID, 0x47, Uint8Array.of(4)),
  },
  {
    what: "a deletion",
    before: (dom0) => dom0.setVariable("Old", GUID, 7, Uint8Array.of(1, 2, 3)),
    cut: (dom0) => dom0.setVariable("Old", GUID, 7),
  },
  {
    what: "PlatformLang with its partner Lang",
    before: (dom0) => dom0.setVariable("PlatformLang", GLOBAL_GUID, 7, new TextEncoder().encode("en\0")),
    cut: (dom0) => dom0.setVariable("PlatformLang", GLOBAL_GUID, 7, new TextEncoder().encode("fr\0")),
  },
  {
    what: "the monotonic count",
    before: (dom0) => dom0.getNextHighMonotonicCount(),
    cut: (dom0) => dom0.getNextHighMonotonicCount(),
  },
  { what: "SetTime with a zone", before: () => {}, cut: (dom0) => dom0.setTime(time) },
  {
    what: "SetWakeupTime",
    before: (dom0) => dom0.setWakeupTime(false),
    cut: (dom0) => dom0.setWakeupTime(true, alarm),
  },
  {
    what: "a private authenticated variable with certdb",
    before: () => {},
    cut: (dom0) => dom0.setVariable("Private", GUID, 0x27, signed([1], 1)),
  },
  {
    what: "a private authenticated deletion with certdb",
    before: (dom0) => dom0.setVariable("Private", GUID, 0x27, signed([1], 1)),
    cut: (dom0) => dom0.setVariable("Private", GUID, 0x27, signed([], 2)),
  },
];

/** Firmware that writes nothing at boot but what the scenarios need: code lists and an empty certdb. */
export function quiet(policy: Policy): Policy {
  const { missing, volatile } = policy.boot;
  return {
    ...policy,
    boot: {
      ...NO_BOOT,
      missing: missing.filter(({ name }) => name === "certdb"),
      volatile: volatile.filter(({ name }) => name.endsWith("LangCodes") || name === "LangCodes"),
    },
  };
}

/** A store of 16 KiB with blocks of 1 KiB, so that every step of a reclaim can be cut. */
export const SMALL: Geometry = {
  ...OVMF_4M,
  volumeBytes: 0x8c00,
  blockBytes: 0x400,
  blockCount: 0x23,
  storeEnd: 0x4000,
  workOffset: 0x4000,
  workBytes: 0x400,
  spareOffset: 0x4400,
  spareBytes: 0x4800,
};

/** A firmware that writes nothing at boot, over a store of this layout. */
export function bare(geometry: Geometry): Policy {
  const ovmf = POLICIES["ovmf-4m"] as Policy;
  return { ...ovmf, geometry, boot: NO_BOOT, maxVariableBytes: 0x400, maxAuthVariableBytes: 0x400 };
}

/** A store whose next boot reclaims: live and dead records, and a byte behind the log. */
export function dirtyStore(geometry: Geometry, count: number): Uint8Array {
  const dom0 = new Client(new Machine({ policy: bare(geometry) }));
  for (let i = 0; i < count; i++) dom0.setVariable(`V${i}`, GUID, 7, new Uint8Array(20 + (i % 7)).fill(i));
  for (let i = 0; i < count; i += 3)
    dom0.setVariable(`V${i}`, GUID, 7, i % 2 === 0 ? new Uint8Array(0) : Uint8Array.of(i));
  const store = dom0.machine.flash();
  store[geometry.storeEnd - 1] = 0;
  return store;
}
