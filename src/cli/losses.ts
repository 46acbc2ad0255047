import type { Loss } from "../formats/format.ts";
import { printableName } from "../printable.ts";

/** "Name-guid: time stamp" */
export function lossText({ variable, what }: Loss): string {
  return `${printableName(variable.name)}-${variable.guid}: ${what}`;
}
