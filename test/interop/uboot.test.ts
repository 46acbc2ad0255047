import { expect, test } from "vitest";
import { uboot } from "../../src/formats/uboot-file.ts";
import { isWellFormed } from "../../src/ucs2.ts";
import { fixtureBytes } from "../support/fixtures.ts";
import { need } from "./support/tools.ts";
import { bootUboot, listedVariables, UBOOT_PACKAGES } from "./support/uboot.ts";
import { changes, lines, NOON, oddVariables } from "./support/variables.ts";

need(...UBOOT_PACKAGES);

const VENDOR = "11111111-2222-3333-4444-555555555555";

/** What U-Boot makes at each start; PlatformLang is the one that it keeps. */
const MADE = [
  ...["AuditMode", "DeployedMode", "OsIndicationsSupported", "PlatformLang", "PlatformLangCodes", "SecureBoot"],
  ...["SetupMode", "SignatureSupport", "VendorKeys"],
];

test("U-Boot lists what is in a file that xenefi wrote, and keeps it when it writes the file anew", async () => {
  const variables = oddVariables(3).map((variable) => (variable.stamp ? { ...variable, stamp: NOON } : variable));
  const write = `setenv -e -nv -bs -rt -guid ${VENDOR} New =0x010203`;
  const { answers, file } = await bootUboot(uboot.serialize(variables), "printenv -e", write);
  // Half a surrogate pair comes out as a question mark.
  const readable = variables.filter(({ name }) => isWellFormed(name));
  const listed = listedVariables(answers[0] ?? "").filter(({ name }) => !name.includes("?"));
  expect(changes(readable, listed)).toEqual({ added: MADE, changed: [], removed: [] });
  expect(answers[0]).toContain("\n    2024-03-05 12:00:00\n    NV|");
  const kept = uboot.parse(file);
  expect(changes(variables, kept)).toEqual({ added: ["New", "PlatformLang"], changed: [], removed: [] });
  const stamps = kept.filter(({ attributes }) => attributes & 0x20).map(({ stamp }) => stamp);
  expect(stamps).toEqual(stamps.map(() => NOON));
});

test("U-Boot changes variables at its prompt, and xenefi reads exactly these changes", async () => {
  const make = (name: string) => ({ name, guid: VENDOR, attributes: 0x07, data: new Uint8Array(Buffer.from(name)) });
  const before = [...uboot.parse(fixtureBytes("stores/ubootefi-1.var")), make("Old"), make("Gone")];
  const set = `setenv -e -nv -bs -guid ${VENDOR}`;
  const { file } = await bootUboot(
    uboot.edit(fixtureBytes("stores/ubootefi-1.var"), before),
    `${set} New =H01020304`,
    `${set} -rt Old =0xa1b2`,
    `${set} -rt Gone`,
  );
  const after = uboot.parse(file);
  expect(changes(before, after)).toEqual({ added: ["New"], changed: ["Old"], removed: ["Gone"] });
  expect(lines(after.filter(({ name }) => name === "New" || name === "Old"))).toEqual([
    `${VENDOR}-"New" 0x3 01020304`,
    `${VENDOR}-"Old" 0x7 b2a1`,
  ]);
});
