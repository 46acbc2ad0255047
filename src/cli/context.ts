import type { Context } from "../decoders/index.ts";
import { keyOf, type Variable } from "../formats/variable-set.ts";

/** What decoders look up beside the variable in hand. */
export function contextOf(variables: readonly Variable[]): Context {
  const byKey = new Map(variables.map((variable) => [keyOf(variable), variable]));
  return { find: (name, guid) => byKey.get(keyOf({ name, guid })) };
}
