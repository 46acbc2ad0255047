import type { CorpusStatistics } from "../fuzz-run.ts";
import { fullCount } from "../quantity.ts";
import { countTable } from "./markup.ts";

/** Rows of the table of lengths, at most. */
const CLASSES_MAX = 12;

/** What the corpus holds. */
export function corpusPart({ inputs, bytes, lengths, kinds, machines }: CorpusStatistics): string {
  const tables: [string, [string, number][]][] = [
    ["Steps of a sequence", lengthClasses(lengths)],
    ["Steps by what they do", byCount(kinds)],
    ["Sequences by machine", byCount(machines)],
  ];
  return `<h2>Corpus: ${fullCount(inputs)} inputs, ${fullCount(bytes)} bytes</h2>
<div class="tables">
${tables
  .filter(([, rows]) => rows.length > 0)
  .map(([title, rows]) => countTable(title, rows))
  .join("\n")}
</div>`;
}

function byCount(counts: ReadonlyMap<string, number>): [string, number][] {
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
}

/** Lengths in classes of one width, the empty ones among them too: "5–9". */
function lengthClasses(lengths: ReadonlyMap<number, number>): [string, number][] {
  if (lengths.size === 0) return [];
  const [first, last] = [Math.min(...lengths.keys()), Math.max(...lengths.keys())];
  const width = Math.ceil((last - first + 1) / CLASSES_MAX);
  const classes: [string, number][] = [];
  for (let from = first; from <= last; from += width) {
    const to = from + width - 1;
    const count = [...lengths].reduce((sum, [length, n]) => sum + (length >= from && length <= to ? n : 0), 0);
    classes.push([from === to ? String(from) : `${from}–${to}`, count]);
  }
  return classes;
}
