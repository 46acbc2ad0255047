import { InvalidArgumentError } from "commander";

/** A whole number that is not negative, as an option's value. */
export function number(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("A whole number.");
}
