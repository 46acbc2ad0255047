import type { Instructions } from "./instructions.ts";

/** What stands around the tables in docs/performance.md. */
const BEGIN = "<!-- npm run bench:instructions -- --update writes this -->\n";
const END = "<!-- up to here -->\n";

/** The page with the tables of these figures. Throws an Error for a page without a place for them. */
export function withTables(page: string, figures: Instructions): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin === -1 || end < begin) throw new Error(`docs/performance.md: no ${BEGIN.trim()} with its end`);
  return page.slice(0, begin) + BEGIN + tables(figures) + page.slice(end);
}

function tables({ compiler, operations, refusals, plain, functions }: Instructions): string {
  const calls = Object.entries(operations).map(([name, figure]) => {
    const other = plain[name];
    return [name, number(figure), ...(other === undefined ? ["", ""] : [number(other), (figure / other).toFixed(2)])];
  });
  let before = 0;
  const checks = Object.entries(refusals).map(([name, figure]) => {
    const more = figure - before;
    before = figure;
    return [name, number(figure), `${more < 0 ? "" : "+"}${number(more)}`];
  });
  return `
Compiled by ${compiler}.

${markdown(["Call, N = 50, 64 B", "core", "plain C", "core : plain C"], calls)}
What SetVariable's checks cost: instructions of a call until one refuses it, in their order, with what had to be looked up for it.
The calls differ: the last one's variable does not exist, so what an existing one is asked is not in its row.

${markdown(["Refused, for", "instructions", "more than the check before"], checks)}
Some calls by function of the core: its own instructions, and behind a stroke those with what it calls.

${markdown(["Function", ...Object.keys(functions)], functionRows(functions))}
`;
}

/** A row for each function, a cell for each call. */
function functionRows(calls: Instructions["functions"]): string[][] {
  const names = new Set(Object.values(calls).flatMap((functions) => Object.keys(functions)));
  return [...names].map((name) => {
    const cells = Object.values(calls).map((functions) => {
      const cost = functions[name];
      if (cost === undefined) return "";
      return number(cost.own) + (cost.all === cost.own ? "" : ` / ${number(cost.all)}`);
    });
    return [`\`${name}\``, ...cells];
  });
}

function number(figure: number): string {
  return figure.toFixed(1).replace(/\.0$/, "");
}

function markdown(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = heads.map((_, i) => (i === 0 ? "---" : "---:"));
  return [heads, rule, ...rows].map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}
