import type { Random } from "../../random.ts";

/** A number, a text, or a word where JSON has a value; also a member's name. */
const VALUES = /-?\d+(?:\.\d+)?|"(?:[^"\\]|\\.)*"|true|false|null/g;

/** Values of every kind, and of sizes that lead outside. */
const ODD = [
  ..."0 1 -1 2 7 39 64 255 1024 65536 1048576 1048577 2147483647 4294967295 4294967296 -14 1.5 1e3".split(" "),
  ..."9007199254740993 18446744073709551615 18446744073709551616 1e999 true false null [] {} [[]]".split(" "),
  ...['""', '"0"', '"0x0"', '"0xffffffffffffffff"', '"null"', '"bad"', '"xen"', '"kernel"', '"ff"', '"f"', '"zz"'],
  ...['"\\ud800"', '"\\u0000"', '"__proto__"', '"data"', '"name"', '"size"', '"in"', '"fault"', '"guid"'],
];

/** The text with one of its values, or a member's name, made another: an odd one, or one that stands elsewhere in it. */
export function changedJson(text: string, random: Random): string {
  const found = [...text.matchAll(VALUES)];
  if (found.length === 0) return text;
  const { 0: old, index } = random.pick(found);
  const value = random.oneIn(2) ? random.pick(ODD) : random.pick(found)[0];
  return text.slice(0, index) + value + text.slice(index + old.length);
}
