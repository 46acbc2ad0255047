import type { Loss } from "../formats/format.ts";
import { printable } from "../printable.ts";

/** "Name-guid: time stamp" */
export function lossText({ variable, what }: Loss): string {
  return `${printable(variable.name)}-${variable.guid}: ${what}`;
}
