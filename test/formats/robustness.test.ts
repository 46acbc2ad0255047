import { describe, expect, test } from "vitest";
import { decodeBase64 } from "../../src/formats/base64.ts";
import type { Format, FormatOptions } from "../../src/formats/format.ts";
import { FORMATS } from "../../src/formats/index.ts";
import { FormatError, keyOf, type Variable } from "../../src/formats/variable-set.ts";
import { flips, type Mutilation, span, truncations } from "../support/mutilation.ts";
import { sampleBytes } from "../support/store-samples.ts";
import { DICTIONARY, packedUefiData } from "../support/uefi-data.ts";
import { variable } from "../support/variables.ts";

/** Damaged files are refused, with the place, or read as a well-formed set; where a sum or magic covers, refused. */

const SEED = Number(process.env.XENEFI_SEED ?? 20241123);

interface Case {
  file: string;
  format: Format;
  bytes: Uint8Array;
  options: FormatOptions;
  /** Where structures end. */
  boundaries: number[];
  /** Headers, sizes and sums. */
  fields: number[];
  /** True if no change of this byte may go unseen. */
  isCovered(offset: number): boolean;
  /** False if a file of this length is one of its own: cut between records, or in white space at its end. */
  isCutSeen(length: number): boolean;
}

function formatOf(name: string): Format {
  const format = FORMATS.find((candidate) => candidate.name === name);
  if (format === undefined) throw new Error(`no format ${name}`);
  return format;
}

const ALWAYS = { isCovered: () => true, isCutSeen: () => true, options: {} };
const NEVER = { isCovered: () => false, isCutSeen: () => true, options: {} };

/** A file of which every byte is covered: all bytes are fields. */
function covered(file: string, name: string, bytes = sampleBytes(file), options: FormatOptions = {}): Case {
  const all = span(0, bytes.length);
  return { ...ALWAYS, file, format: formatOf(name), bytes, boundaries: [], fields: all, options };
}

/** Offsets of records whose lengths a reader of their headers tells. */
function recordStarts(bytes: Uint8Array, lengthAt: (view: DataView, at: number) => number, first = 0): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const starts: number[] = [];
  for (let at = first; at < bytes.length; at += lengthAt(view, at)) starts.push(at);
  return starts;
}

function dmpstoreCase(file: string): Case {
  const bytes = sampleBytes(file);
  const nameAt = (view: DataView, at: number) => view.getUint32(at, true);
  const length = (view: DataView, at: number) => 8 + nameAt(view, at) + 16 + 4 + view.getUint32(at + 4, true) + 4;
  const starts = recordStarts(bytes, length);
  const fields = starts.flatMap((at, n) => [...span(at, 8), ...span((starts[n + 1] ?? bytes.length) - 4, 4)]);
  const isCutSeen = (cut: number) => !starts.includes(cut);
  return { ...ALWAYS, file, format: formatOf("dmpstore"), bytes, boundaries: starts, fields, isCutSeen };
}

function hypervCase(file: string): Case {
  const bytes = sampleBytes(file);
  const starts = recordStarts(bytes, (view, at) => view.getUint32(at + 4, true));
  const fields = starts.flatMap((at) => span(at, 48));
  const isSized = (offset: number) => {
    const within = offset - (starts.findLast((start) => start <= offset) ?? 0);
    return within < 8 || (within >= 44 && within < 48);
  };
  const isCutSeen = (cut: number) => !starts.includes(cut);
  return {
    ...NEVER,
    file,
    format: formatOf("hyperv"),
    bytes,
    boundaries: starts,
    fields,
    isCovered: isSized,
    isCutSeen,
  };
}

function varstoredCase(file: string, bytes: Uint8Array): Case {
  const first = 24 + 268;
  const nameBytes = (view: DataView, at: number) => Number(view.getBigUint64(at, true));
  const length = (view: DataView, at: number) => {
    const data = at + 8 + nameBytes(view, at);
    return data + 8 + Number(view.getBigUint64(data, true)) + 16 + 4 + 16 + 32 - at;
  };
  const starts = recordStarts(bytes, length, first);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const sizes = starts.flatMap((at) => [...span(at, 8), ...span(at + 8 + nameBytes(view, at), 8)]);
  const header = span(0, 24);
  const isCovered = (offset: number) => offset < 24;
  return {
    ...NEVER,
    file,
    format: formatOf("varstored"),
    bytes,
    boundaries: starts,
    fields: [...header, ...sizes],
    isCovered,
  };
}

function tarCase(file: string): Case {
  const bytes = sampleBytes(file);
  const boundaries = span(0, bytes.length / 512).map((n) => 512 * n);
  const headers = boundaries.filter((at) => Buffer.from(bytes.subarray(at + 257, at + 262)).toString() === "ustar");
  const fields = headers.slice(0, 3).flatMap((at) => span(at, 512));
  const end = bytes.findLastIndex((byte) => byte !== 0);
  // A sum has the same value with another padding of its digits.
  const isCovered = (offset: number) => offset % 512 < 148 || offset % 512 >= 156;
  const isCutSeen = (cut: number) => cut <= end;
  return { ...NEVER, file, format: formatOf("efivarfs"), bytes, boundaries, fields, isCovered, isCutSeen };
}

function jsonCase(file: string): Case {
  const bytes = sampleBytes(file);
  const marks = span(0, bytes.length).filter((at) => '{}[]:,"'.includes(String.fromCharCode(bytes[at] as number)));
  const fields = marks.slice(0, 150);
  return { ...NEVER, file, format: formatOf("json"), bytes, boundaries: marks, fields };
}

const SIX = ["A", "B", "C", "D", "E", "F"].map((name) => variable({ name, attributes: 0x27 }));
const AWS = formatOf("aws").serialize(SIX);
const CONTENT = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0);

const CASES: Case[] = [
  covered("ubootefi-1.var", "uboot"),
  covered("ubootefi-host.var", "uboot"),
  covered("boot0003.efivar", "efivar"),
  covered("six variables of uefi-data, binary", "aws", decodeBase64(AWS)),
  covered("uefi-data with a dictionary", "aws", packedUefiData(CONTENT, DICTIONARY), { dictionary: DICTIONARY }),
  covered("virt-fw-vars-firstboot.aws, whose dictionary is missing", "aws", sampleBytes("virt-fw-vars-firstboot.aws")),
  { ...covered("six variables of uefi-data", "aws", AWS), isCovered: (at) => at < AWS.length },
  dmpstoreCase("ovmf-4m-firstboot.dmpstore"),
  dmpstoreCase("shell-one.dmpstore"),
  dmpstoreCase("boot0003.dmpstore"),
  hypervCase("hyperv-nvram-firstboot.bin"),
  varstoredCase("varstored-firstboot.b64, binary", decodeBase64(sampleBytes("varstored-firstboot.b64"))),
  { ...varstoredCase("", decodeBase64(sampleBytes("varstored-firstboot.b64"))), ...varstoredText() },
  tarCase("efivarfs-firstboot.tar.gz"),
  jsonCase("qemu-uefi-vars.json"),
  jsonCase("uefivars-ms.json"),
  jsonCase("virt-fw-vars-firstboot.json"),
];

/** The text of header and first sizes; characters can change into white space that is read over, but then some is missing. */
function varstoredText() {
  const bytes = sampleBytes("varstored-firstboot.b64");
  const end = bytes.findLastIndex((byte) => byte > 0x20) + 1;
  const isCutSeen = (cut: number) => cut < end;
  return { file: "varstored-firstboot.b64", bytes, boundaries: [], fields: span(0, 32), isCutSeen };
}

/** Undefined if the file is refused as it must be; the variables if it is read. Anything else is thrown. */
function readDamaged({ format, options }: Case, { bytes, what }: Mutilation): Variable[] | undefined {
  try {
    return format.parse(bytes, options);
  } catch (error) {
    if (!(error instanceof FormatError)) throw new Error(`${what}: ${error}`, { cause: error });
    const hasPlace = /^((inflated )?offset 0x[0-9a-f]+|file ".*"|the text|version|variables(\[\d+\](\.\w+)?)?)$/s;
    if (!hasPlace.test(error.place)) throw new Error(`${what}: ${error.place} is no place`);
    return undefined;
  }
}

/** What each variable of any store is. */
function isWellFormed({ name, guid, attributes, data, stamp, digest }: Variable): boolean {
  return (
    name !== "" &&
    !name.includes("\0") &&
    /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(guid) &&
    Number.isInteger(attributes) &&
    attributes >= 0 &&
    attributes <= 0xffffffff &&
    data instanceof Uint8Array &&
    (stamp === undefined || stamp.length === 16) &&
    (digest === undefined || digest.length === 32)
  );
}

function problemOf(variables: Variable[] | undefined, mustBeRefused: boolean): string | undefined {
  if (variables === undefined) return undefined;
  if (mustBeRefused) return "read though it must be refused";
  if (!variables.every(isWellFormed)) return "read as something that no store has";
  return new Set(variables.map(keyOf)).size === variables.length ? undefined : "read with one variable twice";
}

describe.each(CASES)("$file", (damaged) => {
  test("cut anywhere", () => {
    let count = 0;
    for (const mutilation of truncations(damaged.bytes, damaged.boundaries, SEED)) {
      const problem = problemOf(readDamaged(damaged, mutilation), damaged.isCutSeen(mutilation.bytes.length));
      expect(problem, mutilation.what).toBeUndefined();
      count++;
    }
    expect(count).toBeGreaterThanOrEqual(Math.min(damaged.bytes.length, 1000));
  });

  test("changed in any byte of headers, sizes and sums", () => {
    expect(damaged.fields.length).toBeGreaterThan(0);
    for (const offset of damaged.fields) {
      for (const mutilation of flips(damaged.bytes, [offset])) {
        const problem = problemOf(readDamaged(damaged, mutilation), damaged.isCovered(offset));
        expect(problem, mutilation.what).toBeUndefined();
      }
    }
  });
});
