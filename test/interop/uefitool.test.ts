import { expect, test } from "vitest";
import {
  AAVMF,
  findVolume,
  formatVolume,
  OVMF_2M,
  OVMF_4M,
  readLog,
  writeRecords,
} from "../../src/formats/edk2-store.ts";
import { file, need, read, run } from "./support/tools.ts";
import { oddVariables } from "./support/variables.ts";

need("uefitool-cli");

/** State bytes that a flash write can leave, and what UEFITool calls a record with them. */
const STATES = [
  [0x3f, "Auth"],
  [0x7f, "Auth"],
  [0x3e, "Invalid"],
  [0x3d, "Invalid"],
  [0x3c, "Invalid"],
] as const;
const HEADER_BYTES = 60;

/** Lines of the report: type, subtype, offset and bytes as hexadecimal, and the rest. */
function report(store: Uint8Array): string[][] {
  const path = file(store);
  run("UEFIExtract", path, "report");
  const text = new TextDecoder().decode(read(`${path}.report.txt`));
  return text.split(/\n(?= VSS| FTW| Volume| Free)/).map((line) => line.split("|").map((column) => column.trim()));
}

const hexadecimal = (value: number) => value.toString(16).toUpperCase().padStart(8, "0");

test.each([
  ["OVMF 4M", OVMF_4M],
  ["OVMF 2M", OVMF_2M],
  ["AAVMF", AAVMF],
] as const)("UEFIExtract finds every record of a volume of %s, live or dead", (_, geometry) => {
  const store = formatVolume(geometry);
  const entries = oddVariables(5).map((variable, i) => ({ ...variable, state: STATES[i % 5]?.[0] ?? 0 }));
  writeRecords(store, geometry, entries);
  const log = readLog(store, findVolume(store));
  expect(log.length).toBe(entries.length);
  const found = report(store).filter(([type]) => type === "VSS entry");
  expect(found.map(([, subtype, offset, bytes]) => [subtype, offset, bytes])).toEqual(
    log.map(({ state, offset, name, data }) => [
      STATES.find(([known]) => known === state)?.[1],
      hexadecimal(offset),
      hexadecimal(HEADER_BYTES + 2 * name.length + 2 + data.length),
    ]),
  );
  const plain = ({ name }: { name: string }) => /^[\w. ]*\w$/.test(name);
  const named = log.filter((entry) => [0x3f, 0x7f].includes(entry.state) && plain(entry));
  expect(named.length).toBeGreaterThan(3);
  const names = new Map(found.map(([, , offset, , , guid, name]) => [offset, `${guid} ${name}`]));
  expect(named.map(({ offset }) => names.get(hexadecimal(offset)))).toEqual(
    named.map(({ guid, name }) => `--- ${guid.toUpperCase()} ${name}`),
  );
});

test.each([
  ["OVMF 4M", OVMF_4M],
  ["OVMF 2M", OVMF_2M],
] as const)("UEFIExtract finds the work area of a volume of %s", (_, geometry) => {
  const found = report(formatVolume(geometry)).find(([type]) => type === "FTW store");
  expect(found?.slice(2, 4)).toEqual([hexadecimal(geometry.workOffset), hexadecimal(geometry.workBytes)]);
});
