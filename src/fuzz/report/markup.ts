import { xmlText } from "../../pictures/xml.ts";
import { printable } from "../../printable.ts";
import { fullCount, percentText } from "../quantity.ts";

/** Any text as character data or attribute value, in one line. */
export function safe(text: string): string {
  return xmlText(printable(text));
}

/** Any text with its line feeds and tabs. */
export function safeLines(text: string): string {
  return text
    .split("\n")
    .map((line) => line.split("\t").map(safe).join("\t"))
    .join("\n");
}

/** A bar as wide as the part is of the whole. */
export function bar(part: number, whole: number, style = "covered"): string {
  const width = whole === 0 ? 0 : Math.floor((1000 * part) / whole) / 10;
  return `<span class="bar"><span class="${style}" style="width:${width}%"></span></span>`;
}

/** A table of counts by name, each with a bar and its part of all. */
export function countTable(title: string, rows: readonly (readonly [string, number])[]): string {
  const all = rows.reduce((sum, [, count]) => sum + count, 0);
  const most = Math.max(0, ...rows.map(([, count]) => count));
  const row = ([name, count]: readonly [string, number]) =>
    `<tr><td>${safe(name)}</td><td class="number">${fullCount(count)}</td><td class="number">${percentText(count, all)}</td><td class="bars">${bar(count, most)}</td></tr>`;
  return `<table class="counts"><caption>${safe(title)}</caption><tbody>
${rows.map(row).join("\n")}
</tbody></table>`;
}
