import type { Context } from "../decoders/index.ts";
import { keyOf, type Variable } from "../formats/variable-set.ts";

/** What decoders look up beside the variable in hand. */
export function contextOf(variables: readonly Variable[]): Context {
  let byKey: Map<string, Variable> | undefined;
  return {
    find(name, guid) {
      // Few values name another variable.
      byKey ??= new Map(variables.map((variable) => [keyOf(variable), variable]));
      return byKey.get(keyOf({ name, guid }));
    },
  };
}
