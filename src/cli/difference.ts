import { errnoName, statusName } from "../status.ts";
import type { Difference, Replay, Start } from "../trace/index.ts";

/** A trace that was replayed. */
export interface Result extends Replay {
  file: string;
  start: Start["how"];
}

/** "123 set_variable status: expected SUCCESS (0x…), actual NOT_FOUND (0x…)" */
export function differenceText({ line, fn, field, expected, actual }: Difference): string {
  return `${line} ${fn} ${field}: expected ${valueText(field, expected)}, actual ${valueText(field, actual)}`;
}

function valueText(field: string, value: Difference["expected"]): string {
  if (value === undefined) return "nothing";
  if (field === "status" && typeof value === "string") return `${statusName(BigInt(value))} (${value})`;
  if (field === "ret" && typeof value === "number") return `${errnoName(value)} (${value})`;
  if (typeof value === "bigint") return String(value);
  const text = JSON.stringify(value);
  return text.length > 100 ? `${text.slice(0, 97)}…` : text;
}
