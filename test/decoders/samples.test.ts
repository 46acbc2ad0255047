import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Context, decode } from "../../src/decoders/index.ts";
import { findVolume, liveEntries, readLog } from "../../src/formats/edk2-store.ts";
import type { Variable } from "../../src/formats/variable-set.ts";
import { GLOBAL_GUID, GUID_NAMES, HARDWARE_ERROR_GUID, IMAGE_SECURITY_GUID } from "../../src/guid.ts";
import { printable } from "../../src/printable.ts";
import { fixtureBytes } from "../support/fixtures.ts";
import { Random } from "../support/random.ts";

const STORES = ["ovmf-4m-firstboot", "ovmf-4m-ms", "ovmf-2m-reclaimed", "aavmf-firstboot", "aavmf-snakeoil"];

function variablesOf(store: string): Variable[] {
  const file = fixtureBytes(`stores/${store}.fd.gz`);
  return liveEntries(readLog(file, findVolume(file)));
}

function contextOf(variables: Variable[]): Context {
  return { find: (name, guid) => variables.find((known) => known.name === name && known.guid === guid) };
}

function summaries(store: string): Record<string, string> {
  const variables = variablesOf(store);
  const context = contextOf(variables);
  return Object.fromEntries(variables.map((variable) => [variable.name, decode(variable, context).summary]));
}

test("a first boot's variables are as OVMF's own tools show them", () => {
  expect(summaries("ovmf-4m-firstboot")).toMatchObject({
    BootOrder: "0000 UiApp, 0003 Hello entry, 0001 UEFI Non-Block Boot Device, 0002 EFI Internal Shell",
    Boot0000: "* UiApp  FvVol(7cb8bdc9-f8eb-4f34-aaea-3ee4af6516a1)/FvFile(462caa21-7614-4503-836e-8ab6f4662331)",
    Boot0003: "* Hello entry  PciRoot(0x0)/Pci(0x1,0x0)/File(\\EFI\\BOOT\\HELLO.EFI)",
    Lang: "eng",
    PlatformLang: "en",
    Timeout: "0 seconds",
    VarErrorFlag: "no errors",
    CustomMode: "standard mode",
    certdb: "empty",
  });
});

test("Microsoft's keys are found in a store that has them", () => {
  const { KEK, db, dbx } = summaries("ovmf-4m-ms");
  expect(KEK).toContain("Microsoft Corporation KEK CA 2011");
  expect(db).toContain("Microsoft Corporation UEFI CA 2011");
  expect(dbx).toMatch(/^\d+ SHA-256$/);
});

/** Says what must hold of any decoded value. */
function judge(variable: Variable, context: Context): void {
  const decoded = decode(variable, context);
  expect(decoded.lines.length).toBeGreaterThan(0);
  const text = [decoded.summary, ...decoded.lines].join("");
  if (printable(text) !== text) expect(text).toBe(printable(text));
  JSON.stringify(decoded.value);
}

describe.each(STORES)("every value of %s", (store) => {
  const variables = variablesOf(store);
  const context = contextOf(variables);

  test("is what its name says", () => {
    for (const variable of variables) expect(decode(variable, context).kind).not.toBe("malformed");
  });

  test("is decoded when cut short anywhere", () => {
    for (const variable of variables) {
      const step = Math.ceil(variable.data.length / 2000);
      for (let length = 0; length < variable.data.length; length += step) {
        judge({ ...variable, data: variable.data.subarray(0, length) }, context);
      }
    }
  });

  test("is decoded with bits flipped", () => {
    const random = new Random(1);
    for (const variable of variables) {
      for (let run = 0; run < 60; run++) {
        const data = variable.data.slice();
        for (let flips = 0; flips <= random.below(4); flips++) {
          const at = random.below(Math.min(data.length, 200));
          data[at] = (data[at] as number) ^ (1 << random.below(8));
        }
        judge({ ...variable, data }, context);
      }
    }
  });
});

/** A name and GUID for each decoder. */
const NAMES: readonly (readonly [name: string, guid: string])[] = [
  ...[
    "Boot0001 BootOrder BootNext Key0001 ConIn PK SecureBoot SetupMode OsIndications BootOptionSupport",
    "PlatformLang PlatformLangCodes LangCodes Timeout SignatureSupport HwErrRecSupport",
  ].flatMap((names) => names.split(" ").map((name) => [name, GLOBAL_GUID] as const)),
  ["dbx", IMAGE_SECURITY_GUID],
  ["HwErrRec0001", HARDWARE_ERROR_GUID],
  ["SbatLevel", GUID_NAMES.shim as string],
  ["certdb", GUID_NAMES.certdb as string],
  ["MemoryTypeInformation", GUID_NAMES.memorytype as string],
  ["CapsuleUpdateData", "711c703f-c285-4b10-a3b0-36ecbd3c8be2"],
  ["CapsuleMax", "39b68c46-f7fb-441b-b6ec-16b0f69821f3"],
  ["Anything", GLOBAL_GUID],
];

test("any bytes under any name are decoded", () => {
  fc.assert(
    fc.property(fc.constantFrom(...NAMES), fc.uint8Array({ maxLength: 200 }), ([name, guid], data) => {
      judge({ name, guid, attributes: 7, data }, { find: () => ({ name, guid, attributes: 7, data }) });
    }),
    { numRuns: 5000 },
  );
});

const MANY = 65536;

/** So many bytes of a pattern's repetition. */
function repeated(bytes: number, ...pattern: number[]): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => pattern[i % pattern.length] as number);
}

/** Each takes some milliseconds on an idle computer. */
const MAX_MILLISECONDS = 3000;

describe("64 KiB of hostile data take a moment under any name", () => {
  test.each([
    ["zeros", repeated(MANY, 0)],
    ["ones", repeated(MANY, 0xff)],
    ["nodes of length 0", repeated(MANY, 1, 1, 0, 0)],
    ["empty nodes", repeated(MANY, 1, 1, 4, 0)],
    ["ends of instances", repeated(MANY, 0x7f, 1, 4, 0)],
    ["ends", repeated(MANY, 0x7f, 0xff, 4, 0)],
    [
      "an option with as many ends",
      Uint8Array.from([1, 0, 0, 0, 0xf0, 0xff, 0, 0, ...repeated(MANY, 0x7f, 0xff, 4, 0)]),
    ],
    ["option numbers", repeated(MANY, 1, 0)],
    ["semicolons", repeated(MANY, 0x3b)],
    ["commas and line feeds", repeated(MANY, 0x2c, 0x0a)],
    ["surrogates", repeated(MANY, 0, 0xd8)],
    ["escapes", repeated(MANY, 0x1b)],
    ["empty signature lists", repeated(MANY, ...new Array<number>(16).fill(9), 28, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0)],
  ])("%s", (_, data) => {
    for (const [name, guid] of NAMES) {
      const start = performance.now();
      judge({ name, guid, attributes: 7, data }, { find: () => undefined });
      expect(performance.now() - start, name).toBeLessThan(MAX_MILLISECONDS);
    }
  });
});
