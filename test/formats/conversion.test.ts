import { describe, expect, test } from "vitest";
import type { Format, Loss } from "../../src/formats/format.ts";
import { detectFormat, FORMATS } from "../../src/formats/index.ts";
import { keyOf, type Variable } from "../../src/formats/variable-set.ts";
import { toHex } from "../../src/hex.ts";
import { sampleBytes, storeSamples } from "../support/store-samples.ts";

/** All samples but the one whose stream names a dictionary that is not shipped ("aws-uefi-data"). */
const KINDS = ["edk2-fv", "uboot-efi-var", "json-v2", "efivarfs-dir", "efivar-export", "dmpstore"];
const readable = storeSamples(...KINDS, "varstored-v2-base64", "hyperv-nvram").map(({ file }) => file);
/** Holds one variable. */
const SINGLE = "efivar";

/** What a loss takes from a variable; "the variable: …" takes all of it. */
const LOST_PARTS: readonly (readonly [what: RegExp, cut: (variable: Variable) => Variable])[] = [
  [/^time stamp/, ({ stamp: _, ...rest }) => rest],
  [/^signer digest/, ({ digest: _, ...rest }) => rest],
  [/^monotonic count/, ({ count: _, ...rest }) => rest],
  [/^public key index/, ({ keyIndex: _, ...rest }) => rest],
  [/^attribute bit 31/, (variable) => ({ ...variable, attributes: (variable.attributes & 0x7fffffff) >>> 0 })],
];

/** The variables less what the losses name. */
function without(variables: readonly Variable[], losses: readonly Loss[]): Variable[] {
  return variables.flatMap((variable) => {
    const own = losses.filter((loss) => keyOf(loss.variable) === keyOf(variable)).map(({ what }) => what);
    if (own.some((what) => what.startsWith("the variable: "))) return [];
    return own.reduce((left, what) => {
      const [, cut] = LOST_PARTS.find(([name]) => name.test(what)) ?? [];
      if (cut === undefined) throw new Error(`a loss of an unknown part: ${what}`);
      return cut(left);
    }, variable);
  });
}

/** Comparable rows; the order is left out where a format has none. */
function rows(variables: readonly Variable[], isOrdered: boolean): string[] {
  const all = variables.map(({ name, guid, attributes, data, stamp, digest, count, keyIndex }) =>
    JSON.stringify([
      name,
      guid,
      attributes,
      toHex(data),
      toHex(stamp ?? new Uint8Array(0)).replace(/^0+$/, ""),
      toHex(digest ?? new Uint8Array(0)).replace(/^0+$/, ""),
      String(count ?? 0n),
      keyIndex ?? 0,
    ]),
  );
  return isOrdered ? all : all.sort();
}

/** The files that a format needs for the variables: one, or one for each variable. */
function filesOf(format: Format, variables: readonly Variable[]): (readonly Variable[])[] {
  return format.name === SINGLE ? variables.map((variable) => [variable]) : [variables];
}

function lossesOf(format: Format, variables: readonly Variable[]): Loss[] {
  return filesOf(format, variables).flatMap((file) => format.losses(file));
}

/** What comes back from the format's files. A file of a variable that it cannot hold is not written. */
function through(format: Format, variables: readonly Variable[]): Variable[] {
  const isLost = (file: readonly Variable[]) =>
    format.name === SINGLE && without(file, format.losses(file)).length === 0;
  return filesOf(format, variables).flatMap((file) => (isLost(file) ? [] : format.parse(format.serialize(file))));
}

describe.each(readable)("%s", (file) => {
  const bytes = sampleBytes(file);
  const own = detectFormat(bytes);
  const variables = own.parse(bytes);

  test("over itself as the base it stays what it is, to the byte", () => {
    expect(Buffer.compare(own.edit(bytes, variables), bytes)).toBe(0);
  });

  test.each(FORMATS)("converted to $name and back it loses what is named, nothing else", (format) => {
    const losses = lossesOf(format, variables);
    const there = through(format, variables);
    const expected = without(variables, losses);
    const isOrdered = format.name !== "efivarfs";
    expect(rows(there, isOrdered)).toEqual(rows(expected, isOrdered));
    const back = through(own, there);
    const left = without(there, lossesOf(own, there));
    expect(rows(back, own.name !== "efivarfs")).toEqual(rows(left, own.name !== "efivarfs"));
  });
});
