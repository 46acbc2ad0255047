import { NON_VOLATILE } from "../../assembly/abi/variable.ts";
import { isZero } from "../bytes.ts";
import { isWellFormed } from "../ucs2.ts";
import type { Loss } from "./format.ts";
import { keyOf, type Variable } from "./variable-set.ts";

/** Something that a format cannot hold. */
export interface Limit {
  /** As in a Loss. */
  what: string;
  /** True if the variable as a whole is left out. */
  isWhole: boolean;
  applies(variable: Variable): boolean;
}

/** U-Boot's private mark of a read-only variable (include/efi_variable.h, EFI_VARIABLE_READ_ONLY). */
const READ_ONLY_MARK = 0x80000000;

export const NO_STAMP = part("time stamp", ({ stamp }) => !isZero(stamp));
export const NO_DIGEST = part("signer digest", ({ digest }) => !isZero(digest));
export const NO_MARK = part("attribute bit 31, U-Boot's read-only mark", (v) => (v.attributes & READ_ONLY_MARK) !== 0);
export const NO_VOLATILE = whole("it is volatile", (variable) => (variable.attributes & NON_VOLATILE) === 0);
export const NO_EMPTY = whole("it has no data", ({ data }) => data.length === 0);
export const UNICODE_NAME = whole("its name is no Unicode text (a lone surrogate)", ({ name }) => !isWellFormed(name));

/** The attributes without U-Boot's mark. */
export function withoutMark(attributes: number): number {
  return (attributes & ~READ_ONLY_MARK) >>> 0;
}

/** What no format holds. */
const NAMES: readonly Limit[] = [
  whole("its name is empty", ({ name }) => name === ""),
  whole("its name has a NUL", ({ name }) => name.includes("\0")),
];

/** What only edk2's records hold. */
export const COUNTERS: readonly Limit[] = [
  part("monotonic count", ({ count }) => (count ?? 0n) !== 0n),
  part("public key index", ({ keyIndex }) => (keyIndex ?? 0) !== 0),
];

export function part(what: string, applies: (variable: Variable) => boolean): Limit {
  return { what, isWhole: false, applies };
}

export function whole(why: string, applies: (variable: Variable) => boolean): Limit {
  return { what: `the variable: ${why}`, isWhole: true, applies };
}

/**
 * What a format with these limits leaves out, beside names that cannot be and `counters`, if it has none; of a variable
 * that is left out as a whole only the first cause.
 */
export function lossesUnder(limits: readonly Limit[], variables: readonly Variable[], counters = COUNTERS): Loss[] {
  const seen = new Set<string>();
  return variables.flatMap((variable) => {
    const { name, guid } = variable;
    const found = [twice(seen), ...NAMES, ...counters, ...limits].filter((limit) => limit.applies(variable));
    const first = found.find((limit) => limit.isWhole);
    return (first === undefined ? found : [first]).map(({ what }) => ({ variable: { name, guid }, what }));
  });
}

/** The variables that are not left out as a whole. */
export function heldUnder(limits: readonly Limit[], variables: readonly Variable[]): Variable[] {
  const seen = new Set<string>();
  return variables.filter(
    (variable) => ![twice(seen), ...NAMES, ...limits].some((limit) => limit.isWhole && limit.applies(variable)),
  );
}

/** True from the second variable of one name and GUID on. */
function twice(seen: Set<string>): Limit {
  return whole("one of the same name and GUID is before it", (variable) => {
    const isSecond = seen.has(keyOf(variable));
    seen.add(keyOf(variable));
    return isSecond;
  });
}
