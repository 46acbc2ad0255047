import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { aws } from "../../src/formats/aws.ts";
import { edk2Format } from "../../src/formats/edk2-format.ts";
import { json } from "../../src/formats/json.ts";
import type { Variable } from "../../src/index.ts";
import { isWellFormed } from "../../src/ucs2.ts";
import { fixtureBytes } from "../support/fixtures.ts";
import { PYTHONPATH } from "./support/packages.ts";
import { file, fresh, need, read, run } from "./support/tools.ts";
import { line, NOON, oddVariables } from "./support/variables.ts";

need("python3-virt-firmware");

/** Odd variables as virt-fw-vars can hold them: under one GUID each, with Unicode names and times of the calendar. */
function held(): Variable[] {
  const byName = new Map(oddVariables(9).map((variable) => [variable.name, variable]));
  return [...byName.values()]
    .filter(({ name }) => isWellFormed(name))
    .map((variable) => (variable.stamp === undefined ? variable : { ...variable, stamp: NOON }));
}

/** Variables with their time stamps, for comparison; virt-fw-vars sorts by name. */
function stamped(variables: readonly Variable[]): string[] {
  const stamp = (variable: Variable) =>
    variable.attributes & 0x20 ? Buffer.from(variable.stamp ?? []).toString("hex") : "";
  return variables.map((variable) => `${line(variable)} ${stamp(variable)}`).sort();
}

/** What virt-fw-vars writes with an option that takes the output's name. */
function converted(input: Uint8Array, option: "--output" | "--output-json" | "--output-aws"): Uint8Array {
  const path = fresh();
  run("virt-fw-vars", "--input", file(input), option, path);
  return read(path);
}

const dictionary = () => read(join(PYTHONPATH, "virt/firmware/aws/dict.v0"));

test.each([
  ["an edk2 volume", edk2Format.serialize],
  ["JSON", json.serialize],
  ["AWS uefi-data", aws.serialize],
] as const)("virt-fw-vars reads %s that xenefi wrote", (_, serialize) => {
  const variables = held();
  expect(variables.length).toBeGreaterThan(10);
  const written = converted(serialize(variables), "--output-json");
  expect(stamped(json.parse(written))).toEqual(stamped(variables));
});

describe("xenefi reads what virt-fw-vars wrote of odd variables:", () => {
  test.each([
    ["an edk2 volume", "--output", edk2Format.parse],
    ["JSON", "--output-json", json.parse],
    ["AWS uefi-data", "--output-aws", (bytes: Uint8Array) => aws.parse(bytes, { dictionary: dictionary() })],
  ] as const)("%s", (_, option, parse) => {
    const variables = held();
    expect(stamped(parse(converted(edk2Format.serialize(variables), option)))).toEqual(stamped(variables));
  });
});

test("the AWS dictionary of virt-fw-vars unpacks its sample", () => {
  const sample = aws.parse(fixtureBytes("stores/virt-fw-vars-firstboot.aws"), { dictionary: dictionary() });
  expect(stamped(sample)).toEqual(stamped(json.parse(fixtureBytes("stores/virt-fw-vars-firstboot.json"))));
});
