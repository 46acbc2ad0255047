import { xmlText } from "./xml.ts";

/** Lengths in a chart's units, which are pixels at its own size. */
export const CHART_WIDTH = 960;
export const FONT = `system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif`;

/** A chart for a page: what it is about, in words for those who do not see it. */
export interface Chart {
  /** Unique in the page, a name for XML. */
  id: string;
  title: string;
  description: string;
  height: number;
  /** Elements of SVG. */
  content: readonly string[];
}

export function chartSvg({ id, title, description, height, content }: Chart): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 ${CHART_WIDTH} ${height}" width="${CHART_WIDTH}" height="${height}" role="img" aria-labelledby="${id}-title ${id}-desc">
<title id="${id}-title">${xmlText(title)}</title>
<desc id="${id}-desc">${xmlText(description)}</desc>
${content.join("\n")}
</svg>`;
}

/** Rules of all charts of a page that has the palette's properties. */
export const CHART_STYLE = `.chart{display:block}
.chart text{font:13px ${FONT};fill:var(--text)}
.chart .quiet{fill:var(--quiet);font-size:12px}
.chart .end{text-anchor:end}
.chart .middle{text-anchor:middle}
.chart .grid{stroke:var(--line);stroke-width:1;stroke-opacity:.55}
.chart .axis{stroke:var(--quiet);stroke-width:1}
.chart .line{fill:none;stroke-width:2.5;stroke-linejoin:round}
.chart .mark{stroke:var(--page);stroke-width:1}
.chart .level{stroke:var(--quiet);stroke-width:1;stroke-dasharray:4 4}`;

/** From a quantity to a coordinate. */
export type Scale = (value: number) => number;

export function linearScale(from: number, to: number, start: number, end: number): Scale {
  return (value) => start + ((value - from) / (to - from)) * (end - start);
}

/** By the logarithm; what is below 1 lies where 1 does. */
export function logScale(from: number, to: number, start: number, end: number): Scale {
  const scale = linearScale(logarithm(from), logarithm(to), start, end);
  return (value) => scale(logarithm(value));
}

function logarithm(value: number): number {
  return Math.log10(Math.max(1, value));
}

/** Round steps from 0 up to the first at or above `most`: at most so many of them, and 0. */
export function linearTicks(most: number, count = 6): number[] {
  const rough = Math.max(most, Number.MIN_VALUE) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough * (1 - 1e-9)) ?? 10) * power;
  const steps = Math.max(1, Math.ceil(most / step - 1e-9));
  return Array.from({ length: steps + 1 }, (_, i) => Number((i * step).toPrecision(12)));
}

/** 1, 2 and 5 times the powers of ten that enclose the values; at least two. */
export function logTicks(least: number, most: number): number[] {
  const all: number[] = [];
  for (let power = 0; power <= 15; power++) for (const factor of [1, 2, 5]) all.push(factor * 10 ** power);
  const from = all.findLastIndex((tick) => tick <= least);
  const to = all.findIndex((tick) => tick >= most);
  const first = Math.max(0, from);
  return all.slice(first, Math.max(first + 1, to === -1 ? all.length - 1 : to) + 1);
}

/** A time for people: "48.3 ns", "1.25 µs", "3.1 ms". */
export function timeText(ns: number): string {
  if (ns < 1000) return `${ns.toFixed(1)} ns`;
  return ns < 1e6 ? `${(ns / 1000).toFixed(2)} µs` : `${(ns / 1e6).toFixed(2)} ms`;
}

/** A size for people: "512 B", "4 KiB". */
export function sizeText(bytes: number): string {
  return bytes >= 1024 && bytes % 1024 === 0 ? `${bytes / 1024} KiB` : `${bytes} B`;
}

/** A number of an axis: 5000, 0.5. */
export function tickText(value: number): string {
  return String(Number(value.toPrecision(6)));
}

/** A coordinate as it is written. */
export function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}
