import { areSameBytes, isZero } from "../bytes.ts";
import { keyOf, type Variable } from "./variable-set.ts";

/** True if nothing tells the variables apart; what is absent is as if zero. */
export function areSame(a: Variable, b: Variable): boolean {
  return (
    keyOf(a) === keyOf(b) &&
    a.attributes === b.attributes &&
    areSameBytes(a.data, b.data) &&
    areSameOrZero(a.stamp, b.stamp) &&
    areSameOrZero(a.digest, b.digest) &&
    (a.count ?? 0n) === (b.count ?? 0n) &&
    (a.keyIndex ?? 0) === (b.keyIndex ?? 0)
  );
}

/** True if both are the same variables in the same order. */
export function areSameLists(a: readonly Variable[], b: readonly Variable[]): boolean {
  return a.length === b.length && a.every((variable, n) => areSame(variable, b[n] as Variable));
}

function areSameOrZero(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return (isZero(a) && isZero(b)) || areSameBytes(a ?? new Uint8Array(), b ?? new Uint8Array());
}
