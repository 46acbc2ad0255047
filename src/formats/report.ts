import { FormatError, offsetText } from "./variable-set.ts";

/** Told of each thing that is not as it must be: the offset in the file, and what was expected there. */
export type Report = (offset: number, expectation: string) => void;

/** The report of strict readers: throws a FormatError. */
export function refuse(offset: number, expectation: string): never {
  throw new FormatError(offsetText(offset), expectation);
}
