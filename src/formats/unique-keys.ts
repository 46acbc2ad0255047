import { type FormatError, keyOf, type Variable } from "./variable-set.ts";

/** Keeps a file from naming one variable twice: readers of it would not agree which one counts. */
export class UniqueKeys {
  readonly #seen = new Set<string>();

  /** Throws what `error` makes of the expectation if the variable's name and GUID have been added before. */
  add(variable: Variable, error: (expectation: string) => FormatError): void {
    const key = keyOf(variable);
    if (this.#seen.has(key)) {
      throw error(`a variable that is not in the file yet, not a second ${variable.name}-${variable.guid}`);
    }
    this.#seen.add(key);
  }
}
