import { beforeEach, describe, expect, test } from "vitest";
import { Client } from "../src/client.ts";
import { sha256 } from "../src/files/bytes.ts";
import { GLOBAL_GUID } from "../src/guid.ts";
import { Machine } from "../src/machine.ts";

const GUID = "11111111-2222-3333-4444-555555555555";

let dom0: Client;

beforeEach(() => {
  // The firmware's lists: Lang eng fra eng fra, PlatformLang en;fr;en-US;fr-FR. Both variables begin with English.
  dom0 = new Client(new Machine());
});

const text = (value: string) => new TextEncoder().encode(`${value}\0`);

function set(name: string, value: string, guid = GLOBAL_GUID): string {
  return dom0.setVariable(name, guid, 7, text(value)).statusName;
}

function get(name: string, guid = GLOBAL_GUID): string | undefined {
  const { data } = dom0.getVariable(name, guid);
  return data && new TextDecoder().decode(data).replace(/\0$/, "");
}

/** Leaves less room than a pair of languages takes. */
function fill(): void {
  for (let i = 0; ; i++) {
    const room = Number(dom0.queryVariableInfo(7).remainStoreSize);
    if (room < 160) return;
    const bytes = Math.min(30_000, room - 60 - 12 - 148);
    expect(
      dom0.setVariable(`F${String(i).padStart(4, "0")}`, GUID, 7, new Uint8Array(Math.max(1, bytes))).statusName,
    ).toBe("SUCCESS");
  }
}

describe("PlatformLang brings Lang with it (edk2, AutoUpdateLangVariable)", () => {
  test.each([
    ["fr", "fra"],
    ["fr-FR", "fra"],
    ["en-US", "eng"],
    // Subtags are cut off from the right until the rest matches the beginning of a code.
    ["fr-CA", "fra"],
    ["fr-CA-x-y", "fra"],
    ["f", "fra"],
    // Only the first of several codes counts.
    ["fr;en", "fra"],
    ["en;fr", "eng"],
    // No match: the partner stays.
    ["de", "eng"],
    ["fra", "eng"],
    ["", "eng"],
  ])("%j leaves Lang %j", (platform, lang) => {
    expect(set("PlatformLang", platform)).toBe("SUCCESS");
    expect([get("PlatformLang"), get("Lang")]).toEqual([platform, lang]);
  });
});

describe("Lang brings PlatformLang with it", () => {
  test.each([
    ["fra", "fr"],
    ["eng", "en"],
    // Letters behind the third are not looked at.
    ["fraX", "fr"],
    ["fr", "fr"],
    ["deu", "en"],
    ["", "en"],
  ])("%j leaves PlatformLang %j", (lang, platform) => {
    expect(set("Lang", lang)).toBe("SUCCESS");
    expect([get("Lang"), get("PlatformLang")]).toEqual([lang, platform]);
  });
});

test("a variable of that name under another GUID brings the global partner with it, too", () => {
  expect(set("PlatformLang", "fr", GUID)).toBe("SUCCESS");
  expect([get("PlatformLang", GUID), get("PlatformLang"), get("Lang")]).toEqual(["fr", "en", "fra"]);
});

test("a deletion leaves the partner alone", () => {
  expect(dom0.setVariable("PlatformLang", GLOBAL_GUID, 7).statusName).toBe("SUCCESS");
  expect([get("PlatformLang"), get("Lang")]).toEqual([undefined, "eng"]);
});

test("the code lists cannot be written at run time, under any GUID", () => {
  expect(set("LangCodes", "eng", GUID)).toBe("WRITE_PROTECTED");
  expect(set("PlatformLangCodes", "en", GUID)).toBe("WRITE_PROTECTED");
});

test("without room for both nothing is written, not even for unchanged data", () => {
  fill();
  const before = sha256(dom0.machine.flash());
  expect(set("PlatformLang", "en")).toBe("OUT_OF_RESOURCES");
  expect(set("Lang", "fra")).toBe("OUT_OF_RESOURCES");
  expect(sha256(dom0.machine.flash())).toBe(before);
  // An unknown language has no partner, so that its own record is all that needs room.
  expect(set("PlatformLang", "de")).toBe("SUCCESS");
});
