/** What must not be, shown by an input. */
export interface Failure {
  /** Which check saw it: "trap", "memory", "invariant", "store", "model", "power", "abi", "snapshot", … */
  oracle: string;
  /** One line for a reader. */
  text: string;
  /** The step of a sequence that showed it; undefined where only the whole did. */
  step?: number | undefined;
}

/** What makes two failures one: the check and its words; numbers differ from input to input. */
export const failureKey = ({ oracle, text }: Failure): string =>
  `${oracle} ${text.replaceAll(/0x[0-9a-f]+|\d+/g, "#")}`;
