import type { Figures } from "./sampling.ts";

/** Nanoseconds of each unit. */
const UNITS = { ns: 1, us: 1e3, ms: 1e6 };

/** One measured thing: what was done, and who did it. */
export interface Row extends Figures {
  name: string;
  target: string;
}

/** What a group has measured; p20 and p50 in nanoseconds, whatever the unit in which they are printed. */
export interface Table {
  title: string;
  unit: keyof typeof UNITS;
  /** The row of whose p20 others are a multiple. */
  per?: string;
  rows: Row[];
  /** What could not be measured, and why. */
  notes: string[];
}

const NAME_WIDTH = 34;
const WIDTH = 11;

/**
 * Prints a table: for each name the first target's p20 and p50, its p20 against that of the row `per`, and how many times its
 * p20 each other target takes.
 */
export function printTable({ title, unit, per, rows, notes }: Table): void {
  const [first = "", ...others] = new Set(rows.map(({ target }) => target));
  const find = (name: string, target: string) => rows.find((row) => row.name === name && row.target === target);
  const base = per === undefined ? undefined : find(per, first);
  const heads = [`p20 ${unit}`, `p50 ${unit}`, ...(per === undefined ? [] : [`: ${per}`]), ...others];
  console.log(line(title, heads));
  for (const name of new Set(rows.map((row) => row.name))) {
    const row = find(name, first);
    if (row === undefined) continue;
    const cells = [row.p20, row.p50].map((ns) => number(ns / UNITS[unit]));
    if (per !== undefined) cells.push(base === undefined ? "" : number(row.p20 / base.p20));
    for (const target of others) {
      const other = find(name, target);
      cells.push(other === undefined ? "" : `x ${number(other.p20 / row.p20)}`);
    }
    console.log(line(`  ${name}`, cells));
  }
  for (const note of notes) console.log(`  ${note}`);
  console.log("");
}

function line(name: string, cells: readonly string[]): string {
  return (name.padEnd(NAME_WIDTH) + cells.map((cell) => cell.padStart(WIDTH)).join("")).trimEnd();
}

function number(value: number): string {
  return value.toFixed(value < 10 ? 2 : value < 1000 ? 1 : 0);
}
