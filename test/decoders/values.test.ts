import { describe, expect, test } from "vitest";
import { parseDevicePath } from "../../src/decoders/device-path-text.ts";
import { type Context, decode } from "../../src/decoders/index.ts";
import { writeLoadOption } from "../../src/decoders/load-option.ts";
import type { Variable } from "../../src/formats/variable-set.ts";
import { CERT_DB_GUID, GLOBAL_GUID, GUID_NAMES, guidBytes, HARDWARE_ERROR_GUID } from "../../src/guid.ts";
import { fromHex, toHex } from "../../src/hex.ts";
import { toUcs2 } from "../../src/ucs2.ts";

const OURS = "11111111-2222-3333-4444-555555555555";
const CAPSULE = "711c703f-c285-4b10-a3b0-36ecbd3c8be2";
const REPORT = "39b68c46-f7fb-441b-b6ec-16b0f69821f3";

const option = (description: string) =>
  writeLoadOption({
    attributes: 1,
    description,
    paths: parseDevicePath("Pci(0x1,0x0)"),
    optionalData: new Uint8Array(0),
  });

function variable(name: string, data: Uint8Array, guid = GLOBAL_GUID): Variable {
  return { name, guid, attributes: 7, data };
}

function among(...variables: Variable[]): Context {
  return { find: (name, guid) => variables.find((known) => known.name === name && known.guid === guid) };
}

const OPTIONS = among(
  variable("Boot0001", option("Dom0")),
  variable("Boot000A", option("Shell")),
  variable("Boot0003", new Uint8Array(3)),
  variable("Driver0001", option("Driver")),
  variable("SysPrep0001", option("Preparation")),
  variable("Boot0002", option("Another's"), OURS),
);

const summaryOf = (name: string, digits: string, guid: string = GLOBAL_GUID, context = OPTIONS) =>
  decode(variable(name, fromHex(digits), guid), context).summary;

const ascii = (text: string) => toHex(new TextEncoder().encode(text));
const ucs2 = (text: string) => toHex(toUcs2(text));

describe("numbers of options come with what they point to", () => {
  test.each([
    ["BootOrder", "01000a00", "0001 Dom0, 000A Shell"],
    ["BootOrder", "02000100", "0002 <no such option>, 0001 Dom0"],
    ["BootOrder", "0300", "0003 <malformed>"],
    ["BootOrder", "", "empty"],
    ["DriverOrder", "0100", "0001 Driver"],
    ["SysPrepOrder", "0100", "0001 Preparation"],
    ["BootNext", "0a00", "000A Shell"],
    ["BootCurrent", "ffff", "FFFF <no such option>"],
    ["Key0000", "00000040cdab34120100" + "17000000", "Esc starts Boot0001 Dom0"],
    ["Key0000", "00030080000000000a00" + "0c000000" + "00006100", "Shift+Control+F2+a starts Boot000A Shell"],
    ["Key0000", "00000040000000000900" + "00000d00", "Enter starts Boot0009 <no such option>"],
    ["Key0000", "00000040000000000100" + "ff000000", "scan code 0xff starts Boot0001 Dom0"],
  ])("%s %s is %s", (name, digits, summary) => {
    expect(summaryOf(name, digits)).toBe(summary);
  });
});

describe("values of one vendor GUID", () => {
  test.each([
    ["Timeout", "0500", "5 seconds"],
    ["Timeout", "0100", "1 second"],
    ["Timeout", "ffff", "waits for the user"],
    ["Lang", ascii("eng\0"), "eng"],
    ["PlatformLang", ascii("en-US"), "en-US"],
    ["PlatformLangCodes", ascii("en;fr;en-US;\0"), "en fr en-US"],
    ["LangCodes", ascii("engfraengfra\0"), "eng fra eng fra"],
    ["OsIndications", "4100000000000000", "BOOT_TO_FW_UI START_PLATFORM_RECOVERY"],
    ["OsIndicationsSupported", "0401000000000080", "FILE_CAPSULE_DELIVERY_SUPPORTED 0x8000000000000100"],
    ["OsIndications", "0000000000000000", "none"],
    ["BootOptionSupport", "13030000", "KEY, APP, SYSPREP, 3 keys an option"],
    ["BootOptionSupport", "04010000", "0x4, 1 key an option"],
    ["SetupMode", "01", "setup mode"],
    ["AuditMode", "00", "not audit mode"],
    ["DeployedMode", "01", "deployed mode"],
    ["VendorKeys", "01", "the vendor's"],
    ["HwErrRecSupport", "0000", "none"],
    ["HwErrRecSupport", "0200", "level 2"],
    ["ConOut", "010106000001" + "7f010400" + "010106000002" + "7fff0400", "Pci(0x1,0x0),Pci(0x2,0x0)"],
    ["ErrOutDev", "7fff0400", "empty"],
    [
      "SignatureSupport",
      toHex(guidBytes("c1c41626-504c-4092-aca9-41f936934328")) + toHex(guidBytes(OURS)),
      `SHA-256, ${OURS}`,
    ],
    ["Boot0001", toHex(option("Dom0")), "* Dom0  Pci(0x1,0x0)"],
    ["PlatformRecovery0000", toHex(option("Dom0")), "* Dom0  Pci(0x1,0x0)"],
    ["PKDefault", "", "empty"],
  ])("%s %s is %s", (name, digits, summary) => {
    expect(summaryOf(name, digits)).toBe(summary);
  });

  test.each([
    ["SecureBootEnable", "secureboot", "01", "enabled"],
    ["CustomMode", "custommode", "00", "standard mode"],
    ["VendorKeysNv", "vendorkeys", "00", "changed by the user"],
    ["MTC", "mtc", "07000000", "high half 7"],
    ["VarErrorFlag", "varerror", "ff", "no errors"],
    ["VarErrorFlag", "varerror", "ef", "system variables did not fit"],
    ["VarErrorFlag", "varerror", "fe", "user variables did not fit"],
    ["MokListTrusted", "shim", "01", "MokList trusted"],
    ["MokSBState", "shim", "01", "verification off"],
    ["SbatLevelRT", "shim", ascii("sbat,1,2022052400\ngrub,2\n"), "sbat,1,2022052400; grub,2"],
    ["MokListRT", "shim", "00", "malformed: offset 0x0: a signature list's header of 28 bytes, not 1"],
    ["MokListXRT1", "shim", "", "empty"],
    ["certdb", "certdb", "04000000", "empty"],
    [
      "MemoryTypeInformation",
      "memorytype",
      "0500000002000000" + "06000000ff000000" + "0e00000000000000",
      "2 types, 257 pages",
    ],
  ] as const)("%s of %s, %s, is %s", (name, short, digits, summary) => {
    expect(summaryOf(name, digits, GUID_NAMES[short] as string)).toBe(summary);
  });

  test.each([
    ["HwErrRec0000", HARDWARE_ERROR_GUID, ascii("CPER00"), "error record, 6 bytes"],
    ["HwErrRec0000", HARDWARE_ERROR_GUID, "00", "no CPER signature, 1 byte"],
    ["CapsuleUpdateData1", CAPSULE, "0010000001000000", "at 0x100001000"],
    ["CapsuleLast", REPORT, ucs2("Capsule0002"), "Capsule0002"],
  ])("%s of %s, %s, is %s", (name, guid, digits, summary) => {
    expect(summaryOf(name, digits, guid)).toBe(summary);
  });

  test("a name under another vendor's GUID means nothing", () => {
    expect(summaryOf("Timeout", "0500", OURS)).toBe("5 (0x0005)");
    expect(summaryOf("MokSBState", "01", GLOBAL_GUID)).toBe("1 (0x01)");
  });

  test.each(["Boot000a", "Boot00010", "xBoot0001", "bootorder"])("%s is no name of the specification", (name) => {
    expect(decode(variable(name, option("Dom0")), OPTIONS).kind).toBe("bytes");
  });
});

describe("Secure Boot is told with its mode", () => {
  const modes = (setup?: string, audit = "00", deployed = "00") =>
    among(
      ...(setup === undefined ? [] : [variable("SetupMode", fromHex(setup))]),
      variable("AuditMode", fromHex(audit)),
      variable("DeployedMode", fromHex(deployed)),
    );
  test.each([
    ["01", modes("00"), "Secure Boot: on, user mode"],
    ["00", modes("01"), "Secure Boot: off, setup mode"],
    ["00", modes("01", "01"), "Secure Boot: off, audit mode"],
    ["01", modes("00", "00", "01"), "Secure Boot: on, deployed mode"],
    ["01", modes(), "Secure Boot: on"],
  ])("%s", (digits, context, summary) => {
    expect(summaryOf("SecureBoot", digits, GLOBAL_GUID, context)).toBe(summary);
  });
});

describe("a value that is not what its name says is shown as bytes, with the place", () => {
  test.each([
    ["BootOrder", GLOBAL_GUID, "010002", "offset 0x2: option numbers of 2 bytes each, not 3 bytes in all"],
    ["BootNext", GLOBAL_GUID, "01", "offset 0x0: a value of 2 bytes, not 1"],
    ["Timeout", GLOBAL_GUID, "010000", "offset 0x0: a value of 2 bytes, not 3"],
    ["SecureBoot", GLOBAL_GUID, "02", "offset 0x0: a byte from 0 to 1, not 2"],
    ["SetupMode", GLOBAL_GUID, "02", "offset 0x0: a byte from 0 to 1, not 2"],
    ["Lang", GLOBAL_GUID, "656e0067", "offset 0x3: ASCII text up to one NUL"],
    ["Lang", GLOBAL_GUID, "65ff", "offset 0x1: ASCII text up to one NUL"],
    ["OsIndications", GLOBAL_GUID, "01000000", "offset 0x0: a value of 8 bytes, not 4"],
    ["SignatureSupport", GLOBAL_GUID, "0102", "offset 0x0: GUIDs of 16 bytes each, not 2 bytes in all"],
    ["Key0000", GLOBAL_GUID, "00", "offset 0x0: a key option's header of 10 bytes, not 1"],
    ["Key0000", GLOBAL_GUID, "00000040000000000100", "offset 0x0: a key option of 14 bytes for 1 keys, not 10"],
    ["certdb", CERT_DB_GUID, "05000000", "offset 0x0: a certificate database whose first 4 bytes say 4 bytes"],
    ["certdb", CERT_DB_GUID, "0600000000ff", "offset 0x4: a node's header of 28 bytes, not 2"],
    [
      "MemoryTypeInformation",
      GUID_NAMES.memorytype as string,
      "00",
      "offset 0x0: entries of 8 bytes, not 1 bytes in all",
    ],
    ["CapsuleUpdateData", CAPSULE, "01", "offset 0x0: an address of 4 or 8 bytes, not 1"],
    ["CapsuleMax", REPORT, "010002", "offset 0x2: a name of 2 bytes a character"],
  ])("%s of %s, %s: %s", (name, guid, digits, message) => {
    const { kind, summary, lines, value } = decode(variable(name, fromHex(digits), guid), OPTIONS);
    expect(kind).toBe("malformed");
    expect(summary).toBe(`malformed: ${message}`);
    expect(lines[1]).toMatch(/^00000000 {2}/);
    expect(value).toEqual({ error: message, data: digits });
  });

  test("bytes behind a console's path are told", () => {
    const { lines } = decode(variable("ConIn", fromHex("7fff040001")), OPTIONS);
    expect(lines).toEqual(["empty", "malformed: offset 0x4: 1 byte behind the path"]);
  });
});

/** A certdb of one node, whose three sizes may be wrong. */
function certificateDatabase(nodeBytes = 0x44, nameUnits = 4, digestBytes = 32): Uint8Array {
  const data = new Uint8Array(4 + 0x44);
  const view = new DataView(data.buffer);
  data.set(guidBytes(OURS), 4);
  for (const [i, size] of [nodeBytes, nameUnits, digestBytes].entries()) view.setUint32(20 + 4 * i, size, true);
  view.setUint32(0, data.length, true);
  data.set(toUcs2("Mine"), 32);
  return data;
}

test("certdb tells whose signatures count", () => {
  const { summary, lines, value } = decode(variable("certdb", certificateDatabase(), CERT_DB_GUID), OPTIONS);
  expect(summary).toBe("1 variable: Mine");
  expect(lines).toEqual([`Mine  ${OURS}  signer ${"00".repeat(32)}`]);
  expect(value).toEqual({ owners: [{ name: "Mine", guid: OURS, digest: "00".repeat(32) }] });
});

test.each([
  ["more bytes than its parts", certificateDatabase(0x45), "a node of 68 bytes within 68, not 69"],
  ["a longer name", certificateDatabase(0x44, 5), "a node of 70 bytes within 68, not 68"],
  ["a huge digest", certificateDatabase(0x44, 4, 0xffffffff), "a node of 4294967331 bytes within 68, not 68"],
  ["an end beyond the database's", certificateDatabase(0x45, 4, 33), "a node of 69 bytes within 68, not 69"],
])("a certdb node with %s is told", (_, data, expectation) => {
  const { summary } = decode(variable("certdb", data, CERT_DB_GUID), OPTIONS);
  expect(summary).toBe(`malformed: offset 0x14: ${expectation}`);
});

test.each([
  ["00", "integer", "0 (0x00)"],
  ["3412", "integer", "4660 (0x1234)"],
  ["ffffffff", "integer", "4294967295 (0xffffffff)"],
  ["0100000000000080", "integer", "9223372036854775809 (0x8000000000000001)"],
  ["010203", "bytes", "010203 (3 bytes)"],
  ["", "bytes", "empty"],
  ["00".repeat(17), "bytes", `${"00".repeat(16)}… (17 bytes)`],
  [ascii("text"), "text", '"text"'],
  [ascii("text\0"), "text", '"text"'],
  [ascii("text\0\0"), "bytes", "746578740000 (6 bytes)"],
  [ucs2("text"), "text", 'L"text"'],
  [ucs2("Größe\0"), "text", 'L"Größe"'],
  [ucs2("\u001b[2J"), "integer", "20829363030917147 (0x004a0032005b001b)"],
  ["41", "integer", "65 (0x41)"],
  ["4142", "integer", "16961 (0x4241)"],
  [ascii("four"), "text", '"four"'],
  [ucs2("日本ab"), "text", 'L"日本ab"'],
  [ucs2("日本語a"), "integer", "27455485681362405 (0x00618a9e672c65e5)"],
])("%s of no known name is %s: %s", (digits, kind, summary) => {
  expect(decode(variable("Mine", fromHex(digits), OURS), OPTIONS)).toMatchObject({ kind, summary });
});

test("a summary has an end, the lines have all", () => {
  const text = "x".repeat(1000);
  const { summary, lines } = decode(variable("Mine", fromHex(ascii(text)), OURS), OPTIONS);
  expect(summary).toHaveLength(300);
  expect(summary.endsWith("…")).toBe(true);
  expect(lines).toEqual([text]);
});

test("values of 64 bits are text for programs", () => {
  expect(decode(variable("Mine", fromHex("0100000000000080"), OURS), OPTIONS).value).toEqual({
    bytes: 8,
    number: "0x8000000000000001",
  });
  expect(decode(variable("OsIndications", fromHex("0100000000000080")), OPTIONS).value).toEqual({
    flags: ["BOOT_TO_FW_UI", "0x8000000000000000"],
    bits: "0x8000000000000001",
  });
});
