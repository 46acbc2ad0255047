/** A fault of the core that the fuzzer shall find. */
export interface PlantedFault {
  name: string;
  /** A source of the core, from the project's folder on. */
  file: string;
  /** Text that is in the file just once: statements if it ends with a semicolon or a brace, else an expression. */
  was: string;
  /** What stands in its place. */
  becomes: string;
  kind: string;
  /** What is wrong then, as a sentence. */
  what: string;
}

/** All of them; a fault's number, by which a core's memory turns it on, is its place in the list, from 1 on. */
export const FAULTS: readonly PlantedFault[];
